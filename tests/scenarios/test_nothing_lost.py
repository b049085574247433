"""No crash, loss or mistake costs a volume's data, or touches what is not ours."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from docker.errors import APIError

from minisets.cluster import endpoint
from tests import leftovers
from tests.scenarios.bare import BUSY
from tests.scenarios.cluster import MANIFESTS, Cluster
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.engines import PrivateEngine

pytestmark = pytest.mark.docker

KEEPER = MANIFESTS / "keeper.yaml"
AFTER_A_RESTART = timedelta(seconds=60)
WITHOUT_PORT_53 = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")


def up_with_data(cluster: Cluster) -> None:
    cluster.minisets("up", "-f", KEEPER).succeeded()
    for pod in ("keeper-0", "keeper-1"):
        cluster.minisets("exec", pod, "--", "sh", "-c", f"echo of {pod} > /data/file").succeeded()


def check_data(cluster: Cluster) -> None:
    for pod in ("keeper-0", "keeper-1"):
        found = cluster.minisets("exec", pod, "--", "cat", "/data/file").succeeded()
        assert found.out == f"of {pod}\n"


def test_a_lost_state_finds_the_volumes_again(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    """DESIGN decision 9: by label; containers that nobody knows any more are ended."""
    cluster = own_cluster
    up_with_data(cluster)
    old = {each["Id"] for each in cluster.containers().values()}
    docker_engine.containers.get(cluster.name).remove(force=True)
    docker_engine.volumes.get(cluster.name).remove()
    shutil.rmtree(cluster.places.state)
    cluster.minisets("up", "-f", KEEPER).succeeded()
    check_data(cluster)
    assert cluster.volumes() == {cluster.named("data-keeper-0"), cluster.named("data-keeper-1")}
    assert cluster.has_event("data-keeper-0", "recovered the Docker volume", reason="VolumeRecovered")
    until(lambda: old.isdisjoint(each["Id"] for each in cluster.containers().values()), "orphans to go")
    assert len(cluster.containers()) == 4


def test_a_host_process_that_lost_its_files_is_not_joined_by_a_second_server(own_cluster: Cluster) -> None:
    """They would end each other's pods."""
    cluster = own_cluster
    cluster.serve()
    up_with_data(cluster)
    server = endpoint.serving(cluster.places)
    assert server is not None
    old = {each["Id"] for each in cluster.containers().values()}
    shutil.rmtree(cluster.places.state)
    refused = cluster.minisets("up", "-f", KEEPER).failed()
    assert f"end it (`kill {server.pid}`)" in refused.err
    assert {each["Id"] for each in cluster.containers().values()} == old
    os.kill(server.pid, 15)
    until(lambda: not endpoint.is_alive(server), "the old server's end")


def test_a_volume_removed_by_hand_is_not_replaced_by_an_empty_one(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    """Trap: a mount that names a missing volume makes one."""
    cluster = own_cluster
    up_with_data(cluster)
    cluster.minisets("scale", "statefulset", "keeper", "--replicas", "1").succeeded()
    until(lambda: cluster.named("keeper-1_sandbox") not in cluster.containers(), "keeper-1 to go")
    until(lambda: is_removed(docker_engine, cluster.named("data-keeper-1")), "its volume to be let go")
    cluster.minisets("scale", "statefulset", "keeper", "--replicas", "2").succeeded()
    said = f"the Docker volume {cluster.named('data-keeper-1')} is gone"
    until(lambda: cluster.has_event("keeper-1", said, reason="FailedMount"), "the Event on the pod")
    assert cluster.volumes() == {cluster.named("data-keeper-0")}
    assert cluster.named("keeper-1") not in cluster.containers()


def is_removed(engine: docker.DockerClient, volume: str) -> bool:
    """Not as long as a container has it: the engine lists that no more a moment before."""
    try:
        engine.volumes.get(volume).remove()
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
        return False
    return True


def test_down_with_volumes_spares_what_is_not_ours_and_says_what_it_holds(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    """A stranger on our network with our volume; a copy of our container, which has its labels."""
    cluster = own_cluster
    up_with_data(cluster)
    volume, copied = cluster.named("data-keeper-1"), f"{cluster.name}-copy:1"
    similar = docker_engine.volumes.create(f"{volume}-of-mine")
    repository, tag = copied.split(":")
    docker_engine.containers.get(cluster.named("keeper-0")).commit(repository, tag)
    copy = docker_engine.containers.run(copied, ["idle"], detach=True, stop_signal="KILL")
    guest = docker_engine.containers.run(
        BUSY, ["idle"], detach=True, stop_signal="KILL", network=cluster.name, volumes=[f"{volume}:/data"]
    )
    mine = cluster.places.state / "mine.txt"
    mine.write_text("not minisets'")
    try:
        cluster.minisets("delete-pod", "keeper-0").succeeded()
        held = cluster.minisets("down", "--volumes", "--yes").failed()
        assert f"volume {volume}" in held.err
        assert "has active endpoints" in held.err
        assert "Remove or disconnect that, then type the same again" in held.err
        for container in (copy, guest):
            container.reload()
            assert container.status == "running"
        assert guest.exec_run(["cat", "/data/file"]).output == b"of keeper-1\n"
        guest.remove(force=True)
        cluster.minisets("down", "--volumes", "--yes").succeeded()
        copy.reload()
        assert copy.status == "running"
        similar.reload()
        assert mine.read_text() == "not minisets'"
    finally:
        for container in (copy, guest):
            with contextlib.suppress(Exception):
                container.remove(force=True, v=True)
        docker_engine.images.remove(copied)
        similar.remove()
        mine.unlink(missing_ok=True)
        cluster.places.state.rmdir()


def test_a_network_removed_by_hand_is_made_again_as_it_was(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    """While the server runs, and by `down`: what is stored has addresses in its subnet."""
    cluster = own_cluster
    up_with_data(cluster)
    subnet = subnet_of(cluster, docker_engine)
    cluster.minisets("scale", "statefulset", "keeper", "--replicas", "0").succeeded()
    until(lambda: cluster.containers() == {}, "the pods to go")
    network = docker_engine.networks.get(cluster.name)
    network.disconnect(cluster.name, force=True)
    network.remove()
    again = cluster.minisets("up", "-f", KEEPER).succeeded()
    assert "brought back the server" in again.err
    assert "its network was gone" in again.err
    assert subnet_of(cluster, docker_engine) == subnet
    check_data(cluster)
    cluster.minisets("down").succeeded()
    assert cluster.networks() == set()
    cluster.minisets("up", "-f", KEEPER, "-f", MANIFESTS / "tools.yaml").succeeded()
    assert subnet_of(cluster, docker_engine) == subnet
    check_data(cluster)
    asked = cluster.minisets("exec", "tools", "--", "getent", "hosts", "keeper-1.keeper").succeeded()
    assert cluster.address_of("keeper-1") in asked.out


def subnet_of(cluster: Cluster, engine: docker.DockerClient) -> str:
    network = engine.networks.get(cluster.name)
    return str(network.attrs["IPAM"]["Config"][0]["Subnet"])


@pytest.fixture
def unprivileged(
    tmp_path_factory: pytest.TempPathFactory, docker_engine: docker.DockerClient
) -> Iterator[Cluster]:
    name = leftovers.cluster_name(os.getpid(), secrets.token_hex(3))
    cluster = Cluster(name, tmp_path_factory.mktemp(name), docker_engine, prefix=WITHOUT_PORT_53)
    yield cluster
    cluster.close()


def test_without_port_53_pods_run_and_it_is_said_that_they_have_no_names(unprivileged: Cluster) -> None:
    """A host process may lack the right; the control container needs none."""
    cluster = unprivileged
    cluster.serve()
    up = cluster.minisets("up", "-f", KEEPER).succeeded()
    assert "Warning: pods have no names: DNS cannot listen on " in up.err
    assert cluster.has_event("keeper-0", "the cluster's names are not served", reason="MissingClusterDNS")
    resolving = cluster.minisets("exec", "keeper-0", "--", "cat", "/etc/resolv.conf").succeeded().out
    assert "nameserver 127.0.0.11" in resolving  # the engine's: the world's names are still found
    assert "cluster.local" not in resolving


@pytest.fixture
def on_private_engine(
    tmp_path_factory: pytest.TempPathFactory, private_engine: PrivateEngine, control_image: str
) -> Iterator[Cluster]:
    private_engine.load(BUSY, control_image)
    name = leftovers.cluster_name(os.getpid(), secrets.token_hex(3))
    with private_engine.connected() as engine:
        cluster = Cluster(
            name,
            tmp_path_factory.mktemp(name),
            engine,
            private_engine.address,
            private_engine.inside(),
        )
        try:
            yield cluster
        finally:
            cluster.minisets("down", "--volumes", "--yes")


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_pods_come_back_on_their_data_when_the_engine_was_restarted(
    on_private_engine: Cluster, private_engine: PrivateEngine, how: str
) -> None:
    cluster = on_private_engine
    up_with_data(cluster)
    pods = ("get", "pods", "-o", "name")
    before = cluster.minisets(*pods).out
    private_engine.kill() if how == "kill" else private_engine.stop()
    assert "no Docker Engine answers" in cluster.minisets(*pods).failed().err
    private_engine.start()
    until(lambda: are_back(cluster), "both pods to be Ready", AFTER_A_RESTART)
    check_data(cluster)
    assert cluster.minisets(*pods).out == before
    assert cluster.volumes() == {cluster.named("data-keeper-0"), cluster.named("data-keeper-1")}
    assert len(cluster.containers()) <= 6  # each pod's sandbox, container, and the one before it


def are_back(cluster: Cluster) -> bool:
    """Also on the engine: what is stored is what was so before the restart."""
    running = sum(each["State"] == "running" for each in cluster.containers().values())
    return running == 4 and "2 of 2 ready" in cluster.minisets("status").out
