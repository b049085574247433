"""Pods of several nodes: each on its own, all with one kubelet."""

from datetime import timedelta

from minisets.engine import labels
from minisets.kubelet.kubelet import Kubelet
from minisets.objects.kinds import Ref
from minisets.objects.metadata import status_of
from minisets.registry.registry import DeleteOptions
from tests.kubelet.world import SOON, World
from tests.waiting import until

SECOND = "minisets-1"
NOW = DeleteOptions(grace=timedelta(0))


def test_a_pod_runs_on_whichever_node_of_ours_it_is_bound_to(world: World, kubelet: Kubelet) -> None:
    world.create_node(SECOND)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    world.create_pod("web-0")
    world.create_pod("web-1", SECOND)
    world.wait_ready("web-0")
    world.wait_ready("web-1")
    nodes = {one.name: labels.node_in(one.labels) for one in world.engine.list_containers({})}
    assert nodes == {
        "web-0": "minisets-0",
        "web-0_sandbox": "minisets-0",
        "web-1": SECOND,
        "web-1_sandbox": SECOND,
    }
    hosts = {
        one["involvedObject"]["name"]: one["source"]["host"]
        for one in world.store.list("Event").items
        if one["reason"] == "Started"
    }
    assert hosts == {"web-0": "minisets-0", "web-1": SECOND}


def test_a_pod_whose_node_is_not_there_runs_once_it_is(world: World, kubelet: Kubelet) -> None:
    world.create_pod("web-0", SECOND)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.names() == []
    assert not status_of(world.pod()).get("startTime")
    world.create_node(SECOND)
    world.wait_ready()


def test_a_pod_of_somebody_elses_node_is_not_run(world: World, kubelet: Kubelet) -> None:
    world.registry.create("Node", "", {"metadata": {"name": "raspberry"}})
    world.create_pod("web-0", "raspberry")
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.names() == []


def test_what_runs_on_a_node_that_a_person_deleted_runs_on_until_its_pod_is_gone(
    world: World, kubelet: Kubelet
) -> None:
    """Kubernetes: the node goes on, until the garbage collector of pods removes what is bound to no node."""
    world.create_node(SECOND)
    world.create_pod("web-0", SECOND)
    world.wait_ready()
    world.registry.delete(Ref("Node", "", SECOND))
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.container("web-0").state == "running"
    world.registry.delete(Ref("Pod", "default", "web-0"), NOW)
    until(lambda: world.names() == [], "the end", SOON)


def test_without_its_first_node_the_others_pods_still_get_addresses(world: World, kubelet: Kubelet) -> None:
    """DESIGN decision 5: the cursor is another Node's then."""
    world.create_node(SECOND)
    world.create_pod("web-0", SECOND)
    assert status_of(world.wait_ready())["podIP"] == "10.97.64.1"
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    world.registry.delete(Ref("Node", "", "minisets-0"))
    world.create_pod("web-1", SECOND)
    assert status_of(world.wait_ready("web-1"))["podIP"] == "10.97.64.2"
