"""Broadcasting changes without loss: bounded buffers, filled by the writer, drained by their takers.

Decides who hears of a change and when a taker is too slow: it is closed with Expired, never waited
for. Leaves keeping the history to the log, and the order of a watch's beginning to `logged.py`.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from minisets import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from minisets.store.interface import Change


def too_old(since: int, oldest: int) -> errors.Expired:
    """The refusal of a version that is no longer held, in Kubernetes' words."""
    return errors.Expired(f"too old resource version: {since} ({oldest})")


class Buffer:
    """One subscription: a bounded buffer of changes of one kind, in one namespace or in all.

    open --(full)--> expired: take() raises from then on.  open --close()--> closed: take() is empty.
    """

    def __init__(
        self,
        kind: str,
        namespace: str,
        limit: int,
        on_ready: Callable[[], None],
        leave: Callable[[Buffer], None],
    ) -> None:
        self.kind = kind
        self.on_ready = on_ready
        self._namespace = namespace
        self._limit = limit
        self._leave = leave
        self._lock = threading.Lock()
        self._waiting: deque[Change] = deque()
        self._replayed: tuple[Change, ...] = ()
        self._expired: errors.Expired | None = None
        self._closed = False

    def take(self) -> tuple[Change, ...]:
        """Everything that waits, oldest first; raises errors.Expired once changes were lost."""
        with self._lock:
            if self._expired:
                raise self._expired
            taken = (*self._replayed, *self._waiting)
            self._replayed = ()
            self._waiting.clear()
        return taken

    def close(self) -> None:
        """No more changes."""
        with self._lock:
            self._closed = True
            self._replayed = ()
            self._waiting.clear()
        self._leave(self)

    def replay(self, history: Sequence[Change]) -> None:
        """Put history before what came since. It is not counted: the log has bounded it."""
        with self._lock:
            self._replayed = tuple(history)
        if history:
            self.on_ready()

    def offer(self, change: Change) -> bool:
        """Take a change in if it is for this subscription; False if it is not."""
        if self._namespace and change.ref.namespace != self._namespace:
            return False
        with self._lock:
            if self._closed or self._expired:
                return False
            if len(self._waiting) >= self._limit:
                self._end_with(too_old(self._waiting[0].version - 1, change.version))
            else:
                self._waiting.append(change)
        return True

    def expire(self, version: int) -> None:
        """Its history ends here: list again at `version` or later."""
        with self._lock:
            self._end_with(too_old(version - 1, version))
        self.on_ready()

    def _end_with(self, expired: errors.Expired) -> None:
        self._expired = expired
        self._replayed = ()
        self._waiting.clear()


class Broadcaster:
    """All subscriptions of a store. Its caller serialises `subscribe` and `publish`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._by_kind: dict[str, tuple[Buffer, ...]] = {}

    def subscribe(self, kind: str, namespace: str, on_ready: Callable[[], None]) -> Buffer:
        """A new, empty buffer that hears of every change published from now on."""
        buffer = Buffer(kind, namespace, self._limit, on_ready, self._leave)
        with self._lock:
            self._by_kind[kind] = (*self._by_kind.get(kind, ()), buffer)
        return buffer

    def publish(self, changes: Iterable[Change]) -> tuple[Callable[[], None], ...]:
        """Fill the buffers; returns whom to call once no lock is held, each once."""
        reached: dict[Buffer, None] = {}
        for change in changes:
            for buffer in self._by_kind.get(change.ref.kind, ()):
                if buffer.offer(change):
                    reached[buffer] = None
        return tuple(buffer.on_ready for buffer in reached)

    def expire(self, version: int) -> None:
        """Close every subscription with Expired: a new epoch begins at `version`."""
        for buffer in self._all():
            buffer.expire(version)

    def close(self) -> None:
        """End every subscription."""
        for buffer in self._all():
            buffer.close()

    def _all(self) -> list[Buffer]:
        with self._lock:
            return [buffer for group in self._by_kind.values() for buffer in group]

    def _leave(self, leaving: Buffer) -> None:
        with self._lock:
            left = tuple(buffer for buffer in self._by_kind.get(leaving.kind, ()) if buffer is not leaving)
            self._by_kind[leaving.kind] = left
