"""The control plane as process 1 sees it: a command that runs, and the pipe on which its zones come.

Decides what a child inherits: our environment, the pipe, no signal's disposition or mask of ours. Leaves
reaping to `process.py`, which reaps everybody's children.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from minisets.dns.handover import ZONES, ZoneReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from minisets.dns.zone import Zone

_PIECE = 64 * 1024
"""As much as the pipe holds: one read after the writer's death is all that is left."""
_UNCATCHABLE = (signal.SIGKILL, signal.SIGSTOP)


class Child:
    """One life of the command, from construction until `process.py` has reaped `pid`; OSError: no start."""

    def __init__(self, command: tuple[str, ...], now: timedelta) -> None:
        self.since = now
        self.zones, writing = os.pipe()
        os.set_blocking(self.zones, False)
        os.set_inheritable(writing, True)
        try:
            # Why not subprocess: it waits for its children itself, and so would take them from process 1.
            self.pid = os.posix_spawnp(
                command[0],
                command,
                {**os.environ, ZONES: str(writing)},
                setsigmask=(),
                setsigdef=signal.valid_signals().difference(_UNCATCHABLE),
            )
        except OSError:
            os.close(self.zones)
            raise
        finally:
            os.close(writing)
        self.is_open = True
        self._reader = ZoneReader()
        self._version: int | None = None

    def arrived(self) -> Iterator[Zone]:
        """What the pipe holds now, without what is older than what came before.

        Raises EOFError at the pipe's end, Damaged where something else than zones came.
        """
        with contextlib.suppress(BlockingIOError):
            piece = os.read(self.zones, _PIECE)
            if not piece:
                raise EOFError
            for zone in self._reader.feed(piece):
                if self._version is None or zone.version >= self._version:
                    self._version = zone.version
                    yield zone

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def close(self) -> None:
        """Give the pipe back; may be called twice."""
        if self.is_open:
            self.is_open = False
            os.close(self.zones)
