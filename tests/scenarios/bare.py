"""Pods without an owner, each of one shell script: made, waited for, and what they printed and came to.

And what they use: claims, images.
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import yaml
from docker.errors import APIError

from minisets.objects.metadata import status_of
from tests.scenarios.cluster import DEADLINE, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster, Ended

BUSY = "minisets.test/busy:1"
WAITS = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


def pod(name: str, script: str = "", **spec: Any) -> Object:
    """A pod that is not started again; `container` is laid over its container."""
    own = spec.pop("container", {})
    command = {"command": ["sh", "-c", script]} if script else {}
    container = {"name": "main", "image": BUSY, **command, **own}
    plain = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {**plain, **spec}}


def claim(name: str, size: str = "1Mi", **spec: Any) -> Object:
    plain = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    head = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}}
    return {**head, "spec": {**plain, **spec}}


def made(cluster: Cluster, *objects: Object) -> Ended:
    """Handed to the cluster in one file; nobody waits."""
    return cluster.minisets("up", "-f", "-", "--no-wait", given=yaml.safe_dump_all(objects)).succeeded()


@contextmanager
def built(cluster: Cluster, name: str, **config: Any) -> Iterator[str]:
    """An image that only this engine has, by words of its config; neither it nor a user of it is left."""
    source = cluster.engine.containers.create(BUSY, name=f"{cluster.name}-building")
    repository, _, tag = name.rpartition(":")
    try:
        image = cluster.engine.api.commit(str(source.id), repository, tag, conf=config)
    finally:
        source.remove()
    try:
        yield name
    finally:
        until(lambda: is_unused(cluster, image["Id"]), f"the containers of {name} to go", SOON)
        cluster.engine.images.remove(name, force=True)


def is_unused(cluster: Cluster, image: str) -> bool:
    """Whether no container is of it; one that is left is removed, unless the kubelet is just doing that."""
    users = cluster.engine.api.containers(all=True, filters={"ancestor": image})
    for user in users:
        try:
            cluster.engine.api.remove_container(user["Id"], force=True)
        except APIError as error:
            if error.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise
    return not users


def container_status(cluster: Cluster, name: str, of: str = "containerStatuses") -> dict[str, Any]:
    """What is reported of the pod's first container; empty before anything is."""
    entries = status_of(cluster.pod(name)).get(of) or [{}]
    found: dict[str, Any] = entries[0]
    return found


def state(cluster: Cluster, name: str, kind: str) -> dict[str, Any]:
    """`waiting`, `running` or `terminated`; empty if it is another."""
    found: dict[str, Any] = (container_status(cluster, name).get("state") or {}).get(kind) or {}
    return found


def ended(cluster: Cluster, name: str) -> dict[str, Any]:
    """How the pod's container ended, once it has."""
    return until(lambda: state(cluster, name, "terminated"), f"the end of {name}", DEADLINE)


def running(cluster: Cluster, name: str) -> dict[str, Any]:
    return until(lambda: state(cluster, name, "running"), f"{name} to run", DEADLINE)


def waits_for(cluster: Cluster, name: str, reason: str) -> str:
    """The message that comes with that waiting reason."""

    def message() -> str | None:
        waiting = state(cluster, name, "waiting")
        return waiting.get("message") or " " if waiting.get("reason") == reason else None

    found = until(message, f"{name} to wait for {reason}", DEADLINE)
    assert found is not None
    return found


def printed(cluster: Cluster, name: str) -> list[str]:
    """What the pod's container has printed."""
    return bytes(cluster.engine.containers.get(cluster.named(name)).logs()).decode().splitlines()


def told(cluster: Cluster, name: str) -> list[str]:
    """What a container that has ended well had printed."""
    how = ended(cluster, name)
    assert how["exitCode"] == 0, f"{how}: {printed(cluster, name)}"
    return printed(cluster, name)
