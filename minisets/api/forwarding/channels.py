"""Port-forward over a WebSocket's channels: 2i carries the data of the i-th port, 2i+1 its errors.

The first message on each channel is its port, 16 bits, the low byte first. One connection to each port,
dialled at once; when the last has ended, the WebSocket closes. Kubernetes: kubelet
pkg/cri/streaming/portforward/websocket.go. Differs: an empty message of data is the client's end; in
Kubernetes a client cannot say it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from minisets.api.backlog import Backlog
from minisets.api.failures import as_api_error
from minisets.api.forwarding.dialling import NotReachedError, is_port
from minisets.api.forwarding.splicing import splice
from minisets.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.api.forwarding.pairs import Dial
    from minisets.api.queries import Query

PROTOCOL = "v4.channel.k8s.io"
_PORTS_AT_MOST = 64
_INPUT_AT_MOST = 256 * 1024
_PING_EVERY = timedelta(seconds=5)
_CHUNK = 32 * 1024


def ports_of(query: Query) -> tuple[int, ...]:
    """From `?ports=80,81`; BadRequest for none, and for what is no port."""
    named = [word for value in query.all("ports") for word in value.split(",")]
    if not 0 < len(named) <= _PORTS_AT_MOST:
        raise BadRequest(f'query parameter "ports" is required, with at most {_PORTS_AT_MOST} ports')
    for word in named:
        if not is_port(word):
            raise BadRequest(f'cannot convert to []int32: parsing "{word[:20]}": no port')
    return tuple(map(int, named))


class Channel:
    """The client's side of one port."""

    def __init__(self, socket: web.WebSocketResponse, number: int, port: int) -> None:
        self.number = number
        self.port = port
        self.is_gone = False
        self._socket = socket
        self._input = Backlog(_INPUT_AT_MOST)

    async def begin(self) -> None:
        """Say which port it is, on both channels."""
        for channel in (self.number, self.number + 1):
            await self._socket.send_bytes(bytes([channel]) + self.port.to_bytes(2, "little"))

    async def put(self, data: bytes) -> None:
        """What the client has sent; empty: its end. Waits while too much waits to be read.

        Why the pings: while nothing is read, only a client that is written to can be found gone.
        """
        if data:
            self._input.add(data)
        else:
            self._input.end()
        while not await self._input.has_room(_PING_EVERY):
            await self._socket.ping()

    async def read(self) -> bytes:
        """What the client sends; empty at its end, and once we have told ours: both end as one."""
        return await self._input.take()

    async def until_gone(self) -> None:
        """Never: a client breaks off no channel alone."""
        await asyncio.get_running_loop().create_future()

    async def write(self, data: bytes) -> None:
        """To the client."""
        for start in range(0, len(data), _CHUNK):
            await self._socket.send_bytes(bytes([self.number]) + data[start : start + _CHUNK])

    async def end(self) -> None:
        """All that there is to tell it is the end of the WebSocket, once the others have ended."""
        self.drop()

    async def reset(self) -> None:
        """Likewise."""
        self.drop()

    def drop(self) -> None:
        """Take no more."""
        self._input.drop()
        self._input.end()

    async def fail(self, why: str) -> None:
        """Say so on the channel of errors."""
        with suppress(ConnectionError):
            await self._socket.send_bytes(bytes([self.number + 1]) + why.encode())


async def serve(socket: web.WebSocketResponse, ports: Sequence[int], dial: Dial) -> None:
    """Until every connection has ended, the client leaves, or this is cancelled."""
    channels = [Channel(socket, 2 * index, port) for index, port in enumerate(ports)]
    for channel in channels:
        await channel.begin()
    forwards = [asyncio.create_task(_forward(channel, dial)) for channel in channels]
    receiving = asyncio.create_task(_receive(socket, channels))
    forwarding = asyncio.gather(*forwards, return_exceptions=True)
    try:
        await asyncio.wait((receiving, forwarding), return_when=asyncio.FIRST_COMPLETED)
    finally:
        receiving.cancel()
        forwarding.cancel()
        await asyncio.gather(receiving, forwarding, return_exceptions=True)
        await socket.close()


async def _receive(socket: web.WebSocketResponse, channels: Sequence[Channel]) -> None:
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        index, is_error = divmod(message.data[0], 2)
        if index < len(channels) and not is_error:
            await channels[index].put(message.data[1:])


async def _forward(channel: Channel, dial: Dial) -> None:
    try:
        reached = await dial(channel.port, channel.until_gone)
        try:
            await splice(channel, reached)
        finally:
            await reached.close()
    except NotReachedError as why:
        await channel.fail(str(why))
    except Exception as error:  # noqa: BLE001 - a mistake of ours must not look like a port's silence
        await channel.fail(str(as_api_error(error)))
    finally:
        channel.drop()
