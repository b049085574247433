"""Hooks in the room as a whole, on the engine in memory: what people see of them."""

from datetime import timedelta

import pytest

from minisets.engine.memory_scripts import ExecResult
from minisets.engine.specs import ContainerSpec
from minisets.kubelet.containers import mains
from minisets.kubelet.kubelet import Kubelet
from minisets.kubelet.lanes import Lane
from minisets.kubelet.memory import Memory
from minisets.kubelet.observe import HookRun
from minisets.kubelet.probes.hooks import Hooks, Occasion
from minisets.objects.metadata import status_of
from minisets.registry.events import Recorder
from tests.kubelet.answering import Server
from tests.kubelet.commands import HANGS, Commands, events_at, hook
from tests.kubelet.world import SOON, World, container
from tests.waiting import holds, until

SECOND = timedelta(seconds=1)


def state(world: World, name: str = "nginx") -> str:
    return str(next(iter(world.container_status(container=name).get("state") or {"": 0})))


# --- postStart ---


@pytest.mark.usefixtures("kubelet")
def test_a_container_is_reported_once_its_post_start_hook_is_done(world: World, commands: Commands) -> None:
    probe = {"exec": {"command": ["healthy"]}}
    world.create_pod(
        containers=[container(**hook("postStart", "prepare"), livenessProbe=probe), container("log")]
    )
    world.wait_ready()
    assert commands.run[0] == "prepare", "probes come after it"
    assert state(world) == state(world, "log") == "running"


@pytest.mark.usefixtures("kubelet")
def test_while_a_post_start_hook_runs_nothing_else_starts(
    world: World, kubelet: Kubelet, commands: Commands
) -> None:
    commands.does["prepare"] = HANGS
    world.create_pod(containers=[container(**hook("postStart", "prepare")), container("log")])
    until(lambda: commands.run == ["prepare"], "the hook", SOON)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.container("web-0").state == "running"
    assert state(world) == "waiting"
    assert world.waiting_reason() == "ContainerCreating"
    assert status_of(world.pod())["phase"] == "Pending"
    assert world.container("web-0_c_log").state == "created"


@pytest.mark.usefixtures("kubelet")
def test_a_post_start_hook_that_fails_costs_the_container_its_life(world: World, commands: Commands) -> None:
    commands.does["prepare"] = ExecResult(stdout=b"the password is sesame", exit_code=1)
    lifecycle = {**hook("postStart", "prepare")["lifecycle"], **hook("preStop", "tidy")["lifecycle"]}
    world.create_pod(containers=[container(lifecycle=lifecycle)])
    until(lambda: world.waiting_reason() == "CrashLoopBackOff", "CrashLoopBackOff", SOON)
    assert commands.run == ["prepare", "tidy"] * 2
    path = "spec.containers{nginx}"
    assert events_at(world, "FailedPostStartHook") == [(path, "PostStartHook failed")]
    assert (path, "FailedPostStartHook") in events_at(world, "Killing")
    assert not any("sesame" in message for message in world.events())
    commands.does.clear()
    world.pass_time(10 * SECOND)
    world.wait_ready()


@pytest.mark.usefixtures("kubelet")
def test_a_pod_that_never_restarts_fails_with_its_post_start_hook(world: World, commands: Commands) -> None:
    commands.does["prepare"] = ExecResult(exit_code=1)
    world.create_pod(containers=[container(**hook("postStart", "prepare"))], restartPolicy="Never")
    until(lambda: status_of(world.pod()).get("phase") in ("Failed", "Succeeded"), "the end", SOON)
    assert commands.run == ["prepare"]


@pytest.mark.usefixtures("kubelet")
def test_a_hook_may_sleep(world: World, kubelet: Kubelet) -> None:
    lifecycle = {"postStart": {"sleep": {"seconds": 5}}, "preStop": {"sleep": {"seconds": 7}}}
    world.create_pod(containers=[container(lifecycle=lifecycle)])
    until(lambda: "Container started: nginx" in world.events("Started"), "the start", SOON)
    world.pass_time(4 * SECOND)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert not world.is_ready()
    world.pass_time(SECOND)
    world.wait_ready()
    world.delete_pod()
    until(lambda: world.events("Killing"), "the end to begin", SOON)
    world.pass_time(6 * SECOND)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.engine.signals_of("web-0") == ()
    world.pass_time(SECOND)
    until(lambda: not world.has_pod(), "web-0 to go", SOON)


def test_a_kubelet_that_dies_in_a_hook_leaves_it_to_the_next(world: World, commands: Commands) -> None:
    commands.does["prepare"] = HANGS
    with world.kubelet():
        world.create_pod(containers=[container(**hook("postStart", "prepare"))])
        until(lambda: commands.run == ["prepare"], "the hook", SOON)
    assert world.events("FailedPostStartHook") == []
    commands.does.clear()
    with world.kubelet():
        world.wait_ready()
    assert commands.run == ["prepare"] * 2
    with world.kubelet() as kubelet:
        until(kubelet.is_idle, "the kubelet to be quiet", SOON)
        assert world.is_ready()
    assert commands.run == ["prepare"] * 2, "what was reported is done with"


# --- preStop ---


@pytest.mark.usefixtures("kubelet")
def test_a_pre_stop_hook_runs_before_the_signal(world: World, kubelet: Kubelet, commands: Commands) -> None:
    """A-108."""
    commands.does["tidy"] = HANGS
    world.engine.behave("web-0", ignores_sigterm=True, run=commands.answer)
    world.create_pod(containers=[container(**hook("preStop", "tidy"))], terminationGracePeriodSeconds=10)
    world.wait_ready()
    world.delete_pod()
    until(lambda: commands.run == ["tidy"], "the hook", SOON)
    assert events_at(world, "Killing") == [("spec.containers{nginx}", "Stopping container nginx")]
    world.pass_time(9 * SECOND)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.engine.signals_of("web-0") == ()
    world.pass_time(SECOND)
    until(lambda: world.engine.signals_of("web-0") == ("TERM",), "SIGTERM at the end of the grace", SOON)
    world.pass_time(SECOND)
    holds(lambda: world.engine.signals_of("web-0") == ("TERM",), "two seconds are left", SECOND / 5)
    world.pass_time(SECOND)
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    failed = [("spec.containers{nginx}", "PreStopHook failed")]
    until(lambda: events_at(world, "FailedPreStopHook") == failed, "the hook's end", SOON)
    assert len(world.events("Killing")) == 1


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize("code", [0, 1])
def test_however_a_pre_stop_hook_ends_the_signal_follows(world: World, commands: Commands, code: int) -> None:
    """A-108."""
    commands.does["tidy"] = ExecResult(exit_code=code)
    world.create_pod(containers=[container(**hook("preStop", "tidy"))])
    world.wait_ready()
    world.delete_pod()
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    assert commands.run == ["tidy"]
    until(lambda: len(world.events("FailedPreStopHook")) == code, "what is told of it", SOON)


@pytest.mark.usefixtures("kubelet")
def test_a_container_that_ends_by_itself_gets_no_pre_stop_hook(world: World, commands: Commands) -> None:
    """A-108."""
    world.create_pod(containers=[container(**hook("preStop", "tidy"))])
    world.wait_ready()
    world.engine.exit("web-0", 0)
    until(lambda: world.container_status().get("restartCount") == 1, "a restart", SOON)
    assert commands.run == []


def test_a_new_kubelet_goes_on_with_an_end(world: World, commands: Commands) -> None:
    """A-108: by the deadline that is on record, and the second that it is cut by."""
    commands.does["tidy"] = HANGS
    with world.kubelet():
        world.create_pod(containers=[container(**hook("preStop", "tidy"))], terminationGracePeriodSeconds=10)
        world.wait_ready()
        world.delete_pod()
        until(lambda: commands.run == ["tidy"], "the hook", SOON)
        world.pass_time(6 * SECOND)
    with world.kubelet():
        until(lambda: commands.run == ["tidy"] * 2, "the hook again", SOON)
        world.pass_time(5 * SECOND)
        until(lambda: not world.has_pod(), "web-0 to go", SOON)


# --- HTTP ---


@pytest.mark.usefixtures("kubelet")
def test_hooks_may_be_requests_to_named_ports(world: World) -> None:
    """Kubernetes: any answer will do."""
    with Server.running() as server:
        ports = [{"name": "admin", "containerPort": server.port}]
        get = {"port": "admin", "host": "127.0.0.1"}
        lifecycle = {
            "postStart": {"httpGet": {**get, "path": "/500?hook=start"}},
            "preStop": {"httpGet": {**get, "path": "/200?hook=stop", "scheme": "HTTPS"}},
        }
        world.create_pod(containers=[container(ports=ports, lifecycle=lifecycle)])
        world.wait_ready()
        world.delete_pod()
        until(lambda: not world.has_pod(), "web-0 to go", SOON)
        assert server.paths == ["/500?hook=start", "/200?hook=stop"]
        assert dict(server.headers[0])["User-Agent"] == "kube-lifecycle/1.37"
    (said,) = world.events("LifecycleHTTPFallback")
    assert said.startswith(f"request to HTTPS lifecycle hook 127.0.0.1:{server.port} got HTTP response")
    assert world.events("FailedPreStopHook") == []


@pytest.mark.usefixtures("kubelet")
def test_a_request_that_nobody_answers_is_a_hook_that_failed(world: World) -> None:
    get = {"port": 1, "host": "127.0.0.1"}
    world.create_pod(containers=[container(lifecycle={"preStop": {"httpGet": get}})])
    world.wait_ready()
    world.delete_pod()
    until(lambda: not world.has_pod(), "web-0 to go", SOON)
    until(lambda: world.events("FailedPreStopHook") == ["PreStopHook failed"], "the hook's end", SOON)


def test_a_request_that_hangs_does_not_outlive_its_container(world: World) -> None:
    with Server.running() as server, world.kubelet():
        get = {"port": server.port, "host": "127.0.0.1", "path": "/?hang=1"}
        world.create_pod(containers=[container(lifecycle={"preStop": {"httpGet": get}})])
        world.wait_ready()
        world.delete_pod()
        until(lambda: server.paths, "the request", SOON)
        world.pass_time(30 * SECOND)
        until(lambda: not world.has_pod(), "web-0 to go", SOON)
        until(lambda: world.events("FailedPreStopHook"), "the hook's end", SOON)


# --- the lane ---


def test_a_hook_whose_turn_comes_after_its_container_is_gone_is_not_run(
    world: World, commands: Commands
) -> None:
    """Its address may be somebody else's by then."""
    pod = world.create_pod(containers=[container(**hook("preStop", "tidy"))])
    (one,) = mains(pod)
    memory, lane = Memory(world.clock), Lane("tests", 1)
    hooks = Hooks(
        world.engine, lane, memory, Recorder(world.registry, world.clock, "kubelet"), lambda _: None
    )
    ids = [world.engine.create_container(ContainerSpec(f"web-0-{name}", "nginx", {})) for name in "abc"]
    for id_ in ids:
        world.engine.start_container(id_)
    commands.does["tidy"] = HANGS
    for id_ in ids:
        hooks.begin(Occasion(pod, one, id_, "preStop", "127.0.0.1"))
    until(lambda: commands.run == ["tidy"], "the first hook", SOON)
    memory.forget(ids[1])
    commands.does.clear()
    world.engine.exit(ids[0])
    until(lambda: memory.facts(ids[2]).pre_stop == HookRun(passed=True), "the last hook", SOON)
    assert commands.run == ["tidy"] * 2
    assert memory.facts(ids[0]).pre_stop == HookRun(passed=False)
    assert lane.stop(SOON)


def test_a_hook_without_anything_that_can_be_run_fails(world: World) -> None:
    """Kubernetes: tcpSocket is accepted, and fails when it is run."""
    with world.kubelet():
        world.create_pod(containers=[container(lifecycle={"preStop": {"tcpSocket": {"port": 80}}})])
        world.wait_ready()
        world.delete_pod()
        until(lambda: not world.has_pod(), "web-0 to go", SOON)
    assert world.events("FailedPreStopHook") == ["PreStopHook failed"]
