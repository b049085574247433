"""What `kubectl get pods` shows of a pod: READY, STATUS, RESTARTS. Pure.

Kubernetes: pkg/printers/internalversion/printers.go `printPod`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.api.ages import since
from minisets.objects.metadata import is_being_deleted, is_true, spec_of, status_of
from minisets.objects.pods import is_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from minisets.objects.kinds import Object


@dataclass
class _Seen:
    """What a walk over the container statuses has found so far."""

    reason: str
    ready: int = 0
    restarts: int = 0
    restarted_at: str = ""
    initializing: bool = False

    def count(self, status: Mapping[str, Any]) -> None:
        """Add a container's restarts, and remember the latest."""
        self.restarts += int(status.get("restartCount") or 0)
        ended = (status.get("lastState") or {}).get("terminated") or {}
        self.restarted_at = max(self.restarted_at, str(ended.get("finishedAt") or ""))


def ready(pod: Object, _now: datetime) -> str:
    """`1/2`: containers ready, of containers wanted."""
    total = len(spec_of(pod).get("containers") or ()) + len(_sidecars(pod))
    return f"{_walk(pod).ready}/{total}"


def status(pod: Object, _now: datetime) -> str:
    """`Running`, `Init:0/2`, `CrashLoopBackOff`, `Terminating`, ..."""
    if is_being_deleted(pod):
        if status_of(pod).get("reason") == "NodeLost":
            return "Unknown"
        if not is_terminal(pod):
            return "Terminating"
    return _walk(pod).reason


def restarts(pod: Object, now: datetime) -> str:
    """`3 (5m ago)`, or `0`."""
    seen = _walk(pod)
    if not seen.restarts or not seen.restarted_at:
        return str(seen.restarts)
    return f"{seen.restarts} ({since(seen.restarted_at, now)} ago)"


def readiness_gates(pod: Object, _now: datetime) -> str:
    """`1/2` gates true, or `<none>`."""
    gates = spec_of(pod).get("readinessGates") or ()
    if not gates:
        return "<none>"
    return f"{sum(is_true(pod, gate.get('conditionType', '')) for gate in gates)}/{len(gates)}"


def _sidecars(pod: Object) -> set[str]:
    containers = spec_of(pod).get("initContainers") or ()
    return {one["name"] for one in containers if one.get("restartPolicy") == "Always"}


def _walk(pod: Object) -> _Seen:
    state = status_of(pod)
    seen = _Seen(reason=str(state.get("reason") or state.get("phase") or ""))
    scheduled = (c for c in state.get("conditions") or () if c.get("type") == "PodScheduled")
    if any(condition.get("reason") == "SchedulingGated" for condition in scheduled):
        seen.reason = "SchedulingGated"
    sidecars = _walk_init(pod, seen)
    if not seen.initializing or is_true(pod, "Initialized"):
        seen.restarts, seen.restarted_at = sidecars.restarts, sidecars.restarted_at
        _walk_containers(pod, seen)
    return seen


def _walk_init(pod: Object, seen: _Seen) -> _Seen:
    """Walk the init containers up to the first that holds the pod up; returns the sidecars' restarts."""
    sidecars, names = _Seen(reason=""), _sidecars(pod)
    for index, one in enumerate(status_of(pod).get("initContainerStatuses") or ()):
        seen.count(one)
        is_sidecar = one.get("name") in names
        if is_sidecar:
            sidecars.count(one)
        state = one.get("state") or {}
        ended = state.get("terminated")
        if ended is not None and not ended.get("exitCode"):
            continue
        if is_sidecar and one.get("started"):
            seen.ready += bool(one.get("ready"))
            continue
        seen.reason = _init_reason(pod, index, state)
        seen.initializing = True
        break
    return sidecars


def _init_reason(pod: Object, index: int, state: Mapping[str, Any]) -> str:
    if (ended := state.get("terminated")) is not None:
        return f"Init:{_end_reason(ended)}"
    waiting = (state.get("waiting") or {}).get("reason")
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{index}/{len(spec_of(pod).get('initContainers') or ())}"


def _end_reason(ended: Mapping[str, Any]) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _walk_containers(pod: Object, seen: _Seen) -> None:
    has_running = False
    for one in reversed(status_of(pod).get("containerStatuses") or ()):
        seen.count(one)
        state = one.get("state") or {}
        if waiting := (state.get("waiting") or {}).get("reason"):
            seen.reason = str(waiting)
        elif (ended := state.get("terminated")) is not None:
            seen.reason = _end_reason(ended)
        elif one.get("ready") and "running" in state:
            has_running = True
            seen.ready += 1
    if seen.reason == "Completed" and has_running:
        seen.reason = "Running" if is_true(pod, "Ready") else "NotReady"
