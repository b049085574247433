"""Time as a value: the wall clock for stamps, a clock that counts from boot for every wait.

Leaves to its users what a duration means; durations are `timedelta`, stamps aware UTC datetimes.
`FakeClock` is what tests hand in; it is part of the seam, not a test's trick.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

# Why: CLOCK_BOOTTIME goes on while a laptop sleeps, so a deadline does not stretch by the nap.
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """What the parts may know of time."""

    def now(self) -> datetime:
        """The wall clock, UTC, for stamps only."""

    def elapsed(self) -> timedelta:
        """Time since boot (or any fixed start), never running backwards: for waits and deadlines."""

    def wait(self, condition: threading.Condition, timeout: timedelta | None) -> None:
        """Wait on a held condition until notified or timed out; callers check their own predicate."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> timedelta:
        """Time since boot, sleep included."""
        return timedelta(seconds=time.clock_gettime(_BOOT))

    def wait(self, condition: threading.Condition, timeout: timedelta | None) -> None:
        """Wait for real."""
        condition.wait(None if timeout is None else max(0.0, timeout.total_seconds()))


class FakeClock:
    """A clock that moves only when `advance` says so, and wakes those who wait on it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._passed = timedelta(0)
        self._waiting: dict[int, threading.Condition] = {}
        self._lock = threading.Lock()
        self._seen = threading.local()

    def now(self) -> datetime:
        """The start plus what has been advanced."""
        return self._start + self._passed

    def elapsed(self) -> timedelta:
        """What has been advanced."""
        self._seen.passed = self._passed
        return self._passed

    def wait(self, condition: threading.Condition, timeout: timedelta | None) -> None:
        """Wait until notified, or until `advance` is called; the time-out is fake time."""
        if timeout is not None and timeout <= timedelta(0):
            return
        with self._lock:
            # Why: an advance between the caller's look at the time and this wait must not be slept over.
            if timeout is not None and getattr(self._seen, "passed", self._passed) != self._passed:
                return
            self._waiting[id(condition)] = condition
        condition.wait()

    def advance(self, by: timedelta) -> None:
        """Move time on and wake everybody who waits."""
        with self._lock:
            self._passed += by
            waiting = list(self._waiting.values())
            self._waiting.clear()
        for condition in waiting:
            with condition:
                condition.notify_all()
