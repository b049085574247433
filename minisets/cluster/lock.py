"""One at a time: who may begin to serve a cluster on an engine, and who serves it as a process of the host.

On Linux names in the kernel's abstract socket space: two users share no file, and a file is gone with a
deleted state. Elsewhere a file of the person's, so that between persons the container's name alone decides.
Either is released when its holder dies.
"""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import sys
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from minisets.errors import MinisetsError
from minisets.store.lock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from minisets.clock import Clock

STARTED_WITHIN = timedelta(minutes=10)
"""How long another command may take to start the server: it may have to pull the base image."""
_PAUSE = timedelta(milliseconds=50)
_PEER = struct.Struct("3i")  # process, user and group, as the kernel has them


class Taken(MinisetsError):
    """Somebody else has it."""


class Claim:
    """One server a cluster on one engine, whatever their states: a second one would end the first one's pods.

    Held by a server that is a process of the host, for its life.
    """

    def __init__(self, engine_id: str, cluster: str) -> None:
        self._held = _name(engine_id, cluster, "")
        if not self._held.take():
            raise Taken(_serves(self._held.holder(), cluster))

    def release(self) -> None:
        """Let the next one in."""
        self._held.release()


def refuse_host_process(engine_id: str, cluster: str) -> None:
    """Taken, where a process of the host serves the cluster on this engine."""
    # Why not ask for its holder: nobody accepts what connects there, and at some time no more fits.
    Claim(engine_id, cluster).release()


@contextmanager
def starting(
    engine_id: str,
    cluster: str,
    clock: Clock,
    sleep: Callable[[timedelta], None],
    tell: Callable[[str], None],
) -> Iterator[None]:
    """Begin to serve alone: two `up` at once do so one after the other.

    MinisetsError where the other one does not finish.
    """
    held = _name(engine_id, cluster, "/starting")
    deadline = clock.elapsed() + STARTED_WITHIN
    told = False
    while not held.take():
        if not told:
            tell(f'waiting for process {held.holder() or "PID"}, which is starting cluster "{cluster}"')
            told = True
        if clock.elapsed() > deadline:
            raise MinisetsError(
                f'process {held.holder() or "PID"} has been starting cluster "{cluster}" for '
                f"{STARTED_WITHIN.seconds // 60} min: end it, then try again"
            )
        sleep(_PAUSE)
    try:
        yield
    finally:
        held.release()


def _serves(holder: str, cluster: str) -> str:
    process = holder or "PID"
    return (
        f'process {process} serves cluster "{cluster}" on this engine, with a state of its own: '
        f"end it (`kill {process}`), or use another name: --cluster NAME"
    )


def _name(engine_id: str, cluster: str, purpose: str) -> _Name | _File:
    whose = hashlib.sha256(f"{engine_id}/{cluster}".encode()).hexdigest()[:32]
    return _Name(f"{whose}{purpose}") if sys.platform == "linux" else _File(f"{whose}{purpose}")


class _Name:
    """A name that one process of this machine has at a time."""

    def __init__(self, whose: str) -> None:
        self._name = f"\0minisets/{whose}"
        self._socket: socket.socket | None = None

    def take(self) -> bool:
        """Whether it is ours now."""
        taking = socket.socket(socket.AF_UNIX)
        try:
            taking.bind(self._name)
            # Why so many: who asks for the holder's id stays in the queue, for nobody accepts.
            taking.listen(4096)
        except OSError:
            taking.close()
            return False
        self._socket = taking
        return True

    def holder(self) -> str:
        """The process that has it, or nothing where that cannot be told."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(1)
            try:
                asking.connect(self._name)
                told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
            except OSError:
                return ""
        process = _PEER.unpack(told)[0]
        # Why: seen from another namespace of processes it is 0, and `kill 0` ends one's own.
        return str(process) if process else ""

    def release(self) -> None:
        if self._socket is not None:
            self._socket.close()


class _File:
    """The same for one person: a locked file with the holder's process id in it."""

    def __init__(self, whose: str) -> None:
        self._file = Path(tempfile.gettempdir()) / f"minisets-{os.getuid()}-{whose.replace('/', '-')}.lock"
        self._lock: FileLock | None = None

    def take(self) -> bool:
        """Whether it is ours now."""
        try:
            self._lock = FileLock(self._file)
        except MinisetsError:
            return False
        return True

    def holder(self) -> str:
        """The process that had it last."""
        try:
            return self._file.read_text().strip()
        except OSError:
            return ""

    def release(self) -> None:
        if self._lock is not None:
            self._lock.release()
