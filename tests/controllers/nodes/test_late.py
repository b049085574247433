"""Who still sees what was there before does nothing to what came in its place."""

import pytest

from minisets.controllers.nodes.eviction import TaintEviction
from minisets.controllers.nodes.growing import Growth
from minisets.controllers.nodes.lifecycle import NodeLifecycle
from minisets.controllers.nodes.podgc import PodGarbage
from minisets.controllers.nodes.registering import ensure_nodes
from minisets.objects.kinds import Object
from minisets.objects.shape import Shape
from minisets.registry.options import DeleteOptions
from minisets.settings import STOPPED
from tests.controllers.house import Controller, ref
from tests.controllers.nodes.timed import Late, TimedHouse

DRAIN = {"key": "drain", "effect": "NoExecute"}


def controllers(house: TimedHouse, seen: Object) -> dict[str, Controller]:
    late, recorder = Late(house.store, seen), house.recorder()
    return {
        "lifecycle": NodeLifecycle(late, house.registry, recorder, house.clock),
        "eviction": TaintEviction(late, house.registry, recorder, house.clock),
        "podgc": PodGarbage(late, house.registry, house.clock),
        "growth": Growth(late, house.registry, recorder, house.clock, lambda: nowhere),
    }


def nowhere(_pod: Object, _node: Object) -> tuple[str, ...]:
    """No pod fits anywhere."""
    return ("no",)


@pytest.mark.parametrize("who", ["eviction", "podgc"])
def test_a_pod_that_came_in_the_place_of_another_stays(house: TimedHouse, who: str) -> None:
    house.node("minisets-1", taints=[DRAIN])
    house.ready_pod("web-0", "minisets-1" if who == "eviction" else "nowhere")
    house.edit("Pod", "web-0", lambda pod: pod["metadata"].update(finalizers=["example.com/wait"]))
    if who == "podgc":
        house.registry.delete(ref("Pod", "web-0"))
    before = house.get("Pod", "web-0")
    house.end("web-0")
    house.ready_pod("web-0")
    after = house.get("Pod", "web-0")
    controllers(house, before)[who].reconcile("default/web-0")
    assert house.get("Pod", "web-0") == after
    house.end("web-0")
    controllers(house, before)[who].reconcile("default/web-0")
    assert house.find("Pod", "web-0") is None


@pytest.mark.parametrize("who", ["lifecycle", "growth"])
def test_a_node_that_came_in_the_place_of_another_stays_as_it_is(house: TimedHouse, who: str) -> None:
    ensure_nodes(house.registry, Shape(2))
    marked = {"key": "ToBeDeletedByClusterAutoscaler", "value": "1", "effect": "NoSchedule"}
    house.stop_node("minisets-1")
    house.edit("Node", "minisets-1", lambda node: node["spec"].update(taints=[marked]))
    house.set_status("Node", "minisets-1", conditions=[{"type": "Ready", "status": "Unknown"}])
    before = house.get("Node", "minisets-1")
    house.registry.delete(ref("Node", "minisets-1"), DeleteOptions())
    ensure_nodes(house.registry, Shape(2))
    after = house.get("Node", "minisets-1")
    key = {"lifecycle": "minisets-1", "growth": "nodes"}[who]
    controllers(house, before)[who].reconcile(key)
    assert house.get("Node", "minisets-1") == after
    assert STOPPED not in after["metadata"].get("annotations", {})
    house.store_delete("Node", "minisets-1")
    controllers(house, before)[who].reconcile(key)
    assert house.find("Node", "minisets-1") is None


def test_a_pod_that_was_ready_on_a_lost_node_and_came_anew_stays_as_it_is(house: TimedHouse) -> None:
    house.node("minisets-1")
    house.set_status("Node", "minisets-1", conditions=[{"type": "Ready", "status": "Unknown"}])
    before = house.ready_pod("web-0", "minisets-1")
    house.end("web-0")
    after = house.ready_pod("web-0")
    controllers(house, before)["lifecycle"].reconcile("minisets-1")
    assert house.get("Pod", "web-0") == after
