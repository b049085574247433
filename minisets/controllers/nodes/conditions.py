"""Conditions of pods whose node fails them. Pure.

Kubernetes: pkg/api/v1/pod/util.go UpdatePodCondition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import condition, generation_of, status_of, timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object

_READY, _TARGET = "Ready", "DisruptionTarget"


def not_ready(pod: Object, now: datetime) -> Object:
    """The pod as one that nobody should be led to; unchanged where it is not said to be ready.

    Kubernetes: pkg/controller/util/node MarkPodsNotReady.
    """
    said = condition(pod, _READY)
    if said is None or said.get("status") == "False":
        return pod
    return _with(pod, {**said, "status": "False", "lastTransitionTime": timestamp(now)})


def doomed(pod: Object, reason: str, message: str, now: datetime) -> Object:
    """The pod with the condition that says why it goes."""
    said = condition(pod, _TARGET) or {}
    entry = {
        "type": _TARGET,
        "status": "True",
        "lastTransitionTime": said.get("lastTransitionTime")
        if said.get("status") == "True"
        else timestamp(now),
        "reason": reason,
        "message": message,
    }
    if generation := generation_of(pod):
        entry["observedGeneration"] = generation
    return _with(pod, entry)


def _with(pod: Object, entry: dict[str, object]) -> Object:
    """In the place of the one of its type, or behind the others."""
    present = list(status_of(pod).get("conditions") or ())
    kept = [entry if each.get("type") == entry["type"] else each for each in present]
    return {**pod, "status": {**status_of(pod), "conditions": kept if entry in kept else [*present, entry]}}
