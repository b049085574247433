"""When process 1 starts the control plane again, and when it leaves itself. Pure.

    died --100 ms, 200 ms ... 5 s after its end--> next;   lived for 10 s: forgiven
    refused, again and again for a minute, nothing else in between -> leave

Leaves to `process.py` starting, reaping and the clock.
"""

from __future__ import annotations

from datetime import timedelta

REFUSED = 75
"""The control plane's exit code (EX_TEMPFAIL) for: the engine does not answer."""
FIRST, LONGEST = timedelta(milliseconds=100), timedelta(seconds=5)
FORGIVEN = timedelta(seconds=10)
PATIENCE = timedelta(minutes=1)


class Restarts:
    """What has been seen of the control plane's deaths, as far as it matters for the next one."""

    def __init__(self) -> None:
        self._next = FIRST
        self._refused_since: timedelta | None = None

    def died(self, code: int, lived: timedelta, now: timedelta) -> timedelta | None:
        """How long to wait before it is started again; None: leave.

        Why leave: a socket that was mounted into a container stays dead after the engine came back with
        live-restore; only a restart of the container mounts the new one. A control plane that finds no
        engine has to say so within FORGIVEN of its start, else each refusal counts as the first.
        """
        if lived >= FORGIVEN:
            self._next = FIRST
            self._refused_since = None
        if code != REFUSED:
            self._refused_since = None
        elif self._refused_since is None:
            self._refused_since = now
        elif now - self._refused_since >= PATIENCE:
            return None
        delay, self._next = self._next, min(self._next * 2, LONGEST)
        return delay
