"""Ephemeral containers: added to a running pod, started once, told of apart, gone with the pod."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from minisets.kubelet.observe import ImageState, ObservedPod
from minisets.kubelet.status.pod_status import pod_status
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import status_of
from minisets.registry.options import Patch, WriteOptions
from tests.kubelet.test_plan import (
    DELETED,
    GOOD,
    HOUR,
    NOW,
    READY,
    ended,
    good_pod,
    planned,
    seen,
    with_container,
)
from tests.kubelet.world import SOON, World, container
from tests.waiting import until

DEBUGGER = {"name": "debugger", "image": "busybox:1"}
WITH_IMAGE = {**READY, "debugger": ImageState("ready")}


def debugged(**spec: Any) -> Object:
    return good_pod(ephemeralContainers=[DEBUGGER], **spec)


def debugger(**changes: Any) -> Any:
    return seen("debugger", kind="ephemeral", **changes)


CREATED = ["create ephemeral debugger: it was added to the pod"]
ROWS: dict[str, tuple[Object, ObservedPod, list[str]]] = {
    "it was added": (debugged(), replace(GOOD, images=WITH_IMAGE), CREATED),
    "its image is not here": (
        debugged(),
        GOOD,
        ["pull image of debugger: it is to be here before the container"],
    ),
    "it was made and not started": (
        debugged(),
        with_container(debugger(state="created")),
        ["start ephemeral debugger: it was created"],
    ),
    "it runs": (debugged(), with_container(debugger()), []),
    "it ended": (debugged(), with_container(ended("debugger", 1, kind="ephemeral")), []),
    "it could not be started": (debugged(), with_container(debugger(state="created", error="no sh")), []),
    "it ended in an earlier sandbox": (
        debugged(),
        with_container(ended("debugger", 137, kind="ephemeral", sandbox="id-old"), images=WITH_IMAGE),
        [],
    ),
    "it runs in an earlier sandbox": (
        debugged(),
        with_container(debugger(sandbox="id-old")),
        ["kill ephemeral debugger: its sandbox is gone", "again in 1s"],
    ),
    "the sandbox is gone": (
        debugged(),
        ObservedPod(images=WITH_IMAGE),
        ["create sandbox 0: the pod has none"],
    ),
    "an init container hangs": (
        debugged(initContainers=[container("first")]),
        replace(GOOD, containers=(seen("first", kind="init"),), images=WITH_IMAGE),
        CREATED,
    ),
    "the others are not there either": (
        debugged(),
        replace(GOOD, containers=(), images=WITH_IMAGE),
        [
            *CREATED,
            "create container nginx: the sandbox has none",
            "create container log: the sandbox has none",
        ],
    ),
    "the pod has ended": (
        debugged(restartPolicy="Never"),
        with_container(ended("nginx", 0), ended("log", 0), images=WITH_IMAGE),
        ["remove sandbox: the pod has ended"],
    ),
    "the pod has ended, and it runs": (
        debugged(restartPolicy="Never"),
        with_container(ended("nginx", 0), ended("log", 0), debugger()),
        ["stop ephemeral debugger: the pod has ended"],
    ),
}


@pytest.mark.parametrize(("pod", "observed", "lines"), ROWS.values(), ids=ROWS.keys())
def test_an_ephemeral_container_is_started_once(pod: Object, observed: ObservedPod, lines: list[str]) -> None:
    assert planned(pod, observed) == lines


def test_none_is_started_in_a_pod_that_is_being_deleted() -> None:
    pod, observed, lines = DELETED["it is asked"]
    pod = {**pod, "spec": {**pod["spec"], "ephemeralContainers": [DEBUGGER]}}
    assert planned(pod, replace(observed, images=WITH_IMAGE)) == lines
    running = replace(observed, containers=(*observed.containers, debugger()))
    assert planned(pod, running) == [*lines, "stop ephemeral debugger: the pod is being deleted"]


def test_one_that_somebody_removed_is_not_started_again() -> None:
    pod = debugged()
    running = with_container(debugger())
    pod["status"] = pod_status(pod, running, NOW, "127.0.0.1")
    assert planned(pod, replace(GOOD, images=WITH_IMAGE)) == []
    (told,) = pod_status(pod, GOOD, NOW, "127.0.0.1")["ephemeralContainerStatuses"]
    assert told["state"]["terminated"]["reason"] == "ContainerStatusUnknown"


def test_it_counts_neither_for_the_phase_nor_for_readiness() -> None:
    for one in (debugger(), ended("debugger", 1, kind="ephemeral"), debugger(state="created")):
        status = pod_status(debugged(), with_container(one), NOW, "127.0.0.1")
        conditions = {each["type"]: each["status"] for each in status["conditions"]}
        assert (status["phase"], conditions["Ready"]) == ("Running", "True")
        (told,) = status["ephemeralContainerStatuses"]
        assert (told["ready"], told["restartCount"], "started" in told) == (False, 0, False)
    assert [each["name"] for each in status["containerStatuses"]] == ["nginx", "log"]


def test_its_status_says_why_it_waits_and_how_it_ended() -> None:
    def state(*there: Any, **changes: Any) -> Any:
        status = pod_status(debugged(), with_container(*there, **changes), NOW, "127.0.0.1")
        return status["ephemeralContainerStatuses"][0]["state"]

    assert state() == {"waiting": {"reason": "ContainerCreating"}}
    failed = {"debugger": ImageState("backoff", "Back-off", NOW)}
    assert state(images=failed) == {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}
    assert state(debugger())["running"]["startedAt"] == "2026-11-23T11:00:00Z"
    terminated = state(ended("debugger", 2, kind="ephemeral", ran=HOUR))["terminated"]
    assert (terminated["exitCode"], terminated["reason"]) == (2, "Error")


# --- through the whole kubelet ---


def debug(world: World, **changes: Any) -> None:
    """What `kubectl debug` does."""
    patch = Patch("strategic", {"spec": {"ephemeralContainers": [{**DEBUGGER, **changes}]}})
    world.registry.patch(Ref("Pod", "default", "web-0"), patch, WriteOptions(), "ephemeralcontainers")


def told(world: World, name: str = "debugger") -> dict[str, Any]:
    entries = status_of(world.pod()).get("ephemeralContainerStatuses") or ()
    return next((one for one in entries if one["name"] == name), {})


def is_(world: World, state: str, name: str = "debugger") -> bool:
    return state in (told(world, name).get("state") or {})


@pytest.mark.usefixtures("kubelet")
def test_a_container_is_added_to_a_running_pod_and_goes_with_it(world: World) -> None:
    world.create_pod()
    world.wait_ready()
    debug(world, stdin=True, tty=True, env=[{"name": "A", "value": "1"}])
    until(lambda: is_(world, "running"), "the debugger to run", SOON)
    spec = world.engine.spec_of("web-0_e_debugger")
    assert spec.joins == world.container("web-0_sandbox").id
    assert (spec.joins_pid, spec.stdin, spec.tty, dict(spec.env)["A"]) == ("", True, True, "1")
    assert world.is_ready()
    world.engine.exit("web-0_e_debugger", 3)
    until(lambda: is_(world, "terminated"), "its end", SOON)
    assert told(world)["state"]["terminated"]["exitCode"] == 3
    assert world.is_ready()
    world.delete_pod()
    until(lambda: not world.has_pod(), "the pod to go", SOON)
    assert world.names() == []


@pytest.mark.usefixtures("kubelet")
def test_a_container_sees_the_processes_of_the_one_that_it_names(world: World) -> None:
    world.create_pod()
    world.wait_ready()
    debug(world, targetContainerName="nginx")
    until(lambda: is_(world, "running"), "the debugger to run", SOON)
    assert world.engine.spec_of("web-0_e_debugger").joins_pid == world.container("web-0").id


@pytest.mark.usefixtures("kubelet")
def test_it_has_what_any_container_may_have(world: World) -> None:
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"A": "1"}})
    world.create_pod(volumes=[{"name": "scratch", "emptyDir": {}}], securityContext={"runAsUser": 7})
    world.wait_ready()
    debug(
        world,
        command=["sh", "-c"],
        args=["echo $(A)"],
        workingDir="/srv",
        stdin=True,
        stdinOnce=True,
        envFrom=[{"configMapRef": {"name": "settings"}}],
        volumeMounts=[{"name": "scratch", "mountPath": "/scratch"}],
        securityContext={"runAsUser": 0, "capabilities": {"add": ["SYS_PTRACE"]}},
        terminationMessagePath="/why",
        terminationMessagePolicy="FallbackToLogsOnError",
    )
    until(lambda: is_(world, "running"), "the debugger to run", SOON)
    spec = world.engine.spec_of("web-0_e_debugger")
    assert (spec.entrypoint, spec.arguments, spec.working_dir) == (("sh", "-c"), ("echo 1",), "/srv")
    assert (spec.user, spec.cap_add, spec.stdin_once, spec.memory_bytes) == ("0", ("SYS_PTRACE",), True, 0)
    assert {"/scratch", "/why"} <= {mount.target for mount in spec.mounts}
    world.engine.write_log("web-0_e_debugger", b"no such thing\n")
    world.engine.exit("web-0_e_debugger", 1)
    until(lambda: is_(world, "terminated"), "its end", SOON)
    assert told(world)["state"]["terminated"]["message"] == "no such thing\n"


@pytest.mark.usefixtures("kubelet")
def test_in_a_pod_that_shares_its_process_ids_it_sees_everybodys(world: World) -> None:
    world.create_pod(shareProcessNamespace=True)
    world.wait_ready()
    debug(world, targetContainerName="nginx")
    until(lambda: is_(world, "running"), "the debugger to run", SOON)
    assert world.engine.spec_of("web-0_e_debugger").joins_pid == world.container("web-0_sandbox").id


@pytest.mark.usefixtures("kubelet")
def test_it_waits_for_the_one_whose_processes_it_is_to_see(world: World) -> None:
    world.engine.behave("web-0", exits_with=1)
    world.create_pod()
    until(lambda: world.waiting_reason() == "CrashLoopBackOff", "the crash loop", SOON)
    debug(world, targetContainerName="nginx")
    until(lambda: is_(world, "waiting"), "the debugger to wait", SOON)
    until(lambda: "message" in told(world)["state"]["waiting"], "the reason", SOON)
    assert told(world)["state"]["waiting"] == {
        "reason": "CreateContainerError",
        "message": "target container nginx is not running",
    }
    world.engine.behave("web-0", exits_with=None)
    world.pass_time(timedelta(seconds=10))
    until(lambda: is_(world, "running"), "the debugger to run", SOON)


@pytest.mark.usefixtures("kubelet")
def test_its_image_is_pulled_as_others_are(world: World) -> None:
    world.create_pod()
    world.wait_ready()
    world.engine.refuse_pull("nowhere:1", "no such image")
    debug(world, image="nowhere:1")
    until(lambda: is_(world, "waiting"), "the debugger to wait", SOON)
    until(lambda: told(world)["state"]["waiting"]["reason"] == "ErrImagePull", "the failed pull", SOON)
    paths = {
        one["involvedObject"].get("fieldPath")
        for one in world.store.list("Event").items
        if one["reason"] in ("Pulling", "Failed")
    }
    assert paths == {"spec.ephemeralContainers{debugger}"}
    world.engine.allow_pull("nowhere:1")
    world.pass_time(timedelta(minutes=1))
    until(lambda: is_(world, "running"), "the debugger to run", SOON)


@pytest.mark.usefixtures("kubelet")
def test_it_waits_for_what_its_environment_is_made_of(world: World) -> None:
    world.create_pod()
    world.wait_ready()
    key = {"configMapKeyRef": {"name": "settings", "key": "A"}}
    debug(world, env=[{"name": "A", "valueFrom": key}])
    until(lambda: is_(world, "waiting"), "the debugger to wait", SOON)
    until(lambda: "message" in told(world)["state"]["waiting"], "the reason", SOON)
    assert told(world)["state"]["waiting"]["reason"] == "CreateContainerConfigError"
    world.registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"A": "1"}})
    until(lambda: is_(world, "running"), "the debugger to run", SOON)
    assert dict(world.engine.spec_of("web-0_e_debugger").env)["A"] == "1"


def test_a_new_kubelet_starts_none_a_second_time(world: World) -> None:
    with world.kubelet():
        world.create_pod()
        world.wait_ready()
        debug(world)
        until(lambda: is_(world, "running"), "the debugger to run", SOON)
    first = world.container("web-0_e_debugger").id
    world.engine.exit("web-0_e_debugger", 0)
    with world.kubelet():
        until(lambda: is_(world, "terminated"), "its end", SOON)
        world.pass_time(timedelta(minutes=6))
        assert world.container("web-0_e_debugger").id == first
        assert told(world)["restartCount"] == 0
