"""A node that is stopped and started again, as `minisets node stop` and `start` ask for it."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from minisets.engine.memory_scripts import ExecResult
from minisets.errors import EngineError, EngineTimeout
from minisets.kubelet.kubelet import Kubelet
from minisets.kubelet.nodes.halting import Halter
from minisets.kubelet.snapshots.pauses import Pauses
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import annotations_of, condition, is_true, status_of
from tests.kubelet.world import SOON, World, container
from tests.waiting import advanced, holds, until

ONE = "minisets-1"


def _stop(world: World, how: str) -> None:
    world.annotate_node(ONE, stopped=how)
    until(lambda: annotations_of(world.node(ONE)).get("minisets.dev/halted") == how, "it to be seen", SOON)


def _start(world: World) -> None:
    world.annotate_node(ONE, stopped=None)
    until(lambda: "minisets.dev/halted" not in annotations_of(world.node(ONE)), "the node to go on", SOON)


def _states(world: World) -> dict[str, str]:
    return {one.name: one.state for one in world.engine.list_containers({})}


def _as_controllers_do(world: World) -> None:
    """`controllers/nodes`: the node's conditions are unknown, and its pods are not ready."""

    def unknown(obj: Object) -> Object:
        entries = [
            {**one, "status": "Unknown" if obj["kind"] == "Node" else "False"}
            if one["type"] == "Ready"
            else one
            for one in status_of(obj)["conditions"]
        ]
        return {**obj, "status": {**status_of(obj), "conditions": entries}}

    for ref in (Ref("Node", "", ONE), Ref("Pod", "default", "web-1")):
        world.registry.change(ref, unknown, subresource="status")


@pytest.fixture(name="pod")
def _pod(world: World, kubelet: Kubelet) -> None:
    """web-0 on the first node, web-1 on the other one."""
    world.create_node(ONE)
    world.create_pod("web-0")
    world.create_pod("web-1", ONE)
    world.wait_ready("web-0")
    world.wait_ready("web-1")
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)


@pytest.mark.usefixtures("pod")
def test_a_node_that_hangs_has_all_its_containers_paused_and_nobody_elses(world: World) -> None:
    _stop(world, "pause")
    wanted = {"web-0": "running", "web-0_sandbox": "running", "web-1": "paused", "web-1_sandbox": "paused"}
    until(lambda: _states(world) == wanted, "the pause", SOON)


@pytest.mark.usefixtures("pod")
def test_a_power_cut_kills_and_nothing_is_said_or_done_about_it(world: World, kubelet: Kubelet) -> None:
    """Only a kubelet tells of its pods, and it has no power."""
    before, told = status_of(world.pod("web-1")), world.events()
    _stop(world, "kill")
    until(lambda: _states(world)["web-1_sandbox"] == "exited", "the end", SOON)
    world.pass_time(timedelta(minutes=6))
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert _states(world)["web-1"] == "exited"
    assert world.engine.signals_of("web-1") == ("KILL",)
    assert status_of(world.pod("web-1")) == before
    assert world.events() == told


@pytest.mark.usefixtures("pod")
def test_a_node_that_hung_goes_on_where_it_was(world: World) -> None:
    before = status_of(world.pod("web-1"))["containerStatuses"]
    _stop(world, "pause")
    until(lambda: _states(world)["web-1"] == "paused", "the pause", SOON)
    _as_controllers_do(world)
    _start(world)
    until(lambda: _states(world)["web-1_sandbox"] == "running", "it to go on", SOON)
    world.wait_ready("web-1")
    assert status_of(world.pod("web-1"))["containerStatuses"] == before
    until(lambda: is_true(world.node(ONE), "Ready"), "the node to be Ready", SOON)
    assert world.events("NodeReady").count(f"Node {ONE} status is now: NodeReady") == 1


@pytest.mark.usefixtures("pod")
def test_a_pod_that_the_nodes_controller_makes_unready_too_late_is_ready_again(world: World) -> None:
    """Kubernetes: the kubelet's status manager."""
    _as_controllers_do(world)
    world.wait_ready("web-1")
    until(lambda: is_true(world.node(ONE), "Ready"), "the node to be Ready", SOON)


@pytest.mark.usefixtures("pod")
def test_after_a_power_cut_a_pod_comes_up_again_in_a_new_sandbox(world: World) -> None:
    """Kubernetes: a machine that was switched on again; the pod keeps its place and its name."""
    _stop(world, "kill")
    until(lambda: _states(world)["web-1_sandbox"] == "exited", "the end", SOON)
    _as_controllers_do(world)
    _start(world)
    until(lambda: world.container_status("web-1").get("restartCount") == 1, "the restart", SOON)
    world.wait_ready("web-1")
    assert "Starting kubelet." in world.events("Starting")
    assert world.events("SandboxChanged")


@pytest.mark.usefixtures("pod")
def test_a_kubelet_never_writes_the_conditions_of_a_node_that_is_stopped(
    world: World, kubelet: Kubelet
) -> None:
    """They are the node lifecycle controller's then."""
    _stop(world, "pause")
    _as_controllers_do(world)
    world.pass_time(timedelta(minutes=6))
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    ready = condition(world.node(ONE), "Ready") or {}
    assert (ready["status"], ready["lastHeartbeatTime"]) == ("Unknown", "2026-11-23T12:00:00Z")


@pytest.mark.usefixtures("pod")
def test_a_deletion_waits_for_the_node_to_go_on(world: World, kubelet: Kubelet) -> None:
    """Kubernetes: Terminating, until the kubelet comes back."""
    _stop(world, "pause")
    world.delete_pod("web-1")
    world.pass_time(timedelta(minutes=2))
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.has_pod("web-1")
    _start(world)
    until(lambda: not world.has_pod("web-1"), "the pod to go", SOON)
    assert "web-1" not in world.names()


@pytest.mark.usefixtures("pod")
def test_what_was_bound_to_a_stopped_node_begins_when_it_goes_on(world: World, kubelet: Kubelet) -> None:
    _stop(world, "kill")
    world.create_pod("web-2", ONE)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert "web-2" not in world.names()
    _start(world)
    world.wait_ready("web-2")


@pytest.mark.parametrize(("how", "state"), [("pause", "paused"), ("kill", "exited")])
def test_a_server_that_starts_anew_leaves_a_stopped_node_stopped(how: str, state: str) -> None:
    world = World()
    world.create_node(ONE)
    with world.kubelet():
        world.create_pod("web-1", ONE)
        world.wait_ready("web-1")
        _stop(world, how)
        until(lambda: _states(world)["web-1_sandbox"] == state, "the stop", SOON)
    with world.kubelet() as second:
        world.pass_time(timedelta(minutes=6))
        until(second.is_idle, "the kubelet to be quiet", SOON)
        assert set(_states(world).values()) == {state}
        _start(world)
        world.wait_ready("web-1")


def _hung() -> World:
    """A pod on a node that was paused; no server looks any more."""
    world = World()
    world.create_node(ONE)
    with world.kubelet():
        world.create_pod("web-1", ONE)
        world.wait_ready("web-1")
        _stop(world, "pause")
        until(lambda: _states(world)["web-1_sandbox"] == "paused", "the pause", SOON)
    return world


def test_what_was_begun_before_the_server_ended_is_finished_by_the_next() -> None:
    """HALTED is on record: whoever is paused is let go, though nobody stops the node any more."""
    world = _hung()
    world.annotate_node(ONE, stopped=None)
    with world.kubelet():
        until(lambda: _states(world)["web-1"] == "running", "it to go on", SOON)
        until(lambda: "minisets.dev/halted" not in annotations_of(world.node(ONE)), "that on record", SOON)


def _is_remade(world: World) -> None:
    """`kubectl delete node`; whoever makes Nodes makes it again, with nothing of what the old one said."""
    world.registry.delete(Ref("Node", "", ONE))
    world.create_node(ONE)


@pytest.mark.usefixtures("pod")
def test_on_a_node_that_is_made_anew_those_go_on_that_hung_with_the_old_one(world: World) -> None:
    _stop(world, "pause")
    until(lambda: _states(world)["web-1_sandbox"] == "paused", "the pause", SOON)
    _is_remade(world)
    until(lambda: is_true(world.node(ONE), "Ready"), "the node to be Ready", SOON)
    assert set(_states(world).values()) == {"running"}
    world.wait_ready("web-1")


def test_so_they_do_when_it_is_made_anew_while_no_server_looks() -> None:
    world = _hung()
    _is_remade(world)
    world.engine.fail_next("unpause_container", EngineTimeout("no answer"))
    with world.kubelet():
        advanced(
            world.clock, timedelta(seconds=1), lambda: is_true(world.node(ONE), "Ready"), "it to be Ready"
        )
        assert set(_states(world).values()) == {"running"}


@pytest.mark.usefixtures("pod")
def test_nobody_wakes_what_a_person_paused_on_a_node_that_runs(world: World, kubelet: Kubelet) -> None:
    world.engine.pause_container("web-1")
    world.annotate_node(ONE, note="something")
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert _states(world)["web-1"] == "paused"


@pytest.mark.usefixtures("pod")
def test_what_starts_after_its_node_was_stopped_is_halted_too(world: World) -> None:
    """A call that was under way comes to its end all the same."""
    _stop(world, "kill")
    until(lambda: _states(world)["web-1_sandbox"] == "exited", "the end", SOON)
    world.engine.start_container("web-1_sandbox")
    until(lambda: _states(world)["web-1_sandbox"] == "exited", "the straggler's end", SOON)


@pytest.mark.usefixtures("pod")
def test_a_node_that_hung_can_still_lose_its_power(world: World) -> None:
    _stop(world, "pause")
    until(lambda: _states(world)["web-1_sandbox"] == "paused", "the pause", SOON)
    _stop(world, "kill")
    until(lambda: _states(world)["web-1_sandbox"] == "exited", "the end", SOON)


@pytest.mark.usefixtures("kubelet")
def test_probes_of_a_stopped_node_are_not_run(world: World) -> None:
    """They would fail, and the container be ended for it once the node goes on."""
    world.create_node(ONE)
    probe: dict[str, Any] = {"exec": {"command": ["alive"]}, "periodSeconds": 1, "failureThreshold": 1}
    world.engine.behave("web-1", run=lambda *_: ExecResult())
    world.create_pod("web-1", ONE, containers=[container(livenessProbe=probe)])
    world.wait_ready("web-1")
    _stop(world, "pause")
    until(lambda: _states(world)["web-1_sandbox"] == "paused", "the pause", SOON)
    for _ in range(5):
        world.pass_time(timedelta(seconds=2))
    _start(world)
    until(lambda: _states(world)["web-1"] == "running", "it to go on", SOON)
    world.wait_ready("web-1")
    assert world.container_status("web-1")["restartCount"] == 0
    assert world.events("Unhealthy") == []


def test_pods_that_a_snapshot_holds_are_left_until_it_lets_them_go(world: World) -> None:
    """Two that pause and let go one container would undo each other's."""
    pauses = Pauses()
    halter = Halter(world.engine, world.store, pauses, world.settings.cluster)
    with world.kubelet():
        world.create_pod("web-0")
        world.wait_ready("web-0")
    with pauses.holding(["default/web-0"], [world.container("web-0").id]):
        halter.halt("minisets-0", "pause")
        assert _states(world)["web-0"] == "running"
    halter.halt("minisets-0", "pause")
    assert _states(world)["web-0"] == "paused"
    with pauses.holding(["default/web-0"], []):
        assert not halter.let_go("minisets-0")
    assert halter.let_go("minisets-0")
    assert _states(world)["web-0"] == "running"


def test_a_node_hangs_only_once_commands_that_are_just_beginning_have_begun(world: World) -> None:
    """Trap: see `engine/gate.py`."""
    halter = Halter(world.engine, world.store, Pauses(), world.settings.cluster)
    with world.kubelet():
        world.create_pod("web-0")
        world.wait_ready("web-0")
    thread = threading.Thread(target=halter.halt, args=("minisets-0", "pause"))
    with world.engine.execs.preparing(world.container("web-0").id):
        thread.start()
        holds(lambda: _states(world)["web-0"] == "running", "web-0 to run", timedelta(milliseconds=300))
    thread.join(SOON.total_seconds())
    assert _states(world)["web-0"] == "paused"


@pytest.mark.parametrize(
    ("how", "call", "state"),
    [("pause", "pause_container", "paused"), ("kill", "signal_container", "exited")],
)
def test_a_container_that_cannot_be_halted_keeps_no_other_from_it(how: str, call: str, state: str) -> None:
    world, halter = _with_three_pods()
    world.engine.fail_next(call, EngineError("runc did not terminate successfully"))
    with pytest.raises(EngineError, match="runc"):
        halter.halt("minisets-0", how)
    found = list(_states(world).values())
    assert (found.count(state), found.count("running")) == (5, 1)
    halter.halt("minisets-0", how)
    assert set(_states(world).values()) == {state}


def test_a_container_that_cannot_be_let_go_keeps_no_other_from_it() -> None:
    """It is tried again, and the node is not said to be ready until then: the pod would be, too."""
    world, halter = _with_three_pods()
    halter.halt("minisets-0", "pause")
    world.engine.fail_next("unpause_container", EngineTimeout("no answer"))
    with pytest.raises(EngineTimeout):
        halter.let_go("minisets-0")
    found = list(_states(world).values())
    assert (found.count("running"), found.count("paused")) == (5, 1)
    assert halter.let_go("minisets-0")
    assert set(_states(world).values()) == {"running"}


def _with_three_pods() -> tuple[World, Halter]:
    """On the first node, and no kubelet any more that tries again."""
    world = World()
    names = ("web-0", "web-1", "web-2")
    with world.kubelet():
        for name in names:
            world.create_pod(name)
        for name in names:
            world.wait_ready(name)
    return world, Halter(world.engine, world.store, Pauses(), world.settings.cluster)
