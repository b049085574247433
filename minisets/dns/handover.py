"""A zone on its way from the control plane to process 1: through a pipe, whole, its length before it.

Both ends: `ZoneWriter` is the control plane's, `ZoneReader` process 1's. Leaves to `process.py` what is
done with a zone, or with a pipe on which something else came.
"""

from __future__ import annotations

import logging
import os
import stat
import struct
import threading
from typing import TYPE_CHECKING

from minisets.dns.zone import Zone
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ZONES = "MINISETS_ZONES"
"""The environment variable that tells the control plane the pipe's file descriptor."""
LARGEST = 64 * 1024 * 1024
"""Bytes of one zone: some two hundred thousand pods. What claims to be longer is no zone."""
_log = logging.getLogger(__name__)
_LENGTH = struct.Struct("!I")


class Damaged(Exception):
    """What came is no zone, and nothing that follows can be told apart any more."""


class ZoneWriter:
    """The pipe's writing end, for any thread; it belongs to this object from now on."""

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd
        self._lock = threading.Lock()

    def publish(self, zone: Zone) -> None:
        """Hand a zone over; waits while process 1 is busy, and does nothing after the end of either side.

        MinisetsError: the zone is too large.
        """
        data = zone.to_bytes()
        if len(data) > LARGEST:
            raise MinisetsError(
                f"the DNS zone has {len(data)} bytes and no more than {LARGEST} can be handed over: "
                "the last one stays; have fewer Services or pods"
            )
        with self._lock:
            if self._fd is None:
                return
            try:
                _write(self._fd, _LENGTH.pack(len(data)) + data)
            except BrokenPipeError:
                # Why no failure: without a reader there is nothing that the controller could do better.
                _log.warning("process 1 takes no zones any more; names stay as they are")
                self._close()

    def close(self) -> None:
        """Nothing is handed over from now on; may be called twice."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def handed_over(environ: Mapping[str, str]) -> ZoneWriter | None:
    """The pipe that process 1 gave us, which none of our own children gets; None: nobody gave one.

    MinisetsError: the variable names no pipe.
    """
    said = environ.get(ZONES)
    if said is None:
        return None
    try:
        fd = int(said)
        is_pipe = stat.S_ISFIFO(os.fstat(fd).st_mode)
    except (ValueError, OverflowError, OSError):
        is_pipe = False
    if not is_pipe:
        raise MinisetsError(f"{ZONES}={said} is no pipe's file descriptor; only process 1 sets it: unset it")
    os.set_inheritable(fd, False)
    return ZoneWriter(fd)


class ZoneReader:
    """Zones out of the pieces that come through a pipe; never holds more than one zone and a piece."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, piece: bytes) -> Iterator[Zone]:
        """The zones that are whole now, in order; Damaged, after them, where something else came."""
        self._held += piece
        while len(self._held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._held)
            if length > LARGEST:
                raise Damaged(f"a zone cannot have {length} bytes")
            end = _LENGTH.size + length
            if len(self._held) < end:
                return
            data = bytes(self._held[_LENGTH.size : end])
            del self._held[:end]
            yield _zone(data)


def _zone(data: bytes) -> Zone:
    try:
        return Zone.from_bytes(data)
    except ValueError as error:
        raise Damaged(str(error)) from error


def _write(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
