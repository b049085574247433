"""Several clusters and servers on one engine: no mixing, and one brain each."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

import pytest
from docker.errors import NotFound

from minisets.cluster import control, endpoint
from tests import leftovers
from tests.scenarios.cluster import MANIFESTS, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

pytestmark = pytest.mark.docker

KEEPER = MANIFESTS / "keeper.yaml"
NAME = "keeper-0.keeper.default.svc.cluster.local"


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory, docker_engine: docker.DockerClient) -> Iterator[Cluster]:
    """A second cluster, of another person: with another home."""
    name = leftovers.cluster_name(os.getpid(), secrets.token_hex(3))
    with contextlib.closing(Cluster(name, tmp_path_factory.mktemp(name), docker_engine)) as cluster:
        yield cluster


def write(cluster: Cluster) -> None:
    script = ("sh", "-c", f"echo of {cluster.name} > /data/file")
    cluster.minisets("exec", "keeper-0", "--", *script).succeeded()


def check(cluster: Cluster) -> None:
    """Its own data, and its own pod behind the same name."""
    found = cluster.minisets("exec", "keeper-0", "--", "cat", "/data/file").succeeded()
    assert (found.out, found.err) == (f"of {cluster.name}\n", "")
    asked = cluster.minisets("exec", "keeper-1", "--", "nslookup", NAME).succeeded()
    assert cluster.address_of("keeper-0") in asked.out


def subnet(cluster: Cluster) -> str:
    return str(cluster.engine.networks.get(cluster.name).attrs["IPAM"]["Config"][0]["Subnet"])


def test_two_clusters_know_nothing_of_each_other(own_cluster: Cluster, other: Cluster) -> None:
    both = (own_cluster, other)
    for cluster in both:
        cluster.minisets("up", "-f", KEEPER).succeeded()
        write(cluster)
    for cluster in both:
        check(cluster)
    assert subnet(own_cluster) != subnet(other)
    assert control.running(own_cluster.places).token != control.running(other.places).token
    assert own_cluster.control()["Image"] == other.control()["Image"]

    other.minisets("down", "--volumes", "--yes").succeeded()
    check(own_cluster)
    assert len(own_cluster.containers()) == 4
    other.minisets("up", "-f", KEEPER).succeeded()
    assert other.minisets("exec", "keeper-0", "--", "ls", "/data").succeeded().out == ""


def test_one_token_does_not_open_the_other_cluster(own_cluster: Cluster, other: Cluster) -> None:
    own_cluster.start()
    other.start()
    theirs = control.running(other.places)
    ours = own_cluster.places.kubeconfig.read_text()
    mixed = ours.replace(control.running(own_cluster.places).token, theirs.token)
    assert mixed != ours
    own_cluster.places.kubeconfig.write_text(mixed)
    try:
        assert "Unauthorized" in own_cluster.minisets("get", "pods").failed().err
    finally:
        own_cluster.places.kubeconfig.write_text(ours)


def test_two_ups_at_once_start_one_server(own_cluster: Cluster) -> None:
    """From nothing: both are content, and both speak to the same one."""
    cluster = own_cluster
    ups = [cluster.running("up", "-f", KEEPER) for _ in range(3)]
    ended = [up.ended().succeeded() for up in ups]
    assert sum(f'started the server of cluster "{cluster.name}"' in each.err for each in ended) == 1
    assert len(cluster.containers()) == 4
    assert [pod["metadata"]["name"] for pod in cluster.list("Pod")] == ["keeper-0", "keeper-1"]
    assert cluster.control()["RestartCount"] == 0


def test_two_persons_at_once_bring_one_server_back(own_cluster: Cluster) -> None:
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER).succeeded()
    cluster.engine.containers.get(cluster.name).remove(force=True)
    commands = [cluster.running("get", "pods") for _ in range(4)]
    ended = [command.ended().succeeded() for command in commands]
    assert sum("brought back the server" in each.err for each in ended) == 1
    assert {len(each.rows()) for each in ended} == {2}


def test_a_host_process_serves_another_cluster_beside_a_container(
    own_cluster: Cluster, other: Cluster
) -> None:
    other.serve()
    for cluster in (own_cluster, other):
        cluster.minisets("up", "-f", KEEPER).succeeded()
        write(cluster)
    for cluster in (own_cluster, other):
        check(cluster)
    assert endpoint.serving(other.places) is not None
    assert own_cluster.control()["State"]["Status"] == "running"
    check_only_pods_of(other)


def check_only_pods_of(cluster: Cluster) -> None:
    """No control container beside the host process."""
    with pytest.raises(NotFound):
        cluster.control()


def test_a_host_process_does_not_take_over_a_containers_cluster(own_cluster: Cluster) -> None:
    """Its state is in the volume, also while it is down."""
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER).succeeded()
    pods = set(cluster.containers())
    refused = cluster.minisets("daemon").failed()
    assert f'cluster "{cluster.name}" is a control container\'s on this engine' in refused.err
    assert set(cluster.containers()) == pods
    assert len(cluster.minisets("get", "pods").succeeded().rows()) == 2
    cluster.minisets("down").succeeded()
    assert f'in the Docker volume "{cluster.name}"' in cluster.minisets("daemon").failed().err


def test_a_container_does_not_take_over_a_host_processs_cluster(own_cluster: Cluster, other: Cluster) -> None:
    """Neither while it runs, asked by somebody who does not know its files, nor when it has ended."""
    cluster = own_cluster
    server = cluster.serve()
    cluster.minisets("up", "-f", KEEPER).succeeded()
    stranger = Cluster(cluster.name, other.home, cluster.engine)
    refused = stranger.minisets("up", "-f", KEEPER).failed()
    assert f'process {server.pid} serves cluster "{cluster.name}" on this engine' in refused.err
    check_only_pods_of(cluster)
    server.interrupt()
    server.ended()
    refused = cluster.minisets("up", "-f", KEEPER).failed()
    assert "has the state of a host process" in refused.err
    assert "`minisets daemon`" in refused.err
    check_only_pods_of(cluster)
