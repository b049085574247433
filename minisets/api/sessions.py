"""A client and what it holds of the engine: input and output carried between them until either ends.

    output:  engine --thread--> Pipe --> client, as fast as the client takes it
    input:   client --> its channels' backlog --thread--> engine, as fast as it is read there

Leaves how channels travel to their own modules, and what is run or attached to to `streams.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, ParamSpec

from minisets.api.failures import as_api_error
from minisets.api.lanes import Pipe
from minisets.errors import EngineError, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.api.channels import Channels
    from minisets.api.lanes import Lanes
    from minisets.engine.interface import ExecStream, Output
    from minisets.objects.kinds import Object

_FIRST_LOOK, _LAST_LOOK = timedelta(milliseconds=5), timedelta(milliseconds=500)
_FIRST_SILENCE, _LAST_SILENCE = timedelta(seconds=1), timedelta(seconds=15)
"""How long without output until it is asked whether the command still runs."""
_RESIZE_TRIES = 8

SUCCESS: Object = {"metadata": {}, "status": "Success"}
_STOPPING = ServiceUnavailable("the server is stopping; what was attached to runs on in its container")
_LEFT = ServiceUnavailable("the client is gone")

P = ParamSpec("P")


@dataclass(frozen=True)
class Subject:
    """What a session is about: a command, or a container's own program. All of it blocks.

    resize: None where there is no terminal. ended: how, or None while it goes on. outlives_output: its end
    is waited for when its output has ended. left: what is to happen once the client is gone; nobody waits.
    """

    start: Callable[[], ExecStream]
    ended: Callable[[], Object | None]
    resize: Callable[[int, int], None] | None
    takes_input: bool
    outlives_output: bool
    left: Callable[[], None] | None = None


@dataclass
class _Session:
    channels: Channels
    subject: Subject
    stream: ExecStream
    is_left: bool = False


class Sessions:
    """One server's. On the loop only."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._open: set[ExecStream] = set()
        self._stopping = False

    def stop(self) -> None:
        """Let go of everything; it runs on in its container."""
        self._stopping = True
        for stream in tuple(self._open):
            stream.close()

    async def run(self, channels: Channels, subject: Subject) -> Object:
        """From the start of the subject to its Status. The one place where a client is found gone."""
        is_held = False
        try:
            status = await self._run(channels, subject)
            is_held = status is not None
            return status or _LEFT.as_status()
        finally:  # it may be a cancellation: the connection is lost
            if subject.left is not None and not (is_held or self._stopping):
                self._lanes.leave(subject.left)

    async def _run(self, channels: Channels, subject: Subject) -> Object | None:
        """None: the client is gone. Whatever goes wrong is told as a Status.

        Why any error: the answer has begun, and nothing else can tell it.
        """
        try:
            stream = await self._lanes.open(subject.start)
        except Exception as error:  # noqa: BLE001 - see above
            return as_api_error(error).as_status()
        self._open.add(stream)
        if self._stopping:
            stream.close()
        session = _Session(channels, subject, stream)
        beside = [asyncio.create_task(each(session)) for each in (self._listen, self._feed, self._fit)]
        try:
            await self._show(session)
            return await self._end(session)
        except Exception as error:  # noqa: BLE001 - see above
            return as_api_error(error).as_status()
        finally:
            self._open.discard(stream)
            stream.close()
            for task in beside:
                task.cancel()
            for failure in await asyncio.gather(*beside, return_exceptions=True):
                if isinstance(failure, Exception) and not isinstance(failure, ConnectionError):
                    as_api_error(failure)  # logs it: nobody else would

    async def _listen(self, session: _Session) -> None:
        """Until the client is gone, which ends the output, too."""
        try:
            await session.channels.listen()
        finally:
            session.is_left = True
            session.stream.close()

    async def _feed(self, session: _Session) -> None:
        """What nobody takes any more, or never did, is read and dropped: it must not be pushed back."""
        subject, stream = session.subject, session.stream
        takes = subject.takes_input
        while data := await session.channels.read():
            takes = takes and await self._taken_by(stream.write, data)
        if takes:
            await self._taken_by(stream.close_stdin)

    async def _taken_by(self, give: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Whether there is still somebody to take it; if not, the output tells."""
        try:
            await self._lanes.stream(give, *args, **kwargs)
        except (EngineError, OSError):
            return False
        return True

    async def _fit(self, session: _Session) -> None:
        """Why more than one try: the engine answers a start before there is a terminal."""
        resize = session.subject.resize
        if resize is None:
            return
        while (size := await session.channels.resized()) is not None:
            pause = _FIRST_LOOK
            for _ in range(_RESIZE_TRIES):
                if await self._taken_by(resize, *size):
                    break
                await asyncio.sleep(pause.total_seconds())
                pause *= 2

    async def _show(self, session: _Session) -> None:
        pipe = Pipe(asyncio.get_running_loop())
        filling = asyncio.ensure_future(self._lanes.stream(pipe.fill, session.stream))
        try:
            while outputs := await self._shown(pipe, session):
                for name, pieces in groupby(outputs, itemgetter(0)):
                    await session.channels.write(name, b"".join(data for _, data in pieces))
        except ConnectionError:
            session.is_left = True
        finally:
            pipe.close()
            session.stream.close()
            await asyncio.shield(filling)

    async def _shown(self, pipe: Pipe, session: _Session) -> list[Output]:
        """What comes next; empty at the end of the output, or once the subject has ended and stays silent.

        Why not the end alone: the engine has been seen to keep the connection of an ended command open
        (its children may hold the output, too), and the client would wait for ever.
        """
        quiet = _FIRST_SILENCE
        has_ended = False
        while True:
            try:
                async with asyncio.timeout(quiet.total_seconds()):
                    return await pipe.take()
            except TimeoutError:
                if has_ended:
                    return []
            has_ended = await self._lanes.stream(session.subject.ended) is not None
            quiet = _FIRST_SILENCE if has_ended else min(2 * quiet, _LAST_SILENCE)

    async def _end(self, session: _Session) -> Object | None:
        """How it ended, None: nobody is there to be told. Its output may end before it does."""
        pause = _FIRST_LOOK
        while True:
            status = await self._lanes.stream(session.subject.ended)
            if status is not None:
                return status
            if self._stopping:
                return _STOPPING.as_status()
            if session.is_left:
                return None
            if not session.subject.outlives_output:
                return SUCCESS
            await asyncio.sleep(pause.total_seconds())
            pause = min(2 * pause, _LAST_LOOK)
