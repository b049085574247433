import pytest

from minisets.controllers.nodes.growing import Growth
from minisets.controllers.nodes.growth import WhyNot
from minisets.controllers.nodes.lifecycle import NodeLifecycle
from minisets.controllers.nodes.registering import ensure_nodes
from minisets.objects.kinds import Object
from minisets.objects.metadata import labels_of, name_of, namespace_of, spec_of, timestamp
from minisets.objects.shape import SHAPE, Shape
from minisets.registry.options import DeleteOptions
from minisets.store.interface import Change, ChangeType
from tests.controllers.house import ref
from tests.controllers.nodes.timed import TimedHouse

ZONE = "topology.kubernetes.io/zone"


class Growing(TimedHouse):
    """With the kubelets of all nodes, and a scheduler, both played by the test."""

    def one_each(self) -> WhyNot:
        """A scheduler's mind for which each node has room for one pod."""
        taken = {spec_of(pod).get("nodeName") for pod in self.store.list("Pod").items}
        return lambda _, node: ("Too many pods",) if name_of(node) in taken else ()

    def fill_in(self) -> None:
        """What kubelets do for new nodes."""
        for node in self.store.list("Node").items:
            if not (node.get("status") or {}).get("conditions"):
                self.set_status("Node", name_of(node), conditions=[{"type": "Ready", "status": "True"}])
        self.settle()

    def refuse(self, name: str) -> None:
        """A pod that the scheduler found no node for."""
        self.pod(name)
        refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        since = timestamp(self.clock.now())
        self.set_status("Pod", name, conditions=[{**refused, "lastTransitionTime": since}])

    def bind(self, name: str, node: str) -> None:
        self.registry.bind(ref("Pod", name), node)
        self.settle()

    def shape(self, **data: str) -> None:
        wanted = {key.replace("_", "-"): value for key, value in data.items()}
        if self.store.get(SHAPE) is None:
            self.create("ConfigMap", SHAPE.name, namespace=SHAPE.namespace, data=wanted)
        else:
            self.edit("ConfigMap", SHAPE.name, lambda each: each.update(data=wanted), SHAPE.namespace)
        self.settle()


@pytest.fixture
def house() -> Growing:
    """A cluster that has its first node, with a pod on it."""
    house = Growing()
    ensure_nodes(house.registry, Shape())
    house.run(
        Growth(
            house.store, house.registry, house.recorder("cluster-autoscaler"), house.clock, house.one_each
        ),
        NodeLifecycle(house.store, house.registry, house.recorder("node-controller"), house.clock),
    )
    house.settle()
    house.fill_in()
    house.ready_pod("web-0")
    house.settle()
    return house


def said_by_autoscaler(house: Growing, about: str) -> list[tuple[str, str, str]]:
    found = [event for event in house.store.list("Event").items if event["involvedObject"]["name"] == about]
    return sorted(
        (event["type"], event["reason"], event["message"])
        for event in found
        if event["source"]["component"] == "cluster-autoscaler"
    )


def test_a_cluster_whose_pods_have_their_place_waits_for_nothing(house: Growing) -> None:
    house.pass_time(hours=1)
    assert house.names("Node") == ["minisets-0"]
    assert not house.is_waiting()


def test_a_node_is_made_for_pods_that_fit_nowhere_and_both_say_so(house: Growing) -> None:
    house.refuse("web-1")
    house.refuse("web-2")
    house.pass_time(seconds=3)
    assert house.names("Node") == ["minisets-0", "minisets-1"]
    assert house.taints("minisets-1") == ["not-ready:NoSchedule"], "its kubelet has yet to say how it is"
    for name in ("web-1", "web-2"):
        assert said_by_autoscaler(house, name) == [
            ("Normal", "TriggeredScaleUp", "pod triggered scale-up: [{minisets 1->2 (max: 8)}]")
        ]
    assert said_by_autoscaler(house, "minisets-1") == [
        ("Normal", "ScaledUpGroup", "Scale-up: setting group minisets size to 2 instead of 1 (max: 8)")
    ]


def test_one_node_comes_after_the_other_until_everybody_has_one(house: Growing) -> None:
    for ordinal in (1, 2):
        house.refuse(f"web-{ordinal}")
    house.pass_time(seconds=30)
    assert len(house.names("Node")) == 2, "the first is on its way"
    house.fill_in()
    assert house.taints("minisets-1") == []
    assert len(house.names("Node")) == 2, "nobody knows yet who gets it"
    house.bind("web-1", "minisets-1")
    house.pass_time(seconds=1)
    assert len(house.names("Node")) == 3
    house.fill_in()
    house.bind("web-2", "minisets-2")
    house.pass_time(seconds=1)
    assert len(house.names("Node")) == 3
    assert not house.is_waiting()


def test_at_the_most_a_pod_is_told_so_once(house: Growing) -> None:
    house.shape(max_nodes="1")
    house.refuse("web-1")
    house.pass_time(seconds=5)
    assert said_by_autoscaler(house, "web-1") == []
    house.pass_time(minutes=5)
    said = ("Normal", "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached")
    assert said_by_autoscaler(house, "web-1") == [said]
    house.refuse("web-2")
    house.pass_time(minutes=5)
    (event,) = [each for each in house.store.list("Event").items if each["involvedObject"]["name"] == "web-1"]
    assert event["count"] == 1
    assert not house.is_waiting()


def test_a_node_that_grew_goes_when_it_was_empty_for_ten_minutes(house: Growing) -> None:
    house.refuse("web-1")
    house.pass_time(seconds=3)
    house.fill_in()
    house.bind("web-1", "minisets-1")
    house.pass_time(hours=1)
    house.end("web-1")
    house.pass_time(minutes=9)
    assert house.taints("minisets-1") == []
    house.pass_time(minutes=1)
    assert house.taints("minisets-1") == ["ToBeDeletedByClusterAutoscaler:NoSchedule"]
    house.pass_time(seconds=10)
    assert house.names("Node") == ["minisets-0"]
    assert said_by_autoscaler(house, "minisets-1")[:2] == [
        ("Normal", "ScaleDown", "marked the node as toBeDeleted/unschedulable"),
        ("Normal", "ScaleDown", "nodes removed by cluster autoscaler"),
    ]
    assert not house.is_waiting()


def test_a_pod_that_came_at_the_last_moment_keeps_its_node(house: Growing) -> None:
    house.shape(nodes="2")
    house.fill_in()
    house.shape(nodes="1")
    house.pass_time(minutes=10)
    house.ready_pod("web-1", "minisets-1")
    house.pass_time(minutes=1)
    assert house.taints("minisets-1") == []
    why = 'failed to delete empty node: failed to delete empty node "minisets-1", new pods scheduled'
    assert ("Warning", "ScaleDownFailed", why) in said_by_autoscaler(house, "minisets-1")


def test_the_time_of_being_empty_begins_anew_with_each_pod(house: Growing) -> None:
    house.shape(nodes="2")
    house.fill_in()
    house.shape(nodes="1")
    house.pass_time(minutes=9)
    house.ready_pod("job", "minisets-1")
    house.settle()
    house.end("job")
    house.pass_time(minutes=9)
    assert house.taints("minisets-1") == []


def test_a_shape_that_grows_has_its_nodes_at_once_and_one_that_shrinks_keeps_those_in_use(
    house: Growing,
) -> None:
    house.shape(nodes="3")
    assert house.names("Node") == ["minisets-0", "minisets-1", "minisets-2"]
    house.fill_in()
    house.ready_pod("web-1", "minisets-1")
    house.shape(nodes="1")
    house.pass_time(minutes=11)
    assert house.names("Node") == ["minisets-0", "minisets-1"]


def test_other_zones_are_written_on_the_nodes(house: Growing) -> None:
    house.shape(nodes="2", zones="x,y")
    assert [labels_of(house.get("Node", f"minisets-{ordinal}"))[ZONE] for ordinal in (0, 1)] == ["x", "y"]
    house.registry.delete(SHAPE)
    house.settle()
    assert labels_of(house.get("Node", "minisets-1"))[ZONE] == "minisets-b"


def test_another_configmap_is_none_of_its_business(house: Growing) -> None:
    house.create("ConfigMap", SHAPE.name, namespace="default", data={"nodes": "5"})
    house.settle()
    assert house.names("Node") == ["minisets-0"]


def test_a_node_that_is_always_there_is_made_again(house: Growing) -> None:
    house.registry.delete(ref("Node", "minisets-0"), DeleteOptions())
    house.settle()
    assert house.names("Node") == ["minisets-0"]


def test_a_quiet_cluster_is_not_written(house: Growing) -> None:
    house.shape(nodes="2")
    house.fill_in()
    before = house.store.version()
    house.reconcile_all_again()
    house.pass_time(hours=1)
    assert house.store.version() == before


def test_what_pods_say_while_they_run_concerns_nobody(house: Growing) -> None:
    growth = Growth(house.store, house.registry, house.recorder(), house.clock, house.one_each)
    house.shape(nodes="2")
    house.fill_in()
    house.ready_pod("web-1", "minisets-1")
    for name, ends in (("web-0", []), ("web-1", ["nodes"])):
        before = house.get("Pod", name)
        after = house.set_status("Pod", name, message="still here")
        assert list(growth.keys(modified(after, before))) == []
        ended = house.set_status("Pod", name, phase="Succeeded")
        assert list(growth.keys(modified(ended, after))) == ends, "the first node never goes"


def modified(obj: Object, previous: Object) -> Change:
    return Change(ChangeType.MODIFIED, ref("Pod", name_of(obj), namespace_of(obj)), obj, previous, 1)
