"""What a pod wrote outlives the pod, the scale-down and the cluster's rest; it ends when a person says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scenarios.cluster import MANIFESTS
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

KEEPER = MANIFESTS / "keeper.yaml"


def test_data_stays_with_its_ordinal_until_the_volumes_are_given_up(own_cluster: Cluster) -> None:
    cluster = own_cluster
    cluster.minisets("up", "-f", KEEPER).succeeded()
    for pod in ("keeper-0", "keeper-1"):
        cluster.minisets("exec", pod, "--", "sh", "-c", f"echo of {pod} > /data/file").succeeded()

    scaled = cluster.minisets("scale", "statefulset", "keeper", "--replicas", "1").succeeded()
    assert scaled.out == "statefulset.apps/keeper scaled\n"
    until(lambda: cluster.get("Pod", "keeper-1") is None, "keeper-1 to go")
    assert cluster.volumes() == {cluster.named("data-keeper-0"), cluster.named("data-keeper-1")}
    cluster.minisets("up", "-f", KEEPER).succeeded()
    assert written(cluster, "keeper-1") == "of keeper-1\n"

    down = cluster.minisets("down").succeeded()
    assert "data-keeper-0" in down.out
    assert "data-keeper-1" in down.out
    assert "down --volumes` deletes them" in down.out
    assert cluster.containers() == {}
    assert cluster.volumes() == {cluster.named("data-keeper-0"), cluster.named("data-keeper-1")}

    cluster.minisets("up", "-f", KEEPER).succeeded()
    assert written(cluster, "keeper-0") == "of keeper-0\n"
    assert written(cluster, "keeper-1") == "of keeper-1\n"

    unanswered = cluster.minisets("down", "--volumes").failed()
    assert "nothing was deleted" in unanswered.err
    assert cluster.minisets("down", "--volumes", given="y\n").succeeded().out.endswith("its data with it\n")
    assert (cluster.containers(), cluster.volumes(), cluster.networks()) == ({}, set(), set())
    assert not cluster.places.state.exists()


def test_down_with_a_file_ends_only_what_is_in_it(cluster: Cluster) -> None:
    cluster.minisets("up", "-f", KEEPER, "-f", MANIFESTS / "tools.yaml").succeeded()
    down = cluster.minisets("down", "-f", KEEPER).succeeded()
    assert "statefulset.apps/keeper deleted" in down.out
    assert set(cluster.containers()) == {cluster.named("tools"), cluster.named("tools_sandbox")}
    assert {claim["metadata"]["name"] for claim in cluster.list("PersistentVolumeClaim")} == {
        "data-keeper-0",
        "data-keeper-1",
    }


def written(cluster: Cluster, pod: str) -> str:
    return cluster.minisets("exec", pod, "--", "cat", "/data/file").succeeded().out
