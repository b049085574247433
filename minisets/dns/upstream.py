"""Asking the machine's resolvers what is not ours. Blocking; every wait has an end.

Decides which resolver is asked, in which order and for how long. `Upstream.close` ends what waits.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WITHIN = timedelta(seconds=2)
"""How long one resolver may take."""
_LENGTH = struct.Struct("!H")


@dataclass(frozen=True)
class Resolver:
    """A DNS server elsewhere."""

    address: str
    port: int = 53


def resolvers(resolv_conf: Path, *, without: str = "") -> tuple[Resolver, ...]:
    """The IPv4 nameservers of a resolv.conf, ours left out: a server must not ask itself."""
    try:
        lines = resolv_conf.read_text(errors="replace").splitlines()
    except OSError:
        return ()
    words = [line.split() for line in lines]
    found = [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]
    ours = [address for address in found if ":" not in address and address != without]
    return tuple(Resolver(address) for address in dict.fromkeys(ours))


class Upstream:
    """The resolvers, one after the other; after `close` nothing is asked any more."""

    def __init__(self, servers: Sequence[Resolver]) -> None:
        self._resolvers = tuple(servers)
        self._closed, self._closing = socket.socketpair()

    def ask(self, packet: bytes, *, stream: bool) -> bytes | None:
        """The first resolver's reply, or None."""
        for resolver in self._resolvers:
            with contextlib.suppress(OSError, EOFError):
                return self._by_tcp(packet, resolver) if stream else self._by_udp(packet, resolver)
        return None

    def close(self) -> None:
        """End every question that waits: it raises in its thread, and `ask` returns None there."""
        with contextlib.suppress(OSError):
            self._closing.send(b"x")

    def release(self) -> None:
        """Give the sockets back, once nobody asks any more."""
        self._closed.close()
        self._closing.close()

    def _by_udp(self, packet: bytes, resolver: Resolver) -> bytes:
        deadline = time.monotonic() + WITHIN.total_seconds()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.connect((resolver.address, resolver.port))
            asking.send(packet)
            while True:
                self._wait(asking, selectors.EVENT_READ, deadline)
                reply = asking.recv(65535)
                if reply[:2] == packet[:2]:
                    return reply

    def _by_tcp(self, packet: bytes, resolver: Resolver) -> bytes:
        deadline = time.monotonic() + WITHIN.total_seconds()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
            asking.setblocking(False)
            asking.connect_ex((resolver.address, resolver.port))
            self._wait(asking, selectors.EVENT_WRITE, deadline)
            asking.send(framed(packet))

            def read(size: int) -> bytes:
                self._wait(asking, selectors.EVENT_READ, deadline)
                return asking.recv(size)

            return unframed(read)

    def _wait(self, asking: socket.socket, event: int, deadline: float) -> None:
        """Until the socket is ready; TimeoutError at the deadline, ConnectionAbortedError after `close`."""
        with selectors.DefaultSelector() as ready:
            ready.register(asking, event)
            ready.register(self._closed, selectors.EVENT_READ)
            found = ready.select(max(0.0, deadline - time.monotonic()))
        if not found:
            raise TimeoutError
        if any(key.fileobj is self._closed for key, _ in found):
            raise ConnectionAbortedError


def framed(packet: bytes) -> bytes:
    """A message as it travels over TCP: its length before it."""
    return _LENGTH.pack(len(packet)) + packet


def unframed(read: Callable[[int], bytes]) -> bytes:
    """The next message of a TCP stream, from its `read(size)`; EOFError where the stream ends."""
    (length,) = _LENGTH.unpack(_exactly(read, _LENGTH.size))
    return _exactly(read, length)


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = read(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
