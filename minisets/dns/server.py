"""Sockets: questions in, answers out, UDP and TCP; what is not ours goes to the machine's resolvers.

The only importer of dnslib. Cluster names are answered on the receiving thread and never wait for
a forwarded one: those run on a small pool of their own.
"""

from __future__ import annotations

import contextlib
import logging
import random
import selectors
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from dnslib import CLASS, EDNS0, QTYPE, RCODE, RR, SOA, DNSError, DNSRecord

from minisets.dns.answers import TTL, Answer, Question, answer
from minisets.dns.zone import Zone
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)
_FORWARD_WITHIN = timedelta(seconds=2)
_TCP_IDLE = timedelta(seconds=5)
_PLAIN_UDP, _LARGEST_UDP = 512, 1232
_FORWARDS, _CONNECTIONS = 8, 16


def resolvers(resolv_conf: Path, *, without: str = "") -> tuple[str, ...]:
    """The IPv4 nameservers of a resolv.conf, ours left out: a server must not ask itself."""
    try:
        lines = resolv_conf.read_text().splitlines()
    except OSError:
        return ()
    words = [line.split() for line in lines]
    found = [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]
    return tuple(address for address in found if ":" not in address and address != without)


def respond(packet: bytes, zone: Zone, *, limit: int) -> bytes | None:
    """The reply to a packet, no longer than `limit`; None if it is to be forwarded. Raises DNSError."""
    request = DNSRecord.parse(packet)
    if request.header.qr or request.header.opcode or len(request.questions) != 1:
        reply = request.reply()
        reply.header.rcode = RCODE.NOTIMP if request.header.opcode else RCODE.FORMERR
        return bytes(reply.pack())
    question = request.questions[0]
    if question.qclass not in (CLASS.IN, CLASS.ANY):
        reply = request.reply()
        reply.header.rcode = RCODE.REFUSED
        return bytes(reply.pack())
    known = QTYPE.forward.get(question.qtype, "")
    found = answer(Question(str(question.qname), known), zone)
    if found.code == "FORWARD":
        return None
    return _packed(request, found, zone, limit)


def _packed(request: DNSRecord, found: Answer, zone: Zone, limit: int) -> bytes:
    reply = request.reply(aa=1, ra=1)
    reply.header.rcode = getattr(RCODE, found.code)
    # Why: clients take the first address; several pods share the load by turns.
    shuffled = random.sample(found.records, len(found.records))
    for record in shuffled:
        reply.add_answer(*RR.fromZone(str(record)))
    for record in found.additional:
        reply.add_ar(*RR.fromZone(str(record)))
    if not found.records:
        reply.add_auth(_soa(zone))
    if any(QTYPE[extra.rtype] == "OPT" for extra in request.ar):
        reply.add_ar(EDNS0(udp_len=_LARGEST_UDP))
    packed = bytes(reply.pack())
    return packed if len(packed) <= limit else bytes(reply.truncate().pack())


def _soa(zone: Zone) -> RR:
    """What a negative answer carries: how long it may be remembered."""
    seconds = int(TTL.total_seconds())
    times = (zone.version % 2**32, 7200, 1800, 86400, seconds)
    data = SOA(f"ns.dns.{zone.domain}", f"hostmaster.{zone.domain}", times)
    return RR(zone.domain, QTYPE.SOA, ttl=seconds, rdata=data)


class DnsServer:
    """Serves one zone on one address until `stop`; `publish` replaces the zone."""

    def __init__(self, address: str, port: int, upstream: Sequence[str], zone: Zone | None = None) -> None:
        self._zone = zone or Zone()
        self._upstream = tuple(upstream)
        self._forwards = ThreadPoolExecutor(_FORWARDS, thread_name_prefix="minisets-dns-forward")
        self._connections = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="minisets-dns-tcp")
        self._udp, self._tcp = _sockets(address, port)
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="minisets-dns")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._udp.getsockname()[1])

    def publish(self, zone: Zone) -> None:
        """Answer from this zone from now on."""
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
        self._forwards.shutdown(wait=True, cancel_futures=True)
        self._connections.shutdown(wait=True, cancel_futures=True)
        for held in (self._udp, self._tcp, self._wake, self._waker):
            held.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as ready:
            for held in (self._udp, self._tcp, self._wake):
                ready.register(held, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fileobj is self._wake:
                        return
                    if key.fileobj is self._udp:
                        self._receive()
                    else:
                        self._accept()

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(64):
                packet, client = self._udp.recvfrom(4096)
                self._answer_udp(packet, client)

    def _answer_udp(self, packet: bytes, client: tuple[str, int]) -> None:
        reply = self._reply(packet, _udp_limit(packet))
        if reply is None:
            self._forwards.submit(self._forward_udp, packet, client)
        elif reply:
            self._send(reply, client)

    def _send(self, reply: bytes, client: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):  # the asker is gone
            self._udp.sendto(reply, client)

    def _reply(self, packet: bytes, limit: int) -> bytes | None:
        """The reply; empty for what is no question; None to forward."""
        try:
            return respond(packet, self._zone, limit=limit)
        except DNSError:
            return b""
        except Exception:  # noqa: BLE001 - Why: one strange packet must not end the server
            _log.exception("a DNS question could not be answered")
            return _failure(packet)

    def _forward_udp(self, packet: bytes, client: tuple[str, int]) -> None:
        self._send(self._forward(packet, stream=False), client)

    def _forward(self, packet: bytes, *, stream: bool) -> bytes:
        """The first resolver's answer, or SERVFAIL."""
        for resolver in self._upstream:
            with contextlib.suppress(OSError):
                return _ask_tcp(packet, resolver) if stream else _ask_udp(packet, resolver)
        return _failure(packet)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._tcp.accept()
            connection.settimeout(_TCP_IDLE.total_seconds())
            self._connections.submit(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            while True:
                (length,) = struct.unpack("!H", _read(connection, 2))
                packet = _read(connection, length)
                reply = self._reply(packet, 65535)
                if reply is None:
                    reply = self._forward(packet, stream=True)
                if not reply:
                    return
                connection.sendall(struct.pack("!H", len(reply)) + reply)


def _sockets(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """UDP and TCP on the same port; MinisetsError says why not."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        udp.bind((address, port))
        udp.setblocking(False)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((address, udp.getsockname()[1]))
        tcp.listen(64)
        tcp.setblocking(False)
    except OSError as error:
        udp.close()
        tcp.close()
        raise MinisetsError(f"DNS cannot listen on {address}:{port}: {error.strerror}") from error
    return udp, tcp


def _udp_limit(packet: bytes) -> int:
    """How long a UDP reply may be: what EDNS says, within reason."""
    try:
        extras = DNSRecord.parse(packet).ar if packet[10:12] != b"\0\0" else ()
    except DNSError:
        return _PLAIN_UDP
    sizes = [extra.rclass for extra in extras if QTYPE[extra.rtype] == "OPT"]
    return max(_PLAIN_UDP, min(sizes[0], _LARGEST_UDP)) if sizes else _PLAIN_UDP


def _ask_udp(packet: bytes, resolver: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_FORWARD_WITHIN.total_seconds())
        asking.connect((resolver, 53))
        asking.send(packet)
        while True:
            reply = asking.recv(65535)
            if reply[:2] == packet[:2]:
                return reply


def _ask_tcp(packet: bytes, resolver: str) -> bytes:
    with socket.create_connection((resolver, 53), _FORWARD_WITHIN.total_seconds()) as asking:
        asking.sendall(struct.pack("!H", len(packet)) + packet)
        (length,) = struct.unpack("!H", _read(asking, 2))
        return _read(asking, length)


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _failure(packet: bytes) -> bytes:
    """SERVFAIL, or nothing where the packet is no question."""
    try:
        reply = DNSRecord.parse(packet).reply()
    except DNSError:
        return b""
    reply.header.rcode = RCODE.SERVFAIL
    return bytes(reply.pack())
