"""Disruption budgets: which pods one covers, and how its condition says what it allows. Pure.

Leaves counting to `controllers/budgets.py`, and spending to `registry/eviction.py`.
Kubernetes: component-helpers apps/poddisruptionbudget/helpers.go, apimachinery api/meta SetStatusCondition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import condition, labels_of, namespace_of, spec_of, timestamp
from minisets.objects.selectors import LabelSelector

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object

BUDGET = "PodDisruptionBudget"
ALLOWED = "DisruptionAllowed"


def covers(budget: Object, pod: Object) -> bool:
    """Whether the pod is one of the budget's. An empty selector means all of the namespace, none no pod."""
    if namespace_of(budget) != namespace_of(pod):
        return False
    return LabelSelector.of(spec_of(budget).get("selector")).matches(labels_of(pod))


def with_condition(status: Object, now: datetime) -> Object:
    """The status with the condition that follows from its number of allowed disruptions."""
    if status.get("disruptionsAllowed", 0) > 0:
        return _conditioned(status, "True", "SufficientPods", "", now)
    return _conditioned(status, "False", "InsufficientPods", "", now)


def with_failure(status: Object, message: str, now: datetime) -> Object:
    """The status that allows nothing, since what it should say cannot be known.

    Kubernetes: disruption.go failSafe.
    """
    return _conditioned({**status, "disruptionsAllowed": 0}, "False", "SyncFailed", message, now)


def _conditioned(status: Object, value: str, reason: str, message: str, now: datetime) -> Object:
    """A transition is stamped only where the value flips; other conditions stay."""
    said = condition({"status": status}, ALLOWED) or {}
    entry = {
        "type": ALLOWED,
        "status": value,
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": said.get("lastTransitionTime")
        if said.get("status") == value
        else timestamp(now),
        "reason": reason,
        "message": message,
    }
    if not entry["observedGeneration"]:
        del entry["observedGeneration"]
    present = list(status.get("conditions") or ())
    if said:
        return {**status, "conditions": [entry if each is said else each for each in present]}
    return {**status, "conditions": [*present, entry]}
