"""Docker's long answers (output of commands, logs, events): read as they come, closable from any thread.

A stream ends, without an error, with the command, with the engine, or by `close`; which one it was is asked
elsewhere (`inspect_exec`, `info`). Leaves starting them to `docker.py`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import struct
import tarfile
import threading
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import HTTPError as TransportError

from minisets.engine import docker_translate
from minisets.engine.docker_stamps import stamped_once, terminals_stamped_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from requests import Response

    from minisets.engine.interface import EngineEvent, Output

_READ_AT_MOST = 64 * 1024
_HEADER = struct.Struct(">BxxxL")
_STDERR = (2, 3)  # 3 is the engine's own complaint


class Wire:
    """The bytes of one answer, and the socket under it.

    `upgraded`: the connection is no longer HTTP, and goes both ways.
    """

    def __init__(self, response: Response, *, upgraded: bool = False) -> None:
        raw: Any = response.raw
        self._response = response
        # Why: the HTTP client takes the body of a 101 for empty; what it has already read stands in `fp`.
        self._source: Any = raw._fp.fp if upgraded else raw  # noqa: SLF001 - no public way
        self._socket: socket.socket = raw.connection.sock
        self._socket.settimeout(None)
        self._closing = threading.Lock()
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        # Why so many errors: each is how some layer says that the peer, or `close`, ended the connection.
        try:
            while data := self._source.read1(_READ_AT_MOST):
                yield data
        except (OSError, ValueError, AttributeError, TransportError):
            return
        finally:
            self.close()

    def send(self, data: bytes) -> None:
        """To the peer; nowhere if it is gone."""
        with contextlib.suppress(OSError):
            self._socket.sendall(data)

    def end_input(self) -> None:
        """Nothing more will be sent; what the peer sends still arrives."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End it. Why the shutdown first: closing alone would wait for a thread that reads."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._response.close()


def demultiplexed(chunks: Iterable[bytes]) -> Iterator[Output]:
    """Whole frames of Docker's two-in-one stream, however the bytes were cut on the way."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        while len(pending) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(pending)
            end = _HEADER.size + length
            if len(pending) < end:
                break
            if length:
                yield ("stderr" if kind in _STDERR else "stdout"), pending[_HEADER.size : end]
            pending = pending[end:]


def lines_of_json(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """JSON objects, one a line; a broken last line (the engine died) is left out."""
    pending = b""
    for chunk in chunks:
        *whole, pending = (pending + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield json.loads(line)


class _Chunks:
    """Chunks, to be read by size."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""

    def read(self, size: int) -> bytes:
        """That many bytes, fewer only at the end."""
        while len(self._held) < size and (more := next(self._chunks, b"")):
            self._held += more
        data, self._held = self._held[:size], self._held[size:]
        return data


def end_of_file(chunks: Iterable[bytes], at_most: int) -> bytes | None:
    """The last bytes of the one file in a tar archive, which is never held whole; None if it is no file."""
    source: Any = _Chunks(chunks)
    with tarfile.open(fileobj=source, mode="r|") as tar:
        member = tar.next()
        file = tar.extractfile(member) if member is not None and member.isfile() else None
        if file is None:
            return None
        end = b""
        for data in iter(functools.partial(file.read, _READ_AT_MOST), b""):
            end = (end + data)[-at_most:]
        return end


def link_in(chunks: Iterable[bytes]) -> str:
    """What the symlink says that a tar archive begins with; empty if that is something else."""
    source: Any = _Chunks(chunks)
    with tarfile.open(fileobj=source, mode="r|") as tar:
        member = tar.next()
        return member.linkname if member is not None and member.issym() else ""


class DockerStream:
    """The output of a container or a command; with a tty all of it is `stdout`. stamped: its records are."""

    def __init__(self, wire: Wire, *, tty: bool, stamped: bool = False) -> None:
        self._wire = wire
        self._tty = tty
        self._stamped = stamped

    def __iter__(self) -> Iterator[Output]:
        if not self._tty:
            records = demultiplexed(self._wire)
            yield from stamped_once(records) if self._stamped else records
            return
        for data in terminals_stamped_once(self._wire) if self._stamped else self._wire:
            yield "stdout", data

    def close(self) -> None:
        """End the iteration from any thread."""
        self._wire.close()


class DockerExecStream(DockerStream):
    """A running command, with its input. Input after its end goes nowhere."""

    def write(self, data: bytes) -> None:
        """To the command's stdin; blocks while it does not read."""
        self._wire.send(data)

    def close_stdin(self) -> None:
        """End of input; output goes on."""
        self._wire.end_input()


class DockerEvents:
    """Events until `close`, or until the engine goes away."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __iter__(self) -> Iterator[EngineEvent]:
        return map(docker_translate.event, lines_of_json(self._wire))

    def close(self) -> None:
        """End the iteration from any thread."""
        self._wire.close()
