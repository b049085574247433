"""Asks a gRPC server how it is: one call of grpc.health.v1.Health/Check, HTTP/2 without TLS (A-114).

The two messages are a string and an enum, written and read by hand. Leaves to `dialing.py` whom to ask.
Kubernetes: pkg/probe/grpc. Differs: who is not there is not dialled again until the time is up.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset, TrailersReceived
from h2.exceptions import ProtocolError

from minisets.kubelet.probes.requesting import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

_SERVING = 1
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_UNIMPLEMENTED, _UNAVAILABLE, _DEADLINE_EXCEEDED = 12, 14, 4
_CODES = (
    *("OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists"),
    *("PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange"),
    *("Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated"),
)
_PREFIX = 5  # of a gRPC message: whether it is compressed, and its length
_LONGEST_ANSWER = 10 * 1024
_VARINT, _EIGHT_BYTES, _COUNTED, _FOUR_BYTES = 0, 1, 2, 5


@dataclass
class _Answer:
    """What has come back so far. code None: no server has said how the call went."""

    message: bytes = b""
    code: int | None = None
    said: str = ""
    is_whole: bool = False
    _seen: dict[str, str] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Add what HTTP/2 brought."""
        if isinstance(event, ResponseReceived | TrailersReceived):
            self._seen.update((str(name), str(value)) for name, value in event.headers or ())
            if self._seen.get("grpc-status", "").isdecimal():
                self.code = int(self._seen["grpc-status"])
                self.said = unquote(self._seen.get("grpc-message", ""))
        elif isinstance(event, DataReceived):
            self.message += event.data or b""
        self.is_whole |= isinstance(event, StreamEnded | StreamReset) or len(self.message) > _LONGEST_ANSWER


def complaint(
    host: str, port: int, service: str, seconds: float, on_closer: Callable[[Callable[[], None]], None]
) -> str:
    """Empty if the server says that the service is SERVING, else what upstream says of it.

    `on_closer` is handed what ends the call early; whoever calls that keeps the time as a whole.
    """
    address = f"{host}:{port}"
    try:
        connection = socket.create_connection((host, port), seconds)
    except OSError as error:
        return f'timeout: failed to connect service "{address}" within {seconds:g}s: {error}'
    with connection:
        on_closer(lambda: _end(connection))
        try:
            answer = _called(connection, address, service)
        except TimeoutError:
            return f"timeout: health rpc did not complete within {seconds:g}s"
        except (OSError, ProtocolError) as error:
            return _failed(_UNAVAILABLE, str(error))
    return _judged(answer, seconds)


def _end(connection: socket.socket) -> None:
    """From any thread, and though it may have ended meanwhile."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _called(connection: socket.socket, authority: str, service: str) -> _Answer:
    """One unary call: all is sent at once, and read until the stream ends."""
    protocol = H2Connection(H2Configuration(header_encoding="utf-8"))
    protocol.initiate_connection()
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
        "user-agent": f"kube-probe/{VERSION}",
    }
    stream, answer = protocol.get_next_available_stream_id(), _Answer()
    protocol.send_headers(stream, list(headers.items()))
    protocol.send_data(stream, _request(service), end_stream=True)
    connection.sendall(protocol.data_to_send())
    while not answer.is_whole and (data := connection.recv(1 << 16)):
        for event in protocol.receive_data(data):
            answer.take(event)
        connection.sendall(protocol.data_to_send())
    return answer


def _request(service: str) -> bytes:
    """HealthCheckRequest: field 1, a string; framed as gRPC frames messages."""
    name = service.encode()
    message = bytes([1 << 3 | _COUNTED]) + _varint(len(name)) + name if name else b""
    return b"\0" + len(message).to_bytes(4, "big") + message


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _judged(answer: _Answer, seconds: float) -> str:
    if answer.code == _UNIMPLEMENTED:
        said = "this server does not implement the grpc health protocol (grpc.health.v1.Health)"
        return f"error: {said}: {answer.said}"
    if answer.code == _DEADLINE_EXCEEDED:
        return f"timeout: health rpc did not complete within {seconds:g}s"
    if answer.code != 0:
        return _failed(_UNAVAILABLE if answer.code is None else answer.code, answer.said)
    status = _status_in(answer.message[_PREFIX:])
    name = _STATUSES[status] if status < len(_STATUSES) else str(status)
    return "" if status == _SERVING else f'service unhealthy (responded with "{name}")'


def _failed(code: int, said: str) -> str:
    name = _CODES[code] if code < len(_CODES) else f"Code({code})"
    return f"error: health rpc probe failed: rpc error: code = {name} desc = {said or 'the connection ended'}"


def _status_in(message: bytes) -> int:
    """HealthCheckResponse: field 1, an enum that is 0 (UNKNOWN) where it is not said."""
    status, rest = 0, message
    while rest:
        key, rest = _number_in(rest)
        if key & 7 == _VARINT:
            value, rest = _number_in(rest)
            status = value if key >> 3 == 1 else status
        elif key & 7 == _COUNTED:
            length, rest = _number_in(rest)
            rest = rest[length:]
        else:
            rest = rest[{_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(key & 7, len(rest)) :]
    return status


def _number_in(data: bytes) -> tuple[int, bytes]:
    """The varint at the beginning, and what follows it."""
    number = 0
    for place, byte in enumerate(data):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, data[place + 1 :]
    return number, b""
