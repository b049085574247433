"""The current objects in memory: found by reference, listed by kind in order of namespace and name.

Decides nothing. Not locked: `logged.py` lets one thread change it at a time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from minisets.objects.metadata import ref_of
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object, Ref
    from minisets.store.interface import Change


class State:
    """Current objects. What it hands out is shared."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self._objects: dict[Ref, Object] = {ref_of(obj): obj for obj in objects}
        self._order: dict[str, list[Ref]] = {}
        for ref in sorted(self._objects):
            self._order.setdefault(ref.kind, []).append(ref)

    def get(self, ref: Ref) -> Object | None:
        """The object, or None."""
        return self._objects.get(ref)

    def list(self, kind: str, namespace: str) -> tuple[Object, ...]:
        """The kind's objects in one namespace, or in all, sorted by namespace and name."""
        order = self._order.get(kind, [])
        if namespace:
            start = bisect_left(order, namespace, key=lambda ref: ref.namespace)
            end = bisect_left(order, namespace + "\0", key=lambda ref: ref.namespace)
            order = order[start:end]
        return tuple([self._objects[ref] for ref in order])

    def apply(self, change: Change) -> None:
        """Make the change's outcome the current state."""
        order = self._order.setdefault(change.ref.kind, [])
        if change.type is ChangeType.DELETED:
            del self._objects[change.ref]
            del order[bisect_left(order, change.ref)]
            return
        if change.ref not in self._objects:
            insort(order, change.ref)
        self._objects[change.ref] = change.object
