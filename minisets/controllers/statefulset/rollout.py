"""Revisions and pods: which one a new pod gets, and which pods an update replaces next.

Pure. Leaves whether the update step is reached at all to `plan.py` (A-7).
Kubernetes: stateful_set_utils.go `newVersionedStatefulSetPod`, `getStatefulSetMaxUnavailable`;
stateful_set_control.go `updateStatefulSetAfterInvariantEstablished`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.controllers.statefulset.identity import (
    first_ordinal,
    is_parallel,
    ordinal_of,
    partition_of,
    replicas_of,
    revision_of,
    rolling_update,
    update_type,
)
from minisets.controllers.statefulset.status import is_unavailable
from minisets.objects.metadata import is_being_deleted, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from minisets.controllers.statefulset.revisions import Revisions
    from minisets.objects.kinds import Object


@dataclass(frozen=True)
class Replacing:
    """Pods that an update deletes now, in this order, and the first that it must leave for later."""

    now: tuple[Object, ...] = ()
    later: Object | None = None


def revision_for(statefulset: Object, live: Revisions, ordinal: int) -> Object:
    """Which revision a pod that is made now belongs to (A-24)."""
    if update_type(statefulset) != "RollingUpdate":
        return live.update
    kept = partition_of(statefulset)
    if rolling_update(statefulset) is None:
        kept = _current_replicas(statefulset)
    return live.current if ordinal < first_ordinal(statefulset) + kept else live.update


def replacing(
    statefulset: Object, replicas: Sequence[Object | None], update: str, now: datetime
) -> Replacing:
    """What the update step does. replicas: by ordinal, None for one without a pod (A-21 to A-28)."""
    broken: list[Object] = []
    sound: list[Object] = []
    spared: list[Object] = []
    for pod in due(statefulset, replicas, update):
        if not is_parallel(statefulset) or not is_unavailable(statefulset, pod, now):
            sound.append(pod)
        elif _comes_back_updated(statefulset, pod, len(broken) + 1):
            broken.append(pod)
        else:
            spared.append(pod)
    away = sum(is_unavailable(statefulset, pod, now) for pod in replicas)
    allowed = max(0, max_unavailable(statefulset) - away)
    return Replacing((*broken, *sound[:allowed]), next(iter((*sound[allowed:], *spared)), None))


def _comes_back_updated(statefulset: Object, pod: Object, deleted: int) -> bool:
    """Whether a broken pod's successor is of the update revision, if so many pods are deleted with it.

    Kubernetes: since 1.37 what is broken anyway costs no budget, where pods do not wait for each other.
    Differs: without a rollingUpdate block a low ordinal is born at the current revision again (A-24 ii), and
    upstream deletes that pod too before it had a chance, for ever; it is left alone here, and as stuck.
    """
    if rolling_update(statefulset) is not None:
        return True
    kept = _current_replicas(statefulset) - deleted
    return (ordinal_of(statefulset, pod) or 0) >= first_ordinal(statefulset) + kept


def due(statefulset: Object, replicas: Sequence[Object | None], update: str) -> tuple[Object, ...]:
    """The pods that an update is yet to replace, the highest ordinal first (A-21, A-23, A-26)."""
    if update_type(statefulset) == "OnDelete":
        return ()
    return tuple(
        pod
        for pod in reversed(replicas[partition_of(statefulset) :])
        if pod is not None and revision_of(pod) != update and not is_being_deleted(pod)
    )


def max_unavailable(statefulset: Object) -> int:
    """How many pods may be unavailable during an update: percents round down, at least 1 (A-28)."""
    given = (rolling_update(statefulset) or {}).get("maxUnavailable") or 1
    if isinstance(given, str):
        given = int(given.rstrip("%")) * replicas_of(statefulset) // 100
    return max(1, int(given))


def _current_replicas(statefulset: Object) -> int:
    return int(status_of(statefulset).get("currentReplicas") or 0)
