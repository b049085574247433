"""How many nodes there should be; plans are compared by what they print."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minisets.controllers.nodes.actions import Grow, Plan, Tell
from minisets.controllers.nodes.growth import DELETED_SOON, STAYS, Observed, is_waiting, plan
from minisets.objects.kinds import Object
from minisets.objects.metadata import labels_of, name_of, spec_of
from minisets.objects.shape import Shape
from minisets.settings import STOPPED

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ZONE = "topology.kubernetes.io/zone"
FULL, ELSEWHERE = ("Too many pods",), ("node(s) didn't match Pod's node affinity/selector",)


def node(ordinal: int, *annotated: str, ready: bool = True, taints: Iterable[Any] = ()) -> Object:
    name = f"minisets-{ordinal}"
    return {
        "metadata": {"name": name, "uid": name, "annotations": dict.fromkeys(annotated, "true")},
        "spec": {"taints": list(taints)},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}], "allocatable": {"cpu": "4"}},
    }


def pod(name: str, on: str = "", waits: float = 5, zone: str = "", **spec: Any) -> Object:
    since = (NOW - timedelta(seconds=waits)).isoformat()
    refused = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "lastTransitionTime": since,
    }
    wanted = {"nodeName": on, "nodeSelector": {ZONE: zone} if zone else {}, **spec}
    return {
        "metadata": {"name": name, "uid": name, "creationTimestamp": since},
        "spec": wanted,
        "status": {"phase": "Running"} if on else {"phase": "Pending", "conditions": [refused]},
    }


def planned(
    nodes: Iterable[Object], pods: Iterable[Object] = (), shape: Shape | None = None, **more: Any
) -> Plan:
    """With a scheduler that lets each node have one pod, in the zone that the pod wants."""
    pods = tuple(pods)
    taken = {spec_of(each).get("nodeName") for each in pods}

    def why_not(pod: Object, node: Object) -> tuple[str, ...]:
        zone = (spec_of(pod).get("nodeSelector") or {}).get(ZONE)
        if zone and labels_of(node).get(ZONE) != zone:
            return ELSEWHERE
        return FULL if name_of(node) in taken else ()

    shape = shape or Shape(1, 8, ("a", "b", "c"))
    return plan(Observed(shape, tuple(nodes), pods, NOW, **more), why_not)


def test_what_is_always_there_is_made_before_anything_else() -> None:
    assert str(planned([node(1)], [pod("web-0")], Shape(3))) == (
        "make minisets-0: it is always there\nmake minisets-2: it is always there"
    )


def test_a_pod_that_fits_nowhere_has_one_more_node_made_for_it() -> None:
    pods = [pod("web-0", "minisets-0"), pod("web-1"), pod("web-2")]
    assert str(planned([node(0)], pods)) == "make minisets-1: for web-1, web-2"


def test_a_pod_that_fits_somewhere_is_the_schedulers_to_place() -> None:
    assert planned([node(0)], [pod("web-1")]) == Plan()


def test_the_next_node_is_in_the_zone_that_the_pod_wants() -> None:
    """Only an ordinal of that zone is; the lowest of all is tried first."""
    assert str(planned([node(0)], [pod("web-1", zone="c")])) == "make minisets-2: for web-1"
    assert str(planned([node(0), node(2)], [pod("web-1", zone="c")])) == "make minisets-5: for web-1"
    taken = [pod("x", "minisets-0"), pod("y", "minisets-2")]
    assert str(planned([node(0), node(2)], [*taken, pod("web-1")])) == "make minisets-1: for web-1"


def test_the_next_node_is_like_the_first_without_what_people_wrote_on_that() -> None:
    """Nor a resource advertised there: a node made for one would not have it, and go again."""
    first = node(0)
    first["metadata"]["labels"] = {"kubernetes.io/os": "linux", "disk": "fast"}
    machine = {"cpu": "4", "ephemeral-storage": "1Ti", "memory": "8Gi", "pods": "250"}
    advertised = {**machine, "example.com/dongle": "4"}
    first["status"].update(capacity=advertised, allocatable=advertised)
    seen: list[Object] = []

    def why_not(_: Object, candidate: Object) -> tuple[str, ...]:
        seen.append(candidate)
        return FULL

    plan(Observed(Shape(1, 8, ("a", "b")), (first,), (pod("web-0"),), NOW), why_not)
    candidate = next(each for each in seen if name_of(each) == "minisets-1")
    assert labels_of(candidate) == {
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": "minisets-1",
        "topology.kubernetes.io/zone": "b",
        "topology.kubernetes.io/region": "minisets",
    }
    assert candidate["status"]["allocatable"] == machine
    assert candidate["status"]["capacity"] == machine


def test_one_that_cannot_be_helped_keeps_no_other_from_its_node() -> None:
    pods = [pod("web-0", "minisets-0"), pod("web-1", zone="mars"), pod("web-2")]
    assert str(planned([node(0)], pods)) == "make minisets-1: for web-2"


def test_of_very_many_pods_not_all_are_told() -> None:
    pods = [pod("web-0", "minisets-0"), *(pod(f"web-{number}") for number in range(1, 1000))]
    (grow,) = planned([node(0)], pods).actions
    assert isinstance(grow, Grow)
    assert len(grow.pods) == 100


def test_a_pod_is_given_a_moment_to_find_its_place() -> None:
    waiting = planned([node(0)], [pod("web-0", "minisets-0"), pod("web-1", waits=0.5)])
    assert (str(waiting), waiting.again) == ("", timedelta(seconds=0.5))


def test_while_a_node_is_on_its_way_nobody_asks_for_another() -> None:
    pods = [pod("web-0", "minisets-0"), pod("web-1")]
    assert str(planned([node(0), node(1, ready=False)], pods)) == ""


@pytest.mark.parametrize("key", ["not-ready", "unreachable", "unschedulable"])
def test_nor_while_a_node_that_is_well_again_is_still_tainted(key: str) -> None:
    taint = {"key": f"node.kubernetes.io/{key}", "effect": "NoSchedule"}
    pods = [pod("web-0", "minisets-0"), pod("web-1"), pod("web-2", "minisets-1")]
    assert str(planned([node(0), node(1, taints=[taint])], pods)) == ""
    cordoned = node(1, taints=[{**taint, "key": "node.kubernetes.io/unschedulable"}])
    cordoned["spec"]["unschedulable"] = True
    assert str(planned([node(0), cordoned], pods)) == "make minisets-2: for web-1"


def test_a_stopped_node_is_not_waited_for() -> None:
    pods = [pod("web-0", "minisets-0"), pod("web-1"), pod("web-2", "minisets-1")]
    stopped = node(1, STOPPED, ready=False)
    assert str(planned([node(0), stopped], pods)) == "make minisets-2: for web-1"


def test_there_are_never_more_than_the_most() -> None:
    pods = [pod("web-0", "minisets-0"), pod("web-1", "minisets-1"), pod("web-2", waits=20)]
    nodes = [node(0), node(1)]
    said = "tell web-2: 1 max node group size reached"
    assert str(planned(nodes, pods, Shape(1, 2))) == said
    assert str(planned([*nodes, node(0) | {"metadata": {"name": "fake"}}], pods, Shape(1, 3))) != said


def test_a_pod_that_one_more_node_would_not_help_is_told_why_after_a_while() -> None:
    pods = [pod("web-0", "minisets-0"), pod("web-1", zone="mars", waits=4)]
    assert planned([node(0)], pods) == Plan(again=timedelta(seconds=6))
    pods[1] = pod("web-1", zone="mars", waits=10)
    assert planned([node(0)], pods) == Plan((Tell(pods[1], f"1 {ELSEWHERE[0]}"),))


def test_what_was_told_is_not_told_again_until_it_is_something_else() -> None:
    pods = [pod("web-0", "minisets-0"), pod("web-1", waits=20)]
    told = {"web-1": "1 max node group size reached"}
    assert planned([node(0)], pods, Shape(1, 1), told=told) == Plan()
    assert str(planned([node(0)], pods, Shape(1, 1), told={"web-1": "something else"})) != ""


@pytest.mark.parametrize(
    "changed",
    [
        {"spec": {"nodeName": "minisets-0"}},
        {"spec": {"schedulerName": "mine"}},
        {"metadata": {"name": "web-0", "deletionTimestamp": "2026-11-30T12:00:00Z"}},
        {"status": {"phase": "Failed"}},
        {"status": {"conditions": []}},
        {
            "status": {
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]
            }
        },
        {"status": {**pod("web-0")["status"], "nominatedNodeName": "minisets-0"}},
    ],
)
def test_who_needs_no_node_of_ours_is_not_counted(changed: Object) -> None:
    assert is_waiting(pod("web-0"))
    assert not is_waiting({**pod("web-0"), **changed})


# --- fewer ---

TEN, TWENTY = timedelta(minutes=10), timedelta(minutes=20)


def marked(seconds_ago: int) -> dict[str, Any]:
    return {"key": DELETED_SOON, "value": str(int(NOW.timestamp()) - seconds_ago), "effect": "NoSchedule"}


def test_a_node_that_is_empty_for_ten_minutes_is_marked_and_then_removed() -> None:
    nodes = [node(0), node(1)]
    assert planned(nodes, idle={"minisets-1": TEN / 2}) == Plan(again=TEN / 2)
    assert str(planned(nodes, idle={"minisets-1": TEN})) == "mark minisets-1: it is empty"
    nodes[1] = node(1, taints=[marked(2)])
    assert planned(nodes, idle={"minisets-1": TEN}) == Plan(again=timedelta(seconds=3))
    nodes[1] = node(1, taints=[marked(5)])
    assert str(planned(nodes, idle={"minisets-1": TEN})) == "remove minisets-1: it is empty"


def test_a_node_that_is_not_ready_is_kept_for_longer() -> None:
    nodes = [node(0), node(1, ready=False)]
    assert planned(nodes, idle={"minisets-1": TEN}) == Plan(again=TEN)
    assert str(planned(nodes, idle={"minisets-1": TWENTY})) == "mark minisets-1: it is empty"


def test_a_node_stays_that_has_pods_or_is_always_there_or_is_to_stay_or_is_not_ours() -> None:
    idle = {f"minisets-{ordinal}": TEN for ordinal in range(3)} | {"fake": TEN}
    fake = {**node(0), "metadata": {"name": "fake", "uid": "fake"}}
    kept = [node(0), node(1), node(2, STAYS), fake]
    assert planned(kept, shape=Shape(2), idle=idle) == Plan()
    assert planned([node(0), node(1)], [pod("web-0", "minisets-1")], idle=idle) == Plan()


def test_a_pod_that_has_ended_keeps_no_node() -> None:
    ended = {**pod("job", "minisets-1"), "status": {"phase": "Succeeded"}}
    assert (
        str(planned([node(0), node(1)], [ended], idle={"minisets-1": TEN})) == "mark minisets-1: it is empty"
    )


def test_a_marked_node_that_is_needed_after_all_stays() -> None:
    nodes = [node(0), node(1, taints=[marked(9)])]
    assert str(planned(nodes, [pod("web-0", "minisets-1")])) == "unmark minisets-1: it is taken"
    assert str(planned(nodes, shape=Shape(2))) == "unmark minisets-1: it is to stay"


def test_a_mark_without_a_time_is_an_old_one() -> None:
    for value in ("", "soon", "9" * 50, "²"):
        nodes = [node(0), node(1, taints=[{**marked(0), "value": value}])]
        assert str(planned(nodes)) == "remove minisets-1: it is empty"
