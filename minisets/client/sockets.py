"""One WebSocket to a pod: opened, refused, found dead, closed; and one served by a thread.

Decides what ends it: the server's farewell, or no sign of life. Leaves what its messages mean to
`streams.py` (a thread that blocks) and `forwarding.py` (many on one loop).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidStatus,
)
from websockets.typing import Subprotocol

from minisets import errors
from minisets.client.requests import path_of, refusal, trusting

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from minisets.client.access import Access
    from minisets.objects.kinds import Ref

Result = TypeVar("Result")

_BEGUN_WITHIN = timedelta(seconds=90)
"""The server lets a command wait, for as long as a snapshot has its pod stand still."""
_GOODBYE = timedelta(seconds=2)
"""How long the server may take to answer a farewell: after Ctrl-C nobody wants to wait."""
_SILENCE = timedelta(seconds=10)
_SIGN_WITHIN = timedelta(seconds=30)
"""How long a silent server may take to answer a ping. Kubernetes: kubectl gives up after 61 s."""
_LARGEST = 4 * 1024 * 1024
_MESSAGES_WAITING = 16


class Lost(errors.MinisetsError):
    """The server is gone, or does not answer any more."""


@dataclass(frozen=True)
class Patience:
    """After how much silence a sign of life is asked for, and how long it may take."""

    silence: timedelta = _SILENCE
    sign: timedelta = _SIGN_WITHIN


@dataclass(frozen=True)
class Destination:
    """A subresource of a pod, as `exec`, with its query; and the subprotocol that is spoken there."""

    pod: Ref
    subresource: str
    query: Sequence[tuple[str, str]]
    protocol: str


class Attentive(ClientConnection):
    """Knows of every sign of life.

    Why not the library's word for it, an answered ping: while a command leaves its input alone, the server
    reads none of our pings. It sends pongs, or pings, that nobody asked for.
    """

    is_heard = False
    """Anything has come since this was last set to False."""

    def data_received(self, data: bytes) -> None:
        """From the transport."""
        self.is_heard = True
        super().data_received(data)


class Socket:
    """Messages both ways, on one event loop. Neither direction holds up the other; both are bounded."""

    def __init__(self, connection: Attentive, patience: Patience = Patience()) -> None:
        self._connection = connection
        self._patience = patience
        self._sending = 0
        self._pong: asyncio.Future[float] | None = None

    async def send(self, data: bytes) -> None:
        """Waits while the server takes nothing. Lost once the connection has ended."""
        self._sending += 1
        try:
            await self._connection.send(data)
        except ConnectionClosed as error:
            raise Lost("the connection has ended") from error
        finally:
            self._sending -= 1

    async def receive(self) -> bytes | None:
        """The next message; None: the server has closed in good order. Lost where it is gone."""
        try:
            message = await self._next()
        except ConnectionClosedOK:
            return None
        except ConnectionClosed as error:
            raise Lost("the server went away") from error
        return message if isinstance(message, bytes) else message.encode()

    async def _next(self) -> bytes | str:
        """Why not the library's own pings: with a slow reader it stops reading, and misses the pong."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience.silence.total_seconds()):
                return await self._connection.recv()
        while True:
            # Why not while a send waits: a command that does not read its input has the server stop
            # reading, our ping included.
            is_asked = not self._sending
            self._connection.is_heard = False
            if is_asked:
                await self._ask()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience.sign.total_seconds()):
                    return await self._connection.recv()
            if is_asked and not self._connection.is_heard and not self._sending:
                self._connection.transport.abort()
                seconds = (self._patience.silence + self._patience.sign).total_seconds()
                raise Lost(f"the server has shown no sign of life for {seconds:g} s")

    async def _ask(self) -> None:
        """Why one ping at a time: unread ones pile up, and one that waits to be sent holds up `_next`."""
        if self._pong is None or self._pong.done():
            self._pong = asyncio.ensure_future(await self._connection.ping())

    async def close(self) -> None:
        """Say farewell; what still comes is not wanted."""
        closing = asyncio.ensure_future(self._connection.close())
        with contextlib.suppress(ConnectionClosed, ConcurrencyError):
            while True:  # Why: unread messages hold up the server's farewell, which stands behind them
                await self._connection.recv()
        await closing

    def abort(self) -> None:
        """End it at once."""
        self._connection.transport.abort()


async def opened(access: Access, to: Destination) -> Socket:
    """Raises the API's refusal, Lost where nobody answers, or MinisetsError."""
    url = f"wss{access.url.removeprefix('https')}{path_of(to.pod)}/{to.subresource}?{urlencode(to.query)}"
    try:
        connection = await connect(
            url,
            create_connection=Attentive,
            ssl=trusting(access),
            subprotocols=[Subprotocol(to.protocol)],
            additional_headers={"Authorization": f"Bearer {access.token}"},
            max_size=_LARGEST,
            max_queue=_MESSAGES_WAITING,
            compression=None,
            proxy=None,
            open_timeout=_BEGUN_WITHIN.total_seconds(),
            close_timeout=_GOODBYE.total_seconds(),
            ping_interval=None,
        )
    except InvalidStatus as error:
        raise _refused(error) from error
    except (OSError, InvalidHandshake) as error:
        raise Lost(f"no session with the server at {access.url}: {error}") from error
    return Socket(cast("Attentive", connection))


def _refused(error: InvalidStatus) -> errors.MinisetsError:
    try:
        return refusal(json.loads(error.response.body or b""))
    except ValueError:
        return errors.MinisetsError(f"the server refused the session: HTTP {error.response.status_code}")


class Line:
    """A socket for threads that block: a loop on a thread of its own serves it until `close`.

    Why not the library's blocking client: a send that waits holds the lock without which nothing is received,
    and a command that answers while it is still being fed (`cat`) stands still for ever.
    """

    def __init__(self, opening: Callable[[], Coroutine[Any, Any, Socket]]) -> None:
        self._ready: concurrent.futures.Future[Socket] = concurrent.futures.Future()
        self._lock = (
            threading.RLock()
        )  # Why re-entrant: a signal's handler posts, whatever it has interrupted
        self._is_closed = False
        self._loop = asyncio.new_event_loop()
        self._leaving = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(opening,), name="minisets-line", daemon=True)
        self._thread.start()
        try:
            self._socket = self._ready.result()
        except BaseException:
            self._end()
            raise

    def _run(self, opening: Callable[[], Coroutine[Any, Any, Socket]]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(opening))

    async def _serve(self, opening: Callable[[], Coroutine[Any, Any, Socket]]) -> None:
        begun = asyncio.ensure_future(opening())
        left = asyncio.ensure_future(self._leaving.wait())
        await asyncio.wait({begun, left}, return_when=asyncio.FIRST_COMPLETED)
        if not begun.done():
            begun.cancel()
            return
        if (error := begun.exception()) is not None:
            self._ready.set_exception(error)
            return
        self._ready.set_result(begun.result())
        await left
        await begun.result().close()

    def send(self, data: bytes) -> None:
        """Waits while the server takes nothing. Lost once the line has ended."""
        self._call(lambda: self._socket.send(data))

    def post(self, data: bytes) -> None:
        """Send without waiting; lost if the line has ended. A signal's handler may."""
        with contextlib.suppress(Lost):
            self._submit(lambda: self._posted(data))

    async def _posted(self, data: bytes) -> None:
        with contextlib.suppress(Lost):
            await self._socket.send(data)

    def receive(self) -> bytes | None:
        """The next message; None: the server has closed in good order. Lost where it is gone."""
        return self._call(self._socket.receive)

    def close(self) -> None:
        """End it, from any thread; what waits in another is Lost. Twice is fine."""
        self._end()

    def _end(self) -> None:
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                    self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join()

    def _call(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        future = self._submit(work)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            raise Lost("the connection has ended") from error
        except BaseException:
            future.cancel()
            raise

    def _submit(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> concurrent.futures.Future[Result]:
        """Why a lock: what comes after the last word to the loop would wait for ever."""
        with self._lock:
            if self._is_closed:
                raise Lost("the connection has ended")
            return asyncio.run_coroutine_threadsafe(work(), self._loop)
