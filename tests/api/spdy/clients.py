"""A client that speaks SPDY to a server: raw, or within a WebSocket's messages."""

from __future__ import annotations

import json
import socket
import ssl
from typing import TYPE_CHECKING

import websocket

from minisets.api.spdy import frames
from minisets.api.spdy.frames import Data, Decoder, Encoder, Frame, Reset

if TYPE_CHECKING:
    from tests.api.serving import Json, Running


class RefusedError(Exception):
    """The server did not upgrade; its code and Status."""

    def __init__(self, code: int, status: Json) -> None:
        super().__init__(f"{code}: {status.get('message')}")
        self.code, self.status = code, status


class Raw:
    """A TLS connection that has been upgraded."""

    def __init__(
        self, running: Running, path: str, *protocols: str, method: str = "POST", token: str = ""
    ) -> None:
        plain = socket.create_connection(("127.0.0.1", running.server.port), 10)
        self._socket = running.client.context.wrap_socket(plain, server_hostname="127.0.0.1")
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{running.server.port}",
            f"Authorization: Bearer {token or running.client.token}",
            "Connection: Upgrade",
            "Upgrade: SPDY/3.1",
            *(f"X-Stream-Protocol-Version: {protocol}" for protocol in protocols),
            *(("Content-Length: 0",) if method == "POST" else ()),
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = self._socket.recv(1)
            assert more, answer
            answer += more
        first, *rest = answer.decode().strip().split("\r\n")
        self.headers = dict(line.split(": ", 1) for line in rest)
        if (code := int(first.split()[1])) != 101:
            body = b""
            while len(body) < int(self.headers["Content-Length"]):
                body += self._socket.recv(65536)
            self.close()
            raise RefusedError(code, json.loads(body))

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def take(self) -> bytes:
        return self._socket.recv(65536)

    def is_cut(self) -> bool:
        """Waits for what comes next: whether that is the end."""
        try:
            return not self.take()
        except (ConnectionError, ssl.SSLError):
            return True

    def close(self) -> None:
        self._socket.close()


class Tunnelled:
    """The same in a WebSocket; messages are cut where it hurts."""

    def __init__(self, running: Running, path: str, protocol: str) -> None:
        self._socket = websocket.create_connection(
            f"wss://127.0.0.1:{running.server.port}{path}",
            10,
            sslopt={"context": running.client.context},
            header={"Authorization": f"Bearer {running.client.token}"},
            subprotocols=[f"SPDY/3.1+{protocol}"],
        )

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), 60_001):
            self._socket.send_binary(data[start : start + 60_001])
        self._socket.send_binary(b"")

    def take(self) -> bytes:
        _, received = self._socket.recv_data()
        return bytes(received)

    def close(self) -> None:
        self._socket.close(timeout=5)


class SpdyClient:
    """Opens streams, and keeps what came on each."""

    def __init__(self, transport: Raw | Tunnelled) -> None:
        self._transport = transport
        self._encoder = Encoder()
        self._decoder = Decoder()
        self._next = 1
        self.heard: list[Frame] = []
        self.data: dict[int, bytearray] = {}
        self.over: set[int] = set()

    def close(self) -> None:
        self._transport.close()

    def open(self, **headers: str) -> int:
        number, self._next = self._next, self._next + 2
        self.send(self._encoder.opened(number, headers))
        return number

    def send(self, *sent: bytes) -> None:
        self._transport.send(b"".join(sent))

    def say(self, stream: int, data: bytes, *, ended: bool = False) -> None:
        """In frames of 32 KiB, as kubectl does."""
        pieces = [data[start : start + 32768] for start in range(0, len(data), 32768)]
        for piece in pieces:
            self.send(frames.data(stream, piece))
        if ended:
            self.send(frames.data(stream, b"", ended=True))

    def listen(self) -> bool:
        """Take in what comes next; False at the end of the connection."""
        received = self._transport.take()
        for frame in self._decoder.feed(received):
            self.heard.append(frame)
            if isinstance(frame, Data):
                self.data.setdefault(frame.stream, bytearray()).extend(frame.data)
            if isinstance(frame, Reset) or (isinstance(frame, Data) and frame.ended):
                self.over.add(frame.stream)
        return bool(received)

    def all_of(self, stream: int) -> bytes:
        """What comes on the stream until its end."""
        while stream not in self.over:
            assert self.listen(), "the connection has ended"
        return bytes(self.data.get(stream, b""))

    def some_of(self, stream: int, count: int) -> bytes:
        """What has come on the stream once it is that much."""
        while len(self.data.get(stream, b"")) < count:
            assert self.listen(), "the connection has ended"
        return bytes(self.data[stream])

    def until_heard(self, frame: Frame) -> None:
        while frame not in self.heard:
            assert self.listen(), f"the connection has ended without {frame}"
