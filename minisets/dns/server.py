"""Sockets: questions in, answers out, UDP and TCP; what is not ours goes to the machine's resolvers.

Cluster names asked by UDP are answered on the receiving thread and never wait for a forwarded one:
those, and connections, run on small pools of their own, and are refused rather than queued without end.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.dns import packets
from minisets.dns.packets import Elsewhere, Garbage
from minisets.dns.upstream import Resolver, Upstream, framed, resolvers, unframed
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from minisets.dns.zone import Zone

__all__ = ["DnsServer", "Resolver", "resolvers"]

_log = logging.getLogger(__name__)
_TCP_IDLE = timedelta(seconds=5)
_AT_ONCE = 64  # packets taken from the socket before the others get their turn
_FORWARDS, _CONNECTIONS = 8, 16
_WAITING = 128  # forwarded questions, asked or queued
_MOST_OPEN = 128  # connections, served or queued: the process must not run out of file descriptors


class DnsServer:
    """Serves one zone on one address until `stop`; `publish` replaces the zone.

    Why SERVFAIL to everything before the first zone: without it nobody knows which names are ours, and a
    client asks again after a failure; it would remember that a name is not there, or Docker's answer.
    """

    def __init__(
        self, address: str, port: int, upstream: Sequence[Resolver], zone: Zone | None = None
    ) -> None:
        self._udp, self._tcp = _sockets(address, port)
        self._wake, self._waker = socket.socketpair()
        self._upstream = Upstream(upstream)
        self._forwards = ThreadPoolExecutor(_FORWARDS, thread_name_prefix="minisets-dns-forward")
        self._room = threading.BoundedSemaphore(_WAITING)
        self._connections = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="minisets-dns-tcp")
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="minisets-dns")
        self._zone: Zone | None = None
        if zone is not None:
            self.publish(zone)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._udp.getsockname()[1])

    def publish(self, zone: Zone) -> None:
        """Answer from this zone from now on."""
        _ = zone.inner  # Why: derived here, once, and not while somebody waits for an answer
        self._zone = zone

    def start(self) -> DnsServer:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering and join the threads; may be called twice."""
        with contextlib.suppress(OSError):
            self._waker.send(b"x")
        if self._thread.is_alive():
            self._thread.join()
        self._upstream.close()
        with self._lock:
            self._stopping = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._forwards.shutdown(wait=True, cancel_futures=True)
        self._connections.shutdown(wait=True, cancel_futures=True)
        for held in (self._udp, self._tcp, self._wake, self._waker, *self._open):
            held.close()
        self._upstream.release()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as ready:
            for held in (self._udp, self._tcp, self._wake):
                ready.register(held, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fileobj is self._wake:
                        return
                    self._turn(self._receive if key.fileobj is self._udp else self._accept)

    def _turn(self, take: Callable[[], None]) -> None:
        try:
            take()
        except Exception:  # noqa: BLE001 - Why: no more threads, say, must not end the one that answers
            _log.exception("DNS questions were lost")

    def _receive(self) -> None:
        with contextlib.suppress(OSError):  # nothing more to read, or an ICMP error of an earlier reply
            for _ in range(_AT_ONCE):
                packet, client = self._udp.recvfrom(4096)
                self._answer_udp(packet, client)

    def _answer_udp(self, packet: bytes, client: tuple[str, int]) -> None:
        reply = self._reply(packet, packets.udp_limit(packet))
        if not isinstance(reply, Elsewhere):
            self._send(reply, client)
        elif self._room.acquire(blocking=False):
            self._forwards.submit(self._forward_udp, packet, reply, client)
        else:
            self._send(packets.failure(packet), client)

    def _send(self, reply: bytes, client: tuple[str, int]) -> None:
        if reply:
            with contextlib.suppress(OSError):  # the asker is gone
                self._udp.sendto(reply, client)

    def _reply(self, packet: bytes, limit: int) -> bytes | Elsewhere:
        """The reply, empty for what is no question; or what must be asked elsewhere."""
        zone = self._zone
        if zone is None:
            return packets.failure(packet)
        try:
            return packets.respond(packet, zone, limit=limit)
        except Garbage:
            return b""
        except Exception:  # noqa: BLE001 - Why: one strange packet must not end the server
            _log.exception("a DNS question could not be answered")
            return packets.failure(packet)

    def _forward_udp(self, packet: bytes, elsewhere: Elsewhere, client: tuple[str, int]) -> None:
        try:
            self._send(self._forward(packet, elsewhere, stream=False), client)
        finally:
            self._room.release()

    def _forward(self, packet: bytes, elsewhere: Elsewhere, *, stream: bool) -> bytes:
        """What the resolvers say, or SERVFAIL."""
        reply = self._upstream.ask(elsewhere.packet, stream=stream)
        return packets.failure(packet) if reply is None else elsewhere.finish(reply)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._tcp.accept()
            connection.settimeout(_TCP_IDLE.total_seconds())
            with self._lock:
                if len(self._open) >= _MOST_OPEN:
                    connection.close()
                    return
                self._open.add(connection)
            self._connections.submit(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError, EOFError):
                while not self._stopping and (reply := self._answer_tcp(unframed(connection.recv))):
                    connection.sendall(framed(reply))
        finally:
            with self._lock:
                self._open.discard(connection)

    def _answer_tcp(self, packet: bytes) -> bytes:
        reply = self._reply(packet, packets.LARGEST)
        return self._forward(packet, reply, stream=True) if isinstance(reply, Elsewhere) else reply


def _sockets(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """UDP and TCP on the same port; MinisetsError says why not."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((address, port))
        # Why TCP first: of a port that is chosen for us, UDP's half is the one that is nearly always free.
        udp.bind((address, tcp.getsockname()[1]))
        tcp.listen(64)
        tcp.setblocking(False)
        udp.setblocking(False)
    except OSError as error:
        udp.close()
        tcp.close()
        raise MinisetsError(f"DNS cannot listen on {address}:{port}: {error.strerror}") from error
    return udp, tcp
