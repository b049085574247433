"""The pod's STATUS, READY and RESTARTS: a table that starts from a good pod and breaks one thing.

Kubernetes: printers_test.go TestPrintPod.
"""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from minisets.api import pod_cells
from minisets.objects.kinds import Object

NOW = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
READY = {"type": "Ready", "status": "True"}
RUNNING: Object = {"name": "a", "ready": True, "restartCount": 0, "state": {"running": {}}}
DONE: Object = {"name": "i", "ready": True, "restartCount": 0, "state": {"terminated": {"exitCode": 0}}}


def a_pod(**status: Any) -> Object:
    pod: Object = {
        "metadata": {"name": "web-0"},
        "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
        "status": {
            "phase": "Running",
            "conditions": [READY],
            "containerStatuses": [RUNNING, {**RUNNING, "name": "b"}],
        },
    }
    pod["status"].update(status)
    return pod


def waiting(reason: str) -> Object:
    return {**RUNNING, "ready": False, "state": {"waiting": {"reason": reason}}}


def ended(**facts: Any) -> Object:
    return {**RUNNING, "ready": False, "state": {"terminated": facts}}


def with_init(*statuses: Object, **spec: Any) -> Object:
    pod = a_pod(phase="Pending", conditions=[], initContainerStatuses=list(statuses), containerStatuses=[])
    pod["spec"]["initContainers"] = [{"name": one["name"], **spec} for one in statuses]
    return pod


@pytest.mark.parametrize(
    ("pod", "ready", "status"),
    [
        (a_pod(), "2/2", "Running"),
        (a_pod(phase="Pending", containerStatuses=[]), "0/2", "Pending"),
        (a_pod(reason="Evicted", phase="Failed", containerStatuses=[]), "0/2", "Evicted"),
        (a_pod(containerStatuses=[waiting("CrashLoopBackOff"), RUNNING]), "1/2", "CrashLoopBackOff"),
        (a_pod(containerStatuses=[ended(reason="Error", exitCode=1), RUNNING]), "1/2", "Error"),
        (a_pod(containerStatuses=[ended(exitCode=3), RUNNING]), "1/2", "ExitCode:3"),
        (a_pod(containerStatuses=[ended(signal=9), RUNNING]), "1/2", "Signal:9"),
        (a_pod(containerStatuses=[ended(reason="Completed"), RUNNING]), "1/2", "Running"),
        (a_pod(conditions=[], containerStatuses=[ended(reason="Completed"), RUNNING]), "1/2", "NotReady"),
        (
            a_pod(conditions=[{"type": "PodScheduled", "reason": "SchedulingGated"}], containerStatuses=[]),
            "0/2",
            "SchedulingGated",
        ),
        (with_init({**DONE, "name": "i"}, {**waiting("PodInitializing"), "name": "j"}), "0/2", "Init:1/2"),
        (with_init({**waiting("ErrImagePull"), "name": "i"}), "0/2", "Init:ErrImagePull"),
        (with_init({**ended(exitCode=2), "name": "i"}), "0/2", "Init:ExitCode:2"),
        (with_init({**ended(reason="Error", exitCode=2), "name": "i"}), "0/2", "Init:Error"),
        (with_init({**ended(signal=9, exitCode=137), "name": "i"}), "0/2", "Init:Signal:9"),
        (with_init({**RUNNING, "name": "i", "started": True}, restartPolicy="Always"), "1/3", "Pending"),
    ],
)
def test_status_and_ready_are_what_kubectl_shows(pod: Object, ready: str, status: str) -> None:
    assert (pod_cells.ready(pod, NOW), pod_cells.status(pod, NOW)) == (ready, status)


@pytest.mark.parametrize(
    ("phase", "reason", "shown"),
    [
        ("Running", "", "Terminating"),
        ("Succeeded", "", "Running"),
        ("Running", "NodeLost", "Unknown"),
    ],
)
def test_a_pod_on_its_way_out_says_so_until_it_has_ended(phase: str, reason: str, shown: str) -> None:
    pod = a_pod(phase=phase, reason=reason)
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    expected = "Succeeded" if phase == "Succeeded" else shown
    assert pod_cells.status(pod, NOW) == expected


def test_restarts_tell_when_the_last_was() -> None:
    last = {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:05:00Z"}}
    older = {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:01:00Z"}}
    pod = a_pod(
        containerStatuses=[
            {**RUNNING, "restartCount": 1, "lastState": older},
            {**RUNNING, "restartCount": 2, "lastState": last},
        ]
    )
    assert pod_cells.restarts(pod, NOW) == "3 (5m ago)"
    assert pod_cells.restarts(a_pod(), NOW) == "0"


def test_restarts_of_init_containers_count_only_while_the_pod_initializes() -> None:
    pod = with_init({**waiting("CrashLoopBackOff"), "name": "i", "restartCount": 4})
    assert pod_cells.restarts(pod, NOW) == "4"
    started = deepcopy(pod)
    started["status"]["conditions"] = [{"type": "Initialized", "status": "True"}]
    assert pod_cells.restarts(started, NOW) == "0"


def test_readiness_gates_are_counted() -> None:
    pod = a_pod(conditions=[READY, {"type": "lb", "status": "True"}])
    assert pod_cells.readiness_gates(pod, NOW) == "<none>"
    pod["spec"]["readinessGates"] = [{"conditionType": "lb"}, {"conditionType": "other"}]
    assert pod_cells.readiness_gates(pod, NOW) == "1/2"
