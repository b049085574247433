"""Requests that become something else than HTTP: their connection as a transport of bytes for `spdy/`.

    POST, Upgrade: SPDY/3.1  --101--> the connection itself      GET, a WebSocket --> its binary messages

Both keep back-pressure: who writes waits for the peer, and what nobody reads is not taken from it. Leaves
what the bytes mean to `spdy/`, and ending all that is open to who serves it.
Kubernetes: apimachinery pkg/util/httpstream/httpstream.go, spdy/upgrade.go.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from aiohttp import WSMsgType, web

from minisets.errors import BadRequest, Forbidden

if TYPE_CHECKING:
    from collections.abc import Sequence

SPDY = "SPDY/3.1"
VERSION = "X-Stream-Protocol-Version"
_UNREAD_AT_MOST = 256 * 1024
_CLOSED_WITHIN = timedelta(seconds=30)


def is_spdy(request: web.BaseRequest) -> bool:
    """Whether the client wants to speak SPDY from here on."""
    wanted, connection = request.headers.get("Upgrade", ""), request.headers.get("Connection", "")
    return SPDY.lower() in wanted.lower() and "upgrade" in connection.lower()


def abort(transport: asyncio.BaseTransport | None) -> None:
    """End the connection at once, whatever has become of it.

    Trap: a TLS transport that was closed twice, as aiohttp does with a lost one, raises when it is aborted.
    """
    if isinstance(transport, asyncio.WriteTransport):
        with suppress(AttributeError):
            transport.abort()


def agreed(request: web.BaseRequest, protocols: Sequence[str]) -> str:
    """The first of the client's protocols that we speak. BadRequest: no SPDY; Forbidden: none of them.

    Before anything is begun: a client that is refused tries again in another way.
    """
    if not is_spdy(request):
        given = {name: request.headers.get(name, "") for name in ("Connection", "Upgrade")}
        raise BadRequest(f"unable to upgrade: missing upgrade headers in request: {given}")
    offered = [one.strip() for line in request.headers.getall(VERSION, ()) for one in line.split(",")]
    for one in offered:
        if one in protocols:
            return one
    raise Forbidden(
        "unable to upgrade: unable to negotiate protocol: "
        f"client supports [{' '.join(offered)}], server accepts [{' '.join(protocols)}]"
    )


async def spdy(request: web.BaseRequest, protocols: Sequence[str]) -> tuple[Taken, str]:
    """Answer 101 and take the connection over; also the agreed protocol. Refuses as `agreed` does."""
    protocol = agreed(request, protocols)
    headers = {"Connection": "Upgrade", "Upgrade": SPDY, VERSION: protocol}
    response = web.StreamResponse(status=101, headers=headers)
    response.force_close()
    await response.prepare(request)
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client left before it was answered")
    return Taken(transport, response), protocol


class Taken(asyncio.Protocol):
    """A connection that HTTP has let go of: a `ByteTransport`. Its end is passed on to who had it before.

    response: what the handler returns once it is done; nothing more is sent by it.
    """

    def __init__(self, transport: asyncio.Transport, response: web.StreamResponse) -> None:
        self.response = response
        self._transport = transport
        self._former = cast("asyncio.Protocol", transport.get_protocol())
        self._unread = bytearray()
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._has_ended = False
        self._lost = asyncio.Event()
        transport.set_protocol(self)
        transport.resume_reading()

    async def read(self) -> bytes:
        """What has come; empty at the end, however it came."""
        while not self._unread and not self._has_ended:
            self._changed.clear()
            await self._changed.wait()
        taken = bytes(self._unread)
        self._unread.clear()
        if len(taken) > _UNREAD_AT_MOST and not self._has_ended:
            self._transport.resume_reading()
        return taken

    async def write(self, data: bytes) -> None:
        """Waits while the client takes nothing; ConnectionError once it is gone."""
        if self._transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self._transport.write(data)
        await self._writable.wait()

    async def close(self) -> None:
        """What was written is still sent, if the client takes it soon. The last thing that a handler awaits.

        Why wait: aiohttp closes once more after the handler; a TLS transport that was closed twice can be
        aborted no more, and waits half a minute for its client. And once the connection is lost, aiohttp
        cancels the handler, as for any client that left.
        """
        self._transport.close()
        try:
            async with asyncio.timeout(_CLOSED_WITHIN.total_seconds()):
                await self._lost.wait()
        except TimeoutError:
            abort(self._transport)
            await self._lost.wait()

    def data_received(self, data: bytes) -> None:
        """From the loop."""
        is_full = len(self._unread) > _UNREAD_AT_MOST
        self._unread += data
        self._changed.set()
        if not is_full and len(self._unread) > _UNREAD_AT_MOST:
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """From the loop: as nothing is said to a client that has hung up, the transport closes."""
        self._has_ended = True
        self._changed.set()

    def pause_writing(self) -> None:
        """From the loop."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """From the loop."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """From the loop."""
        self._has_ended = True
        self._changed.set()
        self._writable.set()
        self._lost.set()
        self._former.connection_lost(exc)


class WebSocketBytes:
    """A prepared WebSocket as a `ByteTransport`: the borders of its binary messages mean nothing."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        """The next message that says something; empty at the end, or at what is no binary message."""
        while True:
            message = await self._socket.receive()
            if message.type is not WSMsgType.BINARY:
                return b""
            if message.data:
                return bytes(message.data)

    async def write(self, data: bytes) -> None:
        """Waits while the client takes nothing; ConnectionError once it is gone."""
        await self._socket.send_bytes(data)

    async def close(self) -> None:
        """Says so, and waits for the client's word no longer than the WebSocket's own timeout."""
        await self._socket.close()
