"""Rules for disruption budgets, and for their status.

Kubernetes: policy validation.go ValidatePodDisruptionBudgetSpec, ValidatePodDisruptionBudgetStatusUpdate;
meta/v1 validation.go ValidateConditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects import names
from minisets.objects.causes import (
    Causes,
    duplicate,
    each_invalid,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from minisets.objects.metadata import spec_of, status_of
from minisets.objects.validation.labels import check_label_selector

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
_STATUSES = ("False", "True", "Unknown")


def check_budget(budget: Object) -> Causes:
    """A budget's spec; the same for one that takes another's place, since any of it may change."""
    spec = spec_of(budget)
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")
    for field, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            yield from _check_number_or_share(f"spec.{field}", value)
    yield from check_label_selector("spec.selector", spec.get("selector"))
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _POLICIES:
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, _POLICIES)


def check_budget_status(new: Object, _: Object) -> Causes:
    """Conditions that are whole, and counts that are none below zero."""
    status = status_of(new)
    yield from _check_conditions(status.get("conditions") or ())
    for field in _COUNTS:
        yield from nonnegative(f"status.{field}", status.get(field) or 0)


def _check_number_or_share(path: str, value: Any) -> Causes:
    """A number of 0 or more, or 0% to 100%."""
    if not isinstance(value, str):
        yield from nonnegative(path, value)
    elif complaints := names.percent(value):
        yield from each_invalid(path, value, complaints)
    elif int(value.removesuffix("%")) > 100:
        yield invalid(path, value, "must not be greater than 100%")


def _check_conditions(conditions: Any) -> Causes:
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        path, kind = f"status.conditions[{index}]", condition.get("type") or ""
        if kind in seen:
            yield duplicate(f"{path}.type", kind)
        seen.add(kind)
        yield from _check_condition(path, condition)


def _check_condition(path: str, condition: Object) -> Causes:
    kind, status = condition.get("type") or "", condition.get("status") or ""
    yield from each_invalid(f"{path}.type", kind, names.qualified_name(kind))
    if status not in _STATUSES:
        yield not_supported(f"{path}.status", status, _STATUSES)
    if (generation := condition.get("observedGeneration") or 0) < 0:
        yield invalid(f"{path}.observedGeneration", generation, "must be greater than or equal to zero")
    if not condition.get("lastTransitionTime"):
        yield required(f"{path}.lastTransitionTime", "must be set")
    if reason := condition.get("reason"):
        yield from each_invalid(f"{path}.reason", reason, names.condition_reason(reason))
    else:
        yield required(f"{path}.reason", "must be set")
