"""Where a pod goes, or what is said on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.scheduling.decide import (
    Decision,
    NotOurs,
    Place,
    Preempt,
    Refuse,
    SelectNode,
    schedule,
)
from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
from tests.controllers.scheduling.cluster import claim_volumes, info, node, pod
from tests.controllers.scheduling.storage import claim, late, storage_class, volume, waiting

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

NOT_HELPFUL = "Preemption is not helpful for scheduling"
WEB = info(volumes=claim_volumes("www"))


def around(
    *there: Object, has: Object | None = None, pods: tuple[Object, ...] = (), has_class: Object | None = None
) -> Snapshot:
    """A node, a claim that is bound, and its volume: what is not said otherwise."""
    return Snapshot.of(
        there or [node()],
        pods,
        claims={"default/www": has or claim()},
        volumes={"pv-www": volume()},
        classes={"standard": has_class or storage_class()},
    )


def refused(why: str, nodes: int = 1, victims: str = NOT_HELPFUL) -> str:
    every = f"0/{nodes} nodes are available"
    return f"{every}: {why}. preemption: {every}: {nodes} {victims}."


def said(decision: Decision) -> str:
    assert isinstance(decision, Refuse), decision
    return decision.message


def unready(name: str) -> Object:
    found = node(name)
    found["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    return found


def test_a_pod_whose_claims_are_bound_goes_to_the_node() -> None:
    assert schedule(WEB, around()) == Place("minisets-0")


def test_of_several_nodes_that_are_as_good_the_first_is_taken() -> None:
    assert schedule(WEB, around(node("c"), node("b"), node("a", unschedulable=True))) == Place("b")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (claim("another"), 'persistentvolumeclaim "www" not found'),
        (claim(deletionTimestamp="2026-01-01T00:00:00Z"), 'persistentvolumeclaim "www" is being deleted'),
        (
            claim(phase="Lost"),
            'persistentvolumeclaim "www" bound to non-existent persistentvolume "pv-www"',
        ),
        (waiting(), "pod has unbound immediate PersistentVolumeClaims"),
    ],
    ids=["missing", "being deleted", "lost", "unbound"],
)
def test_a_pod_waits_for_its_claim_and_says_so_once_for_all_nodes(found: Object, why: str) -> None:
    """A-144."""
    there = Snapshot.of(
        [node("a"), node("b")],
        claims={f"default/{found['metadata']['name']}": found},
        volumes={"pv-www": volume()},
        classes={"standard": storage_class()},
    )
    assert said(schedule(WEB, there)) == refused(why, 2)


def test_a_late_binding_claim_is_told_the_node_first() -> None:
    """A-140."""
    unbound = waiting()
    assert schedule(WEB, around(has=unbound, has_class=late())) == SelectNode(
        "minisets-0", ((unbound, volume()),)
    )


def test_a_pod_has_no_node_where_there_is_none() -> None:
    """A-155."""
    assert schedule(WEB, Snapshot()) == Refuse("no nodes available to schedule pods")


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node(unschedulable=True)], refused("1 node(s) were unschedulable")),
        ([unready("minisets-0")], refused("1 node(s) were not ready")),
        (
            [unready("a"), node("b", unschedulable=True), unready("c")],
            refused("1 node(s) were unschedulable, 2 node(s) were not ready", 3),
        ),
        ([node(cpu="1")], refused("1 Insufficient cpu")),
    ],
    ids=["cordoned", "not ready", "several", "too small"],
)
def test_a_pod_without_a_fitting_node_says_why(nodes: list[Object], message: str) -> None:
    """A-125, A-155."""
    assert said(schedule(info(cpu="2"), Snapshot.of(nodes))) == message


def test_a_refusal_names_the_plugins_so_that_it_is_known_what_may_end_it() -> None:
    there = Snapshot.of([node("a", unschedulable=True), node("b")], [pod("db", "b", cpu="4")])
    decision = schedule(info(cpu="1"), there)
    assert isinstance(decision, Refuse)
    assert decision.plugins == {"NodeUnschedulable", "NodeResourcesFit"}


def test_a_node_selector_is_honoured() -> None:
    wanting = info(nodeSelector={"disk": "ssd"})
    assert said(schedule(wanting, around())) == refused("1 node(s) didn't match Pod's node affinity/selector")
    assert schedule(wanting, around(node("a"), node("b", labels={"disk": "ssd"}))) == Place("b")


def test_a_pod_that_nobody_makes_room_for_says_so() -> None:
    full = Snapshot.of([node()], [pod("db", "minisets-0", cpu="4")])
    nobody = "No preemption victims found for incoming pod"
    assert said(schedule(info(cpu="1"), full)) == refused("1 Insufficient cpu", victims=nobody)
    never = info(cpu="1", priority=1, preemptionPolicy="Never")
    assert said(schedule(never, full)) == (
        "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
    )


def test_a_pod_drives_lesser_ones_away_and_says_meanwhile_why_it_has_no_node() -> None:
    full = Snapshot.of([node()], [pod("db", "minisets-0", cpu="4")])
    decision = schedule(info("big", cpu="1", priority=1), full)
    assert isinstance(decision, Preempt)
    assert (decision.node, [victim.name for victim in decision.victims]) == ("minisets-0", ["db"])
    assert decision.message == "0/1 nodes are available: 1 Insufficient cpu."


def test_a_pod_takes_the_node_that_it_was_promised_if_it_can_and_any_other_if_not() -> None:
    promised = info(status={"nominatedNodeName": "minisets-1"})
    assert schedule(promised, Snapshot.of([node(), node("minisets-1")])) == Place("minisets-1")
    assert schedule(promised, Snapshot.of([node(), node("minisets-1", unschedulable=True)])) == Place(
        "minisets-0"
    )
    assert schedule(promised, Snapshot.of([node()])) == Place("minisets-0")


def test_a_pod_behind_a_gate_is_not_placed() -> None:
    decision = schedule(info(schedulingGates=[{"name": "example.com/wait"}]), around())
    assert isinstance(decision, Refuse)
    assert decision.message == "Scheduling is blocked due to non-empty scheduling gates"
    assert decision.reason == "SchedulingGated"


@pytest.mark.parametrize(
    "elses",
    [
        pod(on="minisets-0"),
        pod(schedulerName="mine"),
        pod(status={"phase": "Failed"}),
        pod(meta={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
    ],
    ids=["placed", "another scheduler's", "at its end", "being deleted"],
)
def test_some_pods_are_not_ours_to_place(elses: Any) -> None:
    assert schedule(PodInfo(elses), around()) == NotOurs()
