"""Process 1 of the control container: answers DNS whatever becomes of the control plane, its child.

       .--delay is over--> running --died--> waiting (or left: 1, see restarts.py)
    waiting                   |SIGTERM          |SIGTERM
       '<--died--'         ending --died-->  ended: 0          killed when it has not ended after 12 s

Decides what is done when; one thread beside the server's own, which sleeps until something happens.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.dns.child import Child
from minisets.dns.handover import Damaged
from minisets.dns.restarts import REFUSED, Restarts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from minisets.clock import Clock
    from minisets.dns.kept import KeptZone
    from minisets.dns.server import DnsServer

__all__ = ["REFUSED", "Process"]

END_WITHIN = timedelta(seconds=12)
"""Less than the 15 s that the container is given (`cluster/container.py`)."""
_NO_COMMAND = 127
_STOPPING = (signal.SIGTERM, signal.SIGINT)
_ZERO = timedelta(0)
_log = logging.getLogger(__name__)


class Process:
    """The server, the command that feeds it, and where its last zone is kept."""

    def __init__(self, server: DnsServer, kept: KeptZone, command: Sequence[str], clock: Clock) -> None:
        self._server, self._kept, self._command, self._clock = server, kept, tuple(command), clock
        self._restarts = Restarts()
        self._child: Child | None = None
        self._due: timedelta | None = clock.elapsed()
        """When something is to be done unasked: start the child, or kill the one that is ending."""
        self._ending = False
        self._exit: int | None = None
        self._ready = selectors.DefaultSelector()

    def run(self) -> int:
        """Until SIGTERM, or until no child finds an engine: the exit code. On the main thread, once."""
        signals = _signals()
        self._ready.register(signals, selectors.EVENT_READ)
        while self._exit is None:
            if self._due is not None and self._due <= self._clock.elapsed():
                self._act()
            for key, _ in self._ready.select(self._timeout()):
                if key.fd != signals:
                    self._receive()
                    continue
                arrived = os.read(signals, 4096)
                if any(number in arrived for number in _STOPPING):
                    self._end()
                self._reap()
        return self._exit

    def _timeout(self) -> float | None:
        """Seconds until something is due, as `select` wants them."""
        return None if self._due is None else max(_ZERO, self._due - self._clock.elapsed()).total_seconds()

    def _act(self) -> None:
        """What was due."""
        self._due = None
        if self._child is None:
            self._start()
        else:
            _log.warning("the control plane did not end within %g s: killed", END_WITHIN.total_seconds())
            self._child.signal(signal.SIGKILL)

    def _start(self) -> None:
        now = self._clock.elapsed()
        try:
            self._child = Child(self._command, now)
        except OSError as error:
            self._again(f"could not be started: {error}", _NO_COMMAND, _ZERO)
            return
        self._ready.register(self._child.zones, selectors.EVENT_READ)

    def _receive(self) -> None:
        """Zones from the child; its pipe is dropped where it ends or something else comes."""
        if self._child is None or not self._child.is_open:
            return
        newest = None
        try:
            for zone in self._child.arrived():
                self._server.publish(zone)
                newest = zone
        except EOFError:
            self._drop()
        except Damaged as damage:
            _log.error("what the control plane handed over is no zone, no more is taken from it: %s", damage)
            self._drop()
        if newest is not None:
            self._kept.keep(newest)

    def _drop(self) -> None:
        """The child's pipe."""
        if self._child is not None and self._child.is_open:
            self._ready.unregister(self._child.zones)
            self._child.close()

    def _end(self) -> None:
        """SIGTERM came; a second one changes nothing."""
        if self._ending:
            return
        self._ending = True
        if self._child is None:
            self._exit = 0
            return
        self._child.signal(signal.SIGTERM)
        self._due = self._clock.elapsed() + END_WITHIN

    def _reap(self) -> None:
        """Every process that ended and is ours, also by the death of its own parent."""
        for pid, code in _ended():
            if self._child is not None and pid == self._child.pid:
                self._died(self._child, code)

    def _died(self, child: Child, code: int) -> None:
        self._receive()
        self._drop()
        self._child = None
        if self._ending:
            self._exit = 0
            return
        lived = self._clock.elapsed() - child.since
        how = f"ended with code {code}" if code >= 0 else f"was ended by {_name(-code)}"
        self._again(f"{how} after {lived.total_seconds():.1f} s", code, lived)

    def _again(self, what: str, code: int, lived: timedelta) -> None:
        """Decide what follows a death, and say so."""
        now = self._clock.elapsed()
        delay = self._restarts.died(code, lived, now)
        if delay is None:
            _log.error("the control plane %s; it finds no engine for too long: this container ends", what)
            self._exit = 1
            return
        _log.warning("the control plane %s; starts again in %g s", what, delay.total_seconds())
        self._due = now + delay


def _signals() -> int:
    """A file descriptor from which the numbers of signals can be read, from now on.

    Why a handler each: the kernel throws away what process 1 of a container does not handle.
    """
    arriving, arrived = os.pipe()
    os.set_blocking(arriving, False)
    os.set_blocking(arrived, False)
    signal.set_wakeup_fd(arrived, warn_on_full_buffer=False)
    for number in (*_STOPPING, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return arriving


def _ended() -> Iterator[tuple[int, int]]:
    """Reaped: process ids and exit codes, a signal's number with a minus."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def _name(number: int) -> str:
    """SIGKILL for 9; a real-time signal has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
