from datetime import timedelta

from minisets.kubelet.node import Node
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import condition, is_true, spec_of, status_of
from tests.kubelet.world import World

NODE = Ref("Node", "", "minisets-0")


def _registered(world: World) -> Node:
    node = Node(world.registry, world.clock, world.settings)
    node.register(world.engine.info())
    return node


def _stored(world: World) -> Object:
    found = world.store.get(NODE)
    assert found is not None
    return found


def test_the_node_says_what_the_engine_says(world: World) -> None:
    """A-155."""
    _registered(world)
    node = _stored(world)
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "minisets-0"
    assert is_true(node, "Ready")
    assert status_of(node)["capacity"]["cpu"] == "4"
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
    assert spec_of(_stored(world))["unschedulable"] is True
    assert world.store.version() == version


def test_readiness_is_written_only_when_it_flips(world: World) -> None:
    node = _registered(world)
    version = world.store.version()
    node.say_ready(is_ready=True)
    assert world.store.version() == version
    world.clock.advance(timedelta(seconds=5))
    node.say_ready(is_ready=False)
    ready = condition(_stored(world), "Ready") or {}
    assert (ready["status"], ready["lastTransitionTime"]) == ("False", "2026-11-23T12:00:05Z")
