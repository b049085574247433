"""Objects in another version than the one they are stored in: `events.k8s.io/v1` and `autoscaling/v1`. Pure.

Nothing is lost on the way there and back. Leaves which versions are served to `kinds.py`.
Kubernetes: pkg/apis/events/v1/conversion.go, pkg/apis/autoscaling/v1/conversion.go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from minisets.objects import strictness
from minisets.objects.kinds import kind_of, served
from minisets.objects.metadata import annotations_of, meta, spec_of, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from minisets.objects.kinds import Kind, Object

_EVENT = {
    "note": "message",
    "regarding": "involvedObject",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
"""An event's fields in `events.k8s.io/v1`, and what they are called in `v1`; all others are the same."""

_STORED_EVENT = {stored: spoken for spoken, stored in _EVENT.items()}

_NOTED = "autoscaling.alpha.kubernetes.io/"
_IN_SPEC = {"metrics": "metrics", "behavior": "behavior"}
_CURRENT = "currentCPUUtilizationPercentage"
_IN_STATUS = {"currentMetrics": "current-metrics", "conditions": "conditions"}


def to_stored(kind: Kind, obj: Object) -> Object:
    """An object that was written in this version, as it is stored."""
    stored = kind_of(kind.title)
    convert = _TO_STORED.get(kind.schema)
    if convert is None:
        return obj
    return {**convert(obj), "apiVersion": stored.api_version, "kind": stored.title}


def as_stored(obj: Object) -> Object:
    """A manifest's object as it is stored; one that is not served, or is stored so, as it is.

    Raises BadRequest for what the version in which it is written does not have.
    """
    known = served(str(obj.get("apiVersion")), str(obj.get("kind")))
    if known is None or not known.is_converted:
        return obj
    if problems := strictness.check(known.schema, obj)[1]:
        raise strictness.refusal(known, problems)
    return to_stored(known, obj)


def from_stored(kind: Kind, obj: Object) -> Object:
    """A stored object, as this version has it."""
    convert = _FROM_STORED.get(kind.schema)
    if convert is None:
        return obj
    return {**convert(obj), "apiVersion": kind.api_version, "kind": kind.title}


def _renamed(obj: Object, names: Mapping[str, str]) -> Object:
    return {names.get(field, field): value for field, value in obj.items()}


def _event_to_stored(event: Object) -> Object:
    return _renamed(event, _EVENT)


def _event_from_stored(event: Object) -> Object:
    return _renamed(event, _STORED_EVENT)


def _scaler_to_stored(old: Object) -> Object:
    """The one utilization that v1 has, and from annotations what it has no fields for.

    Differs: the annotations hold v2's own form, which only a copy of what was read here can have.
    """
    notes = dict(annotations_of(old))
    spec = dict(spec_of(old))
    utilization = spec.pop("targetCPUUtilizationPercentage", None)
    spec |= _noted("spec", _IN_SPEC, notes)
    if utilization is not None:
        spec["metrics"] = [_of_cpu(utilization), *spec.get("metrics", ())]
    status = {name: value for name, value in status_of(old).items() if name != _CURRENT}
    status |= _noted("status", _IN_STATUS, notes)
    return _put(old, spec, status, notes)


def _scaler_from_stored(new: Object) -> Object:
    notes = dict(annotations_of(new))
    spec, status = dict(spec_of(new)), dict(status_of(new))
    metrics = list(spec.pop("metrics", None) or ())
    cpu = next((metric for metric in metrics if _utilization(metric) is not None), None)
    if cpu is not None:
        spec["targetCPUUtilizationPercentage"] = _utilization(cpu)
        metrics.remove(cpu)
    for name, value in (("metrics", metrics), ("behavior", spec.pop("behavior", None))):
        if value:
            notes[_NOTED + name] = json.dumps(value, separators=(",", ":"))
    for field, name in _IN_STATUS.items():
        if value := status.pop(field, None):
            notes[_NOTED + name] = json.dumps(value, separators=(",", ":"))
    return _put(new, spec, {"currentReplicas": 0, "desiredReplicas": 0, **status}, notes)


def _put(obj: Object, spec: Object, status: Object, notes: Mapping[str, str]) -> Object:
    metadata = {name: value for name, value in meta(obj).items() if name != "annotations"}
    metadata |= {"annotations": dict(notes)} if notes else {}
    return {**obj, "metadata": metadata, "spec": spec, **({"status": status} if status else {})}


def _of_cpu(percent: Any) -> Object:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _utilization(metric: Object) -> Any:
    """Of a metric that v1 can say, else None."""
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return (resource.get("target") or {}).get("averageUtilization")


def _noted(part: str, names: Mapping[str, str], notes: dict[str, str]) -> Object:
    """The fields of v2 that annotations tell, which are taken from the notes; none of another type."""
    found: Object = {}
    for field, name in names.items():
        value = _told(notes.pop(_NOTED + name, ""))
        known, problems = strictness.check("HorizontalPodAutoscaler", {part: {field: value}})
        if value is not None and not any(problem.kind == "mistyped" for problem in problems):
            found[field] = known[part][field]
    return found


def _told(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


_TO_STORED: Mapping[str, Callable[[Object], Object]] = {
    "Event.v1.events.k8s.io": _event_to_stored,
    "HorizontalPodAutoscaler.v1.autoscaling": _scaler_to_stored,
}
_FROM_STORED: Mapping[str, Callable[[Object], Object]] = {
    "Event.v1.events.k8s.io": _event_from_stored,
    "HorizontalPodAutoscaler.v1.autoscaling": _scaler_from_stored,
}
