"""Names go on being answered, and rightly, while the control plane is dead: process 1 has the whole zone."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.asking import Asker
from tests.scenarios.cluster import MANIFESTS
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

SERVICE = "keeper.default.svc.cluster.local"
MEMBER = f"keeper-0.{SERVICE}"
KILLS = 3
PATIENCE = timedelta(seconds=5)  # a resolver's own, for each try


def _is_there(cluster: Cluster, container: str) -> bool:
    return container in cluster.containers()


def control_address(cluster: Cluster) -> str:
    return str(cluster.control()["NetworkSettings"]["Networks"][cluster.name]["IPAddress"])


def test_no_answer_is_lost_or_wrong_while_the_control_plane_is_killed_in_a_scale_up(
    own_cluster: Cluster, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    cluster = own_cluster
    cluster.minisets("up", "-f", MANIFESTS / "keeper.yaml").succeeded()
    first = cluster.address_of("keeper-0")
    five = tmp_path / "five.yaml"
    five.write_text((MANIFESTS / "keeper.yaml").read_text().replace("replicas: 2", "replicas: 5"))

    server = control_address(cluster)
    with Asker(server, SERVICE) as first_asker:
        until(lambda: first_asker.has_found(SERVICE, 2), "the names of both pods")
    with Asker(server, MEMBER, SERVICE, patience=PATIENCE) as asker:
        up = cluster.running("up", "-f", five)
        for ordinal in range(2, 2 + KILLS):
            name = cluster.named(f"keeper-{ordinal}_sandbox")
            until(functools.partial(_is_there, cluster, name), name, timedelta(seconds=60))
            cluster.kill_control_plane()
        up.ended().succeeded()
        until(lambda: asker.has_found(SERVICE, 5), "the names of all five")
        asked_until_here = len(asker.asked())
        until(lambda: len(asker.asked()) > asked_until_here + 20, "another second of questions")

    pods = {cluster.address_of(f"keeper-{ordinal}") for ordinal in range(5)}
    asked = asker.asked()
    gap = asker.gap().total_seconds()
    measured(f"DNS in {KILLS} x kill -9: {len(asked)} questions in {asked[-1].at:.1f} s, gap {gap:.2f} s")
    assert len(asked) > 60
    assert [each for each in asked if each.code != "NOERROR"] == []
    assert {each.addresses for each in asked if each.name == MEMBER} == {frozenset({first})}
    service = [each for each in asked if each.name == SERVICE]
    for each in service:
        assert first in each.addresses
        assert each.addresses <= pods
        known = [len(other.addresses) for other in service if other.answered <= each.at]
        assert len(each.addresses) >= max(known, default=2), "a pod that was ready lost its name"
    assert len(service[-1].addresses) == 5
    assert [pod["metadata"]["name"] for pod in cluster.list("Pod")] == [f"keeper-{each}" for each in range(5)]
