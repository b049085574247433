"""Things on the engine that have our names and are not ours: they stay as they are, and it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from minisets.objects.metadata import status_of
from tests.scenarios.bare import BUSY
from tests.scenarios.cluster import DEADLINE, MANIFESTS
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

KEEPER = MANIFESTS / "keeper.yaml"


class Start(Protocol):
    def __call__(self, name: str) -> None: ...


@pytest.fixture
def stranger(docker_engine: docker.DockerClient) -> Iterator[Start]:
    """Starts a container of the person's by that name; at the end it must be as it was."""
    made = []

    def start(name: str) -> None:
        container = docker_engine.containers.run(BUSY, ["idle"], name=name, detach=True, stop_signal="KILL")
        made.append((container, name))

    yield start
    for container, name in made:
        container.reload()
        found = (container.name, container.status)
        container.remove(force=True, v=True)
        assert found == (name, "running"), "the stranger was touched"


def test_a_container_with_the_clusters_name_stops_up(own_cluster: Cluster, stranger: Start) -> None:
    stranger(own_cluster.name)
    ended = own_cluster.minisets("up", "-f", KEEPER).failed()
    assert f'a container "{own_cluster.name}" exists that minisets did not make' in ended.err
    assert f"docker rename {own_cluster.name} NAME" in ended.err
    assert "--cluster NAME" in ended.err
    check_nothing_is_made(own_cluster)


def test_a_network_with_the_clusters_name_stops_up(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    network = docker_engine.networks.create(own_cluster.name)
    try:
        ended = own_cluster.minisets("up", "-f", KEEPER).failed()
        assert f'a Docker network "{own_cluster.name}" exists that minisets did not make' in ended.err
        assert f"docker network rm {own_cluster.name}" in ended.err
        check_nothing_is_made(own_cluster)
        network.reload()  # it is still there
    finally:
        network.remove()


def test_a_volume_with_the_clusters_name_stops_up(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    volume = docker_engine.volumes.create(own_cluster.name)
    try:
        ended = own_cluster.minisets("up", "-f", KEEPER).failed()
        assert f'a Docker volume "{own_cluster.name}" exists that minisets did not make' in ended.err
        check_nothing_is_made(own_cluster)
        volume.reload()  # it is still there
    finally:
        volume.remove()


def test_no_pod_gets_at_the_clusters_own_state(own_cluster: Cluster) -> None:
    """It is a volume of ours, too: with everybody's Secrets, the keys and the token."""
    cluster = own_cluster
    cluster.start()
    manifest = THIEF.replace("STATE", cluster.name)
    cluster.minisets("up", "-f", "-", "--no-wait", given=manifest).succeeded()
    said = f"the Docker volume {cluster.name} is not a claim's of minisets: it is not mounted"
    until(lambda: cluster.has_event("thief", said, reason="FailedMount"), "the Event on the pod")
    assert cluster.containers() == {}


THIEF = """
apiVersion: v1
kind: PersistentVolume
metadata: {name: stolen}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  csi: {driver: docker.minisets.dev, volumeHandle: STATE}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: stolen}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  volumeName: stolen
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: Pod
metadata: {name: thief}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: thief, image: "minisets.test/busy:1", volumeMounts: [{name: it, mountPath: /it}]}]
  volumes: [{name: it, persistentVolumeClaim: {claimName: stolen}}]
"""


def check_nothing_is_made(cluster: Cluster) -> None:
    assert cluster.everything() == []
    assert not cluster.places.state.exists()


def test_a_container_with_a_pods_name_makes_ours_take_another(own_cluster: Cluster, stranger: Start) -> None:
    cluster = own_cluster
    name = cluster.named("keeper-0")
    stranger(name)
    cluster.minisets("up", "-f", KEEPER).succeeded()
    ours = [found for found in cluster.containers() if found.startswith(name) and "sandbox" not in found]
    assert len(ours) == 1
    assert ours != [name]
    said = f"the name {name} is taken by a container that is not minisets'"
    assert cluster.has_event("keeper-0", said, reason="NameTaken")
    echo = cluster.minisets("exec", "keeper-0", "--", "hostname").succeeded()
    assert echo.out == "keeper-0\n"


def test_a_volume_with_a_claims_name_is_not_taken_for_its_data(
    own_cluster: Cluster, docker_engine: docker.DockerClient
) -> None:
    """The claim waits, and says what would mend it; mended, it is bound."""
    cluster = own_cluster
    name = cluster.named("data-keeper-0")
    docker_engine.volumes.create(name)
    try:
        cluster.minisets("up", "-f", KEEPER, "--no-wait").succeeded()
        until(lambda: cluster.has_event("data-keeper-0", name, "docker volume"), "the Event on the claim")
        claim = cluster.get("PersistentVolumeClaim", "data-keeper-0")
        assert claim is not None
        assert status_of(claim)["phase"] == "Pending"
        assert cluster.volumes() == set()
    finally:
        docker_engine.volumes.get(name).remove()
    cluster.minisets("up", "-f", KEEPER, "--timeout", "80", within=2 * DEADLINE).succeeded()
    assert cluster.volume_of("data-keeper-0") == name
    until(lambda: len(cluster.containers()) == 4, "both pods")
