"""A claim for one node: who has it, who waits for it, and when it is let go."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from minisets.engine.interface import ContainerSummary
from minisets.engine.memory import MemoryEngine
from minisets.kubelet.kubelet import Kubelet
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import annotations_of, spec_of, status_of
from minisets.objects.taints import OUT_OF_SERVICE
from tests.kubelet.world import SOON, World, container
from tests.waiting import until

ZERO, ONE = "minisets-0", "minisets-1"
SANDBOXES = {"dev.minisets.cluster": "minisets", "dev.minisets.kind": "sandbox"}
EXCLUSIVELY = "Volume is already exclusively attached to one node and can't be attached to another"


def _with_claim(world: World, name: str, node: str, claim: str = "data") -> None:
    world.create_pod(
        name,
        node,
        containers=[container(volumeMounts=[{"name": "data", "mountPath": "/data"}])],
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": claim}}],
    )


def _message(world: World, why: str) -> str:
    claim = world.store.get(Ref("PersistentVolumeClaim", "default", "data")) or {}
    return f'Multi-Attach error for volume "{spec_of(claim)["volumeName"]}" {why}'


def _wait_told(world: World, why: str) -> Object:
    """The event, told once."""
    said = _message(world, why)
    until(lambda: said in world.events("FailedAttachVolume"), "the event", SOON)
    (event,) = (one for one in world.store.list("Event").items if one["message"] == said)
    return event


def _stop(world: World, how: str) -> None:
    world.annotate_node(ZERO, stopped=how)
    wanted = {"pause": "paused", "kill": "exited"}[how]
    until(lambda: world.container("web-0_sandbox").state == wanted, "the stop", SOON)


@pytest.fixture(name="held")
def _held(world: World, kubelet: Kubelet) -> None:
    """web-0 on the first node has the claim."""
    world.create_node(ONE)
    world.bound_claim("data")
    _with_claim(world, "web-0", ZERO)
    world.wait_ready("web-0")
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)


@pytest.mark.usefixtures("held")
def test_a_pod_on_another_node_waits_until_the_first_is_gone(world: World, kubelet: Kubelet) -> None:
    """Kubernetes: ReadWriteOnce is of one node; nothing is asked again meanwhile."""
    _with_claim(world, "web-1", ONE)
    event = _wait_told(world, "Volume is already used by pod(s) web-0")
    assert event["source"] == {"component": "attachdetach-controller"}
    assert event["type"] == "Warning"
    assert world.waiting_reason("web-1") == "ContainerCreating"
    world.pass_time(timedelta(minutes=10))
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert _wait_told(world, "Volume is already used by pod(s) web-0")["count"] == 1
    assert "web-1_sandbox" not in world.names()
    world.delete_pod("web-0")
    world.wait_ready("web-1")


@pytest.mark.usefixtures("held")
def test_a_pod_on_the_same_node_has_the_claim_too(world: World) -> None:
    _with_claim(world, "web-1", ZERO)
    world.wait_ready("web-1")


@pytest.mark.usefixtures("held")
def test_a_pod_that_has_ended_has_no_volume_any_more(world: World) -> None:
    world.bound_claim("more")
    world.create_pod(
        "job",
        ZERO,
        restartPolicy="Never",
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "more"}}],
    )
    world.wait_ready("job")
    _with_claim(world, "next", ONE, "more")
    until(lambda: world.events("FailedAttachVolume"), "next to wait", SOON)
    world.engine.exit("job", 0)
    world.wait_ready("next")


def test_of_two_pods_that_come_at_once_one_is_the_first(world: World, kubelet: Kubelet) -> None:
    world.create_node(ONE)
    world.bound_claim("data")
    for name, node in (("web-0", ZERO), ("web-1", ONE)):
        _with_claim(world, name, node)
    until(lambda: world.is_ready("web-0") or world.is_ready("web-1"), "one to be Ready", SOON)
    until(lambda: world.events("FailedAttachVolume"), "the other one to wait", SOON)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.is_ready("web-0") != world.is_ready("web-1")


def test_a_server_that_starts_anew_knows_who_has_the_volume() -> None:
    """By the sandbox, and its label."""
    world = World()
    world.create_node(ONE)
    world.bound_claim("data")
    with world.kubelet():
        _with_claim(world, "web-0", ZERO)
        world.wait_ready("web-0")
    _with_claim(world, "web-1", ONE)
    with world.kubelet():
        _wait_told(world, "Volume is already used by pod(s) web-0")


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("how", ["pause", "kill"])
def test_what_was_removed_by_force_from_a_stopped_node_has_the_volume_for_six_minutes(
    world: World, kubelet: Kubelet, how: str
) -> None:
    """Kubernetes: maxWaitForUnmountDuration; here it is removed first, for there is one folder only."""
    _stop(world, how)
    world.delete_pod("web-0", timedelta(0))
    assert not world.has_pod("web-0")
    _with_claim(world, "web-0", ONE)
    _wait_told(world, EXCLUSIVELY)
    world.pass_time(timedelta(minutes=5, seconds=50))
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert not world.is_ready("web-0")
    world.pass_time(timedelta(seconds=11))
    world.wait_ready("web-0")
    assert {one.labels["dev.minisets.node"] for one in world.engine.list_containers({})} == {ONE}
    assert annotations_of(world.node(ZERO))["minisets.dev/stopped"] == how


@pytest.mark.usefixtures("held")
def test_a_node_that_is_out_of_service_lets_go_at_once(world: World, kubelet: Kubelet) -> None:
    """Kubernetes: non-graceful node shutdown."""
    _stop(world, "pause")
    world.delete_pod("web-0", timedelta(0))
    _with_claim(world, "web-0", ONE)
    _wait_told(world, EXCLUSIVELY)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    taint = {"key": OUT_OF_SERVICE, "value": "nodeshutdown", "effect": "NoExecute"}
    world.registry.change(
        Ref("Node", "", ZERO), lambda node: {**node, "spec": {**spec_of(node), "taints": [taint]}}
    )
    world.wait_ready("web-0")


@pytest.mark.usefixtures("held")
def test_that_a_pod_of_a_lost_node_is_called_failed_frees_no_volume(world: World, kubelet: Kubelet) -> None:
    """The garbage collector of pods says so before it removes one; what is left may be paused."""
    _stop(world, "pause")
    _with_claim(world, "web-1", ONE)
    _wait_told(world, "Volume is already used by pod(s) web-0")
    world.registry.change(
        Ref("Pod", "default", "web-0"),
        lambda pod: {**pod, "status": {**status_of(pod), "phase": "Failed"}},
        subresource="status",
    )
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert not world.is_ready("web-1")


@pytest.mark.usefixtures("held")
def test_what_was_removed_by_force_ends_at_once_when_its_node_goes_on(world: World) -> None:
    """It never goes on itself: a second web-0 would write beside it."""
    _stop(world, "pause")
    world.delete_pod("web-0", timedelta(0))
    _with_claim(world, "web-0", ONE)
    _wait_told(world, EXCLUSIVELY)
    old = world.container("web-0").id
    world.annotate_node(ZERO, stopped=None)
    world.wait_ready("web-0")
    assert old not in {one.id for one in world.engine.list_containers({})}
    assert status_of(world.pod("web-0"))["phase"] == "Running"


@pytest.mark.usefixtures("held")
def test_a_pod_on_a_stopped_node_keeps_its_volume_for_as_long_as_it_is_there(
    world: World, kubelet: Kubelet
) -> None:
    """Nobody can tell whether it writes."""
    _stop(world, "kill")
    _with_claim(world, "web-1", ONE)
    _wait_told(world, "Volume is already used by pod(s) web-0")
    world.pass_time(timedelta(minutes=10))
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert not world.is_ready("web-1")


@pytest.mark.usefixtures("held")
def test_a_volume_for_many_is_had_by_all(world: World) -> None:
    def shared(volume: Object) -> Object:
        volume["spec"]["accessModes"] = ["ReadWriteMany"]
        return volume

    (volume,) = world.store.list("PersistentVolume").items
    world.registry.change(Ref("PersistentVolume", "", volume["metadata"]["name"]), shared)
    _with_claim(world, "web-1", ONE)
    world.wait_ready("web-1")


@pytest.mark.usefixtures("held")
def test_a_pod_without_claims_takes_the_place_of_one_on_a_stopped_node_at_once(world: World) -> None:
    world.create_pod("cache-0")
    world.wait_ready("cache-0")
    _stop(world, "pause")
    world.delete_pod("cache-0", timedelta(0))
    world.create_pod("cache-0", ONE)
    world.wait_ready("cache-0")


def test_who_runs_on_a_node_that_was_deleted_has_the_volume_for_a_server_that_starts_anew() -> None:
    """Though one node is left."""
    world = World()
    world.create_node(ONE)
    world.bound_claim("data")
    with world.kubelet():
        _with_claim(world, "web-1", ONE)
        world.wait_ready("web-1")
    with world.kubelet():
        world.registry.delete(Ref("Node", "", ONE))
        _with_claim(world, "web-0", ZERO)
        _wait_told(world, "Volume is already used by pod(s) web-1")
        world.delete_pod("web-1", timedelta(0))
        world.wait_ready("web-0")


@pytest.mark.usefixtures("kubelet")
def test_who_has_its_grace_on_a_node_that_was_deleted_has_the_volume_until_its_end(world: World) -> None:
    """The garbage collector of pods removes the object first."""
    world.create_node(ONE)
    world.bound_claim("data")
    world.engine.behave("web-1", ignores_sigterm=True)
    _with_claim(world, "web-1", ONE)
    world.wait_ready("web-1")
    world.registry.delete(Ref("Node", "", ONE))
    world.delete_pod("web-1", timedelta(0))
    until(lambda: world.engine.signals_of("web-1") == ("TERM",), "SIGTERM", SOON)
    _with_claim(world, "web-0", ZERO)
    _wait_told(world, EXCLUSIVELY)
    world.pass_time(timedelta(seconds=2))
    world.wait_ready("web-0")
    assert not [name for name in world.names() if name.startswith("web-1")]


def test_a_server_that_starts_anew_meanwhile_knows_that_too() -> None:
    """By the first list, whoever that was made for."""
    world = World()
    world.create_node(ONE)
    world.engine.behave("web-1", ignores_sigterm=True)
    for claim in ("data", "more"):
        world.bound_claim(claim)
    with world.kubelet():
        _with_claim(world, "web-1", ONE)
        world.wait_ready("web-1")
    world.registry.delete(Ref("Node", "", ONE))
    world.delete_pod("web-1", timedelta(0))
    with world.kubelet():
        _with_claim(world, "cache-0", ZERO, "more")
        world.wait_ready("cache-0")
        _with_claim(world, "web-0", ZERO)
        _wait_told(world, EXCLUSIVELY)
        world.pass_time(timedelta(seconds=2))
        world.wait_ready("web-0")


class CountingEngine(MemoryEngine):
    """Knows how often somebody asked for the sandboxes of the whole cluster."""

    asked = 0

    def list_containers(self, labels: Mapping[str, str]) -> tuple[ContainerSummary, ...]:
        """As an engine does."""
        self.asked += dict(labels) == SANDBOXES
        return super().list_containers(labels)


def test_where_every_pod_is_on_one_node_the_engine_is_asked_once() -> None:
    """Every pod's start would wait for it."""
    world = World(subnet=None)
    world.engine = engine = CountingEngine(world.clock)
    world.create_node(ONE)
    for name in ("web-0", "web-1", "web-2"):
        world.bound_claim(name)
    with world.kubelet():
        for name in ("web-0", "web-1", "web-2"):
            _with_claim(world, name, ZERO, name)
            world.wait_ready(name)
        assert engine.asked == 1
