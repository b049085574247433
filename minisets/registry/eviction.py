"""The subresource `eviction`: a deletion that the pod's disruption budget is asked for first (A-104, A-105).

Decides whether the pod may go and what the budget is then. Leaves the deletion to `deleting.py`, and what
a budget allows to `controllers/disruption.py`. Kubernetes: pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest
from minisets.objects import strictness
from minisets.objects.budgets import ALLOWED, covers, with_condition
from minisets.objects.metadata import (
    condition,
    generation_of,
    is_being_deleted,
    is_true,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    timestamp,
)
from minisets.registry import refusals

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minisets.objects.kinds import Object, Ref
    from minisets.registry.options import FieldValidation

EVICTION = "Eviction"
_VERSIONS = ("policy/v1", "policy/v1beta1")
"""Kubernetes: AcceptsGroupVersion. Only as a body's; the group's version v1beta1 is not served."""

_TARGET = "DisruptionTarget"
_UNGUARDED = frozenset({"Pending", "Succeeded", "Failed"})
_MOST_DISRUPTED = 2000
_AGAIN_AFTER = 10


def read(ref: Ref, body: Any, validation: FieldValidation) -> tuple[Object, tuple[str, ...]]:
    """The `deleteOptions` of an Eviction, and warnings; BadRequest for what is none, or another pod's."""
    _check_type(body)
    eviction, problems = strictness.check(EVICTION, body)
    if any(problem.kind == "mistyped" for problem in problems) or (problems and validation == "Strict"):
        raise strictness.refusal(EVICTION, problems)
    if namespace_of(eviction) not in ("", ref.namespace):
        raise refusals.namespace_mismatch()
    if name_of(eviction) != ref.name:
        raise BadRequest("name in URL does not match name in Eviction object")
    warnings = tuple(problem.message for problem in problems) if validation == "Warn" else ()
    return eviction.get("deleteOptions") or {}, warnings


def spent(pod: Object, budgets: Iterable[Object], now: datetime) -> Object | None:
    """The pod's budget with one disruption less; None where it need not be asked.

    Raises TooManyRequests where it allows none, ApiError where there are two.
    """
    if is_being_deleted(pod) or status_of(pod).get("phase") in _UNGUARDED:
        return None
    covering = [budget for budget in budgets if covers(budget, pod)]
    if len(covering) > 1:
        raise refusals.two_budgets()
    if not covering or (not is_true(pod, "Ready") and _lets_the_unready_go(covering[0])):
        return None
    return _one_less(covering[0], name_of(pod), now)


def told(pod: Object, now: datetime) -> Object:
    """The pod with the condition that says why it goes."""
    said = condition(pod, _TARGET) or {}
    entry = {
        "type": _TARGET,
        "status": "True",
        "lastTransitionTime": said.get("lastTransitionTime") if is_true(pod, _TARGET) else timestamp(now),
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    if generation := generation_of(pod):
        entry["observedGeneration"] = generation
    others = [each for each in status_of(pod).get("conditions") or () if each is not said]
    return {**pod, "status": {**status_of(pod), "conditions": [*others, entry]}}


def _check_type(body: Any) -> None:
    if not isinstance(body, dict):
        return  # strictness has the words for it
    version, title = body.get("apiVersion"), body.get("kind")
    if version and version not in _VERSIONS:
        raise BadRequest(
            f"the API version in the data ({version}) does not match the expected API version (policy/v1)"
        )
    if title and title != EVICTION:
        raise BadRequest(
            f'{title} in version "v1" cannot be handled as a {EVICTION}: '
            f"the kind in the data ({title}) does not match the expected kind ({EVICTION})"
        )


def _lets_the_unready_go(budget: Object) -> bool:
    """A pod that is not ready does not count: nothing is disrupted, unless all are needed to get up again."""
    if spec_of(budget).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    healthy, desired = (status_of(budget).get(field, 0) for field in ("currentHealthy", "desiredHealthy"))
    return bool(healthy >= desired > 0)


def _one_less(budget: Object, pod: str, now: datetime) -> Object:
    """Kubernetes: checkAndDecrement."""
    status, name = status_of(budget), name_of(budget)
    if status.get("observedGeneration", 0) < generation_of(budget):
        why = f"The disruption budget {name} is still being processed by the server."
        raise refusals.over_budget(why, retry_after=_AGAIN_AFTER)
    disrupted = status.get("disruptedPods") or {}
    if len(disrupted) > _MOST_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise refusals.over_spent(name, why)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed <= 0:
        raise refusals.over_budget(_why_none(budget))
    counted = {
        **status,
        "disruptionsAllowed": allowed - 1,
        "disruptedPods": {**disrupted, pod: timestamp(now)},
    }
    return {**budget, "status": counted if allowed > 1 else with_condition(counted, now)}


def _why_none(budget: Object) -> str:
    status, said = status_of(budget), condition(budget, ALLOWED) or {}
    begin = f"The disruption budget {name_of(budget)}"
    message = said.get("message") if said.get("status") == "False" else ""
    healthy, desired = (status.get(field, 0) for field in ("currentHealthy", "desiredHealthy"))
    if message and said.get("reason") == "SyncFailed":
        return f"{begin} does not allow evicting pods currently because it failed sync: {message}"
    if healthy <= desired:
        return f"{begin} needs {desired} healthy pods and has {healthy} currently"
    if message:
        return f"{begin} does not allow evicting pods currently ({said.get('reason')}): {message}"
    return f"{begin} does not allow evicting pods currently"
