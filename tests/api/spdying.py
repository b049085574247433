"""A client of `exec` and `attach` over SPDY, frame by frame."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.api.spdy import frames
from minisets.api.spdy.frames import Decoder, Encoder
from tests.api.serving import PODS

if TYPE_CHECKING:
    from minisets.api.spdy.frames import Frame
    from tests.api.serving import Client

NUMBERS = {"error": 1, "stdin": 3, "stdout": 5, "stderr": 7, "resize": 9}


@dataclass
class Refused(Exception):
    """The request was answered with something else than 101."""

    answer: bytes


class SpdyClient:
    """One connection; streams have the numbers above."""

    def __init__(self, client: Client, path: str, *versions: str) -> None:
        plain = socket.create_connection(("127.0.0.1", client.port), timeout=10)
        self.socket = client.context.wrap_socket(plain, server_hostname="127.0.0.1")
        lines = [
            f"POST {PODS}/{path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {client.token}",
            "Connection: Upgrade",
            "Upgrade: SPDY/3.1",
            *(f"X-Stream-Protocol-Version: {version}" for version in versions),
        ]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(4096)
        self.head, _, rest = answer.partition(b"\r\n\r\n")
        if b" 101 " not in self.head:
            self.socket.close()
            raise Refused(answer)
        self._encoder, self._decoder = Encoder(), Decoder()
        self._heard: list[Frame] = list(self._decoder.feed(rest))

    def open(self, *names: str) -> None:
        for name in names:
            self.send(self._encoder.opened(NUMBERS[name], {"streamtype": name}))

    def send(self, frame: bytes) -> None:
        self.socket.sendall(frame)

    def say(self, name: str, data: bytes, *, ended: bool = False) -> None:
        self.send(frames.data(NUMBERS[name], data, ended=ended))

    def hear(self) -> Frame | None:
        """The next frame; None at the end of the connection."""
        while not self._heard:
            if not (received := self.socket.recv(65536)):
                return None
            self._heard.extend(self._decoder.feed(received))
        return self._heard.pop(0)

    def pong(self, number: int) -> None:
        """Wait until a ping is answered; fails if it is not."""
        self.send(frames.ping(number))
        while self.hear() != frames.Ping(number):
            pass

    def heard(self) -> dict[str, bytes]:
        """What came on each stream until all but the input had ended."""
        names = {number: name for name, number in NUMBERS.items()}
        parts: dict[str, list[bytes]] = {}
        while isinstance(frame := self.hear(), frames.Data | frames.Replied | frames.Ping):
            if isinstance(frame, frames.Data):
                parts.setdefault(names[frame.stream], []).append(frame.data)
                if frame.ended and names[frame.stream] == "error":
                    break
        return {name: whole for name, pieces in parts.items() if (whole := b"".join(pieces))}

    def close(self) -> None:
        self.socket.close()
