"""When a pod has run for as long as it may: activeDeadlineSeconds. Pure.

Counts from the pod's startTime, whatever its containers did since. Kubernetes: kubelet/active_deadline.go.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.objects.metadata import moment, spec_of, status_of

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object

REASON = "DeadlineExceeded"
MESSAGE = "Pod was active on the node longer than the specified deadline"


def active_deadline(pod: Object) -> datetime | None:
    """When its time is up, or None if it has no end or no beginning yet."""
    seconds, started = spec_of(pod).get("activeDeadlineSeconds"), status_of(pod).get("startTime")
    return moment(started) + timedelta(seconds=int(seconds)) if seconds and started else None


def is_past_deadline(pod: Object, now: datetime) -> bool:
    """Whether its time is up."""
    deadline = active_deadline(pod)
    return deadline is not None and now >= deadline
