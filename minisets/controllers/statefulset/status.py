"""What a pod's state means for its statefulset, and the counts in the statefulset's status.

Pure. Kubernetes: stateful_set_control.go `computeReplicaStatus`, stateful_set_utils.go
`inconsistentStatus`, `completeRollingUpdate`; pkg/api/v1/pod/util.go `IsPodAvailable`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.identity import replicas_of, revision_of, update_type
from minisets.objects.metadata import (
    condition,
    generation_of,
    is_being_deleted,
    is_true,
    moment,
    name_of,
    spec_of,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from minisets.controllers.statefulset.revisions import Revisions
    from minisets.objects.kinds import Object

_COMPARED = (
    "observedGeneration",
    "replicas",
    "readyReplicas",
    "availableReplicas",
    "currentReplicas",
    "updatedReplicas",
    "currentRevision",
    "updateRevision",
)


def phase_of(pod: Object) -> str:
    """`status.phase`, empty before there is one."""
    return str(status_of(pod).get("phase") or "")


def is_running_and_ready(pod: Object) -> bool:
    """Phase Running and condition Ready."""
    return phase_of(pod) == "Running" and is_true(pod, "Ready")


def minimum_ready(statefulset: Object) -> timedelta:
    """`spec.minReadySeconds`."""
    return timedelta(seconds=int(spec_of(statefulset).get("minReadySeconds") or 0))


def available_in(pod: Object, minimum: timedelta, now: datetime) -> timedelta | None:
    """How long until the pod counts as available: 0 if it does, None if it is not ready (A-31)."""
    if not is_running_and_ready(pod):
        return None
    if not minimum:
        return timedelta(0)
    since = (condition(pod, "Ready") or {}).get("lastTransitionTime")
    return max(timedelta(0), moment(since) + minimum - now) if since else None


def is_available(pod: Object, minimum: timedelta, now: datetime) -> bool:
    """Ready for long enough."""
    return available_in(pod, minimum, now) == timedelta(0)


def is_unavailable(statefulset: Object, pod: Object | None, now: datetime) -> bool:
    """Not there, on its way out, or not ready for long enough."""
    return pod is None or is_being_deleted(pod) or not is_available(pod, minimum_ready(statefulset), now)


def status_for(
    statefulset: Object, pods: Sequence[Object], live: Revisions, now: datetime, *, replaced: int
) -> dict[str, Any]:
    """The status that these pods add up to (A-93 to A-97), completion of a rollout included (A-27).

    replaced: how many pods this plan's update step deletes; they are not current any more.
    """
    existing = [pod for pod in pods if phase_of(pod)]
    staying = [pod for pod in existing if not is_being_deleted(pod)]
    minimum = minimum_ready(statefulset)
    current, update = name_of(live.current), name_of(live.update)
    ready = [pod for pod in existing if is_running_and_ready(pod)]
    status = {
        "observedGeneration": generation_of(statefulset),
        "replicas": len(existing),
        "readyReplicas": len(ready),
        "availableReplicas": sum(is_available(pod, minimum, now) for pod in ready),
        "currentReplicas": max(0, sum(revision_of(pod) == current for pod in staying) - replaced),
        "updatedReplicas": sum(revision_of(pod) == update for pod in staying),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": live.collisions,
    }
    _complete(statefulset, status)
    for field in ("readyReplicas", "currentReplicas", "updatedReplicas"):
        if not status[field]:
            del status[field]
    return status


def _complete(statefulset: Object, status: dict[str, Any]) -> None:
    """A rolling update that reached every replica makes its revision the current one (A-27)."""
    wanted = replicas_of(statefulset)
    counts = {status["updatedReplicas"], status["readyReplicas"], status["replicas"]}
    if update_type(statefulset) == "RollingUpdate" and counts == {wanted}:
        status["currentReplicas"] = status["updatedReplicas"]
        status["currentRevision"] = status["updateRevision"]


def is_consistent(statefulset: Object, status: dict[str, Any]) -> bool:
    """Whether the stored status says the same (A-95): collisionCount is not compared."""
    stored = status_of(statefulset)
    return all((stored.get(field) or 0) == (status.get(field) or 0) for field in _COMPARED)
