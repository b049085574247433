import pytest

from minisets.controllers.nodes.podgc import PodGarbage
from minisets.objects.metadata import condition, status_of
from tests.controllers.house import ref
from tests.controllers.nodes.timed import TimedHouse

OUT_OF_SERVICE = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}


@pytest.fixture
def house(house: TimedHouse) -> TimedHouse:
    house.run(PodGarbage(house.store, house.registry, house.clock))
    house.node("minisets-0")
    house.node("minisets-1")
    return house


def give_up(house: TimedHouse, node: str) -> None:
    house.edit("Node", node, lambda obj: obj["spec"].update(taints=[OUT_OF_SERVICE]))


def test_pods_of_a_node_that_is_gone_go_forty_seconds_later(house: TimedHouse) -> None:
    house.ready_pod("web-0")
    house.ready_pod("web-1", "minisets-1")
    house.store_delete("Node", "minisets-1")
    house.pass_time(seconds=39)
    assert house.names("Pod") == ["web-0", "web-1"]
    house.pass_time(seconds=1)
    assert house.names("Pod") == ["web-0"]
    assert not house.is_waiting()


def test_a_pod_says_why_before_it_goes(house: TimedHouse) -> None:
    finalizers = {"finalizers": ["example.com/wait"]}
    spec = {"containers": [{"name": "c", "image": "x:1"}], "nodeName": "nowhere"}
    house.create("Pod", "web-1", metadata=finalizers, spec=spec)
    house.pass_time(seconds=41)
    held = house.get("Pod", "web-1")
    assert status_of(held)["phase"] == "Failed"
    target = condition(held, "DisruptionTarget") or {}
    assert (target["reason"], target["message"]) == ("DeletionByPodGC", "PodGC: node no longer exists")
    before = house.store.version()
    house.reconcile_all_again()
    assert house.store.version() == before, "it is held, and that is that"


def test_a_node_that_comes_back_in_time_keeps_its_pods(house: TimedHouse) -> None:
    house.ready_pod("web-1", "minisets-1")
    house.store_delete("Node", "minisets-1")
    house.pass_time(seconds=30)
    house.node("minisets-1")
    house.pass_time(seconds=30)
    assert house.names("Pod") == ["web-1"]
    house.store_delete("Node", "minisets-1")
    house.pass_time(seconds=30)
    assert house.names("Pod") == ["web-1"], "each time it is missed anew"


def test_a_pod_that_is_deleted_when_its_node_is_gone_goes_at_once(house: TimedHouse) -> None:
    """No kubelet would ever end it, and `down` or its namespace would wait for ever."""
    house.pod("web-0", nodeName="elsewhere")
    house.pod("web-1", nodeName="minisets-1")
    for name in ("web-0", "web-1"):
        house.registry.delete(ref("Pod", name))
    house.settle()
    assert house.names("Pod") == ["web-1"], "its kubelet is to end it"


def test_a_pod_without_a_node_that_is_held_has_failed(house: TimedHouse) -> None:
    """gcUnscheduledTerminating."""
    held = {"finalizers": ["example.com/wait"]}
    house.create("Pod", "web-0", metadata=held, spec={"containers": [{"name": "c", "image": "x:1"}]})
    house.settle()
    assert status_of(house.get("Pod", "web-0"))["phase"] == "Pending"
    house.registry.delete(ref("Pod", "web-0"))
    house.settle()
    assert status_of(house.get("Pod", "web-0"))["phase"] == "Failed"


def test_a_pod_that_is_going_leaves_a_node_that_was_given_up(house: TimedHouse) -> None:
    """A person says that the machine is off: nobody waits for it any more."""
    for name in ("web-0", "web-1"):
        house.ready_pod(name, "minisets-1")
    house.registry.delete(ref("Pod", "web-1"))
    give_up(house, "minisets-1")
    house.settle()
    assert house.names("Pod") == ["web-0", "web-1"], "the node is ready: its kubelet is to end it"
    house.set_status("Node", "minisets-1", conditions=[{"type": "Ready", "status": "Unknown"}])
    house.settle()
    assert house.names("Pod") == ["web-0"]


def test_a_pod_that_ended_stays_as_it_ended(house: TimedHouse) -> None:
    held = {"finalizers": ["example.com/wait"]}
    spec = {"containers": [{"name": "c", "image": "x:1"}], "nodeName": "nowhere"}
    house.create("Pod", "job", metadata=held, spec=spec)
    house.set_status("Pod", "job", phase="Succeeded")
    house.registry.delete(ref("Pod", "job"))
    house.settle()
    assert status_of(house.get("Pod", "job"))["phase"] == "Succeeded"
