"""Tests wait for a condition with a deadline, never for a time."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

Seen = TypeVar("Seen")


def until(happened: Callable[[], Seen], what: str, within: timedelta = timedelta(seconds=10)) -> Seen:
    """Ask until the answer is true, and return it; TimeoutError says what did not come and was seen last."""
    deadline = time.monotonic() + within.total_seconds()
    while not (seen := happened()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within.total_seconds():g} s for {what}; last seen: {seen!r}")
        time.sleep(0.02)
    return seen
