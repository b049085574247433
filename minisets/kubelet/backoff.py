"""How long a container that ended waits before it is started again (A-116, A-118). Pure.

    ended --10, 20, 40 ... 300 s after its end--> next;   ran for more than 10 minutes: forgiven

The step is written on each container as a label, so that a new kubelet goes on where the last one was.
Kubernetes: kubelet.go doBackOff, client-go util/flowcontrol.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.kubelet.observe import Seen

FIRST = timedelta(seconds=10)
LONGEST = timedelta(minutes=5)
FORGIVEN = timedelta(minutes=10)
_ZERO = timedelta(0)


def delay(step: int) -> timedelta:
    """The wait of a step: none, then 10 s, doubling up to 5 minutes."""
    return _ZERO if step <= 0 else min(FIRST * (1 << min(step - 1, 16)), LONGEST)


def wait_of(ended: Seen) -> timedelta:
    """How long after its end the container is to be started again."""
    return _ZERO if _was_forgiven(ended) else delay(ended.backoff)


def remaining(ended: Seen, now: datetime) -> timedelta:
    """How much of that wait is left; zero or less: its time has come."""
    return ended.ended_at + wait_of(ended) - now


def next_step(ended: Seen) -> int:
    """The step of the container that comes after this one."""
    return 1 if _was_forgiven(ended) else ended.backoff + 1


def _was_forgiven(ended: Seen) -> bool:
    return ended.started_at is not None and ended.ended_at - ended.started_at > FORGIVEN
