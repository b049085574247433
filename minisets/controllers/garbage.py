"""Owner references: what goes when its owners have gone, and what a deletion waits for.

Decides for one object: as a dependent, whether its owners still hold it; as an owner that is being
deleted, whether its dependents let it go. Leaves finalizers on delete to `registry/deleting.py`.
Kubernetes: pkg/controller/garbagecollector attemptToDeleteItem, processDeletingDependentsItem.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from minisets.controllers.keys import key_for, ref_from
from minisets.errors import Conflict, NotFound
from minisets.objects.kinds import KINDS, Ref, served
from minisets.objects.metadata import (
    finalizers_of,
    is_being_deleted,
    namespace_of,
    ref_of,
    uid_of,
)
from minisets.objects.owners import owners_of
from minisets.registry.deleting import FOREGROUND, ORPHAN
from minisets.registry.registry import DeleteOptions
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import timedelta
    from typing import Any

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

Hold = Literal["solid", "waiting", "absent"]
"""How an owner holds a dependent; waiting: it is being deleted, and waits for its dependents to go."""

_KINDS = tuple(kind.title for kind in KINDS if kind.title != "Event")


class Garbage:
    """The controller; its keys carry the kind, see `controllers/keys.py`."""

    name = "garbage"
    kinds = _KINDS

    def __init__(self, reader: Reader, registry: Registry) -> None:
        self._reader = reader
        self._registry = registry

    def keys(self, change: Change) -> Iterable[str]:
        """What a change may free: the object, its dependents, and owners that wait for it to go."""
        obj = change.object
        if owners_of(obj) or is_being_deleted(obj):
            yield key_for(change.ref)
        if change.type is ChangeType.DELETED or is_waiting(obj):
            for dependent in self._dependents(obj):
                yield key_for(ref_of(dependent))
        for owner in owners_of(change.previous or obj):
            ref = owner_ref(obj, owner)
            if ref is not None and is_being_deleted(self._reader.get(ref) or {}):
                yield key_for(ref)

    def reconcile(self, key: str) -> timedelta | None:
        """As an owner first, then as a dependent."""
        obj = self._reader.get(ref_from(key))
        if obj is None:
            return None
        if is_being_deleted(obj) and ORPHAN in finalizers_of(obj):
            self._orphan(obj)
        elif is_waiting(obj):
            self._let_go_if_alone(obj)
        if owners_of(obj):
            self._collect(obj)
        return None

    def _collect(self, obj: Object) -> None:
        """A-73: kept by one solid owner, without the references to those that are gone."""
        holds = {str(owner.get("uid")): self._hold(obj, owner) for owner in owners_of(obj)}
        if "solid" in holds.values():
            gone = {uid for uid, hold in holds.items() if hold != "solid"}
            if gone:
                self._edit(obj, lambda current: _without_owners(current, gone))
            return
        if is_being_deleted(obj):
            return
        dependents = tuple(self._dependents(obj)) if "waiting" in holds.values() else ()
        if any(map(is_waiting, dependents)):
            self._edit(obj, _unblocking)
        # foreground all the way down
        self._delete(obj, "Foreground" if dependents else _propagation(obj))

    def _hold(self, obj: Object, owner: dict[str, Any]) -> Hold:
        ref = owner_ref(obj, owner)
        # Why: what cannot be looked up is not known to be gone, and a deletion cannot be taken back.
        if ref is None:
            return "solid"
        found = self._reader.get(ref)
        if found is None or uid_of(found) != owner.get("uid"):
            return "absent"
        return "waiting" if is_waiting(found) else "solid"

    def _let_go_if_alone(self, owner: Object) -> None:
        if not any(_blocks(dependent, owner) for dependent in self._dependents(owner)):
            self._edit(owner, lambda current: _without_finalizer(current, FOREGROUND))

    def _orphan(self, owner: Object) -> None:
        """A-71."""
        for dependent in tuple(self._dependents(owner)):
            self._edit(dependent, lambda current: _without_owners(current, {uid_of(owner)}))
        self._edit(owner, lambda current: _without_finalizer(current, ORPHAN))

    def _dependents(self, owner: Object) -> Iterator[Object]:
        """A namespaced owner has dependents in its namespace only, another one anywhere."""
        uid = uid_of(owner)
        for kind in _KINDS:
            for obj in self._reader.list(kind, namespace_of(owner)).items:
                if any(reference.get("uid") == uid for reference in owners_of(obj)):
                    yield obj

    def _delete(self, obj: Object, propagation: Literal["Background", "Foreground", "Orphan"]) -> None:
        with contextlib.suppress(NotFound, Conflict):  # gone, or another of that name: not this one
            self._registry.delete(ref_of(obj), DeleteOptions(uid=uid_of(obj), propagation=propagation))

    def _edit(self, obj: Object, edit: Callable[[Object], Object]) -> None:
        def guarded(current: Object) -> Object | None:
            return edit(current) if uid_of(current) == uid_of(obj) else None

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(obj), guarded)


def owner_ref(obj: Object, owner: dict[str, Any]) -> Ref | None:
    """Where to look an owner up; None where this cluster cannot know it."""
    kind = served(str(owner.get("apiVersion")), str(owner.get("kind")))
    if kind is None or (kind.namespaced and not namespace_of(obj)):
        return None
    return Ref(kind.title, namespace_of(obj) if kind.namespaced else "", str(owner.get("name")))


def is_waiting(obj: Object) -> bool:
    """Whether the object is being deleted in the foreground."""
    return is_being_deleted(obj) and FOREGROUND in finalizers_of(obj)


def _blocks(dependent: Object, owner: Object) -> bool:
    return any(
        reference.get("uid") == uid_of(owner) and reference.get("blockOwnerDeletion")
        for reference in owners_of(dependent)
    )


def _propagation(obj: Object) -> Literal["Background", "Foreground", "Orphan"]:
    """What a person wrote on the object before holds."""
    if ORPHAN in finalizers_of(obj):
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers_of(obj) else "Background"


def _unblocking(obj: Object) -> Object:
    """Why: two that own each other would wait for each other; then neither goes.

    Kubernetes: garbagecollector `unblockOwnerReferencesStrategicMergePatch`.
    """
    free = [{**reference, "blockOwnerDeletion": False} for reference in owners_of(obj)]
    return _with(obj, "ownerReferences", free)


def _without_owners(obj: Object, uids: set[str]) -> Object:
    kept = [reference for reference in owners_of(obj) if reference.get("uid") not in uids]
    return _with(obj, "ownerReferences", kept)


def _without_finalizer(obj: Object, finalizer: str) -> Object:
    return _with(obj, "finalizers", [each for each in finalizers_of(obj) if each != finalizer])


def _with(obj: Object, field: str, entries: list[Any]) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key != field}
    return {**obj, "metadata": {**metadata, **({field: entries} if entries else {})}}
