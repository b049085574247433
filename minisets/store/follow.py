"""One stream of changes over several kinds: everything there is first, then what changes.

Decides when to list anew (at the start, and whenever a subscription was lost). Leaves to the
controllers which keys a change concerns.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from minisets import errors
from minisets.objects.metadata import ref_of, version_of
from minisets.store.interface import Change, ChangeType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from minisets.objects.kinds import Object, Ref
    from minisets.store.interface import Store, Subscription


class Follower:
    """List, then watch, for controllers that reconcile from the current state.

    on_ready is called (from any thread, at once for the first time) whenever `changes` has something
    to give. What it gives twice or late does no harm to a level-triggered taker; nothing is left out.
    """

    def __init__(self, store: Store, kinds: tuple[str, ...], on_ready: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._streams = tuple(_Stream(store, kind, on_ready) for kind in kinds)
        on_ready()

    def changes(self) -> tuple[Change, ...]:
        """Everything new since the last call; never blocks for something to happen."""
        with self._lock:
            return tuple(change for stream in self._streams for change in stream.changes())

    def keys(self, keys_of: Callable[[Change], Iterable[str]]) -> set[str]:
        """The keys that everything new since the last call concerns: a worker's source.

        Where `keys_of` raises, nothing counts as seen: the next call begins with everything there.
        """
        changes: tuple[Change, ...] = ()
        try:
            changes = self.changes()
            return {key for change in changes for key in keys_of(change)}
        except Exception:
            with self._lock:
                for stream in self._streams:
                    stream.give_back(changes)
            raise

    def close(self) -> None:
        """Follow no more."""
        with self._lock:
            for stream in self._streams:
                stream.close()


class _Stream:
    """One kind. unlisted --list and watch--> following --Expired--> unlisted; close() ends it."""

    def __init__(self, store: Store, kind: str, on_ready: Callable[[], None]) -> None:
        self._store = store
        self._kind = kind
        self._on_ready = on_ready
        self._subscription: Subscription | None = None
        self._known: dict[Ref, Object] = {}
        self._closed = False

    def changes(self) -> Iterator[Change]:
        if self._closed:
            return
        if self._subscription is None:
            yield from self._listed()
        try:
            taken = self._taken()
        except errors.Expired:
            self._unsubscribe()
            yield from self._listed()
            return
        yield from taken

    def give_back(self, changes: Iterable[Change]) -> None:
        """List anew the next time, and tell these deletions again."""
        if not self._closed:
            self._unsubscribe()
            for change in changes:
                if change.type is ChangeType.DELETED and change.ref.kind == self._kind:
                    self._known.setdefault(change.ref, change.object)

    def close(self) -> None:
        self._closed = True
        self._known.clear()
        self._unsubscribe()

    def _taken(self) -> tuple[Change, ...]:
        changes = self._subscription.take() if self._subscription else ()
        for change in changes:
            if change.type is ChangeType.DELETED:
                self._known.pop(change.ref, None)
            else:
                self._known[change.ref] = change.object
        return changes

    def _listed(self) -> Iterator[Change]:
        listing = self._store.list(self._kind)
        known, self._known = self._known, {ref_of(obj): obj for obj in listing.items}
        try:
            self._subscription = self._store.watch(self._kind, listing.version, self._on_ready)
        except errors.Expired:  # compacted in between: the next call lists again
            self._on_ready()
        for ref, obj in self._known.items():
            yield Change(ChangeType.ADDED, ref, obj, known.get(ref), version_of(obj))
        for ref in known.keys() - self._known.keys():
            yield Change(ChangeType.DELETED, ref, known[ref], known[ref], listing.version)

    def _unsubscribe(self) -> None:
        if self._subscription:
            self._subscription.close()
            self._subscription = None
