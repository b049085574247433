"""The current objects in memory: found by reference, listed by kind in order of namespace and name.

Decides nothing. Not locked: `logged.py` lets one thread change it at a time.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from minisets.objects.metadata import ref_of
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object, Ref
    from minisets.store.interface import Change


class State:
    """Current objects. What it hands out is shared.

    Beside the order of references lie their objects, in the same order: a list is a slice, not a look-up
    for each (of a thousand pods, which every sync of their statefulset lists).
    """

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._objects: dict[Ref, Object] = {ref_of(obj): obj for obj in objects}
        self._order: dict[str, list[Ref]] = {}
        self._listed: dict[str, list[Object]] = {}
        for ref in sorted(self._objects):
            self._order.setdefault(ref.kind, []).append(ref)
            self._listed.setdefault(ref.kind, []).append(self._objects[ref])

    def get(self, ref: Ref) -> Object | None:
        """The object, or None."""
        return self._objects.get(ref)

    def list(self, kind: str, namespace: str) -> tuple[Object, ...]:
        """The kind's objects in one namespace, or in all, sorted by namespace and name."""
        listed = self._listed.get(kind, [])
        if not namespace:
            return tuple(listed)
        order = self._order.get(kind, [])
        start = bisect_left(order, namespace, key=lambda ref: ref.namespace)
        end = bisect_left(order, namespace + "\0", key=lambda ref: ref.namespace)
        return tuple(listed[start:end])

    def apply(self, change: Change) -> None:
        """Make the change's outcome the current state."""
        order = self._order.setdefault(change.ref.kind, [])
        listed = self._listed.setdefault(change.ref.kind, [])
        place = bisect_left(order, change.ref)
        if change.type is ChangeType.DELETED:
            del self._objects[change.ref], order[place], listed[place]
            return
        if change.ref in self._objects:
            listed[place] = change.object
        else:
            order.insert(place, change.ref)
            listed.insert(place, change.object)
        self._objects[change.ref] = change.object
