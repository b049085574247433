"""Rules for events, of either API: what the older one lets through, and what the newer one asks for.

Kubernetes: core/validation/events.go legacyValidateEvent, ValidateEventCreate, ValidateEventUpdate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, immutable, invalid, required
from minisets.objects.metadata import namespace_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_LONGEST, _LONGEST_NOTE = 128, 1024
_OPEN = ("default", "kube-system")
_UNSET = ("firstTimestamp", "lastTimestamp", "count", "source")
_FIXED = (
    *("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count"),
    *("type", "eventTime", "action", "related", "reportingComponent", "reportingInstance"),
)


def check_event(event: Object) -> Causes:
    """An event is told where its object is; one with `eventTime` says who saw what."""
    about = (event.get("involvedObject") or {}).get("namespace") or ""
    place, says = namespace_of(event), "does not match event.namespace"
    if not event.get("eventTime"):
        if about != place and (about or place != "default"):
            yield invalid("involvedObject.namespace", about, says)
        return
    if not about and place not in _OPEN:
        yield invalid("involvedObject.namespace", about, says)
    if controller := event.get("reportingComponent"):
        yield from each_invalid("reportingController", controller, names.qualified_name(controller))
    else:
        yield required("reportingController")
    for field in ("reportingInstance", "action", "reason"):
        value = event.get(field) or ""
        if not value:
            yield required(field)
        elif len(value) > _LONGEST:
            yield invalid(field, "", f"can have at most {_LONGEST} characters")
    if len(event.get("message") or "") > _LONGEST_NOTE:
        yield invalid("message", "", f"can have at most {_LONGEST_NOTE} characters")


def check_new_event(event: Object) -> Causes:
    """What `events.k8s.io/v1` asks for besides; the event comes as it is stored."""
    if not event.get("eventTime"):
        yield required("eventTime")
    yield from _check_series(event)
    kind = event.get("type") or ""
    if kind not in {"Normal", "Warning"}:
        yield invalid("type", "", f"has invalid value: {kind}")
    for field in _UNSET:
        if event.get(field):
            yield invalid(field, "", "needs to be unset")


def check_new_event_update(new: Object, old: Object) -> Causes:
    """Nothing of it changes but its series."""
    yield from _check_series(new)
    for field in _FIXED:
        yield from immutable(field, new.get(field) or None, old.get(field) or None)


def _check_series(event: Object) -> Causes:
    if (series := event.get("series")) is None:
        return
    if (series.get("count") or 0) < 2:
        yield invalid("series.count", "", "should be at least 2")
    if not series.get("lastObservedTime"):
        yield required("series.lastObservedTime")
