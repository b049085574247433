"""What a node has left, and the ports of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
from tests.controllers.scheduling.asking import lasts, takers, why
from tests.controllers.scheduling.cluster import node, pod

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

PORTS = "node(s) didn't have free ports for the requested pod ports"


def asking(**requests: str) -> dict[str, Any]:
    return {"name": "main", "resources": {"requests": requests}}


def wishing(port: int = 80, **more: str) -> list[dict[str, Any]]:
    return [{"name": "main", "ports": [{"containerPort": 80, "hostPort": port, **more}]}]


@pytest.mark.parametrize(
    ("requests", "taken", "reasons", "is_lasting"),
    [
        ({}, {}, [], False),
        ({"cpu": "4", "memory": "8Gi"}, {}, [], False),
        ({"cpu": "4"}, {"cpu": "1m"}, ["Insufficient cpu"], False),
        ({"memory": "8Gi"}, {"memory": "1"}, ["Insufficient memory"], False),
        ({"cpu": "4001m"}, {}, ["Insufficient cpu"], True),
        ({"cpu": "5", "memory": "1Gi"}, {"memory": "8Gi"}, ["Insufficient cpu", "Insufficient memory"], True),
        ({"ephemeral-storage": "1Gi"}, {}, ["Insufficient ephemeral-storage"], True),
        ({"example.com/gpu": "1"}, {}, ["Insufficient example.com/gpu"], True),
        ({"example.com/gpu": "0"}, {"cpu": "4"}, [], False),
    ],
)
def test_what_a_pod_asks_for_must_be_left(
    requests: dict[str, str], taken: dict[str, str], reasons: list[str], *, is_lasting: bool
) -> None:
    wanting, holder = (
        pod(containers=[asking(**requests)]),
        pod("db", "minisets-0", containers=[asking(**taken)]),
    )
    around = Snapshot.of([node()], [holder])
    assert why(wanting, around) == reasons
    assert lasts(wanting, around) == is_lasting


def test_a_node_has_room_for_so_many_pods() -> None:
    there = node()
    there["status"]["allocatable"]["pods"] = "1"
    assert why(pod(), Snapshot.of([there])) == []
    full = Snapshot.of([there], [pod("db", "minisets-0")])
    assert why(pod(), full) == ["Too many pods"]
    assert not lasts(pod(), full)
    assert why(pod(cpu="5"), full) == ["Too many pods", "Insufficient cpu"]


def test_a_node_that_no_kubelet_has_filled_in_has_room_for_none() -> None:
    bare = {"kind": "Node", "metadata": {"name": "minisets-0"}}
    assert why(pod(), Snapshot.of([bare])) == ["Too many pods"]


@pytest.mark.parametrize(
    ("wish", "held", "reasons"),
    [
        (wishing(), wishing(), [PORTS]),
        (wishing(), wishing(81), []),
        (wishing(), wishing(protocol="UDP"), []),
        (wishing(hostIP="127.0.0.1"), wishing(hostIP="127.0.0.2"), []),
        (wishing(hostIP="127.0.0.1"), wishing(hostIP="0.0.0.0"), [PORTS]),  # noqa: S104 - a wish, never bound
    ],
)
def test_a_port_is_one_pods_at_a_time(wish: Any, held: Any, reasons: list[str]) -> None:
    """A-125: of any namespace, until it has ended."""
    wanting = pod(containers=wish)
    holder = pod("db", "minisets-0", namespace="other", containers=held)
    assert why(wanting, Snapshot.of([node()], [holder])) == reasons
    assert not lasts(wanting, Snapshot.of([node()], [holder]))
    ended = pod("db", "minisets-0", containers=held, status={"phase": "Succeeded"})
    assert why(wanting, Snapshot.of([node()], [ended])) == []


def test_a_port_is_taken_on_every_node_since_all_are_one_machine() -> None:
    around = Snapshot.of([node("a"), node("b")], [pod("db", "a", containers=wishing())])
    assert takers(pod(containers=wishing()), around) == []


@pytest.mark.parametrize(("priority", "reasons"), [(0, [PORTS]), (10, [PORTS]), (11, [])])
def test_a_port_that_a_pod_waits_for_is_not_given_to_a_lesser_one(priority: int, reasons: list[str]) -> None:
    waiting = PodInfo(pod("big", containers=wishing(), priority=10))
    around = Snapshot.of([node("a"), node("b")], nominated={"b": (waiting,)})
    assert why(pod(containers=wishing(), priority=priority), around, "a") == reasons


def test_sidecars_and_init_containers_count_as_kubernetes_counts_them() -> None:
    first: Object = {**asking(cpu="3"), "name": "first"}
    sidecar: Object = {**asking(cpu="2"), "name": "sidecar", "restartPolicy": "Always"}
    around = Snapshot.of([node(cpu="4")])
    assert why(pod(containers=[asking(cpu="2")], initContainers=[first]), around) == []
    assert why(pod(containers=[asking(cpu="2")], initContainers=[sidecar, first]), around) == [
        "Insufficient cpu"
    ]


def test_a_node_that_gave_more_than_it_has_takes_pods_that_ask_for_nothing() -> None:
    holder = pod("db", "minisets-0", cpu="4")
    assert why(pod(cpu="0"), Snapshot.of([node(cpu="2")], [holder])) == []
