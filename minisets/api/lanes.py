"""Where blocking calls run, so that the event loop never waits.

A few threads for short calls; streams, which may hold a thread for hours, have a lane of their own, in which
metrics wait, too.

    thread (blocking iterator) --Pipe: bounded, in batches--> event loop --> client
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from minisets.errors import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from minisets.engine.interface import Output, Stream

P = ParamSpec("P")
R = TypeVar("R")


class Closable(Protocol):
    """What must be closed once it is there."""

    def close(self) -> None:
        """From any thread."""


S = TypeVar("S", bound=Closable)

CALLS = 8
STREAMS = 64
_THREADS_PER_STREAM = 4  # its output, its input, a terminal's size, and a short call beside them
_WAITING_BYTES = 1024 * 1024


class Lanes:
    """The threads of one server."""

    def __init__(self) -> None:
        self._calls = ThreadPoolExecutor(CALLS, "minisets-api-call")
        self._streams = ThreadPoolExecutor(STREAMS * _THREADS_PER_STREAM, "minisets-api-stream")
        self._free = STREAMS

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run something short: a read, a write, an encoding."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._calls, lambda: function(*args, **kwargs))

    async def stream(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run something that belongs to a stream and may take as long as the stream."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._streams, lambda: function(*args, **kwargs))

    def leave(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have something run for which nobody waits; not, if it has not begun when the server ends."""
        self._streams.submit(function, *args, **kwargs)

    async def open(self, function: Callable[P, S], *args: P.args, **kwargs: P.kwargs) -> S:
        """As `stream`, for what returns something to be closed: closed even if nobody waits any more."""
        return await _opened(self.stream(function, *args, **kwargs))

    async def begin(self, function: Callable[P, S], *args: P.args, **kwargs: P.kwargs) -> S:
        """As `open`, for what is short: two hundred watches at once must not make a thread each."""
        return await _opened(self.call(function, *args, **kwargs))

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one of the places for streams; TooManyRequests when all are taken. On the loop only."""
        if not self._free:
            raise TooManyRequests(
                f"all {STREAMS} streams (logs, exec, attach, metrics) of this server are in use: "
                "end one, then try again",
                retry_after=1,
            )
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    def close(self) -> None:
        """Wait for what runs; streams must have been ended before."""
        self._calls.shutdown(wait=True, cancel_futures=True)
        self._streams.shutdown(wait=True, cancel_futures=True)


async def _opened(coroutine: Coroutine[None, None, S]) -> S:
    opening = asyncio.ensure_future(coroutine)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_opened)
        raise


def _close_opened(opening: asyncio.Future[S]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


class Pipe:
    """A blocking stream's output on its way to the event loop; its filler waits while too much waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready = asyncio.Event()
        self._room = threading.Condition()
        self._waiting: list[Output] = []
        self._bytes = 0
        self._ended = False
        self._closed = False
        self._error: Exception | None = None

    def fill(self, stream: Stream) -> None:
        """Pass everything on, until the stream ends or the pipe is closed. Blocks: in a thread only."""
        try:
            for output in stream:
                if not self._put(output):
                    return
        except Exception as error:  # noqa: BLE001 - it is raised where the output is taken
            self._error = error
        finally:
            with self._room:
                self._ended = True
            self._ring()

    async def take(self) -> list[Output]:
        """Everything that waits; empty at the end. Raises what the stream raised."""
        while True:
            with self._room:
                taken, self._waiting, self._bytes = self._waiting, [], 0
                self._ready.clear()
                self._room.notify_all()
                ended = self._ended
            if taken:
                return taken
            if ended:
                if self._error is not None:
                    raise self._error
                return []
            await self._ready.wait()

    def close(self) -> None:
        """Take no more; the filling thread goes on as soon as its stream lets it."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    def _put(self, output: Output) -> bool:
        with self._room:
            while self._bytes >= _WAITING_BYTES and not self._closed:
                self._room.wait()
            self._waiting.append(output)
            self._bytes += len(output[1])
            first = len(self._waiting) == 1
            closed = self._closed
        if first:
            self._ring()
        return not closed

    def _ring(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._ready.set)
