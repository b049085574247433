"""What a pod's status says of what is observed: phase, conditions, containers (A-109, A-121..A-124). Pure.

    Pending -> Running -> Succeeded | Failed        a terminal phase is never left
    container: waiting -> running -> terminated -> waiting (CrashLoopBackOff) -> running ...

Kubernetes: kubelet_pods.go getPhase, generateAPIPodStatus; status/generate.go. Written by `pods.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.kubelet.containers import (
    are_inits_done,
    ephemerals,
    exit_code_of,
    has_come_up,
    has_ended,
    init_has_failed,
    inits,
    mains,
)
from minisets.kubelet.deadlines import MESSAGE, REASON, is_past_deadline
from minisets.kubelet.status.conditions import conditions
from minisets.kubelet.status.container_status import container_status, ephemeral_status
from minisets.objects.metadata import generation_of, is_being_deleted, spec_of, status_of, timestamp
from minisets.objects.pods import TERMINAL

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.kubelet.containers import Wanted
    from minisets.kubelet.observe import ObservedPod
    from minisets.objects.kinds import Object


def pod_status(pod: Object, observed: ObservedPod, now: datetime, host: str) -> dict[str, Any]:
    """The whole new status; what others wrote (their conditions, qosClass, ...) is kept."""
    old = status_of(pod)
    phase = phase_of(pod, observed, now)
    ended = is_being_deleted(pod) and phase in TERMINAL
    listed = {
        "initContainerStatuses": [
            container_status(pod, one, observed, now, ended=ended) for one in inits(pod)
        ],
        "containerStatuses": [container_status(pod, one, observed, now, ended=ended) for one in mains(pod)],
        "ephemeralContainerStatuses": [ephemeral_status(pod, one, observed, now) for one in ephemerals(pod)],
    }
    status = {
        **old,
        "phase": phase,
        "observedGeneration": generation_of(pod),
        "startTime": old.get("startTime") or timestamp(now),
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        **{field: value for field, value in listed.items() if value},
    }
    if address := host if spec_of(pod).get("hostNetwork") else _address(observed):
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    if phase == "Failed" and old.get("phase") not in TERMINAL and _is_late(pod, now):
        status |= {"reason": REASON, "message": MESSAGE}
    status["conditions"] = conditions(pod, observed, status, now)
    return status


def phase_of(pod: Object, observed: ObservedPod, now: datetime) -> str:
    """Where the pod is in its life; it fails, or is done, only once nothing of it runs any more."""
    old = str(status_of(pod).get("phase") or "Pending")
    if old in TERMINAL:
        return old
    if is_being_deleted(pod) or has_ended(pod, observed, now):
        if observed.running():
            return old
        return "Failed" if _is_late(pod, now) else _ended_as(pod, observed)
    if not are_inits_done(pod, observed):
        return "Pending"
    return "Running" if all(_was_ever_started(pod, one, observed) for one in mains(pod)) else "Pending"


def _is_late(pod: Object, now: datetime) -> bool:
    """Whether its time was up before somebody deleted it."""
    return is_past_deadline(pod, now) and not is_being_deleted(pod)


def _was_ever_started(pod: Object, one: Wanted, observed: ObservedPod) -> bool:
    return any(seen.is_over or has_come_up(pod, one, seen) for seen in observed.of(one.name))


def _ended_as(pod: Object, observed: ObservedPod) -> str:
    """Succeeded only if every main container ended with 0 (A-109)."""
    ended = [observed.newest(one.name) for one in mains(pod)]
    succeeded = all(seen is not None and seen.is_over and exit_code_of(seen) == 0 for seen in ended)
    return "Succeeded" if succeeded and not init_has_failed(pod, observed) else "Failed"


def _address(observed: ObservedPod) -> str:
    sandbox = observed.sandbox
    return next((one for one in sandbox.addresses.values() if one), "") if sandbox else ""
