"""Nodes: what they say, and that each of ours is filled in, told of and kept alive."""

from datetime import timedelta

import pytest

from minisets.kubelet.kubelet import Kubelet
from minisets.kubelet.nodes.reconciler import HEARTBEAT, Nodes
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import condition, is_true, labels_of, spec_of, status_of, uid_of
from minisets.objects.shape import MACHINE_RESOURCES
from tests.kubelet.world import SOON, World
from tests.waiting import until

NODE = Ref("Node", "", "minisets-0")


def _registered(world: World) -> Nodes:
    nodes = world.nodes()
    nodes.register(world.engine.info())
    return nodes


def _with_leases(world: World) -> None:
    world.registry.create("Namespace", "", {"metadata": {"name": "kube-node-lease"}})


def _lease(world: World, name: str) -> Object:
    found = world.store.get(Ref("Lease", "kube-node-lease", name))
    assert found is not None
    return found


def test_the_node_says_what_the_engine_says(world: World) -> None:
    """A-155."""
    _registered(world)
    node = world.node()
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "minisets-0"
    assert is_true(node, "Ready")
    assert status_of(node)["capacity"].keys() == MACHINE_RESOURCES, "an autoscaler counts on these"
    assert status_of(node)["capacity"]["cpu"] == "4"
    assert status_of(node)["capacity"]["pods"] == "250"
    assert status_of(node)["addresses"][0] == {"type": "InternalIP", "address": "10.97.0.1"}
    assert set(status_of(node)["nodeInfo"]) == {
        "architecture",
        "bootID",
        "containerRuntimeVersion",
        "kernelVersion",
        "kubeProxyVersion",
        "kubeletVersion",
        "machineID",
        "operatingSystem",
        "osImage",
        "systemUUID",
    }


def test_registering_again_writes_nothing_and_keeps_what_people_set(world: World) -> None:
    _registered(world)
    world.registry.change(NODE, lambda node: {**node, "spec": {**spec_of(node), "unschedulable": True}})
    version = world.store.version()
    world.clock.advance(timedelta(hours=1))
    _registered(world)
    assert spec_of(world.node())["unschedulable"] is True
    assert world.store.version() == version


def test_a_resource_that_people_advertise_on_a_node_stays_and_can_be_had(world: World) -> None:
    """Kubernetes: "Advertise Extended Resources for a Node"."""
    _registered(world)

    def advertise(node: Object) -> Object:
        node["status"]["capacity"]["example.com/dongle"] = "4"
        return node

    world.registry.change(NODE, advertise, subresource="status")
    _registered(world)
    assert status_of(world.node())["capacity"]["example.com/dongle"] == "4"
    assert status_of(world.node())["allocatable"]["example.com/dongle"] == "4"


def test_readiness_is_written_only_when_it_flips(world: World) -> None:
    nodes = _registered(world)
    version = world.store.version()
    nodes.say_ready(is_ready=True)
    assert world.store.version() == version
    world.clock.advance(timedelta(seconds=5))
    nodes.say_ready(is_ready=False)
    ready = condition(world.node(), "Ready") or {}
    assert (ready["status"], ready["lastTransitionTime"]) == ("False", "2026-11-23T12:00:05Z")
    assert "Node minisets-0 status is now: NodeNotReady" in world.events("NodeNotReady")


def test_an_engine_that_does_not_answer_makes_every_node_not_ready(world: World) -> None:
    world.create_node("minisets-1")
    nodes = _registered(world)
    nodes.say_ready(is_ready=False)
    assert not is_true(world.node(), "Ready")
    assert not is_true(world.node("minisets-1"), "Ready")


@pytest.mark.usefixtures("kubelet")
def test_a_node_that_comes_later_is_filled_in_and_said_to_be_ready(world: World) -> None:
    world.registry.create("Node", "", {"metadata": {"name": "minisets-1", "labels": {"zone": "b"}}})
    until(lambda: is_true(world.node("minisets-1"), "Ready"), "minisets-1 to be Ready", SOON)
    node = world.node("minisets-1")
    assert status_of(node)["capacity"] == status_of(world.node())["capacity"]
    assert labels_of(node)["kubernetes.io/hostname"] == "minisets-1"
    assert labels_of(node)["kubernetes.io/os"] == "linux"
    assert labels_of(node)["zone"] == "b"
    told = "Node minisets-1 status is now: NodeReady"
    until(lambda: told in world.events("NodeReady"), "the event", SOON)
    (event,) = (one for one in world.store.list("Event").items if one["message"] == told)
    assert event["source"] == {"component": "kubelet", "host": "minisets-1"}
    assert event["involvedObject"]["name"] == "minisets-1"


def test_that_the_engine_answers_makes_no_node_ready_before_it_was_looked_at(world: World) -> None:
    """Who hung on one of its name is to go on first."""
    nodes = _registered(world)
    world.create_node("minisets-1")
    nodes.say_ready(is_ready=True)
    assert condition(world.node("minisets-1"), "Ready") is None
    nodes.reconcile("minisets-1")
    assert is_true(world.node("minisets-1"), "Ready")


def test_a_node_of_somebody_elses_is_let_alone(world: World, kubelet: Kubelet) -> None:
    world.registry.create("Node", "", {"metadata": {"name": "raspberry"}})
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert condition(world.node("raspberry"), "Ready") is None


def test_each_node_has_a_lease_that_its_heartbeat_renews(world: World) -> None:
    """Kubernetes: a Node that goes takes its lease along."""
    _with_leases(world)
    world.create_node("minisets-1")
    nodes = _registered(world)
    world.clock.advance(timedelta(minutes=5))
    nodes.reconcile(HEARTBEAT)
    lease = _lease(world, "minisets-1")
    assert lease["spec"] == {
        "holderIdentity": "minisets-1",
        "leaseDurationSeconds": 600,
        "renewTime": "2026-11-23T12:05:00.000000Z",
    }
    (owner,) = lease["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Node", uid_of(world.node("minisets-1")))
    ready = condition(world.node("minisets-1"), "Ready") or {}
    assert ready["lastHeartbeatTime"] == "2026-11-23T12:05:00Z"
    assert ready["lastTransitionTime"] == "2026-11-23T12:00:00Z"


@pytest.mark.usefixtures("kubelet")
def test_the_heartbeat_comes_with_the_full_list(world: World) -> None:
    """No timer of its own: a cluster that is left alone sleeps."""
    _with_leases(world)
    world.create_node("minisets-1")
    until(lambda: is_true(world.node("minisets-1"), "Ready"), "minisets-1 to be Ready", SOON)
    world.pass_time(timedelta(minutes=6))
    stamp = "2026-11-23T12:06:00.000000Z"
    until(lambda: _lease(world, "minisets-1")["spec"]["renewTime"] == stamp, "the heartbeat", SOON)


def test_without_the_namespace_of_leases_a_node_is_ready_all_the_same(world: World) -> None:
    nodes = _registered(world)
    nodes.reconcile(HEARTBEAT)
    assert is_true(world.node(), "Ready")


def test_a_node_that_a_person_deleted_comes_back_with_the_next_kubelet_only(world: World) -> None:
    """Kubernetes: a kubelet registers when it starts."""
    nodes = _registered(world)
    world.registry.delete(NODE)
    nodes.reconcile("minisets-0")
    nodes.reconcile(HEARTBEAT)
    nodes.say_ready(is_ready=True)
    assert world.store.get(NODE) is None
    _registered(world)
    assert is_true(world.node(), "Ready")
