"""A pod's conditions, as its containers' statuses make them (A-122, A-123). Pure.

Kubernetes: pkg/kubelet/status/generate.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.kubelet.containers import are_inits_done, inits
from minisets.objects.metadata import condition, generation_of, spec_of, status_of, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minisets.kubelet.observe import ObservedPod
    from minisets.objects.kinds import Object

Said = tuple[bool, str, str]
"""Whether it is true, and reason and message if it is not (or if that says more)."""

_TRUE: Said = (True, "", "")


def conditions(
    pod: Object, observed: ObservedPod, status: dict[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """Ours, computed; others', kept; a transition is stamped only where the status flips."""
    containers = _containers_ready(pod, status)
    said: dict[str, Said] = {
        "PodReadyToStartContainers": _has_sandbox(observed),
        "Initialized": _initialized(pod, observed, status),
        "Ready": containers if not containers[0] else _gates(pod),
        "ContainersReady": containers,
        "PodScheduled": _TRUE,
    }
    kept = [entry for entry in status_of(pod).get("conditions") or () if entry["type"] not in said]
    return [_entry(pod, kind, what, now) for kind, what in said.items()] + kept


def _entry(pod: Object, kind: str, said: Said, now: datetime) -> dict[str, Any]:
    is_true, reason, message = said
    value = "True" if is_true else "False"
    old = condition(pod, kind) or {}
    since = old.get("lastTransitionTime") if old.get("status") == value else None
    entry = {
        "type": kind,
        "status": value,
        "observedGeneration": generation_of(pod),
        "lastTransitionTime": since or timestamp(now),
        "reason": reason,
        "message": message,
    }
    return {key: each for key, each in entry.items() if each not in ("", 0)}


def _has_sandbox(observed: ObservedPod) -> Said:
    return (observed.sandbox is not None and observed.sandbox.is_running, "", "")


def _initialized(pod: Object, observed: ObservedPod, status: dict[str, Any]) -> Said:
    if status["phase"] == "Succeeded":
        return True, "PodCompleted", ""
    was = condition(pod, "Initialized") or {}
    ended = status["phase"] == "Failed" and was.get("status") == "True"
    if not inits(pod) or ended or are_inits_done(pod, observed):
        return _TRUE
    entries = status.get("initContainerStatuses") or ()
    undone = [one["name"] for one in entries if not one["ready"]]
    return False, "ContainersNotInitialized", f"containers with incomplete status: {_listed(undone)}"


def _containers_ready(pod: Object, status: dict[str, Any]) -> Said:
    if status["phase"] == "Succeeded":
        return False, "PodCompleted", ""
    if status["phase"] == "Failed":
        return False, "PodFailed", ""
    sidecars = {one.name for one in inits(pod) if one.is_sidecar}
    entries = [one for one in status.get("initContainerStatuses") or () if one["name"] in sidecars]
    unready = [one["name"] for one in (*entries, *status["containerStatuses"]) if not one["ready"]]
    if not unready:
        return _TRUE
    return False, "ContainersNotReady", f"containers with unready status: {_listed(unready)}"


def _gates(pod: Object) -> Said:
    problems = []
    for gate in spec_of(pod).get("readinessGates") or ():
        kind = gate["conditionType"]
        found = condition(pod, kind)
        if found is None:
            problems.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif found.get("status") != "True":
            value = found.get("status")
            problems.append(f'the status of pod readiness gate "{kind}" is not "True", but {value}')
    return (False, "ReadinessGatesNotReady", ", ".join(problems)) if problems else _TRUE


def _listed(names: Iterable[str]) -> str:
    return f"[{' '.join(names)}]"
