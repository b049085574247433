"""What nodes say about themselves, and pods about nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.scheduling.nodes import named_nodes
from minisets.controllers.scheduling.snapshot import Snapshot
from minisets.objects.node_affinity import REQUIRED
from tests.controllers.scheduling.asking import lasts, why
from tests.controllers.scheduling.cluster import info, node, pod

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

UNTOLERATED = "node(s) had untolerated taint(s)"
MISMATCH = "node(s) didn't match Pod's node affinity/selector"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def tainted(effect: str, key: str = "dedicated", value: str = "db") -> Object:
    return node(taints=[{"key": key, "value": value, "effect": effect}])


def affinity(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def names(*values: str) -> dict[str, Any]:
    return {"matchFields": [{"key": "metadata.name", "operator": "In", "values": list(values)}]}


def cordon(effect: str) -> list[dict[str, Any]]:
    return [{"key": UNSCHEDULABLE, "operator": "Exists", "effect": effect}]


def unready(status: str | None, **spec: Any) -> Object:
    found = node(**spec)
    found["status"]["conditions"] = [] if status is None else [{"type": "Ready", "status": status}]
    return found


@pytest.mark.parametrize(
    ("wanting", "there", "reasons"),
    [
        (pod(), node(), []),
        (pod(), node(unschedulable=True), ["node(s) were unschedulable"]),
        (pod(tolerations=[{"key": UNSCHEDULABLE, "operator": "Exists"}]), node(unschedulable=True), []),
        (pod(tolerations=cordon("NoSchedule")), node(unschedulable=True), []),
        (pod(tolerations=cordon("NoExecute")), node(unschedulable=True), ["node(s) were unschedulable"]),
        (pod(on="elsewhere"), node(), ["node(s) didn't match the requested node name"]),
        (pod(), tainted("NoSchedule"), [UNTOLERATED]),
        (pod(), tainted("NoExecute"), [UNTOLERATED]),
        (pod(), tainted("PreferNoSchedule"), []),
        (pod(tolerations=[{"key": "dedicated", "value": "db"}]), tainted("NoSchedule"), []),
        (pod(tolerations=[{"key": "dedicated", "value": "web"}]), tainted("NoSchedule"), [UNTOLERATED]),
        (pod(nodeSelector={"disk": "ssd"}), node(), [MISMATCH]),
        (pod(nodeSelector={"disk": "ssd"}), node(labels={"disk": "ssd"}), []),
        (pod(affinity=affinity(expression("disk", "In", "ssd"))), node(labels={"disk": "hdd"}), [MISMATCH]),
        (pod(affinity=affinity(expression("disk", "In", "ssd"))), node(labels={"disk": "ssd"}), []),
        (pod(affinity=affinity(expression("a", "Exists"), expression("disk", "Exists"))), node(), [MISMATCH]),
        (pod(affinity=affinity(names("minisets-0"))), node(), []),
        (pod(affinity=affinity(names("b"))), node(), ["node(s) didn't satisfy plugin(s) [NodeAffinity]"]),
        (pod(affinity=affinity({**names("minisets-0"), **expression("a", "Exists")})), node(), [MISMATCH]),
    ],
)
def test_a_node_and_a_pod_that_do_not_go_together_stay_apart_for_good(
    wanting: Object, there: Object, reasons: list[str]
) -> None:
    around = Snapshot.of([there])
    assert why(wanting, around) == reasons
    assert lasts(wanting, around) == bool(reasons)


def test_names_of_nodes_that_exclude_each_other_leave_none() -> None:
    both = {"matchFields": [*names("a")["matchFields"], *names("b")["matchFields"]]}
    wanting = pod(affinity=affinity(both))
    assert why(wanting, Snapshot.of([node("a")]), "a") == ["pod affinity terms conflict"]
    assert lasts(wanting, Snapshot.of([node("a")]), "a")


def test_only_a_pod_whose_every_term_names_nodes_has_no_others() -> None:
    assert named_nodes(info(affinity=affinity(names("a"), names("b")))) == frozenset({"a", "b"})
    assert named_nodes(info(affinity=affinity(names("a"), expression("disk", "Exists")))) is None
    assert named_nodes(info()) is None
    but = {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["a"]}]}
    assert named_nodes(info(affinity=affinity(but))) is None


@pytest.mark.parametrize("status", ["False", "Unknown", None])
def test_a_node_that_nobody_speaks_for_takes_no_pods(status: str | None) -> None:
    assert why(pod(), Snapshot.of([unready(status)])) == ["node(s) were not ready"]


def test_a_node_that_is_not_ready_is_kept_off_by_its_taint_once_it_has_it() -> None:
    around = Snapshot.of([unready("False", taints=[NOT_READY])])
    assert why(pod(), around) == [UNTOLERATED]
    everywhere = pod(tolerations=[{"operator": "Exists"}])
    assert why(everywhere, around) == []
    other = Snapshot.of([unready("False", taints=[{"key": "dedicated", "effect": "NoSchedule"}])])
    assert why(everywhere, other) == ["node(s) were not ready"]


def test_a_node_that_is_being_deleted_takes_no_pods() -> None:
    going = node()
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert why(pod(), Snapshot.of([going])) == ["node(s) were not ready"]
