from datetime import timedelta
from typing import Any

import pytest

from minisets.controllers.nodes.eviction import TaintEviction, tolerated_for
from minisets.controllers.nodes.lifecycle import NodeLifecycle
from minisets.objects.metadata import condition, is_being_deleted
from tests.controllers.nodes.timed import TimedHouse

UNREACHABLE = "node.kubernetes.io/unreachable"
DRAIN = {"key": "drain", "effect": "NoExecute"}


@pytest.fixture
def house(house: TimedHouse) -> TimedHouse:
    """Two nodes that are ready, who taints them, and who goes by that."""
    house.run(
        NodeLifecycle(house.store, house.registry, house.recorder("node-controller"), house.clock),
        evicting(house),
    )
    for name in ("minisets-0", "minisets-1"):
        house.node(name)
    return house


def evicting(house: TimedHouse) -> TaintEviction:
    return TaintEviction(
        house.store, house.registry, house.recorder("taint-eviction-controller"), house.clock
    )


def taint(house: TimedHouse, *taints: dict[str, Any], node: str = "minisets-1") -> None:
    house.edit("Node", node, lambda obj: obj["spec"].update(taints=list(taints)))


def tolerating(seconds: int | None = None, **fields: str) -> dict[str, Any]:
    limit = {} if seconds is None else {"tolerationSeconds": seconds}
    return {"operator": "Exists", "effect": "NoExecute", **fields, **limit}


def is_going(house: TimedHouse, pod: str) -> bool:
    return is_being_deleted(house.get("Pod", pod))


def test_a_pod_of_a_lost_node_is_deleted_after_five_minutes(house: TimedHouse) -> None:
    house.ready_pod("web-0")
    house.ready_pod("web-1", "minisets-1")
    house.stop_node("minisets-1")
    house.pass_time(seconds=299)
    assert not is_going(house, "web-1")
    house.pass_time(seconds=2)
    assert (is_going(house, "web-0"), is_going(house, "web-1")) == (False, True)
    told = ("Normal", "TaintManagerEviction", "Marking for deletion Pod default/web-1")
    assert told in house.events("web-1")
    target = condition(house.get("Pod", "web-1"), "DisruptionTarget") or {}
    assert (target["status"], target["reason"], target["message"]) == (
        "True",
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    )
    assert not house.is_waiting()


def test_a_node_that_is_back_in_time_keeps_its_pods(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1")
    house.stop_node("minisets-1")
    house.pass_time(minutes=4)
    assert house.is_waiting()
    house.start_node("minisets-1")
    house.pass_time(minutes=4)
    assert not is_going(house, "web-1")
    assert ("Normal", "TaintManagerEviction", "Cancelling deletion of Pod default/web-1") in house.events(
        "web-1"
    )
    assert not house.is_waiting()


def test_the_time_begins_with_each_failure_anew(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1")
    for _ in range(2):
        house.stop_node("minisets-1")
        house.pass_time(minutes=4)
        house.start_node("minisets-1")
        house.pass_time(minutes=4)
    assert not is_going(house, "web-1")


def test_the_time_is_counted_from_the_taint_whoever_looks(house: TimedHouse) -> None:
    """A control plane that comes back does not begin to count again."""
    house.ready_pod("web-1", "minisets-1")
    house.stop_node("minisets-1")
    house.settle()
    house.clock.advance(timedelta(minutes=4))
    house.run(evicting(house))
    house.pass_time(seconds=61)
    assert is_going(house, "web-1")


def test_one_taint_that_follows_the_other_gives_no_more_time(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1")
    house.lose_engine("minisets-1")
    house.pass_time(minutes=4)
    assert "not-ready:NoExecute" in house.taints("minisets-1")
    house.stop_node("minisets-1")
    house.pass_time(seconds=50)
    assert "unreachable:NoExecute" in house.taints("minisets-1")
    assert not is_going(house, "web-1")
    house.pass_time(seconds=15)
    assert is_going(house, "web-1")


def test_a_pod_goes_at_once_that_tolerates_nothing_of_the_kind(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1")
    house.ready_pod("web-2", "minisets-1", tolerations=[tolerating(0, key="drain")])
    house.ready_pod("web-3", "minisets-1", tolerations=[tolerating(key="drain")])
    taint(house, DRAIN)
    house.settle()
    assert [is_going(house, f"web-{number}") for number in (1, 2, 3)] == [True, True, False]
    assert not house.is_waiting()


def test_a_taint_without_a_time_is_counted_from_when_it_was_seen(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1", tolerations=[tolerating(60, key="drain")])
    house.pass_time(hours=1)
    taint(house, DRAIN)
    house.pass_time(seconds=59)
    assert not is_going(house, "web-1")
    house.pass_time(seconds=1)
    assert is_going(house, "web-1")


def test_a_pod_that_comes_to_a_tainted_node_has_its_time_from_then(house: TimedHouse) -> None:
    taint(house, {**DRAIN, "timeAdded": "2026-11-01T00:00:00Z"})
    house.ready_pod("web-1", "minisets-1", tolerations=[tolerating(60, key="drain")])
    house.pass_time(seconds=59)
    assert not is_going(house, "web-1")
    house.pass_time(seconds=1)
    assert is_going(house, "web-1")


def test_a_pod_that_is_given_more_time_meanwhile_has_it(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1", tolerations=[tolerating(60, key="drain")])
    taint(house, DRAIN)
    house.pass_time(seconds=30)
    house.edit("Pod", "web-1", lambda pod: pod["spec"]["tolerations"][0].update(tolerationSeconds=120))
    house.pass_time(seconds=80)
    assert not is_going(house, "web-1")
    house.pass_time(seconds=10)
    assert is_going(house, "web-1")


def test_a_pod_that_is_gone_or_going_is_forgotten(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1", tolerations=[tolerating(60, key="drain")])
    taint(house, DRAIN)
    house.settle()
    assert house.is_waiting()
    house.end("web-1")
    house.settle()
    assert not house.is_waiting()
    assert house.events("web-1") == []


def test_a_successor_of_the_same_name_has_its_own_time(house: TimedHouse) -> None:
    tolerations = [tolerating(60, key="drain")]
    house.ready_pod("web-1", "minisets-1", tolerations=tolerations)
    taint(house, DRAIN)
    house.pass_time(seconds=50)
    house.end("web-1")
    house.ready_pod("web-1", "minisets-1", tolerations=tolerations)
    house.pass_time(seconds=50)
    assert not is_going(house, "web-1")


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        ([], 0),
        ([tolerating()], None),
        ([tolerating(30, key=UNREACHABLE), tolerating(20)], 20),
        ([tolerating(30)], 30),
        ([tolerating(30, key=UNREACHABLE)], 0),
        ([tolerating(-5)], 0),
        ([tolerating(10**18)], 100 * 365 * 24 * 3600),
        ([tolerating(key=UNREACHABLE), tolerating(7)], 7),
    ],
)
def test_the_shortest_of_what_is_borne_counts(tolerations: list[Any], seconds: int | None) -> None:
    """Of each taint the first toleration that fits; all of them must be tolerated."""
    taints = [{"key": UNREACHABLE, "effect": "NoExecute"}, {"key": "other", "effect": "NoExecute"}]
    limit = None if seconds is None else timedelta(seconds=seconds)
    assert tolerated_for({"spec": {"tolerations": tolerations}}, taints) == limit
