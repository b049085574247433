"""Rules for priority classes, leases and autoscalers.

Kubernetes: pkg/apis/{scheduling,coordination,autoscaling}/validation/validation.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import (
    Causes,
    each_invalid,
    forbidden,
    immutable,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from minisets.objects.metadata import name_of, spec_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_SYSTEM = "system-"
SYSTEM_CLASSES = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
_HIGHEST = 1_000_000_000
_POLICIES = ("PreemptLowerPriority", "Never")
_SOURCES = ("ContainerResource", "External", "Object", "Pods", "Resource")


def check_priority_class(found: Object) -> Causes:
    """No names and no values that are the system's."""
    name, value = name_of(found), found.get("value") or 0
    if name.startswith(_SYSTEM):
        if wrong := _is_no_system_class(name, value, is_default=bool(found.get("globalDefault"))):
            says = "priority class names with 'system-' prefix are reserved for system use only. error:"
            yield forbidden("metadata.name", f"{says} {wrong}")
    elif value > _HIGHEST:
        yield forbidden("value", f"maximum allowed value of a user defined priority is {_HIGHEST}")
    policy = found.get("preemptionPolicy")
    if policy is not None and policy not in _POLICIES:
        yield not_supported("preemptionPolicy", policy, _POLICIES)


def _is_no_system_class(name: str, value: int, *, is_default: bool) -> str:
    if name not in SYSTEM_CLASSES:
        return f"{name} is not a known system priority class"
    if value != SYSTEM_CLASSES[name]:
        return f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""


def check_priority_class_update(new: Object, old: Object) -> Causes:
    """Pods have its value already."""
    if (new.get("value") or 0) != (old.get("value") or 0):
        yield forbidden("value", "may not be changed in an update.")
    yield from immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))


def check_lease(lease: Object) -> Causes:
    """A lease lasts, and has changed hands so many times."""
    spec = spec_of(lease)
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        yield invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")
    if transitions is not None:
        yield from nonnegative("spec.leaseTransitions", transitions)


def check_autoscaler(autoscaler: Object) -> Causes:
    """Of something, between two counts, by metrics that are whole."""
    spec = spec_of(autoscaler)
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if least is not None and least < 1:
        yield invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield invalid("spec.maxReplicas", most, "must be greater than 0")
    if least is not None and most < least:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    for field in ("kind", "name"):
        path, value = f"spec.scaleTargetRef.{field}", (spec.get("scaleTargetRef") or {}).get(field) or ""
        if not value:
            yield required(path)
        else:
            yield from each_invalid(path, value, names.path_segment(value))
    for index, metric in enumerate(spec.get("metrics") or ()):
        yield from _check_metric(f"spec.metrics[{index}]", metric)


def _check_metric(path: str, metric: Object) -> Causes:
    source = metric.get("type") or ""
    if not source:
        yield required(f"{path}.type", "must specify a metric source type")
        return
    if source not in _SOURCES:
        yield not_supported(f"{path}.type", source, _SOURCES)
        return
    field = source[0].lower() + source[1:]
    told = metric.get(field)
    if told is None:
        yield required(f"{path}.{field}", f"must populate information for the given metric source ({source})")
        return
    target = told.get("target") or {}
    if not target.get("type"):
        yield required(f"{path}.{field}.target.type", "must specify a metric target type")
    elif target["type"] not in ("Utilization", "Value", "AverageValue"):
        says = "must be either Utilization, Value, or AverageValue"
        yield invalid(f"{path}.{field}.target.type", target["type"], says)
    if (utilization := target.get("averageUtilization")) is not None and utilization < 1:
        yield invalid(f"{path}.{field}.target.averageUtilization", utilization, "must be greater than 0")
