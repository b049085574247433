"""Ends, probes and deadlines in the room as a whole, on the engine in memory: what people see of them."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from minisets.engine.memory_scripts import ExecResult
from minisets.kubelet.kubelet import Kubelet
from minisets.objects.kinds import Object
from minisets.objects.metadata import status_of
from tests.kubelet.answering import Server
from tests.kubelet.commands import Commands, events_at, hook
from tests.kubelet.world import SOON, World, container
from tests.waiting import until

SECOND = timedelta(seconds=1)


# --- ends ---


@pytest.mark.usefixtures("kubelet")
def test_a_pod_that_is_done_takes_its_sidecars_along(world: World) -> None:
    """A-120, A-121."""
    sidecars = [container(name, restartPolicy="Always") for name in ("first", "second")]
    world.engine.behave("*_i_second", ignores_sigterm=True)
    world.create_pod(restartPolicy="Never", initContainers=sidecars, terminationGracePeriodSeconds=9)
    world.wait_ready()
    world.engine.exit("web-0", 0)
    until(lambda: world.engine.signals_of("web-0_i_second") == ("TERM",), "the last one's turn", SOON)
    assert world.engine.signals_of("web-0_i_first") == ()
    assert status_of(world.pod())["phase"] == "Running"
    assert "Stopping container first" in world.events("Killing")
    world.pass_time(9 * SECOND)
    until(lambda: status_of(world.pod())["phase"] == "Succeeded", "the end", SOON)
    assert world.engine.signals_of("web-0_i_first") == ("TERM",)
    ended = [one["state"] for one in status_of(world.pod())["initContainerStatuses"]]
    assert [one["terminated"]["exitCode"] for one in ended] == [0, 137]


@pytest.mark.parametrize("grace", [0, 30])
def test_whom_a_person_paused_is_let_go_on_before_it_is_ended(
    world: World, kubelet: Kubelet, grace: int
) -> None:
    world.create_pod()
    world.wait_ready()
    until(kubelet.is_idle, "the kubelet to be quiet: it sees the pause then", SOON)
    paused = world.container("web-0").id
    world.engine.pause_container(paused)
    told = world.engine.events({})
    world.delete_pod(grace=timedelta(seconds=grace))
    until(lambda: world.names() == [], "all to be removed", SOON)
    told.end()
    assert [event.action for event in told if event.id == paused] == ["unpause", "die", "destroy"]


@pytest.mark.usefixtures("kubelet")
def test_a_sidecar_that_is_sick_is_restarted_and_its_events_name_it(world: World, commands: Commands) -> None:
    """A-113, A-120."""
    probe = {"exec": {"command": ["check"]}, "failureThreshold": 1}
    sidecar = container("proxy", restartPolicy="Always", livenessProbe=probe)
    world.create_pod(initContainers=[sidecar])
    world.wait_ready()
    commands.does["check"] = ExecResult(stdout=b"sick", exit_code=1)
    world.pass_time(10 * SECOND)
    until(lambda: _init(world)["restartCount"] == 1, "a restart", SOON)
    path = "spec.initContainers{proxy}"
    assert (path, "Liveness probe failed: sick") in events_at(world, "Unhealthy")
    assert (path, "Init container proxy failed liveness probe") in events_at(world, "Killing")


def _init(world: World) -> dict[str, Any]:
    found: dict[str, Any] = (status_of(world.pod()).get("initContainerStatuses") or [{"restartCount": 0}])[0]
    return found


@pytest.mark.usefixtures("kubelet")
def test_a_pod_is_ready_only_with_its_sidecars(world: World, commands: Commands) -> None:
    """A-120."""
    commands.does["check"] = ExecResult(exit_code=1)
    probe = {"exec": {"command": ["check"]}, "periodSeconds": 1}
    world.create_pod(initContainers=[container("proxy", restartPolicy="Always", readinessProbe=probe)])
    until(
        lambda: world.events("Unhealthy") and "running" in world.container_status().get("state", {}),
        "the probe",
        SOON,
    )
    assert "check" in commands.run
    assert not world.is_ready()
    commands.does.clear()
    world.pass_time(SECOND)
    world.wait_ready()


# --- probes of what ends ---


@pytest.mark.usefixtures("kubelet")
def test_of_a_pod_that_is_deleted_only_readiness_is_asked(world: World, commands: Commands) -> None:
    """A-110."""
    kinds = ("readiness", "liveness")
    probes: dict[str, Any] = {
        f"{kind}Probe": {"exec": {"command": [kind]}, "periodSeconds": 1} for kind in kinds
    }
    world.engine.behave("web-0", ignores_sigterm=True, run=commands.answer)
    world.create_pod(containers=[container(**probes)])
    world.wait_ready()
    until(lambda: "liveness" in commands.run, "both probes", SOON)
    world.delete_pod()
    until(lambda: world.engine.signals_of("web-0") == ("TERM",), "SIGTERM", SOON)
    commands.does["readiness"] = ExecResult(exit_code=1)
    before = Counter(commands.run)
    for failures in range(1, 5):
        world.pass_time(SECOND)
        until(lambda: world.told("Unhealthy") == failures, "readiness to be asked", SOON)  # noqa: B023 - asked before the next turn
    until(lambda: not world.is_ready(), "the pod to be unready while it drains", SOON)
    assert Counter(commands.run) - before == {"readiness": 4}


@pytest.mark.usefixtures("kubelet")
def test_a_redirect_elsewhere_is_told_of(world: World) -> None:
    """A-114."""
    with Server.running() as server:
        get = {"port": server.port, "host": "127.0.0.1", "path": "/302?to=http://0.0.0.0/&say=Found"}
        world.create_pod(containers=[container(readinessProbe={"httpGet": get})])
        world.wait_ready()
    said = "Readiness probe warning: Probe terminated redirects, Response body: Found"
    assert ("spec.containers{nginx}", said) in events_at(world, "ProbeWarning")


@pytest.mark.usefixtures("kubelet")
def test_a_probe_that_cannot_be_made_restarts_nothing(world: World, kubelet: Kubelet) -> None:
    """A-112."""
    probe = {"tcpSocket": {"port": "nowhere"}, "failureThreshold": 1, "periodSeconds": 1}
    world.create_pod(containers=[container(livenessProbe=probe)])
    why = 'strconv.Atoi: parsing "nowhere": invalid syntax'
    said = f"Liveness probe errored and resulted in unknown state: {why}"
    until(lambda: said in world.events("Unhealthy"), "the event", SOON)
    world.pass_time(5 * SECOND)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.is_ready()
    assert world.container_status()["restartCount"] == 0


# --- deadlines ---


def limited(world: World, seconds: int, **spec: Any) -> Object:
    world.create_pod(activeDeadlineSeconds=seconds, terminationGracePeriodSeconds=5, **spec)
    return world.wait_ready()


@pytest.mark.usefixtures("kubelet")
def test_a_pod_fails_when_its_time_is_up(world: World, kubelet: Kubelet, commands: Commands) -> None:
    world.engine.behave("web-0", ignores_sigterm=True, run=commands.answer)
    limited(world, 60, containers=[container(**hook("preStop", "tidy"))])
    world.pass_time(59 * SECOND)
    until(kubelet.is_idle, "the kubelet to be quiet", SOON)
    assert world.is_ready()
    assert commands.run == []
    world.pass_time(SECOND)
    until(lambda: world.engine.signals_of("web-0") == ("TERM",), "SIGTERM", SOON)
    assert commands.run == ["tidy"]
    assert status_of(world.pod())["phase"] == "Running", "as long as something runs"
    world.pass_time(5 * SECOND)
    until(lambda: status_of(world.pod())["phase"] == "Failed", "the end", SOON)
    said = "Pod was active on the node longer than the specified deadline"
    status = status_of(world.pod())
    assert (status["reason"], status["message"]) == ("DeadlineExceeded", said)
    assert world.container_status()["state"]["terminated"]["exitCode"] == 137
    until(lambda: world.events("DeadlineExceeded") == [said], "the event", SOON)
    until(lambda: world.names() == ["web-0"], "the log to stay, and nothing else", SOON)


@pytest.mark.usefixtures("kubelet")
def test_a_pod_that_never_came_up_has_a_deadline_too(world: World) -> None:
    world.engine.refuse_pull("nginx:1.27", "manifest unknown")
    world.create_pod(activeDeadlineSeconds=60)
    until(lambda: world.waiting_reason() == "ErrImagePull", "ErrImagePull", SOON)
    world.pass_time(60 * SECOND)
    until(lambda: status_of(world.pod())["phase"] == "Failed", "the end", SOON)
    assert status_of(world.pod())["reason"] == "DeadlineExceeded"


@pytest.mark.usefixtures("kubelet")
def test_a_pod_that_was_done_in_time_stays_so(world: World) -> None:
    world.engine.behave("web-0", exits_with=0)
    world.create_pod(activeDeadlineSeconds=60, restartPolicy="Never")
    until(lambda: status_of(world.pod()).get("phase") == "Succeeded", "the end", SOON)
    world.pass_time(90 * SECOND)
    assert "reason" not in status_of(world.pod())


# --- pods that may end ---


@pytest.mark.usefixtures("kubelet")
@pytest.mark.parametrize(
    ("policy", "code", "phase", "restarts"),
    [
        ("Never", 0, "Succeeded", 0),
        ("Never", 1, "Failed", 0),
        ("Never", 137, "Failed", 0),
        ("OnFailure", 0, "Succeeded", 0),
        ("OnFailure", 1, "Running", 1),
    ],
)
def test_what_becomes_of_a_bare_pod(world: World, policy: str, code: int, phase: str, restarts: int) -> None:
    """A-121."""
    world.create_pod(restartPolicy=policy)
    world.wait_ready()
    world.engine.exit("web-0", code)
    until(
        lambda: (
            world.container_status()["restartCount"] == restarts
            and (restarts or status_of(world.pod())["phase"] == phase)
        ),
        "what follows",
        SOON,
    )
    assert status_of(world.pod())["phase"] == phase
    if not restarts:
        assert world.container_status()["state"]["terminated"]["exitCode"] == code


@pytest.mark.usefixtures("kubelet")
def test_an_exit_with_0_backs_off_too(world: World) -> None:
    """A-116."""
    world.create_pod()
    world.wait_ready()
    world.engine.exit("web-0", 0)
    until(lambda: world.container_status().get("restartCount") == 1, "a restart at once", SOON)
    world.wait_ready()
    world.engine.exit("web-0", 0)
    until(lambda: world.waiting_reason() == "CrashLoopBackOff", "CrashLoopBackOff", SOON)
    assert world.container_status()["lastState"]["terminated"]["reason"] == "Completed"


@pytest.mark.usefixtures("kubelet")
def test_an_init_container_that_fails_is_tried_again_under_back_off(world: World) -> None:
    """A-116, A-119."""
    world.engine.behave("*_i_setup", exits_with=1)
    world.create_pod(initContainers=[container("setup")])
    until(lambda: _init(world)["restartCount"] == 1, "the first retry", SOON)
    until(lambda: "waiting" in _init(world)["state"], "the back-off", SOON)
    assert _init(world)["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status_of(world.pod())["phase"] == "Pending"
    world.engine.behave("*_i_setup", exits_with=0)
    world.pass_time(10 * SECOND)
    world.wait_ready()
    assert _init(world)["restartCount"] == 2
