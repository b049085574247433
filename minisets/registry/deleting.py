"""What a deletion means: at once, after a grace, or once every finalizer is gone.

    there -> being deleted (deletionTimestamp; grace or finalizers) -> gone
      '--------------- no grace, no finalizers ------------------------^

Leaves removing dependents to `controllers/garbage.py`.
Kubernetes: apiserver pkg/registry/rest/delete.go BeforeDelete, generic/registry/store.go Delete.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.objects.metadata import (
    finalizers_of,
    generation_of,
    is_being_deleted,
    meta,
    moment,
    ref_of,
    timestamp,
    uid_of,
)
from minisets.registry import refusals
from minisets.registry.strategies import strategy_of
from minisets.store.transaction import copied

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object
    from minisets.registry.options import DeleteOptions

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_ZERO = timedelta(0)


def marked(old: Object, options: DeleteOptions, now: datetime) -> tuple[Object, bool]:
    """The object as the deletion leaves it, and whether it is to be removed at once.

    An object that comes back equal was being deleted already and stays so.
    Raises Conflict for a precondition that does not hold, Forbidden for what must not go.
    """
    _check_preconditions(old, options)
    strategy = strategy_of(old["kind"])
    strategy.refuse_delete(old)
    obj: Object = copied(old)
    grace = strategy.grace(obj, options.grace)
    if is_being_deleted(obj) and grace is not None and meta(obj).get("deletionGracePeriodSeconds"):
        if not _shorten(obj, options.grace):
            return obj, False
    elif grace is not None and not is_being_deleted(obj):
        _mark(obj, now, grace)
    _set_finalizers(obj, options)
    if grace is None or not meta(obj).get("deletionGracePeriodSeconds"):
        if not strategy.is_held(obj):
            return obj, True
        _mark(obj, now, _ZERO)
    strategy.mark_deleting(obj)
    return obj, False


def _check_preconditions(old: Object, options: DeleteOptions) -> None:
    ref, present = ref_of(old), str(meta(old).get("resourceVersion"))
    if options.uid and options.uid != uid_of(old):
        guess = "The object might have been deleted and then recreated"
        raise refusals.precondition(ref, "UID", options.uid, uid_of(old), guess)
    if options.version and options.version != present:
        guess = "The object might have been modified"
        raise refusals.precondition(ref, "ResourceVersion", options.version, present, guess)


def _mark(obj: Object, now: datetime, grace: timedelta) -> None:
    """Set the time; the first time it is a new generation too (A-98)."""
    metadata = obj["metadata"]
    if not is_being_deleted(obj):
        metadata["deletionTimestamp"] = timestamp(now + grace)
        if generation_of(obj):
            metadata["generation"] = generation_of(obj) + 1
    metadata["deletionGracePeriodSeconds"] = int(grace.total_seconds())


def _shorten(obj: Object, asked: timedelta | None) -> bool:
    """A second deletion may only bring the end nearer (A-106); whether it did."""
    metadata = obj["metadata"]
    present = timedelta(seconds=int(metadata["deletionGracePeriodSeconds"]))
    if asked is None or asked >= present:
        return False
    grace = timedelta(seconds=1) if asked < _ZERO else asked
    metadata["deletionTimestamp"] = timestamp(moment(metadata["deletionTimestamp"]) - present + grace)
    metadata["deletionGracePeriodSeconds"] = int(grace.total_seconds())
    return True


def _set_finalizers(obj: Object, options: DeleteOptions) -> None:
    """Write down what is to become of the dependents (A-69..A-72).

    Kubernetes: store.go deletionFinalizersForGarbageCollection: options win over what is there, and
    without either dependents go in the background.
    """
    present = finalizers_of(obj)
    wanted = [each for each in present if each not in (FOREGROUND, ORPHAN)]
    if options.propagation == "Orphan" or (options.propagation is None and ORPHAN in present):
        wanted.append(ORPHAN)
    elif options.propagation == "Foreground" or (options.propagation is None and FOREGROUND in present):
        wanted.append(FOREGROUND)
    if set(wanted) == set(present):
        return
    if wanted:
        obj["metadata"]["finalizers"] = wanted
    else:
        obj["metadata"].pop("finalizers", None)
