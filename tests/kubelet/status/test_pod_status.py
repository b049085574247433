"""A pod's status, from what is observed: phase and containers' states by row."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from minisets.kubelet.observe import Facts, ImageState, ObservedPod
from minisets.kubelet.status.pod_status import pod_status
from minisets.objects.kinds import Object
from minisets.objects.metadata import timestamp
from tests.kubelet.test_plan import GOOD, SECOND, deleted, ended, good_pod, seen, with_container
from tests.kubelet.test_plan import NOW as NOON
from tests.kubelet.world import container


def reported(pod: Object, observed: ObservedPod) -> dict[str, Any]:
    return pod_status(pod, observed, NOON, "10.97.0.1")


def pending() -> Object:
    pod = good_pod()
    pod["status"]["phase"] = "Pending"
    return pod


def line(pod: Object, observed: ObservedPod) -> str:
    """`phase: state of nginx`, short."""
    status = reported(pod, observed)
    entry = status["containerStatuses"][0]
    ((state, detail),) = entry["state"].items()
    reason = f" {detail['reason']}" if "reason" in detail else ""
    return f"{status['phase']}: {state}{reason}{' ready' if entry['ready'] else ''}"


NEVER_STARTED = replace(GOOD, containers=(seen("log"),))
ROWS = {
    "all is well": (good_pod(), GOOD, "Running: running ready"),
    "nothing is there": (pending(), ObservedPod(), "Pending: waiting ContainerCreating"),
    "init containers come first": (
        {**pending(), "spec": {**pending()["spec"], "initContainers": [container("setup")]}},
        ObservedPod(),
        "Pending: waiting PodInitializing",
    ),
    "one was never started": (pending(), NEVER_STARTED, "Pending: waiting ContainerCreating"),
    "its image is being pulled": (
        pending(),
        replace(NEVER_STARTED, images={"nginx": ImageState("pulling", "half")}),
        "Pending: waiting ContainerCreating",
    ),
    "its image cannot be pulled": (
        pending(),
        replace(NEVER_STARTED, images={"nginx": ImageState("failed", "denied")}),
        "Pending: waiting ErrImagePull",
    ),
    "something it refers to is missing": (
        pending(),
        replace(NEVER_STARTED, waiting={"nginx": ("CreateContainerConfigError", "no secret")}),
        "Pending: waiting CreateContainerConfigError",
    ),
    "it has just ended": (good_pod(), with_container(ended("nginx", 1)), "Running: terminated Error"),
    "it has ended well": (good_pod(), with_container(ended("nginx", 0)), "Running: terminated Completed"),
    "it ran out of memory": (
        good_pod(),
        with_container(ended("nginx", 137, oom_killed=True)),
        "Running: terminated OOMKilled",
    ),
    "it waits for its restart": (
        good_pod(),
        with_container(ended("nginx", 1, backoff=1)),
        "Running: waiting CrashLoopBackOff",
    ),
    "its successor is made": (
        good_pod(),
        with_container(ended("nginx", 1), seen("nginx", restart=1, state="created")),
        "Running: waiting ContainerCreating",
    ),
    "it is unready": (
        good_pod(),
        with_container(seen("nginx", facts=Facts(ready=False))),
        "Running: running ready",
    ),
    "it ended for good, the other runs": (
        good_pod(restartPolicy="Never"),
        with_container(ended("nginx", 1)),
        "Running: terminated Error",
    ),
    "all ended for good": (
        good_pod(restartPolicy="Never"),
        with_container(ended("nginx", 0), ended("log", 0)),
        "Succeeded: terminated Completed",
    ),
    "one failed for good": (
        good_pod(restartPolicy="OnFailure"),
        with_container(ended("nginx", 0), ended("log", 1)),
        "Running: terminated Completed",
    ),
    "it is stopping": (deleted(), GOOD, "Running: running ready"),
    "it was stopped": (
        deleted(),
        with_container(ended("nginx", 143), ended("log", 0)),
        "Failed: terminated Error",
    ),
    "it was deleted before it began": (deleted(), ObservedPod(), "Failed: terminated ContainerStatusUnknown"),
}


@pytest.mark.parametrize(("pod", "observed", "expected"), ROWS.values(), ids=ROWS.keys())
def test_what_is_reported(pod: Object, observed: ObservedPod, expected: str) -> None:
    """A-117, A-118, A-121, A-124."""
    assert line(pod, observed) == expected


@pytest.mark.parametrize(("is_deleted", "phase"), [(False, "Failed"), (True, "Succeeded")])
def test_a_deadline_is_no_reason_once_somebody_has_deleted_the_pod(*, is_deleted: bool, phase: str) -> None:
    pod = deleted(activeDeadlineSeconds=60) if is_deleted else good_pod(activeDeadlineSeconds=60)
    pod["status"]["startTime"] = timestamp(NOON - 61 * SECOND)
    status = reported(pod, with_container(ended("nginx", 0), ended("log", 0)))
    assert (status["phase"], "reason" in status) == (phase, not is_deleted)


def test_a_terminal_phase_is_never_left_and_its_containers_stay_ended() -> None:
    """A-109: between the record and the removal a kubelet may die."""
    pod = deleted()
    pod["status"] = reported(pod, with_container(ended("nginx", 0), ended("log", 0)))
    again = reported(pod, ObservedPod())
    assert again["phase"] == "Succeeded"
    assert again["containerStatuses"][0]["state"] == pod["status"]["containerStatuses"][0]["state"]


def test_readiness_and_startup_say_what_the_probes_say() -> None:
    """A-114."""
    probes: dict[str, Any] = {"readinessProbe": {"exec": {}}, "startupProbe": {"exec": {}}}
    pod = good_pod()
    pod["spec"]["containers"][0] |= probes
    for facts, expected in (
        (Facts(), (False, False)),
        (Facts(started=False), (False, False)),
        (Facts(started=True), (True, False)),
        (Facts(started=True, ready=True), (True, True)),
        (Facts(started=True, ready=False), (True, False)),
    ):
        entry = reported(pod, with_container(seen("nginx", facts=facts), seen("log")))["containerStatuses"][0]
        assert (entry["started"], entry["ready"]) == expected


def test_the_last_state_is_the_one_before() -> None:
    """A-117."""
    observed = with_container(ended("nginx", 3), seen("nginx", restart=1))
    entry = reported(good_pod(), observed)["containerStatuses"][0]
    assert entry["restartCount"] == 1
    assert entry["lastState"]["terminated"]["exitCode"] == 3


def test_conditions_name_the_containers_and_keep_their_stamps() -> None:
    """A-122, A-123."""
    pod = good_pod()
    pod["status"] = reported(pod, GOOD)
    later = pod_status(pod, GOOD, NOON + timedelta(hours=1), "10.97.0.1")
    assert later["conditions"] == pod["status"]["conditions"]
    broken = pod_status(pod, with_container(ended("nginx")), NOON + SECOND, "10.97.0.1")
    by_type = {one["type"]: one for one in broken["conditions"]}
    assert by_type["Ready"]["reason"] == "ContainersNotReady"
    assert by_type["ContainersReady"]["message"] == "containers with unready status: [nginx]"
    assert by_type["Ready"]["lastTransitionTime"] != by_type["Initialized"]["lastTransitionTime"]


def test_readiness_gates_hold_the_pod_back() -> None:
    """A-123."""
    pod = good_pod(readinessGates=[{"conditionType": "example.com/ready"}])
    ready = next(one for one in reported(pod, GOOD)["conditions"] if one["type"] == "Ready")
    assert ready["reason"] == "ReadinessGatesNotReady"
    pod["status"]["conditions"] = [{"type": "example.com/ready", "status": "True"}]
    status = reported(pod, GOOD)
    assert {one["type"]: one["status"] for one in status["conditions"]}["Ready"] == "True"
    assert status["conditions"][-1] == {"type": "example.com/ready", "status": "True"}, "others' are kept"


def test_a_pod_on_the_machines_network_has_its_address() -> None:
    assert reported(good_pod(hostNetwork=True), GOOD)["podIP"] == "10.97.0.1"


def test_a_pod_that_ended_keeps_its_report_when_its_containers_are_gone() -> None:
    """E.g. by `docker container prune`: it still says Completed, not ContainerCreating."""
    pod = good_pod(restartPolicy="Never")
    pod["status"] = reported(pod, with_container(ended("nginx", 0), ended("log", 0)))
    assert line(pod, ObservedPod()) == "Succeeded: terminated Completed"


def test_a_container_says_what_it_has_of_the_machine_and_of_the_pods_volumes() -> None:
    pod = good_pod()
    resources = {"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "memory": "64Mi"}}
    mounts: list[dict[str, Any]] = [
        {"name": "data", "mountPath": "/data"},
        {"name": "etc", "mountPath": "/etc/app", "readOnly": True},
        {"name": "host", "mountPath": "/host", "readOnly": True, "recursiveReadOnly": "Enabled"},
    ]
    pod["spec"]["containers"][0] |= {"resources": resources, "volumeMounts": mounts}
    entry, other = reported(pod, GOOD)["containerStatuses"]
    assert (entry["resources"], entry["allocatedResources"]) == (resources, {"cpu": "100m"})
    assert entry["volumeMounts"] == [mounts[0], {**mounts[1], "recursiveReadOnly": "Disabled"}, mounts[2]]
    assert other["resources"] == {}
    assert not {"allocatedResources", "volumeMounts"} & set(other)
