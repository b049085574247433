"""What `node list` shows of nodes and pods, and which pods cannot end."""

from datetime import UTC, datetime
from typing import Any

import pytest

from minisets.cli.node_rows import (
    held_pods,
    is_out_of_service,
    node_rows,
    others_ready,
    pods_on,
    said_of_held,
)
from minisets.objects.kinds import Object
from minisets.objects.metadata import name_of

NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def node(name: str, ready: str = "True", stopped: str = "", **spec: Any) -> Object:
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    annotations = {"minisets.dev/stopped": stopped} if stopped else {}
    labels = {"topology.kubernetes.io/zone": "a"}
    return {
        "metadata": {"name": name, "annotations": annotations, "labels": labels},
        "spec": spec,
        "status": {"conditions": [condition]},
    }


def pod(name: str, on: str = "", phase: str = "Running") -> Object:
    return {"metadata": {"name": name}, "spec": {"nodeName": on}, "status": {"phase": phase}}


def cells(*nodes: Object, pods: tuple[Object, ...] = ()) -> list[str]:
    return [" ".join(row.cells(NOW)) for row in node_rows(nodes, pods)]


def test_a_node_is_listed_with_its_state_zone_and_pods() -> None:
    pods = (pod("a", "minisets-1"), pod("b", "minisets-1", "Succeeded"), pod("c"), pod("d", "minisets-0"))
    assert cells(node("minisets-1"), pods=pods) == ["minisets-1 Ready a 1 <none>"]


@pytest.mark.parametrize(("listed", "row"), [
    (node("minisets-1", "Unknown", "kill"), "minisets-1 NotReady a 0 5m (kill)"),
    (node("minisets-1", "Unknown", "pause", unschedulable=True),
     "minisets-1 NotReady,SchedulingDisabled a 0 5m (pause)"),
    (node("minisets-1", "True", "kill"), "minisets-1 Ready a 0 <unknown> (kill)"),
    (node("minisets-1", "False"), "minisets-1 NotReady a 0 <none>"),
    ({"metadata": {"name": "minisets-1"}}, "minisets-1 Unknown <none> 0 <none>"),
])  # fmt: skip
def test_since_when_a_node_is_stopped_and_how_is_told(listed: Object, row: str) -> None:
    assert cells(listed) == [row]


def test_our_nodes_come_in_their_order_and_before_others() -> None:
    names = ("zebra", "minisets-10", "ant", "minisets-9", "minisets-0")
    rows = node_rows([node(name) for name in names], ())
    assert [row.name for row in rows] == ["minisets-0", "minisets-9", "minisets-10", "ant", "zebra"]


def test_programs_get_null_for_what_is_not_there() -> None:
    there, away = node_rows([node("minisets-0"), node("minisets-1", "Unknown", "kill")], [])
    assert there.as_json() == {
        "name": "minisets-0", "status": "Ready", "zone": "a", "pods": 0, "stopped": None, "since": None,
    }  # fmt: skip
    assert away.as_json().items() >= {"stopped": "kill", "since": "2026-01-01T00:00:00Z"}.items()


def test_pods_that_have_finished_are_on_no_node() -> None:
    pods = [pod("a", "x"), pod("b", "x", "Failed"), pod("c", "x", "Succeeded"), pod("d", "y")]
    assert list(map(name_of, pods_on(node("x"), pods))) == ["a"]


def test_only_pods_on_stopped_nodes_cannot_end() -> None:
    nodes = [node("minisets-0"), node("minisets-1", "Unknown", "kill"), node("minisets-2", "False")]
    pods = [pod("a", "minisets-0"), pod("b", "minisets-1"), pod("c", "minisets-2"), pod("d")]
    ((held, on),) = held_pods(pods, nodes)
    assert said_of_held(held, on, " --cluster x") == (
        "pod b is on node minisets-1, which is stopped: deleted, it stays Terminating until "
        "`minisets --cluster x node start minisets-1` or `minisets --cluster x delete-pod b --force`"
    )


def test_a_node_is_out_of_service_by_its_taint() -> None:
    taint = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
    assert is_out_of_service(node("minisets-1", taints=[taint]))
    assert not is_out_of_service(node("minisets-1", taints=[{**taint, "key": "other"}]))
    assert not is_out_of_service(node("minisets-1"))


def test_other_nodes_that_are_there_are_neither_named_nor_stopped_nor_away() -> None:
    nodes = [
        node("minisets-0"),
        node("minisets-1"),
        node("minisets-2", "Unknown"),
        node("minisets-3", "True", "kill"),
    ]
    assert list(map(name_of, others_ready(nodes, ["minisets-1"]))) == ["minisets-0"]
