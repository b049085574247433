"""The level-triggered worker: a queue of keys, reconciled one at a time each, retried with back-off.

Decides when a key's turn comes. Leaves what a key means to its reconciler, and where keys come from to
the source (usually a `store.follow.Follower`). With nothing to do its threads block; nothing polls.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from minisets import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.clock import Clock

FIRST_RETRY = timedelta(milliseconds=5)
LONGEST_RETRY = timedelta(seconds=60)

_SOURCE = "\0source"  # the source is asked as a key is reconciled: never twice at once, again if it fails
_log = logging.getLogger(__name__)


class Reconciler(Protocol):
    """Brings one thing from what is observed towards what is desired."""

    def reconcile(self, key: str) -> timedelta | None:
        """Returns when to look again at the latest, or None: when the key is added again.

        Any exception means: again, with back-off; errors.Terminal: not until the key is added again.
        """


class Worker:
    """A few threads over one queue of keys; on_error hears of every failure (default: a log line)."""

    def __init__(
        self,
        name: str,
        reconciler: Reconciler,
        clock: Clock,
        *,
        threads: int = 1,
        source: Callable[[], Iterable[str]] = lambda: (),
        on_error: Callable[[str, BaseException], None] | None = None,
    ) -> None:
        self._name = name
        self._reconciler = reconciler
        self._clock = clock
        self._source = source
        self._on_error = on_error or self._logged
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._queue = _Queue()
        self._stopping = False
        self._threads = tuple(
            threading.Thread(target=self._run, name=f"minisets-{name}-{number}", daemon=False)
            for number in range(threads)
        )

    def add(self, key: str) -> None:
        """Reconcile the key as soon as a thread is free."""
        with self._changed:
            self._queue.add(key)
            self._changed.notify()

    def add_after(self, key: str, delay: timedelta) -> None:
        """Reconcile the key once `delay` has passed, whatever happens before."""
        with self._changed:
            self._queue.add_at(key, self._clock.elapsed() + delay)
            self._changed.notify()

    def wake(self) -> None:
        """Something waits at the source: a thread fetches it. Quick, and callable from any thread."""
        with self._changed:
            self._queue.add_first(_SOURCE)
            self._changed.notify()

    def start(self) -> None:
        """Start the threads; what was added before is reconciled now."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: timedelta) -> bool:
        """Take no more keys, wait for those that run; whether all threads ended in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        deadline = self._clock.elapsed() + timeout
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, (deadline - self._clock.elapsed()).total_seconds()))
        return not any(thread.is_alive() for thread in self._threads)

    def is_idle(self) -> bool:
        """Whether nothing is queued, due or running, and the source is drained."""
        with self._changed:
            return self._queue.is_idle(self._clock.elapsed())

    def settle(self, timeout: timedelta) -> bool:
        """Wait until it is idle; False if it is not by then."""
        deadline = self._clock.elapsed() + timeout
        with self._changed:
            while not self._queue.is_idle(now := self._clock.elapsed()):
                if now >= deadline:
                    return False
                self._clock.wait(self._settled, deadline - now)
        return True

    def _run(self) -> None:
        while (key := self._next()) is not None:
            again = self._attempt(key)
            with self._changed:
                due = None if again is None else self._clock.elapsed() + again
                self._queue.done(key, due)
                self._changed.notify()
                if self._queue.is_idle(self._clock.elapsed()):
                    self._settled.notify_all()

    def _next(self) -> str | None:
        """Block until a key's turn comes; None once the worker stops."""
        with self._changed:
            while not self._stopping:
                now = self._clock.elapsed()
                key = self._queue.take(now)
                if key is not None:
                    if self._queue.has_ready():  # several came due in one moment
                        self._changed.notify()
                    return key
                due = self._queue.next_due()
                self._clock.wait(self._changed, None if due is None else due - now)
        return None

    def _attempt(self, key: str) -> timedelta | None:
        """One run; returns after which time the key's next one is due."""
        try:
            again = (self._fetch if key == _SOURCE else self._reconciler.reconcile)(key)
        except errors.Terminal as error:
            self._on_error(key, error)
            again = None
        except Exception as error:  # noqa: BLE001 - whatever one key raises must not end the thread
            self._on_error("" if key == _SOURCE else key, error)
            with self._changed:
                return self._queue.back_off(key)
        with self._changed:
            self._queue.forget_failures(key)
        return again

    def _fetch(self, _source: str) -> None:
        for key in self._source():
            self.add(key)

    def _logged(self, key: str, error: BaseException) -> None:
        if isinstance(error, errors.MinisetsError):  # said in one line; it is tried again
            _log.info("%s: %s: %s", self._name, key, error)
        else:
            _log.error("%s: %s: %s", self._name, key, error, exc_info=error)


class _Queue:
    """Which keys are queued, running, or due later. Not locked: its worker is.

    A key's life: queued --take--> running --done--> gone, or due later (look again, back-off).
    Added while it runs, it is queued again when that run is done.
    """

    def __init__(self) -> None:
        self._ready: deque[str] = deque()
        self._queued: set[str] = set()
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._later: list[tuple[timedelta, int, str]] = []
        self._tickets = itertools.count()
        # Why: only the newest look-again of a key counts. Were each kept, a key that is looked at
        # often and returns a delay every time would gather timers without end.
        self._look_again: dict[str, int] = {}
        self._replaced: set[int] = set()
        self._failures: dict[str, int] = {}

    def add(self, key: str) -> None:
        if self._is_new(key):
            self._ready.append(key)

    def add_first(self, key: str) -> None:
        if self._is_new(key):
            self._ready.appendleft(key)

    def add_at(self, key: str, due: timedelta) -> int:
        ticket = next(self._tickets)
        heapq.heappush(self._later, (due, ticket, key))
        return ticket

    def take(self, now: timedelta) -> str | None:
        while (due := self.next_due()) is not None and due <= now:
            _, ticket, key = heapq.heappop(self._later)
            if self._look_again.get(key) == ticket:
                del self._look_again[key]
            self.add(key)
        if not self._ready:
            return None
        key = self._ready.popleft()
        self._queued.remove(key)
        self._running.add(key)
        return key

    def has_ready(self) -> bool:
        return bool(self._ready)

    def done(self, key: str, due: timedelta | None) -> None:
        self._running.remove(key)
        if (replaced := self._look_again.pop(key, None)) is not None:
            self._replaced.add(replaced)
        if due is not None:
            self._look_again[key] = self.add_at(key, due)
        if key in self._again:
            self._again.remove(key)
            self.add(key)

    def next_due(self) -> timedelta | None:
        while self._later and self._later[0][1] in self._replaced:
            self._replaced.remove(heapq.heappop(self._later)[1])
        return self._later[0][0] if self._later else None

    def is_idle(self, now: timedelta) -> bool:
        due = self.next_due()
        return not self._ready and not self._running and (due is None or due > now)

    def back_off(self, key: str) -> timedelta:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # Why: 2 ** failures of a key that has failed for days would not fit a timedelta
        return min(FIRST_RETRY * (1 << min(failures, 32)), LONGEST_RETRY)

    def forget_failures(self, key: str) -> None:
        self._failures.pop(key, None)

    def _is_new(self, key: str) -> bool:
        """Mark the key as queued; False where it is already, or runs and so must wait."""
        if key in self._running:
            self._again.add(key)
            return False
        if key in self._queued:
            return False
        self._queued.add(key)
        return True
