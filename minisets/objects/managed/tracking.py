"""What a write does to who manages which field: an update takes fields, an apply asks for them.

Decides owners, conflicts and what an applier lets go of; changes nothing that it is given. Leaves names of
writers, and which fields a way of writing resets, to `registry/`.
Kubernetes: structured-merge-diff merge/update.go; apimachinery pkg/util/managedfields/internal
structuredmerge.go, managedfieldsupdater.go, stripmeta.go, skipnonapplied.go, lastappliedmanager.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.managed import entries
from minisets.objects.managed.annotation import fields_told, is_told, retold
from minisets.objects.managed.conflicts import ApplyConflict, Conflicts
from minisets.objects.managed.entries import Managed, Manager
from minisets.objects.managed.fieldsets import (
    Fields,
    difference,
    intersection,
    union,
    with_named,
    without_below,
)
from minisets.objects.managed.fitting import misfits
from minisets.objects.managed.merging import merged, without
from minisets.objects.managed.owning import compared, fields_in
from minisets.objects.managed.shapes import blank

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.objects.managed.shapes import Shape

KUBECTL = "kubectl"
BEFORE_FIRST_APPLY = Manager("before-first-apply", "Update")

_NEVER_OWNED: Fields = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        **{
            f"f:{name}": {}
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "clusterName",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        },
    },
}


@dataclass(frozen=True)
class Place:
    """Where a write goes: the kind's shape and version, and the fields that this way of writing resets."""

    shape: Shape
    api_version: str
    reset: Fields


@dataclass(frozen=True)
class Writer:
    """Who writes, and when (as a stamp)."""

    manager: Manager
    time: str


def updated(place: Place, live: Object | None, new: Object, managed: Managed, writer: Writer) -> Managed:
    """Who manages what once `new` stands in `live`'s place; both without their managedFields.

    live None: there was nothing. Raises ValueError where a list's elements cannot be told apart.
    """
    if live is None:
        live = dict(blank(place.shape.struct))
    result = managed.copy()
    change = compared(place.shape, live, new).but_for(place.reset)
    if change.is_empty():
        return result
    _give_up(result, change.touched)
    taken = difference(change.taken, _NEVER_OWNED)
    if taken:
        manager = writer.manager
        result.hold(manager, union(taken, result.fields.get(manager, {})))
        result.times[manager] = writer.time
    entries.cap(result)
    return result


@dataclass(frozen=True)
class Applied:
    """What an apply came to. object: the merged one, which is the live one where nothing changes."""

    object: Object
    managed: Managed


def applied(
    place: Place, live: Object, config: Object, managed: Managed, writer: Writer, *, force: bool
) -> Applied:
    """The live object (empty for none) with the configuration; raises ApplyConflict, ValueError for a misfit.

    An object that nobody kept track of is first given to `before-first-apply`, all of it.
    """
    if why := misfits(place.shape, config):
        raise ValueError(why)
    if not managed.fields and live:
        managed = updated(place, None, live, managed, Writer(BEFORE_FIRST_APPLY, writer.time))
    if writer.manager.name == KUBECTL and not force:
        force = _only_told_by_annotation(place, live, config, managed, writer)
    found = _applied(place, live, config, managed, writer, force=force)
    if writer.manager.name == KUBECTL and is_told(found.object):
        return Applied(retold(found.object, config), found.managed)
    return found


def _applied(
    place: Place, live: Object, config: Object, managed: Managed, writer: Writer, *, force: bool
) -> Applied:
    manager = writer.manager
    result = managed.copy()
    last = result.fields.get(manager, {})
    result.hold(manager, without_below(fields_in(place.shape, config), place.reset))
    new = _pruned(place.shape, merged(place.shape, live, config), result, last)
    change = compared(place.shape, live, new).but_for(place.reset)
    if not force and (conflicts := _conflicts(result, change.taken, manager)):
        raise ApplyConflict(conflicts)
    _give_up(result, change.touched, but=manager)
    result.hold(manager, difference(result.fields.get(manager, {}), _NEVER_OWNED))
    if new != live:
        result.times[manager] = writer.time
    return Applied(new, result)


def _conflicts(managed: Managed, taken: Fields, manager: Manager) -> Conflicts:
    return {
        other: both
        for other, fields in managed.fields.items()
        if other != manager and (both := intersection(fields, taken))
    }


def _give_up(managed: Managed, fields: Fields, *, but: Manager | None = None) -> None:
    for other, held in tuple(managed.fields.items()):
        if other != but:
            managed.hold(other, difference(held, fields))


def _pruned(shape: Shape, new: Object, managed: Managed, last: Fields) -> Object:
    """Without what this manager applied last, applies no more, and nobody else manages."""
    if not last:
        return new
    held: Fields = {}
    for fields in managed.fields.values():
        held = union(held, fields)
    was, all_fields = with_named(last, shape), with_named(fields_in(shape, new), shape)
    rest = _left(shape, without(shape, new, was))
    pruned = without(shape, new, difference(all_fields, union(rest, with_named(held, shape))))
    gone = difference(all_fields, _left(shape, pruned))
    return without(shape, new, intersection(gone, was)) or {}


def _left(shape: Shape, value: Any) -> Fields:
    return with_named(fields_in(shape, value or {}), shape)


def _only_told_by_annotation(
    place: Place, live: Object, config: Object, managed: Managed, writer: Writer
) -> bool:
    """Whether every conflict is with what `kubectl apply` itself wrote before it applied on the server.

    Raises ApplyConflict with those that are not.
    """
    try:
        _applied(place, live, config, managed, writer, force=False)
    except ApplyConflict as conflict:
        told = fields_told(place.shape, place.api_version, live)
        others = {who: rest for who, what in conflict.conflicts.items() if (rest := difference(what, told))}
        if others:
            raise ApplyConflict(others) from None
        return True
    return False
