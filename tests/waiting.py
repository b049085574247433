"""Tests wait for a condition with a deadline, never for a time."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from minisets.clock import FakeClock

Seen = TypeVar("Seen")


def until(happened: Callable[[], Seen], what: str, within: timedelta = timedelta(seconds=60)) -> Seen:
    """Ask until the answer is true, and return it; TimeoutError says what did not come and was seen last."""
    deadline = time.monotonic() + within.total_seconds()
    while not (seen := happened()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within.total_seconds():g} s for {what}; last seen: {seen!r}")
        time.sleep(0.02)
    return seen


def advanced(
    clock: FakeClock, by: timedelta, happened: Callable[[], object], what: str = "the time to be seen"
) -> None:
    """Move the clock on, and wait for what follows."""
    clock.advance(by)

    def follows() -> bool:
        clock.advance(timedelta(0))  # for a thread that read the clock before, and waits only now
        return bool(happened())

    until(follows, what)


def holds(condition: Callable[[], object], what: str, for_: timedelta = timedelta(seconds=1)) -> None:
    """Ask for that long, and fail at the first answer that is not true: that is how nothing happens."""
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < for_.total_seconds():
        assert condition(), f"after {elapsed:.1f} s it was no longer so: {what}"
        time.sleep(0.05)
