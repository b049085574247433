"""The refusals of writes, word by word as Kubernetes says them (A-77). Decides texts only.

Kubernetes: apimachinery pkg/api/errors/errors.go, apiserver pkg/registry/rest, storage/errors.
"""

from __future__ import annotations

from typing import Any

from minisets.errors import (
    AlreadyExists,
    ApiError,
    BadRequest,
    Cause,
    Conflict,
    Forbidden,
    NotFound,
    TooManyRequests,
)
from minisets.objects.kinds import Ref, kind_of

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def not_found(ref: Ref) -> NotFound:
    """`statefulsets.apps "x" not found`."""
    return NotFound(f"{_named(ref)} not found", **_details(ref))


def already_exists(ref: Ref) -> AlreadyExists:
    """`services "nginx" already exists`."""
    return AlreadyExists(f"{_named(ref)} already exists", **_details(ref))


def conflict(ref: Ref, why: str = MODIFIED, *, subresource: str = "") -> Conflict:
    """`Operation cannot be fulfilled on statefulsets.apps "x": ...`."""
    kind = kind_of(ref.kind)
    resource = f"{kind.group_resource}/{subresource}" if subresource else kind.group_resource
    message = f'Operation cannot be fulfilled on {resource} "{ref.name}": {why}'
    return Conflict(message, **_details(ref))


def other_uid(ref: Ref, asked: str, present: str) -> Conflict:
    """A write that is meant for another object of the same name."""
    return conflict(ref, f"Precondition failed: UID in precondition: {asked}, UID in object meta: {present}")


def uid_of_none(uid: str) -> str:
    """Why an apply that names a uid does not create. Kubernetes: patch.go applyPatch."""
    return f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"


def precondition(ref: Ref, what: str, asked: str, present: str, guess: str) -> Conflict:
    """A deletion's precondition that does not hold. `what` is `UID` or `ResourceVersion`."""
    kind = kind_of(ref.kind)
    resource = f"{kind.title}.{kind.group}" if kind.group else kind.title
    why = f"the {what} in the precondition ({asked}) does not match the {what} in record ({present})."
    message = f'Operation cannot be fulfilled on {resource} "{ref.name}": {why} {guess}'
    return Conflict(message, **_details(ref))


def forbidden(ref: Ref, why: str, *causes: Cause) -> Forbidden:
    """`pods "web-0" is forbidden: ...`."""
    return Forbidden(f"{_named(ref)} is forbidden: {why}", causes=causes, **_details(ref))


def terminating(ref: Ref) -> Forbidden:
    """A create in a namespace that is on its way out (A-154)."""
    cause = Cause(
        "metadata.namespace", "NamespaceTerminating", f"namespace {ref.namespace} is being terminated"
    )
    why = f"unable to create new content in namespace {ref.namespace} because it is being terminated"
    return forbidden(ref, why, cause)


def namespace_mismatch() -> BadRequest:
    """A create whose body names another namespace than its URL."""
    return BadRequest("the namespace of the provided object does not match the namespace sent on the request")


def over_budget(why: str, *, retry_after: int = 0) -> TooManyRequests:
    """An eviction that the pod's disruption budget does not allow now (A-105)."""
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return TooManyRequests(message, causes=(Cause("", "DisruptionBudget", why),), retry_after=retry_after)


def over_spent(budget: str, why: str) -> Forbidden:
    """A budget that says of itself that something is wrong with it."""
    message = f'poddisruptionbudget.policy "{budget}" is forbidden: {why}'
    return Forbidden(message, name=budget, group="policy", kind="poddisruptionbudget")


def two_budgets() -> ApiError:
    """A pod that two disruption budgets cover is never evicted (A-105).

    Differs: Kubernetes' Status says 500 too, and travels under the HTTP code 201; its documentation, and
    clients that look at nothing else, go by 500.
    """
    return ApiError(
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    )


def _named(ref: Ref) -> str:
    return f'{kind_of(ref.kind).group_resource} "{ref.name}"'


def _details(ref: Ref) -> dict[str, Any]:
    kind = kind_of(ref.kind)
    return {"name": ref.name, "group": kind.group, "kind": kind.plural}
