"""What an update means, of an object or of one of its subresources; everything but the storing.

Leaves what is special about a kind to its strategy. Kubernetes: apiserver pkg/registry/rest/update.go
BeforeUpdate, generic/registry/store.go Update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.errors import BadRequest, Cause
from minisets.objects import validation
from minisets.objects.causes import refusal
from minisets.objects.defaulting import with_defaults
from minisets.objects.metadata import is_being_deleted, meta, name_of, namespace_of, uid_of
from minisets.registry import managing, refusals
from minisets.registry.incoming import refuse_causes
from minisets.registry.strategies import strategy_of
from minisets.store.transaction import copied

if TYPE_CHECKING:
    from minisets.objects.kinds import Kind, Object, Ref
    from minisets.registry.strategies import Context

STATUS = "status"
EPHEMERAL = "ephemeralcontainers"
FINALIZE = "finalize"
"""Where a namespace's `spec.finalizers` are taken away."""

_CARRIED_OVER = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
)


def prepare(kind: Kind, obj: Object, old: Object, subresource: str, context: Context) -> Object:
    """The object as it is to be stored in `old`'s place; `obj` comes from `incoming.read`.

    Raises BadRequest, Conflict, Invalid.
    """
    strategy = strategy_of(kind.title)
    _carry_over(obj, old)
    if subresource == EPHEMERAL:
        obj = _with_ephemeral(obj, old)
    obj = with_defaults(kind.title, obj)
    managing.record(kind, obj, old, subresource, context)
    found: tuple[Cause, ...]
    if subresource == STATUS:
        strategy.prepare_status_update(obj, copied(old), context)
        found = validation.validate_status(kind.title, obj, old)
    elif subresource == EPHEMERAL:
        strategy.prepare_update(obj, copied(old), context)
        found = validation.validate_ephemeral(obj, old)
    elif subresource == FINALIZE:
        obj = _finalized(obj, old)
        found = ()
    else:
        strategy.prepare_update(obj, copied(old), context)
        found = validation.validate_update(kind.title, obj, old)
    refuse_causes(kind, obj, found)
    if not subresource:
        strategy.allocate(obj, old, context)
    return obj


def check_identity(ref: Ref, obj: Object) -> None:
    """The body must be about the object that the URL names."""
    if not name_of(obj):
        raise BadRequest("the name of the object (based on URL) was undeterminable: name must be provided")
    if name_of(obj) != ref.name:
        raise BadRequest(
            f"the name of the object ({name_of(obj)}) does not match the name on the URL ({ref.name})"
        )
    if namespace_of(obj) not in ("", ref.namespace):
        raise BadRequest(
            f"the namespace of the object ({namespace_of(obj)}) does not match the namespace on the URL "
            f"({ref.namespace})"
        )


def check_preconditions(ref: Ref, obj: Object, old: Object) -> None:
    """A uid or a version in the body says which object is meant; without, any is (A-77, A-154).

    Raises Conflict; Invalid for a kind that is never written unconditionally.
    """
    if uid_of(obj) and uid_of(obj) != uid_of(old):
        raise refusals.other_uid(ref, uid_of(obj), uid_of(old))
    version = str(meta(obj).get("resourceVersion") or "")
    if version in ("", "0") and not strategy_of(ref.kind).takes_updates_of_any_version:
        why = "must be specified for an update"
        fault = Cause("metadata.resourceVersion", "FieldValueInvalid", f"Invalid value: 0x0: {why}")
        raise refusal(ref.kind, ref.name, (fault,))
    if version not in ("", "0", meta(old)["resourceVersion"]):
        raise refusals.conflict(ref)


def is_last_hold_gone(kind: Kind, new: Object, old: Object) -> bool:
    """Whether this update lets go of an object that is being deleted (A-74).

    Kubernetes: store.go ShouldDeleteDuringUpdate. A pod whose grace still runs stays.
    """
    return (
        is_being_deleted(old)
        and not meta(old).get("deletionGracePeriodSeconds")
        and not strategy_of(kind.title).is_held(new)
    )


def _carry_over(obj: Object, old: Object) -> None:
    """What a body may leave out, and what it has no say in."""
    metadata, before = obj["metadata"], meta(old)
    for field in _CARRIED_OVER:
        if metadata.get(field) is None and field in before:
            metadata[field] = before[field]
    for field in ("namespace", "generation", "resourceVersion"):
        metadata.pop(field, None)
        if field in before:
            metadata[field] = before[field]


def _with_ephemeral(obj: Object, old: Object) -> Object:
    """The stored pod with the body's ephemeral containers. Kubernetes: dropNonEphemeralContainerUpdates."""
    pod = _stored_with_entries(obj, old)
    pod["spec"].pop("ephemeralContainers", None)
    if found := (obj.get("spec") or {}).get("ephemeralContainers"):
        pod["spec"]["ephemeralContainers"] = found
    return pod


def _finalized(obj: Object, old: Object) -> Object:
    """The stored object with the finalizers that the body has left."""
    finalized = _stored_with_entries(obj, old)
    finalized["spec"]["finalizers"] = (obj.get("spec") or {}).get("finalizers") or []
    return finalized


def _stored_with_entries(obj: Object, old: Object) -> Object:
    """The stored object, and who manages its fields as the body has it (`managing.py`)."""
    found: Object = copied(old)
    found["metadata"].pop("managedFields", None)
    if entries := meta(obj).get("managedFields"):
        found["metadata"]["managedFields"] = entries
    return found
