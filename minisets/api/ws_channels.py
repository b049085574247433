"""Channels over one WebSocket: the first byte, or digit, of each message says which one it is for.

The subprotocol is agreed before anything starts: a client that drops the connection over it tries again, and
the command would run twice. Text messages are base64.
Kubernetes: apimachinery pkg/util/remotecommand/constants.go, apiserver pkg/util/wsstream/conn.go.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from minisets.api.backlog import Backlog
from minisets.api.channels import PARTED_WITHIN, WAITING_INPUT, Size, Sizes, status_text
from minisets.errors import BadRequest

if TYPE_CHECKING:
    from minisets.api.channels import Wanted
    from minisets.engine.interface import OutputName
    from minisets.objects.kinds import Object

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_OUTPUTS = {"stdout": STDOUT, "stderr": STDERR}
_LARGEST = 32 * 1024 * 1024
_CHUNK = 128 * 1024
_REASSURED_EVERY = timedelta(seconds=5)
_ZERO = ord("0")


@dataclass(frozen=True)
class _Form:
    """How a subprotocol says it. is_text: in base64; is_json: the end as a Status."""

    is_text: bool = False
    is_json: bool = True


FORMS = {
    "v5.channel.k8s.io": _Form(),
    "v4.channel.k8s.io": _Form(),
    "v4.base64.channel.k8s.io": _Form(is_text=True),
    "channel.k8s.io": _Form(is_json=False),
    "base64.channel.k8s.io": _Form(is_text=True, is_json=False),
}


class WebSocketChannels:
    """One client's; BadRequest where no subprotocol can be agreed on."""

    def __init__(self, request: web.BaseRequest, wanted: Wanted) -> None:
        self._request = request
        self._wanted = wanted
        self._socket = web.WebSocketResponse(
            protocols=tuple(FORMS),
            max_msg_size=_LARGEST,
            compress=False,
            timeout=PARTED_WITHIN.total_seconds(),
        )
        self._form = FORMS[_agreed(self._socket, request)]
        self._input = Backlog(WAITING_INPUT)
        self._sizes = Sizes()

    @property
    def answer(self) -> web.StreamResponse:
        """The upgraded connection."""
        return self._socket

    async def open(self) -> None:
        """Say 101."""
        await self._socket.prepare(self._request)

    async def listen(self) -> None:
        """Take messages until the client is gone.

        Why the pongs: while its input is pushed back a client's pings are not read. kubectl gives up after
        a minute without a pong, and takes those that it did not ask for, too.
        """
        with suppress(ConnectionError):
            async for message in self._socket:
                data = message.data.encode() if message.type is WSMsgType.TEXT else message.data
                if isinstance(data, bytes) and data:
                    self._take(*self._form_of(data))
                while not await self._input.has_room(_REASSURED_EVERY):
                    await self._socket.pong()

    def _form_of(self, message: bytes) -> tuple[int, bytes]:
        """Channel and data; what is no base64 is for nobody."""
        if not self._form.is_text:
            return message[0], message[1:]
        try:
            return message[0] - _ZERO, base64.b64decode(message[1:], validate=True)
        except binascii.Error:
            return -1, b""

    def _take(self, channel: int, data: bytes) -> None:
        if channel == STDIN and self._wanted.stdin and data:
            self._input.add(data)
        elif channel == CLOSE and data[:1] == bytes([STDIN]):
            self._input.end()
        elif channel == RESIZE and self._wanted.tty:
            self._sizes.tell(data)

    async def read(self) -> bytes:
        """Some of the input; nothing at its end."""
        return await self._input.take()

    async def resized(self) -> Size:
        """The terminal's next size."""
        return await self._sizes.next()

    async def write(self, output: OutputName, data: bytes) -> None:
        """Waits while the client takes nothing."""
        if self._wanted.takes(output):
            for start in range(0, len(data), _CHUNK):
                await self._send(_OUTPUTS[output], data[start : start + _CHUNK])

    async def finish(self, status: Object) -> None:
        """Tell how it ended, and close cleanly; kubectl takes any other close for a failure."""
        with suppress(ConnectionError, RuntimeError):
            if said := status_text(status, is_json=self._form.is_json):
                await self._send(ERROR, said)
            await self._socket.close(code=WSCloseCode.OK)

    async def close(self) -> None:
        """The handler's end closes it."""

    async def _send(self, channel: int, data: bytes) -> None:
        if self._form.is_text:
            await self._socket.send_str(chr(_ZERO + channel) + base64.b64encode(data).decode())
        else:
            await self._socket.send_bytes(bytes([channel]) + data)


def _agreed(socket: web.WebSocketResponse, request: web.BaseRequest) -> str:
    """The client's first choice of what both sides know."""
    can = socket.can_prepare(request)
    if not can.ok:
        raise BadRequest(
            "unable to upgrade: exec and attach speak WebSocket and SPDY/3.1, this request asks for neither"
        )
    if can.protocol is None:
        raise BadRequest(f"unable to upgrade: offer one of the subprotocols {', '.join(FORMS)}")
    return can.protocol
