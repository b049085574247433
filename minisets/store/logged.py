"""The store over a log: current objects in memory, each transaction appended to the log first.

Decides the order of things: log, then state and subscribers together, then the wake-up calls.
Leaves durability and the history to the log (`memory.py`, `sqlite.py`).
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from minisets import errors
from minisets.store.interface import Listing
from minisets.store.transaction import Overlay
from minisets.store.watch import Broadcaster, too_old

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from minisets.objects.kinds import Object, Ref
    from minisets.store.interface import Change, Transaction
    from minisets.store.state import State
    from minisets.store.watch import Buffer


class Log(Protocol):
    """Where the history lives. Calls of `append` and `compact` are serialised; `after` may come any time."""

    def append(self, changes: Sequence[Change]) -> None:
        """Keep these, all or none, as durably as it can; raises if it cannot."""

    def after(self, since: int, until: int, kind: str, namespace: str) -> Sequence[Change]:
        """The changes with since < version <= until; raises errors.Expired if some are forgotten."""

    def compact(self, before: int) -> None:
        """Forget changes up to and including version `before`."""

    def close(self) -> None:
        """Release what is held."""


class LoggedStore:
    """What `MemoryStore` and `SqliteStore` have in common; see `interface.Store`.

    Two locks: `_writing` is held for a whole transaction, `_reading` only for a look at the state.
    """

    def __init__(self, log: Log, state: State, version: int, buffer: int) -> None:
        self._log = log
        self._state = state
        self._version = version
        self._broadcaster = Broadcaster(buffer)
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._writer: int | None = None
        self._closed = False

    def get(self, ref: Ref) -> Object | None:
        """The object, shared (copy before you change it), or None."""
        with self._reading:
            return self._state.get(ref)

    def list(self, kind: str, namespace: str = "") -> Listing:
        """All objects of the kind, in one namespace or in all."""
        with self._reading:
            return Listing(self._state.list(kind, namespace), self._version)

    def version(self) -> int:
        """The version of the newest change, or the epoch's first."""
        with self._reading:
            return self._version

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit when the block ends, roll back when it raises."""
        if self._writer == threading.get_ident():
            raise RuntimeError("this thread already has a transaction open: hand it on instead")
        with self._writing:
            self._writer = threading.get_ident()
            try:
                overlay = Overlay(self._state, self._version)
                yield overlay
                wake = self._commit(overlay)
            finally:
                self._writer = None
        for on_ready in wake:
            on_ready()

    def watch(self, kind: str, since: int, on_ready: Callable[[], None], namespace: str = "") -> Buffer:
        """Every change of the kind after `since`: subscribe, replay the history, drop the overlap."""
        with self._reading:
            until = self._version
            if since > until:  # another epoch's: a state that was created again
                raise too_old(since, until)
            buffer = self._broadcaster.subscribe(kind, namespace, on_ready)
        if since < until:
            try:
                buffer.replay(self._log.after(since, until, kind, namespace))
            except BaseException:
                buffer.close()
                raise
        return buffer

    def compact(self, before: int) -> None:
        """Forget the history up to and including version `before`; current objects stay."""
        with self._writing:
            self._log.compact(min(before, self._version))

    def close(self) -> None:
        """End subscriptions, release the log. Reading goes on working, writing does not."""
        with self._writing:
            if self._closed:
                return
            self._closed = True
            self._broadcaster.close()
            self._log.close()

    def _commit(self, overlay: Overlay) -> tuple[Callable[[], None], ...]:
        if not overlay.changes:
            return ()
        if self._closed:
            raise errors.ServiceUnavailable("the store is closed: the server is stopping")
        self._log.append(overlay.changes)
        with self._reading:
            for change in overlay.changes:
                self._state.apply(change)
            self._version = overlay.version
            return self._broadcaster.publish(overlay.changes)
