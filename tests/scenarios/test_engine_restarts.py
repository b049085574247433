"""The engine dies and is started again: the control container comes back by itself, where it was.

On a dockerd of the test's own, in a network of its own: our commands run in that, too.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from minisets.objects.metadata import is_true, name_of, status_of
from tests import leftovers
from tests.engines import PrivateEngine
from tests.scenarios.bare import BUSY, made
from tests.scenarios.classes import claim, holders, storage_class, user
from tests.scenarios.cluster import DEADLINE, MANIFESTS, Cluster
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from minisets.objects.kinds import Object

pytestmark = pytest.mark.docker

KEEPER = MANIFESTS / "keeper.yaml"
BY_ITSELF = timedelta(seconds=150)
"""With live-restore process 1 waits for a minute before it gives the old socket up."""

LISTENS = """
import socket, sys
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(flush=True)
input()
"""


@pytest.fixture(params=[(), ("--live-restore",)], ids=["plain", "live-restore"])
def engine(request: pytest.FixtureRequest, control_image: str) -> Iterator[PrivateEngine]:
    with PrivateEngine(*request.param) as engine:
        engine.load(BUSY, control_image)
        yield engine


@pytest.fixture
def cluster(
    engine: PrivateEngine, tmp_path_factory: pytest.TempPathFactory, docker_engine: docker.DockerClient
) -> Iterator[Cluster]:
    del docker_engine
    name = leftovers.cluster_name(os.getpid(), secrets.token_hex(3))
    with engine.connected() as client:
        cluster = Cluster(name, tmp_path_factory.mktemp(name), client, engine.address, engine.inside())
        yield cluster
        cluster.minisets("down", "--volumes", "--yes").succeeded()


def test_it_comes_back_at_its_port_with_its_keys(cluster: Cluster, engine: PrivateEngine) -> None:
    cluster.minisets("up", "-f", KEEPER).succeeded()
    cluster.minisets("exec", "keeper-0", "--", "sh", "-c", "echo mine > /data/file").succeeded()
    kubeconfig = cluster.places.kubeconfig.read_text()

    engine.kill()
    engine.start()
    # Why kubectl: our own commands would mend what does not come back by itself.
    until(lambda: cluster.kubectl("get", "pods").code == 0, "kubectl to be answered", BY_ITSELF)
    assert cluster.places.kubeconfig.read_text() == kubeconfig
    until(lambda: up(cluster) == {"keeper-0", "keeper-1"}, "both pods to be Ready", DEADLINE)
    found = cluster.minisets("exec", "keeper-0", "--", "cat", "/data/file").succeeded()
    assert (found.out, found.err) == ("mine\n", "")
    scaled = cluster.minisets("scale", "statefulset", "keeper", "--replicas", "3").succeeded()
    assert scaled.err == ""
    until(
        lambda: "keeper-2   1/1" in cluster.kubectl("get", "pods").out,
        "the engine to be heard and spoken to again",
    )


@pytest.mark.parametrize("engine", [("--live-restore",)], indirect=True, ids=["live-restore"])
def test_nobody_needs_to_wait_for_that(cluster: Cluster, engine: PrivateEngine) -> None:
    """The next command finds that the container does not answer, and makes it anew."""
    cluster.minisets("up", "-f", KEEPER).succeeded()
    kubeconfig = cluster.places.kubeconfig.read_text()
    engine.kill()
    engine.start()
    listed = cluster.minisets("get", "pods", within=timedelta(seconds=30)).succeeded()
    assert len(listed.rows()) == 2
    assert "brought back the server" in listed.err
    assert cluster.places.kubeconfig.read_text() == kubeconfig


@pytest.mark.parametrize("engine", [()], indirect=True, ids=["plain"])
def test_a_port_that_was_taken_meanwhile_is_replaced_by_the_next_command(
    cluster: Cluster, engine: PrivateEngine
) -> None:
    """The engine tries once, and leaves the container as it is: ended, with its address in use."""
    cluster.minisets("up", "-f", KEEPER).succeeded()
    port = cluster.control()["Config"]["Labels"]["dev.minisets.port"]
    engine.kill()
    taking = engine.inside(sys.executable, "-c", LISTENS, port)
    with subprocess.Popen(taking, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"\n"
            engine.start()
            until(lambda: "address already in use" in cluster.control()["State"]["Error"], "the failed start")
            listed = cluster.minisets("get", "pods").succeeded()
            assert f"Warning: port {port} is taken by another program" in listed.err
            assert cluster.control()["Config"]["Labels"]["dev.minisets.port"] != port
            assert cluster.minisets("get", "pods").succeeded().err == ""
        finally:
            other.kill()


# Why not with live-restore: Docker itself loses count of who has such a volume (mended in Engine 25).
@pytest.mark.parametrize("engine", [()], ids=["plain"], indirect=True)
def test_what_was_in_memory_is_gone_and_the_claim_says_so(cluster: Cluster, engine: PrivateEngine) -> None:
    cluster.start()
    memory = storage_class("tmpfs", "minisets.dev/tmpfs")
    again = user("web-0", "data", restartPolicy="Always")
    made(cluster, memory, claim("data", "tmpfs"), again)
    until(lambda: up(cluster) == {"web-0"}, "the pod", DEADLINE)
    cluster.inside("web-0", "echo mine > /data/file")

    engine.kill()
    engine.start()
    until(lambda: cluster.kubectl("get", "pods").code == 0, "kubectl to be answered", BY_ITSELF)
    until(lambda: "VolumeContentsLost" in cluster.kubectl("get", "events").out, "the loss told of", DEADLINE)
    until(lambda: up(cluster) == {"web-0"}, "the pod again", DEADLINE)
    assert cluster.inside("web-0", "cat /data/file || echo none") == "none\n"
    cluster.inside("web-0", "echo new > /data/file")
    (holder,) = holders(cluster)
    assert holder["State"] == "running"
    cluster.minisets("delete", "pod", "web-0").succeeded()
    made(cluster, user("web-1", "data"))
    until(lambda: up(cluster) == {"web-1"}, "another pod", DEADLINE)
    assert cluster.inside("web-1", "cat /data/file") == "new\n"


def up(cluster: Cluster) -> set[str]:
    """The pods that are Ready by a container that runs.

    Why both: just after the engine's restart, what is stored may still speak of a container of before.
    """
    listed = cluster.kubectl("get", "pods", "-o", "json")
    pods = json.loads(listed.out)["items"] if listed.code == 0 else []
    running = {each["Id"] for each in cluster.containers().values() if each["State"] == "running"}
    return {name_of(pod) for pod in pods if is_true(pod, "Ready") and told_container(pod) in running}


def told_container(pod: Object) -> str:
    (only,) = status_of(pod)["containerStatuses"]
    return str(only["containerID"]).removeprefix("docker://")
