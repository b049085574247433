"""One SPDY connection: the streams that its client opens, over any transport of bytes.

    transport --read--> frames --> streams, each with a bound --> whoever reads the stream
    whoever writes a stream --> frames of 32 KiB, one writer after the other --> transport

What is answered without a stream's user (PING, refusals) goes through a queue of its own, so that a peer
that reads nothing is still heard. Leaves the bytes of a frame to `frames.py`, a stream's meaning to its user.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from minisets.api.backlog import Backlog
from minisets.api.spdy import frames
from minisets.api.spdy.frames import Decoder, Encoder, MalformedFrameError

if TYPE_CHECKING:
    from collections.abc import Mapping

_INPUT_AT_MOST = 256 * 1024
_CHUNK = 32 * 1024
_ANSWERS_WAITING = 64
_PING_EVERY = timedelta(seconds=5)
_LAST_WORD_WITHIN = timedelta(seconds=1)


class ByteTransport(Protocol):
    """Where the bytes of a connection come from and go to."""

    async def read(self) -> bytes:
        """Some bytes; empty at the end, however it came."""

    async def write(self, data: bytes) -> None:
        """Waits while the peer takes nothing; ConnectionError once it is gone."""

    async def close(self) -> None:
        """Never waits for a peer that reads nothing."""


class SpdyStream:
    """One stream, as its user sees it: one task reads, one writes."""

    def __init__(
        self, connection: SpdyConnection, number: int, headers: Mapping[str, str], *, ended: bool
    ) -> None:
        self.number = number
        self.headers = headers
        self._connection = connection
        self._input = Backlog(_INPUT_AT_MOST)
        self._peer_ended = ended
        self._we_ended = False
        self._gone = asyncio.Event()
        if ended:
            self._input.end()

    @property
    def is_gone(self) -> bool:
        """Whether either side has reset it, or its connection is gone: no FIN is to come, none to be sent."""
        return self._gone.is_set()

    async def until_gone(self) -> None:
        """Not its end: see `is_gone`."""
        await self._gone.wait()

    async def read(self) -> bytes:
        """What has come; empty once the client has ended or reset it, or the connection is gone."""
        return await self._input.take()

    async def write(self, data: bytes) -> None:
        """ConnectionError: the stream or its connection is gone, or we ended it."""
        for start in range(0, len(data), _CHUNK):
            if self.is_gone or self._we_ended:
                raise ConnectionResetError(f"stream {self.number} takes nothing any more")
            chunk = data[start : start + _CHUNK]
            await self._connection.send(frames.data(self.number, chunk))

    async def end(self) -> None:
        """Nothing more is written; twice is fine. The client may go on sending: see `drop`."""
        if self.is_gone or self._we_ended:
            return
        self._we_ended = True
        with suppress(ConnectionError):
            await self._connection.send(frames.data(self.number, b"", ended=True))
        self._forget_if_over()

    async def reset(self) -> None:
        """Over in both directions; twice is fine."""
        if self.is_gone:
            return
        self.lose()
        self.drop()
        self._connection.forget(self.number)
        with suppress(ConnectionError):
            await self._connection.send(frames.reset(self.number, frames.CANCEL))

    def drop(self) -> None:
        """Throw away what comes from now on: it would hold up the other streams."""
        self._input.drop()

    def take(self, data: bytes, *, ended: bool) -> None:
        """For the connection: what the client has sent."""
        self._input.add(data)
        if ended:
            self._peer_ended = True
            self._input.end()
            self._forget_if_over()

    def lose(self) -> None:
        """For the connection: reset by the client, or gone with the connection."""
        self._gone.set()
        self._input.end()

    async def has_room(self, within: timedelta) -> bool:
        """For the connection: whether more may come, by then."""
        return await self._input.has_room(within)

    def _forget_if_over(self) -> None:
        if self._peer_ended and self._we_ended:
            self._connection.forget(self.number)


class SpdyConnection:
    """The server's side. `run` in a task of its own, `accept` until None, then `close`."""

    def __init__(self, transport: ByteTransport, *, streams_at_most: int) -> None:
        self._transport = transport
        self._at_most = streams_at_most
        self._encoder = Encoder()
        self._writing = asyncio.Lock()
        self._streams: dict[int, SpdyStream] = {}
        self._opened: dict[int, SpdyStream] = {}
        self._changed = asyncio.Event()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue(_ANSWERS_WAITING)
        self._last = 0
        self._pinged = 0
        self._is_over = False

    async def accept(self) -> SpdyStream | None:
        """The next stream that the client opens, its SYN_REPLY sent; None once the connection has ended."""
        while (stream := await self._next()) is not None:
            with suppress(ConnectionError):
                await self.send(self._encoder.replied(stream.number))
                return stream
        return None

    async def run(self) -> None:
        """Read until the client is gone, says GOAWAY, or sends what is no SPDY; then every stream is gone."""
        answering = asyncio.create_task(self._answer())
        try:
            await self._read()
        except (MalformedFrameError, ConnectionError):
            pass
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            self.lose()

    def lose(self) -> None:
        """Every stream is gone, and none is opened any more."""
        if not self._is_over:
            self._is_over = True
            for stream in self._streams.values():
                stream.lose()
            self._streams.clear()
            self._opened.clear()
            self._changed.set()

    async def close(self) -> None:
        """Say GOAWAY and close; a peer that reads nothing is not waited for. The last thing to be awaited."""
        self.lose()
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_LAST_WORD_WITHIN.total_seconds()):
                await self.send(frames.go_away(self._last))
        await self._transport.close()

    async def send(self, frame: bytes) -> None:
        """For streams: whole frames, in the order of asking (headers are packed in that order)."""
        async with self._writing:
            await self._transport.write(frame)

    def forget(self, number: int) -> None:
        """For streams: over in both directions."""
        self._streams.pop(number, None)

    async def _next(self) -> SpdyStream | None:
        """Why no queue: one that is reset before it is accepted counts no more, and must not stay there."""
        while not (self._opened or self._is_over):
            self._changed.clear()
            await self._changed.wait()
        return None if self._is_over else self._opened.pop(next(iter(self._opened)))

    async def _read(self) -> None:
        decoder = Decoder()
        while received := await self._transport.read():
            for frame in decoder.feed(received):
                match frame:
                    case frames.Opened():
                        await self._open(frame)
                    case frames.Data():
                        await self._take(frame)
                    case frames.Reset():
                        self._lose(frame.stream)
                    case frames.Ping() if frame.number % 2:  # others answer ours
                        await self._answers.put(frames.ping(frame.number))
                    case frames.GoAway():
                        return
                    case frames.Replied() | frames.Ping():
                        pass  # we open no streams

    async def _open(self, frame: frames.Opened) -> None:
        if frame.stream <= self._last or not frame.stream % 2:
            await self._answers.put(frames.reset(frame.stream, frames.PROTOCOL_ERROR))
            return
        self._last = frame.stream
        if len(self._streams) >= self._at_most:
            await self._answers.put(frames.reset(frame.stream, frames.REFUSED_STREAM))
            return
        stream = SpdyStream(self, frame.stream, frame.headers, ended=frame.ended)
        self._streams[frame.stream] = stream
        self._opened[frame.stream] = stream
        self._changed.set()

    async def _take(self, frame: frames.Data) -> None:
        """Why the pings: while nothing is read, only a client that is written to can be found gone."""
        if (stream := self._streams.get(frame.stream)) is None:
            return
        stream.take(frame.data, ended=frame.ended)
        while not await stream.has_room(_PING_EVERY):
            self._pinged += 2
            await self._answers.put(frames.ping(self._pinged))

    def _lose(self, number: int) -> None:
        self._opened.pop(number, None)
        if (stream := self._streams.pop(number, None)) is not None:
            stream.lose()

    async def _answer(self) -> None:
        with suppress(ConnectionError):
            while True:
                await self.send(await self._answers.get())
