"""Port-forward over SPDY: for each connection of the client's a stream of data and one of errors.

    streams opened --request id--> pairs, whole within 30 s --> dialled, spliced --> both ended

Leaves how the connection came about to `serving.py`, and the pod's port to `dialling.py`.
Kubernetes: kubelet pkg/cri/streaming/portforward/httpstream.go.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.api.failures import as_api_error
from minisets.api.forwarding.dialling import NotReachedError, is_port
from minisets.api.forwarding.splicing import splice
from minisets.api.spdy.connection import SpdyConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from minisets.api.forwarding.dialling import Gone, Reached
    from minisets.api.spdy.connection import ByteTransport, SpdyStream

    Dial = Callable[[int, Gone], Awaitable[Reached]]

_STREAMS_AT_MOST = 1024
_PAIRS_AT_MOST = _STREAMS_AT_MOST
"""Why, beside the streams: one whose streams are over may still wait for the second, or for the pod."""

_WHOLE_WITHIN = timedelta(seconds=30)


class Pair:
    """One connection of the client's: what `splice` calls a client, once it is whole."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.is_whole = asyncio.Event()
        self._streams: dict[str, SpdyStream] = {}

    def add(self, stream: SpdyStream) -> bool:
        """Whether there was none of its type yet."""
        type_ = stream.headers["streamtype"]
        if type_ in self._streams:
            return False
        self._streams[type_] = stream
        if len(self._streams) == len(("data", "error")):
            self.is_whole.set()
        return True

    @property
    def port(self) -> int:
        """Of the pod."""
        return int(self._streams["data"].headers["port"])

    @property
    def is_gone(self) -> bool:
        """Whether the client has broken it off."""
        return self._streams["data"].is_gone

    async def until_gone(self) -> None:
        """Until it has."""
        await self._streams["data"].until_gone()

    async def read(self) -> bytes:
        """What the client sends."""
        return await self._streams["data"].read()

    async def write(self, data: bytes) -> None:
        """To the client."""
        await self._streams["data"].write(data)

    async def end(self) -> None:
        """Nothing more to tell, and no error: clients wait for the end of both."""
        for stream in self._streams.values():
            await stream.end()

    async def reset(self) -> None:
        """Broken off by the pod. Kubernetes: no reason to end all that is forwarded, as an error would be."""
        await self._streams["data"].reset()
        await self.end()

    def drop(self) -> None:
        """Take no more."""
        for stream in self._streams.values():
            stream.drop()

    async def fail(self, why: str) -> None:
        """Say so on the stream of errors; kubectl prints it, and ends."""
        if (error := self._streams.get("error")) is not None:
            with suppress(ConnectionError):
                await error.write(why.encode())


class Pairs:
    """All that one client has forwarded over one connection."""

    def __init__(self, transport: ByteTransport, dial: Dial) -> None:
        self._connection = SpdyConnection(transport, streams_at_most=_STREAMS_AT_MOST)
        self._dial = dial
        self._incomplete: dict[str, Pair] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Until the client leaves, or this is cancelled."""
        reading = asyncio.create_task(self._connection.run())
        try:
            while (stream := await self._connection.accept()) is not None:
                if _is_meant(stream):
                    await self._take(stream)
                else:
                    await stream.reset()
        finally:
            self._connection.lose()
            running = (reading, *self._tasks)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._connection.close()

    async def _take(self, stream: SpdyStream) -> None:
        request = _request_of(stream)
        pair = self._incomplete.get(request)
        if pair is None:
            if len(self._tasks) >= _PAIRS_AT_MOST:
                await stream.reset()
                return
            pair = self._incomplete[request] = Pair(request)
            task = asyncio.create_task(self._forward(pair))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not pair.add(stream):
            type_ = stream.headers["streamtype"]
            await pair.fail(f"error processing stream for request {request}: {type_} stream already assigned")
            await stream.reset()

    async def _forward(self, pair: Pair) -> None:
        try:
            if await self._is_whole(pair):
                await self._splice(pair)
            else:
                await pair.fail(f"(request={pair.request}) timed out waiting for streams")
        except NotReachedError as why:
            await pair.fail(str(why))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not look like a port's silence
            await pair.fail(str(as_api_error(error)))
        finally:
            pair.drop()
            await pair.end()

    async def _is_whole(self, pair: Pair) -> bool:
        try:
            async with asyncio.timeout(_WHOLE_WITHIN.total_seconds()):
                await pair.is_whole.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._incomplete.pop(pair.request, None)

    async def _splice(self, pair: Pair) -> None:
        reached = await self._dial(pair.port, pair.until_gone)
        try:
            await splice(pair, reached)
        finally:
            await reached.close()


def _is_meant(stream: SpdyStream) -> bool:
    """Kubernetes: httpStreamReceived."""
    return is_port(stream.headers.get("port", "")) and stream.headers.get("streamtype") in ("data", "error")


def _request_of(stream: SpdyStream) -> str:
    """Which pair the stream belongs to.

    Kubernetes: httpStreamHandler.requestID: old clients name none, and open the two one after the other.
    """
    is_second = stream.headers["streamtype"] == "data"
    return stream.headers.get("requestid") or str(stream.number - 2 * is_second)
