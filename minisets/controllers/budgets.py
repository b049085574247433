"""What a disruption budget's status must say, given its pods and who made them. Pure.

    healthy   ready, not being deleted, and not just evicted
    expected  pods covered; for shares and maxUnavailable the replicas of those that made them
    allowed   healthy less desired, never below 0; 0 while no pod is expected

Leaves spending to `registry/eviction.py`. Kubernetes: pkg/controller/disruption/disruption.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from minisets.objects.budgets import with_condition, with_failure
from minisets.objects.kinds import served
from minisets.objects.metadata import (
    generation_of,
    is_being_deleted,
    is_true,
    moment,
    name_of,
    namespace_of,
    spec_of,
    status_of,
)
from minisets.objects.owners import controller_of
from minisets.objects.selectors import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from minisets.objects.kinds import Object

DELETION_WITHIN = timedelta(minutes=2)
"""Kubernetes: DeletionTimeout: how long an evicted pod that is still not being deleted counts as gone."""


@dataclass(frozen=True)
class Told:
    """An event about the budget or one of its pods."""

    about: Object
    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """The whole new status, what to tell people, and when an evicted pod's time is up."""

    status: Object
    events: tuple[Told, ...] = ()
    again: timedelta | None = None


class Unknowable(Exception):
    """The number of expected pods cannot be known; says why."""


def judged(budget: Object, pods: Sequence[Object], makers: Mapping[str, Object], now: datetime) -> Verdict:
    """The verdict on a budget. pods: those that it covers; makers: their controllers that exist, by uid."""
    events = [] if pods else [Told(budget, "Normal", "NoPods", "No matching pods found")]
    try:
        expected, desired, unmanaged = _counts(budget, pods, makers)
    except Unknowable as why:
        message = f"Failed to calculate the number of expected pods: {why}"
        events.append(Told(budget, "Warning", "CalculateExpectedPodCountFailed", message))
        return Verdict(with_failure(status_of(budget), str(why), now), tuple(events))
    if unmanaged:
        events.append(Told(budget, "Warning", "UnmanagedPods", _about_unmanaged(budget)))
    disrupted, overdue = _disrupted(budget, pods, now)
    events += [_not_deleted(budget, pod) for pod in overdue]
    healthy = sum(1 for pod in pods if _is_healthy(pod, disrupted))
    counted = _counted(budget, expected, desired, healthy, disrupted)
    ends = [moment(stamp) + DELETION_WITHIN - now for stamp in disrupted.values()]
    return Verdict(with_condition(counted, now), tuple(events), min(ends, default=None))


def _counted(
    budget: Object, expected: int, desired: int, healthy: int, disrupted: Mapping[str, str]
) -> Object:
    return {
        "observedGeneration": generation_of(budget),
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "disruptionsAllowed": max(0, healthy - desired) if expected > 0 else 0,
        "conditions": status_of(budget).get("conditions") or [],
        **({"disruptedPods": dict(disrupted)} if disrupted else {}),
    }


def _counts(budget: Object, pods: Sequence[Object], makers: Mapping[str, Object]) -> tuple[int, int, bool]:
    """How many pods are expected and how many must be healthy; and whether some have no controller."""
    spec = spec_of(budget)
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if most is not None:
        expected = _scale(pods, makers)
        return expected, max(0, expected - _of(most, expected)), _some_unmanaged(pods)
    if isinstance(least, str):
        expected = _scale(pods, makers)
        return expected, _of(least, expected), _some_unmanaged(pods)
    return (0, 0, False) if least is None else (len(pods), least, False)


def _of(value: Any, total: int) -> int:
    """A number, or a share of the total, rounded up."""
    return -(-int(value.removesuffix("%")) * total // 100) if isinstance(value, str) else int(value)


def _scale(pods: Sequence[Object], makers: Mapping[str, Object]) -> int:
    """The replicas of all that made these pods; Unknowable where one of them has none."""
    found: dict[str, int] = {}
    for pod in pods:
        if (reference := controller_of(pod)) is None:
            continue
        maker, kind = makers.get(reference["uid"]), served(reference["apiVersion"], reference["kind"])
        if kind is None:
            what = f'kind "{reference["kind"]}" in version "{reference["apiVersion"]}"'
            raise Unknowable(f"no matches for {what}")
        if kind.subresource("scale") is None:
            raise Unknowable(f"{kind.group_resource} does not implement the scale subresource")
        if maker is None:
            raise Unknowable(f'found no controllers for pod "{name_of(pod)}"')
        found[reference["uid"]] = int(spec_of(maker).get("replicas", 1))
    return sum(found.values())


def _some_unmanaged(pods: Sequence[Object]) -> bool:
    return any(controller_of(pod) is None for pod in pods)


def _disrupted(
    budget: Object, pods: Sequence[Object], now: datetime
) -> tuple[dict[str, str], tuple[Object, ...]]:
    """Of the pods said to be evicted, those whose deletion is still awaited; and those for which in vain."""
    said = status_of(budget).get("disruptedPods") or {}
    awaited = [pod for pod in pods if name_of(pod) in said and not is_being_deleted(pod)]
    overdue = tuple(pod for pod in awaited if moment(said[name_of(pod)]) + DELETION_WITHIN <= now)
    return {name_of(pod): said[name_of(pod)] for pod in awaited if pod not in overdue}, overdue


def _is_healthy(pod: Object, disrupted: Mapping[str, str]) -> bool:
    return is_true(pod, "Ready") and not is_being_deleted(pod) and name_of(pod) not in disrupted


def _not_deleted(budget: Object, pod: Object) -> Told:
    """Differs: upstream names the namespace twice and the budget not at all."""
    by = f"{namespace_of(budget)}/{name_of(budget)}"
    return Told(pod, "Warning", "NotDeleted", f"Pod was expected by PDB {by} to be deleted but it wasn't")


def _about_unmanaged(budget: Object) -> str:
    """Differs: upstream shows the selector as a Go structure."""
    selector = LabelSelector.of(spec_of(budget).get("selector"))
    return (
        f"Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a "
        "result, the status of the PDB cannot be calculated correctly, which may result in undefined "
        'behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer '
        "value."
    )
