"""Whom a pod may drive away. Sizes: a node has four cpus."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.controllers.scheduling.filters import Refusal, Round, refusals
from minisets.controllers.scheduling.preemption import NoPreemption, Preemption, preempt
from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
from tests.controllers.scheduling.cluster import claim_volumes, info, node, nodes, pod

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

HELPLESS = "Preemption is not helpful for scheduling"


def preempted(wanting: PodInfo, snapshot: Snapshot) -> Preemption | NoPreemption:
    of_this = Round(wanting, snapshot)
    return preempt(wanting, snapshot, {name: of_this.refusals(name) for name in snapshot.nodes})


def victims(wanting: PodInfo, snapshot: Snapshot) -> tuple[str, tuple[str, ...]]:
    """The node, and the names of those that must go."""
    found = preempted(wanting, snapshot)
    assert isinstance(found, Preemption), found
    return found.node, tuple(victim.name for victim in found.victims)


def running(name: str, on: str = "minisets-0", since: int = 0, **parts: Any) -> Object:
    """A pod that started at that minute."""
    return pod(name, on, status={"startTime": f"2026-01-01T00:{since:02}:00Z"}, **parts)


def budget(allowed: int, selector: dict[str, Any] | None = None, **status: Any) -> Object:
    return {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}} if selector is None else selector},
        "status": {"disruptionsAllowed": allowed, **status},
    }


def leaving(name: str, reason: str = "PreemptionByScheduler") -> Object:
    said = {"type": "DisruptionTarget", "status": "True", "reason": reason}
    return pod(
        name,
        "minisets-0",
        cpu="3",
        meta={"deletionTimestamp": "2026-01-01T00:00:00Z"},
        status={"conditions": [said]},
    )


WANTING = info("big", cpu="2", priority=100)


def test_lesser_pods_make_room() -> None:
    snapshot = Snapshot.of([node()], [running("web-0", cpu="3")])
    assert victims(WANTING, snapshot) == ("minisets-0", ("web-0",))


@pytest.mark.parametrize("priority", [100, 200])
def test_nobody_drives_away_a_pod_of_the_same_priority_or_a_higher_one(priority: int) -> None:
    snapshot = Snapshot.of([node()], [running("web-0", cpu="3", priority=priority)])
    message = "0/1 nodes are available: 1 No preemption victims found for incoming pod."
    assert preempted(WANTING, snapshot) == NoPreemption(message)


def test_where_the_node_itself_is_what_does_not_fit_nobody_goes() -> None:
    taint = {"key": "mine", "effect": "NoSchedule"}
    snapshot = Snapshot.of([node(taints=[taint])], [running("web-0", cpu="3")])
    assert preempted(WANTING, snapshot) == NoPreemption(f"0/1 nodes are available: 1 {HELPLESS}.")


def test_what_stands_in_the_way_even_then_is_told_node_by_node() -> None:
    held = [running("web-0", cpu="1"), running("web-1", cpu="3", priority=200)]
    others = [running("web-2", "minisets-1", cpu="3", priority=200)]
    cluster = [*nodes("", ""), node("minisets-2", taints=[{"key": "mine", "effect": "NoSchedule"}])]
    message = (
        "0/3 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod, "
        f"1 {HELPLESS}."
    )
    assert preempted(WANTING, Snapshot.of(cluster, [*held, *others])) == NoPreemption(message)


def test_a_pod_that_needs_not_go_stays() -> None:
    """Kubernetes: "medium priority pod is preempted, but lower priority one stays as it is small"."""
    held = [running("small", cpu="500m"), running("large", cpu="3", priority=50)]
    assert victims(WANTING, Snapshot.of([node()], held)) == ("minisets-0", ("large",))


def test_of_equal_priority_the_one_that_started_last_goes() -> None:
    """Kubernetes: "mixed priority pods are preempted, pick later StartTime one when priorities are equal"."""
    held = [running("old", cpu="2", since=1), running("young", cpu="2", since=2)]
    assert victims(WANTING, Snapshot.of([node()], held)) == ("minisets-0", ("young",))
    unborn = [running("old", cpu="2", since=1), pod("unborn", "minisets-0", cpu="2")]
    assert victims(WANTING, Snapshot.of([node()], unborn)) == ("minisets-0", ("unborn",))


def test_of_those_that_started_together_the_highest_ordinal_goes() -> None:
    held = [running(f"web-{ordinal}", cpu="400m") for ordinal in (10, 9, 2, 1, 0, 3, 4, 5, 6, 7)]
    found = victims(WANTING, Snapshot.of([node()], held))
    assert found == ("minisets-0", ("web-5", "web-6", "web-7", "web-9", "web-10"))


def test_pods_that_the_pod_must_not_be_near_go_as_well() -> None:
    """Kubernetes: "pod with anti-affinity is preempted"."""
    term = {"labelSelector": {"matchLabels": {"app": "noisy"}}, "topologyKey": "kubernetes.io/hostname"}
    wish = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    held = [running("noisy", labels={"app": "noisy"}), running("web-0", priority=50)]
    wanting = info("shy", priority=100, affinity=wish)
    assert victims(wanting, Snapshot.of([node()], held)) == ("minisets-0", ("noisy",))


@pytest.mark.parametrize(
    ("budgets", "goes"),
    [
        ((), "kept"),
        ((budget(0),), "free"),
        ((budget(1),), "kept"),
        ((budget(0, {}),), "kept"),
        ((budget(0, disruptedPods={"kept": "2026-01-01T00:00:00Z"}),), "kept"),
        (({**budget(0), "metadata": {"name": "web", "namespace": "other"}},), "kept"),
    ],
    ids=["no budget", "spent", "not spent", "an empty selector", "granted already", "of another namespace"],
)
def test_a_pod_stays_whose_budget_is_spent(budgets: tuple[Object, ...], goes: str) -> None:
    """Kubernetes: filterPodsWithPDBViolation; in the scheduler an empty selector protects nobody."""
    held = [running("kept", cpu="2"), running("free", cpu="2", priority=50, labels={"app": "other"})]
    assert victims(WANTING, Snapshot.of([node()], held, budgets=budgets)) == ("minisets-0", (goes,))


def test_a_pod_without_labels_has_no_budget() -> None:
    selector = {"matchExpressions": [{"key": "unprotected", "operator": "DoesNotExist"}]}
    held = [
        running("bare", cpu="2", labels={}),
        running("marked", cpu="2", priority=50, labels={"unprotected": ""}),
    ]
    snapshot = Snapshot.of([node()], held, budgets=(budget(0, selector),))
    assert victims(WANTING, snapshot) == ("minisets-0", ("bare",))


def test_the_most_important_victim_is_named_first_whatever_its_budget() -> None:
    held = [running("kept", cpu="2"), running("free", cpu="2", priority=50, labels={"app": "other"})]
    snapshot = Snapshot.of([node()], held, budgets=(budget(0),))
    wanting = info("huge", cpu="4", priority=100)
    assert victims(wanting, snapshot) == ("minisets-0", ("free", "kept"))


def test_a_budget_protects_all_but_as_many_as_it_allows() -> None:
    """Kubernetes: "preemption with violation of same pdb"."""
    held = [running(f"web-{ordinal}", cpu="2") for ordinal in range(2)]
    spare = [running(f"web-{ordinal}", "minisets-1", cpu="2") for ordinal in range(2, 4)]
    wanting = info("huge", cpu="4", priority=100)
    one = Snapshot.of(nodes("", ""), [*held, *spare[:1]], budgets=(budget(1),))
    assert victims(wanting, one) == ("minisets-1", ("web-2",))
    assert victims(wanting, Snapshot.of([node()], held, budgets=(budget(0),))) == (
        "minisets-0",
        ("web-0", "web-1"),
    )


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([running("a", cpu="4")], [running("b", cpu="4", labels={"app": "other"}, priority=50)]),
        ([running("a", cpu="4", priority=20)], [running("b", cpu="4", priority=10, labels={})]),
        (
            [running("a", cpu="2", priority=20, labels={}), running("b", cpu="2", priority=10, labels={})],
            [running("c", cpu="2", priority=20, labels={}), running("d", cpu="2", priority=5, labels={})],
        ),
        (
            [running("a", cpu="2", priority=-5, labels={}), running("b", cpu="2", priority=-5, labels={})],
            [running("c", cpu="4", priority=-5, labels={})],
        ),
        (
            [running("a", cpu="2", priority=20, labels={}), running("b", cpu="2", priority=20, labels={})],
            [
                running("c", cpu="2", priority=20, labels={}),
                running("d", cpu="1", priority=-(2**31), labels={}),
                running("e", cpu="1", priority=-(2**31), labels={}),
            ],
        ),
        ([running("a", cpu="4", labels={}, since=1)], [running("b", cpu="4", labels={}, since=2)]),
        (
            [running("a", cpu="2", labels={}, since=1), running("b", cpu="2", labels={}, since=9)],
            [running("c", cpu="2", labels={}, since=2), running("d", cpu="2", labels={}, since=3)],
        ),
        (
            [
                running("a", cpu="2", priority=9, labels={}, since=5),
                running("b", cpu="2", labels={}, since=1),
            ],
            [
                running("c", cpu="2", priority=9, labels={}, since=6),
                running("d", cpu="2", labels={}, since=0),
            ],
        ),
    ],
    ids=[
        "fewer violations",
        "a lower highest",
        "a lower sum",
        "fewer pods",
        "a lower sum of more pods",
        "started later",
        "the first started later",
        "the first of the highest started later",
    ],
)
def test_the_node_is_taken_where_least_is_lost(here: list[Object], there: list[Object]) -> None:
    """Kubernetes: pickOneNodeForPreemption."""
    moved = [{**each, "spec": {**each["spec"], "nodeName": "minisets-1"}} for each in there]
    snapshot = Snapshot.of(nodes("", ""), [*here, *moved], budgets=(budget(0),))
    wanting = info("huge", cpu="4", priority=100)
    assert victims(wanting, snapshot)[0] == "minisets-1"


def test_where_it_is_all_the_same_the_lowest_ordinal_is_taken() -> None:
    cluster = nodes(*[""] * 11)
    held = [running(f"web-{ordinal}", f"minisets-{ordinal}", cpu="3") for ordinal in range(11)]
    assert victims(WANTING, Snapshot.of(reversed(cluster), held)) == ("minisets-0", ("web-0",))
    kept = [*held[:2], {**held[2], "spec": {**held[2]["spec"], "priority": -1}}, *held[3:10]]
    lower = {**held[10], "spec": {**held[10]["spec"], "priority": -1}}
    assert victims(WANTING, Snapshot.of(reversed(cluster), [*kept, lower]))[0] == "minisets-2"


def test_a_pod_may_not_drive_away_others_if_its_policy_says_so() -> None:
    snapshot = Snapshot.of([node()], [running("web-0", cpu="3")])
    meek = info("big", cpu="2", priority=100, preemptionPolicy="Never")
    said = "not eligible due to preemptionPolicy=Never."
    assert preempted(meek, snapshot) == NoPreemption(said, keeps_nomination=True)


PROMISED = info("big", cpu="2", priority=100, status={"nominatedNodeName": "minisets-0"})


def test_a_pod_waits_for_those_that_it_drove_away() -> None:
    others = [running("web-1", "minisets-1", cpu="3")]
    snapshot = Snapshot.of(nodes("", ""), [leaving("web-0"), *others])
    said = "not eligible due to a terminating pod on the nominated node."
    assert preempted(PROMISED, snapshot) == NoPreemption(said, keeps_nomination=True)


def test_a_pod_does_not_wait_for_those_that_go_for_other_reasons_or_not_at_all() -> None:
    snapshot = Snapshot.of([node()], [leaving("web-0", "EvictionByEvictionAPI")])
    assert victims(PROMISED, snapshot) == ("minisets-0", ("web-0",))
    stays = leaving("web-0")
    del stays["metadata"]["deletionTimestamp"]
    assert victims(PROMISED, Snapshot.of([node()], [stays])) == ("minisets-0", ("web-0",))


def test_a_pod_chooses_again_if_its_node_will_never_do() -> None:
    cordoned = node(taints=[{"key": "mine", "effect": "NoSchedule"}])
    others = [running("web-1", "minisets-1", cpu="3")]
    snapshot = Snapshot.of([cordoned, node("minisets-1")], [leaving("web-0"), *others])
    assert victims(PROMISED, snapshot) == ("minisets-1", ("web-1",))
    gone = info("big", cpu="2", priority=100, status={"nominatedNodeName": "minisets-7"})
    assert victims(gone, snapshot) == ("minisets-1", ("web-1",))


def test_lesser_pods_that_wait_for_the_node_lose_it() -> None:
    lesser, equal = info("lesser", priority=50), info("equal", priority=100)
    snapshot = Snapshot.of([node()], [running("web-0", cpu="3")], nominated={"minisets-0": (lesser, equal)})
    found = preempted(WANTING, snapshot)
    assert isinstance(found, Preemption)
    assert found.outbid == (lesser,)


def test_room_is_made_for_those_that_wait_for_the_node_as_well() -> None:
    """Kubernetes: RunFilterPluginsWithNominatedPods."""
    held = [running("web-0", cpu="2"), running("web-1", cpu="2")]
    snapshot = Snapshot.of([node()], held)
    assert victims(WANTING, snapshot) == ("minisets-0", ("web-1",))
    waiting = replace(snapshot, nominated={"minisets-0": (info("first", cpu="2", priority=100),)})
    assert victims(WANTING, waiting) == ("minisets-0", ("web-0", "web-1"))


def test_a_port_of_the_machine_is_taken_from_the_pod_that_has_it_wherever_that_is() -> None:
    container = {"name": "main", "ports": [{"containerPort": 80, "hostPort": 80}]}
    held = [running("web-0"), running("web-1", "minisets-1", containers=[container])]
    wanting = info("front", priority=100, containers=[container])
    assert victims(wanting, Snapshot.of(nodes("", "", ""), held)) == ("minisets-1", ("web-1",))


def test_an_exclusive_claim_is_taken_from_the_pod_that_has_it() -> None:
    """Kubernetes: VolumeRestrictions of a ReadWriteOncePod claim."""
    claim = {
        "metadata": {
            "name": "www",
            "namespace": "default",
            "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
        },
        "spec": {"accessModes": ["ReadWriteOncePod"], "volumeName": "disk"},
        "status": {"phase": "Bound"},
    }
    volumes = claim_volumes("www")
    held = [running("web-0"), running("web-1", "minisets-1", volumes=volumes)]
    snapshot = Snapshot.of(
        nodes("", ""),
        held,
        claims={"default/www": claim},
        volumes={"disk": {"metadata": {"name": "disk"}, "spec": {}}},
    )
    wanting = info("writer", priority=100, volumes=volumes)
    assert victims(wanting, snapshot) == ("minisets-1", ("web-1",))


def test_a_refusal_that_nothing_explains_drives_nobody_away() -> None:
    snapshot = Snapshot.of([node()], [running("web-0", cpu="1")])
    refused = {"minisets-0": (Refusal("a mistake", "Some"),)}
    message = '0/1 nodes are available: 1 expected at least one victim pod on node "minisets-0".'
    assert preempt(WANTING, snapshot, refused) == NoPreemption(message)


@st.composite
def crowded(draw: st.DrawFn) -> Snapshot:
    """Up to three nodes with pods of any size and priority; a budget for some."""
    cluster = nodes(*[""] * draw(st.integers(1, 3)))
    some = st.tuples(
        st.integers(0, 2), st.integers(1, 8), st.integers(0, 4), st.booleans(), st.integers(0, 3)
    )
    held = [
        running(
            f"web-{ordinal}",
            f"minisets-{where % len(cluster)}",
            since,
            cpu=f"{size * 500}m",
            priority=priority * 50,
            labels={"app": "web"} if counted else {},
        )
        for ordinal, (where, size, priority, counted, since) in enumerate(draw(st.lists(some, max_size=12)))
    ]
    return Snapshot.of(cluster, held, budgets=(budget(draw(st.integers(0, 2))),))


@given(snapshot=crowded(), cpu=st.integers(1, 9))
def test_exactly_those_go_that_must(snapshot: Snapshot, cpu: int) -> None:
    wanting = info("big", cpu=f"{cpu * 500}m", priority=100)
    found = preempted(wanting, snapshot)
    if not isinstance(found, Preemption):
        return
    without = snapshot.without_pods(found.victims, found.node)
    assert refusals(wanting, without, found.node) == ()
    assert all(victim.priority < wanting.priority for victim in found.victims)
    for victim in found.victims:
        assert refusals(wanting, without.with_pod(victim, found.node), found.node)
