"""A resolver elsewhere, on loopback, with a canned answer; and asking our server as a pod would."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

from dnslib import EDNS0, QTYPE, RR, DNSRecord

from minisets.dns.upstream import Resolver

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE = 15.0  # seconds


class FakeResolver:
    """Answers every A question with one address, by UDP and TCP; or takes questions and says nothing."""

    def __init__(self, address: str = "192.0.2.1", *, silent: bool = False) -> None:
        self.asked: list[str] = []
        self._answer, self._silent = address, silent
        self._tcp, self._udp = _sockets()
        self._threads = [threading.Thread(target=run) for run in (self._by_udp, self._by_tcp)]
        self._ended = False

    @property
    def resolver(self) -> Resolver:
        host, port = self._udp.getsockname()
        return Resolver(host, port)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nudge:
            nudge.sendto(b"", self._udp.getsockname())
        with contextlib.suppress(OSError):
            socket.create_connection(self._tcp.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def _reply(self, packet: bytes) -> bytes:
        request = DNSRecord.parse(packet)
        self.asked.append(f"{request.q.qname} {QTYPE[request.q.qtype]}")
        reply = request.reply(aa=0)
        if request.q.qtype == QTYPE.A:
            reply.add_answer(*RR.fromZone(f"{request.q.qname} 60 IN A {self._answer}"))
        return bytes(reply.pack())

    def _by_udp(self) -> None:
        while True:
            packet, client = self._udp.recvfrom(4096)
            if self._ended:
                return
            reply = self._reply(packet)
            if not self._silent:
                self._udp.sendto(reply, client)

    def _by_tcp(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            with connection:
                if self._ended:
                    return
                stream = connection.makefile("rb")
                with stream:
                    (length,) = struct.unpack("!H", stream.read(2))
                    reply = self._reply(stream.read(length))
                    if not self._silent:
                        connection.sendall(struct.pack("!H", len(reply)) + reply)


def _sockets() -> tuple[socket.socket, socket.socket]:
    """TCP and UDP on the same port, one that is free for both."""
    while True:
        tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError as error:
            tcp.close()
            udp.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return tcp, udp


def ask(port: int, name: str, type_: str = "A", *, edns: int = 0) -> DNSRecord:
    """One question by UDP."""
    question = DNSRecord.question(name, type_)
    if edns:
        question.add_ar(EDNS0(udp_len=edns))
    return DNSRecord.parse(send(port, bytes(question.pack())))


def send(port: int, packet: bytes) -> bytes:
    """Whatever comes back for these bytes, by UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(PATIENCE)
        asking.sendto(packet, ("127.0.0.1", port))
        return asking.recv(65535)


def ask_by_tcp(connection: socket.socket, name: str, type_: str = "A") -> DNSRecord:
    """One question on an open connection."""
    packet = bytes(DNSRecord.question(name, type_).pack())
    connection.sendall(struct.pack("!H", len(packet)) + packet)
    with connection.makefile("rb") as stream:
        (length,) = struct.unpack("!H", stream.read(2))
        return DNSRecord.parse(stream.read(length))


def answers(record: DNSRecord) -> list[str]:
    """The answer section as zone-file text, its blanks made one."""
    return [" ".join(str(one).split()) for one in record.rr]
