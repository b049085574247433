"""The store in memory: for tests, and for a server that keeps nothing.

Decides how much history is held. Everything else is `logged.py`'s.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from minisets.store.logged import LoggedStore
from minisets.store.state import State
from minisets.store.watch import too_old

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.store.interface import Change

HISTORY = 10_000
"""How many changes a store remembers by itself."""

BUFFER = 4_096
"""How many changes may wait for a subscriber before it is too slow."""


class MemoryStore(LoggedStore):
    """A store without a file. An empty one is at version `first_version`."""

    def __init__(self, *, first_version: int = 1, history: int = HISTORY, buffer: int = BUFFER) -> None:
        super().__init__(MemoryLog(first_version, history), State(), first_version, buffer)


class MemoryLog:
    """The newest changes, in a bounded deque; `floor` is the version from which on all are there."""

    def __init__(self, floor: int, limit: int) -> None:
        self._floor = floor
        self._limit = limit
        self._changes: deque[Change] = deque()
        self._lock = threading.Lock()

    def append(self, changes: Sequence[Change]) -> None:
        """Keep these and forget the oldest beyond the limit."""
        with self._lock:
            self._changes.extend(changes)
            while len(self._changes) > self._limit:
                self._floor = self._changes.popleft().version

    def after(self, since: int, until: int, kind: str, namespace: str) -> Sequence[Change]:
        """The changes with since < version <= until."""
        with self._lock:
            if since < self._floor:
                raise too_old(since, self._floor)
            return [
                change
                for change in self._changes
                if since < change.version <= until
                and change.ref.kind == kind
                and namespace in ("", change.ref.namespace)
            ]

    def compact(self, before: int) -> None:
        """Forget changes up to and including version `before`."""
        with self._lock:
            self._floor = max(self._floor, before)
            while self._changes and self._changes[0].version <= before:
                self._changes.popleft()

    def close(self) -> None:
        """Nothing is held."""
