"""The client's side: what it sends, and a transport in memory whose other end the test holds."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from minisets.api.spdy.connection import SpdyConnection
from minisets.api.spdy.frames import Decoder, Encoder, Frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Memory:
    """A transport of bytes, to the server from the test and back."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self.outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self.taking = asyncio.Event()
        self.taking.set()
        self.is_closed = False

    async def read(self) -> bytes:
        return await self.incoming.get()

    async def write(self, data: bytes) -> None:
        if self.is_closed:
            raise ConnectionResetError("closed")
        self.outgoing.put_nowait(data)
        await self.taking.wait()

    async def close(self) -> None:
        self.is_closed = True
        self.taking.set()


class Peer:
    """The client of one connection."""

    def __init__(self, transport: Memory) -> None:
        self.transport = transport
        self.encoder = Encoder()
        self._decoder = Decoder()
        self._heard: list[Frame] = []

    def send(self, *sent: bytes) -> None:
        self.transport.incoming.put_nowait(b"".join(sent))

    def open(self, number: int, *, ended: bool = False, **headers: str) -> None:
        self.send(self.encoder.opened(number, headers, ended=ended))

    def leave(self) -> None:
        self.transport.incoming.put_nowait(b"")

    async def hear(self) -> Frame:
        """The next frame that the server sends."""
        while not self._heard:
            self._heard.extend(self._decoder.feed(await self.transport.outgoing.get()))
        return self._heard.pop(0)

    async def silence(self) -> None:
        """Returns once everybody has had their turn; fails if something was said meanwhile."""
        for _ in range(20):
            await asyncio.sleep(0)
        assert self.transport.outgoing.empty()


@asynccontextmanager
async def connected(streams_at_most: int = 8) -> AsyncIterator[tuple[SpdyConnection, Peer]]:
    """A running connection and its client; whatever hangs fails after ten seconds."""
    transport = Memory()
    connection = SpdyConnection(transport, streams_at_most=streams_at_most)
    async with asyncio.timeout(10):
        running = asyncio.create_task(connection.run())
        try:
            yield connection, Peer(transport)
        finally:
            await connection.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
