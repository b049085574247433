"""Which containers, networks and volumes on the engine are left from tests, and whose (by label).

A test cluster is named `test-<process id of the session>-<anything>`, so that suites that run side by side on
one engine leave each other alone; `test-<anything else>` counts as the asking session's.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError

CLUSTER_LABEL = "dev.minisets.cluster"


@dataclass(frozen=True)
class Thing:
    """Something on the engine that bears the label of a test cluster."""

    kind: str
    id: str
    name: str
    cluster: str
    is_paused: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of cluster {self.cluster}"


def cluster_name(process: int, distinct: str) -> str:
    return f"test-{process}-{distinct}"


def of_test_clusters(client: docker.DockerClient) -> list[Thing]:
    """Everything of test clusters, in the order in which it can be removed."""
    labelled = {"label": CLUSTER_LABEL}
    api = client.api
    found = [
        Thing(
            "container",
            c["Id"],
            c["Names"][0].lstrip("/") if c["Names"] else c["Id"][:12],
            _cluster(c),
            c["State"] == "paused",
        )
        for c in api.containers(all=True, filters=labelled)
    ]
    found += [Thing("network", n["Id"], n["Name"], _cluster(n)) for n in api.networks(filters=labelled)]
    found += [
        Thing("volume", v["Name"], v["Name"], _cluster(v))
        for v in api.volumes(filters=labelled)["Volumes"] or []
    ]
    return [thing for thing in found if thing.cluster.startswith("test-")]


def of_this_session(client: docker.DockerClient, process: int) -> list[Thing]:
    return [thing for thing in of_test_clusters(client) if _session(thing.cluster) in (None, process)]


def of_ended_sessions(client: docker.DockerClient) -> list[Thing]:
    """What sessions that were killed left behind."""
    return [
        thing
        for thing in of_test_clusters(client)
        if (session := _session(thing.cluster)) is not None and not Path(f"/proc/{session}").exists()
    ]


def remove(client: docker.DockerClient, things: Iterable[Thing]) -> None:
    for thing in things:
        if thing.is_paused:  # Why: Docker 20.10 may never answer the removal of a paused one.
            with contextlib.suppress(APIError):
                client.api.unpause(thing.id)
        with contextlib.suppress(APIError):  # gone meanwhile, or in use by what is not ours to remove
            if thing.kind == "container":
                client.api.remove_container(thing.id, force=True, v=True)
            elif thing.kind == "network":
                client.api.remove_network(thing.id)
            else:
                client.api.remove_volume(thing.id, force=True)


def _cluster(thing: dict[str, dict[str, str] | None]) -> str:
    return (thing["Labels"] or {}).get(CLUSTER_LABEL, "")


def _session(cluster: str) -> int | None:
    process = cluster.split("-")[1]
    return int(process) if process.isdigit() and cluster.count("-") > 1 else None
