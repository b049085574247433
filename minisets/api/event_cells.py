"""What `kubectl get events` shows of an event. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.api.ages import since

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object


def first_seen(obj: Object, now: datetime) -> str:
    """When it happened for the first time."""
    return since(obj.get("firstTimestamp") or obj.get("eventTime"), now)


def last_seen(obj: Object, now: datetime) -> str:
    """When it happened last."""
    stamp = (obj.get("series") or {}).get("lastObservedTime") or obj.get("lastTimestamp")
    return since(stamp, now) if stamp else first_seen(obj, now)


def count(obj: Object, _now: datetime) -> int:
    """How often it happened."""
    return int((obj.get("series") or {}).get("count") or obj.get("count") or 1)


def about(obj: Object, _now: datetime) -> str:
    """`pod/web-0`: what it is about."""
    involved = obj.get("involvedObject") or {}
    kind, name = str(involved.get("kind") or "").lower(), involved.get("name")
    return f"{kind}/{name}" if name else kind


def source(obj: Object, _now: datetime) -> str:
    """Who says so."""
    told = obj.get("source") or {}
    parts = (
        told.get("component") or obj.get("reportingComponent"),
        told.get("host") or obj.get("reportingInstance"),
    )
    return ", ".join(str(part) for part in parts if part)
