from datetime import timedelta

import pytest

from minisets.controllers.nodes.lifecycle import NodeLifecycle
from minisets.objects.metadata import condition
from tests.controllers.nodes.timed import TimedHouse


@pytest.fixture
def house(house: TimedHouse) -> TimedHouse:
    """Two nodes that are ready, and their controller."""
    house.run(NodeLifecycle(house.store, house.registry, house.recorder("node-controller"), house.clock))
    for name in ("minisets-0", "minisets-1"):
        house.node(name)
    house.settle()
    return house


def ready(house: TimedHouse, kind: str, name: str) -> str:
    return str((condition(house.get(kind, name), "Ready") or {})["status"])


def test_a_stopped_node_is_lost_at_once_and_its_pods_are_not_ready(house: TimedHouse) -> None:
    house.ready_pod("web-0")
    house.ready_pod("web-1", "minisets-1")
    house.stop_node("minisets-1")
    house.settle()
    assert ready(house, "Node", "minisets-1") == "Unknown"
    assert house.taints("minisets-1") == ["unreachable:NoSchedule", "unreachable:NoExecute"]
    assert (ready(house, "Pod", "web-0"), ready(house, "Pod", "web-1")) == ("True", "False")
    assert house.events("web-1") == [("Warning", "NodeNotReady", "Node is not ready")]
    assert house.events("minisets-1") == [
        ("Normal", "NodeNotReady", "Node minisets-1 status is now: NodeNotReady"),
        ("Normal", "RegisteredNode", "Node minisets-1 event: Registered Node minisets-1 in Controller"),
    ]


def test_a_node_that_is_back_is_tainted_no_more(house: TimedHouse) -> None:
    house.stop_node("minisets-1")
    house.settle()
    house.start_node("minisets-1")
    house.settle()
    assert house.taints("minisets-1") == []


def test_nobody_but_the_kubelet_says_that_a_node_is_back(house: TimedHouse) -> None:
    house.stop_node("minisets-1", "pause")
    house.settle()
    house.edit("Node", "minisets-1", lambda node: node["metadata"].pop("annotations"))
    house.settle()
    assert ready(house, "Node", "minisets-1") == "Unknown"


def test_a_quiet_house_stays_quiet(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1")
    house.stop_node("minisets-1")
    house.settle()
    before = house.store.version()
    house.clock.advance(timedelta(hours=1))
    house.reconcile_all_again()
    assert house.store.version() == before
    assert not house.is_waiting()


def test_when_the_last_node_is_lost_pods_may_stay_on_all(house: TimedHouse) -> None:
    """Full disruption: nobody is driven from one lost node to another."""
    house.stop_node("minisets-1")
    house.settle()
    house.stop_node("minisets-0")
    house.settle()
    assert house.taints("minisets-0") == house.taints("minisets-1") == ["unreachable:NoSchedule"]
    house.start_node("minisets-0")
    house.settle()
    assert house.taints("minisets-0") == []
    assert house.taints("minisets-1") == ["unreachable:NoSchedule", "unreachable:NoExecute"]


def test_a_cordoned_node_is_tainted_until_it_is_uncordoned(house: TimedHouse) -> None:
    house.edit("Node", "minisets-1", lambda node: node["spec"].update(unschedulable=True))
    house.settle()
    assert house.taints("minisets-1") == ["unschedulable:NoSchedule"]
    house.edit("Node", "minisets-1", lambda node: node["spec"].pop("unschedulable"))
    house.settle()
    assert "taints" not in house.get("Node", "minisets-1")["spec"]


def test_a_kubelet_that_says_it_is_not_ready_keeps_its_pods_as_they_are(house: TimedHouse) -> None:
    """While the engine is away nobody knows better than the kubelet."""
    house.ready_pod("web-1", "minisets-1")
    house.lose_engine("minisets-1")
    house.settle()
    assert house.taints("minisets-1") == ["not-ready:NoSchedule"]
    house.pass_time(seconds=2)
    assert house.taints("minisets-1") == ["not-ready:NoSchedule", "not-ready:NoExecute"]
    assert ready(house, "Pod", "web-1") == "True"


def test_nodes_that_are_lost_one_after_the_other_keep_their_pods_when_it_is_all_of_them(
    house: TimedHouse,
) -> None:
    """The engine goes, and one node after the other says so."""
    for name in ("minisets-0", "minisets-1"):
        assert house.taints(name) == []
        house.lose_engine(name)
        house.settle()
    house.pass_time(seconds=10)
    assert house.taints("minisets-0") == house.taints("minisets-1") == ["not-ready:NoSchedule"]


def test_a_pod_that_comes_to_a_lost_node_is_not_ready_either(house: TimedHouse) -> None:
    house.stop_node("minisets-1")
    house.settle()
    house.ready_pod("web-1", "minisets-1")
    house.settle()
    assert ready(house, "Pod", "web-1") == "False"
    house.pod("web-2", nodeName="minisets-1")
    house.settle()
    assert condition(house.get("Pod", "web-2"), "Ready") is None


def test_who_goes_and_comes_again_is_told_of_both(house: TimedHouse) -> None:
    house.store_delete("Node", "minisets-1")
    house.settle()
    house.node("minisets-1")
    house.settle()
    reasons = [reason for _, reason, _ in house.events("minisets-1")]
    assert reasons == ["RegisteredNode", "RegisteredNode", "RemovingNode"]
