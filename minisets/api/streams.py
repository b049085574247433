"""`pods/exec`: a command's input and output over one WebSocket, in numbered channels.

    agree on a subprotocol -> prepare the command -> upgrade -> start -> pump -> Status on 3 -> close 1000

The subprotocol is agreed before the command starts: a client that drops the connection over it tries
again, and the command would run twice. Leaves logs to `logs.py`. The only way out to the engine.
Kubernetes: apimachinery pkg/util/remotecommand/constants.go, apiserver pkg/util/wsstream.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from minisets.api import containers
from minisets.api.failures import as_api_error
from minisets.api.lanes import Pipe
from minisets.api.representing import encoded
from minisets.engine.ending import Endings
from minisets.engine.specs import ExecSpec
from minisets.errors import BadRequest, EngineError, MinisetsError, ServiceUnavailable

if TYPE_CHECKING:
    from minisets.api.lanes import Lanes
    from minisets.api.queries import Query
    from minisets.clock import Clock
    from minisets.engine.interface import Engine, ExecStream, Output
    from minisets.objects.kinds import Object

_log = logging.getLogger(__name__)

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_LARGEST = 32 * 1024 * 1024
_INPUTS_WAITING = 64
_CHUNK = 32 * 1024
_FIRST_LOOK, _LAST_LOOK = timedelta(milliseconds=5), timedelta(milliseconds=500)
_FIRST_SILENCE, _LAST_SILENCE = timedelta(seconds=1), timedelta(seconds=15)
"""How long without output until it is asked whether the command still runs."""


@dataclass(frozen=True)
class ExecRequest:
    """What is to be run, and which of its streams the client holds."""

    container: str
    spec: ExecSpec
    stdout: bool
    stderr: bool


def exec_request(query: Query) -> ExecRequest:
    """From the query; BadRequest for what makes no sense."""
    tty = query.flag("tty")
    stdin, stdout, stderr = query.flag("stdin"), query.flag("stdout"), query.flag("stderr") and not tty
    if not (stdin or stdout or stderr):
        raise BadRequest("you must specify at least 1 of stdin, stdout, stderr")
    command = query.all("command")
    if not command:
        raise BadRequest("you must specify at least 1 command for the container")
    return ExecRequest(query.text("container"), ExecSpec(command, stdin=stdin, tty=tty), stdout, stderr)


class Execs:
    """Serves the commands run in one server's pods."""

    def __init__(self, engine: Engine, lanes: Lanes, clock: Clock) -> None:
        self._engine = engine
        self._lanes = lanes
        self._endings = Endings(engine, clock)
        self._open: set[ExecStream] = set()
        self._stopping = False

    def stop(self) -> None:
        """Let go of every command; they run on in their containers."""
        self._stopping = True
        self._endings.stop()
        self._engine.execs.refuse_waiting()
        for stream in tuple(self._open):
            stream.close()

    async def serve(self, request: web.BaseRequest, pod: Object, query: Query) -> web.StreamResponse:
        """Run a command until it ends or the client leaves."""
        wanted = exec_request(query)
        container = containers.running(pod, containers.chosen(pod, wanted.container))
        socket = _agreed(request)
        with self._lanes.slot():
            id_ = await self._lanes.stream(self._engine.create_exec, container, wanted.spec)
            await socket.prepare(request)
            is_held = False
            try:
                status = await self._run(socket, id_, wanted)
                is_held = not socket.closed
            finally:
                if not (is_held or self._stopping):
                    self._lanes.leave(self._end, container, id_)
            with suppress(ConnectionError, RuntimeError):
                await socket.send_bytes(bytes([ERROR]) + encoded(status))
                await socket.close(code=WSCloseCode.OK)
        return socket

    def _end(self, container: str, id_: str) -> None:
        """Differs: in Kubernetes the command runs on, and nobody ever sees what it says or can end it."""
        try:
            self._endings.end(container, id_)
        except MinisetsError as error:
            _log.warning("a client is gone: %s", error)

    async def _run(self, socket: web.WebSocketResponse, id_: str, wanted: ExecRequest) -> Object:
        """From the start of the command to its Status."""
        try:
            stream = await self._lanes.open(self._engine.start_exec, id_, wanted.spec)
        except Exception as error:  # noqa: BLE001 - the answer has begun: only a Status can tell it
            return as_api_error(error).as_status()
        self._open.add(stream)
        if self._stopping:
            stream.close()
        inputs = asyncio.create_task(self._pump_in(socket, stream, id_, wanted))
        try:
            await self._pump_out(socket, stream, id_, wanted)
            return await self._status(socket, id_)
        except Exception as error:  # noqa: BLE001 - likewise
            return as_api_error(error).as_status()
        finally:
            self._open.discard(stream)
            stream.close()
            inputs.cancel()
            await asyncio.gather(inputs, return_exceptions=True)

    async def _pump_out(
        self, socket: web.WebSocketResponse, stream: ExecStream, id_: str, wanted: ExecRequest
    ) -> None:
        channels = {"stdout": STDOUT if wanted.stdout else None, "stderr": STDERR if wanted.stderr else None}
        pipe = Pipe(asyncio.get_running_loop())
        filling = asyncio.ensure_future(self._lanes.stream(pipe.fill, stream))
        try:
            while outputs := await self._taken(pipe, id_):
                for name, data in outputs:
                    if (channel := channels[name]) is not None:
                        await _send(socket, channel, data)
        except ConnectionError:
            return  # the client left
        finally:
            pipe.close()
            stream.close()
            await asyncio.shield(filling)

    async def _taken(self, pipe: Pipe, id_: str) -> list[Output]:
        """What comes next; empty at the end of the output, or once the command has ended and stays silent.

        Why not the end alone: the engine has been seen to keep the connection of an ended command open
        (its children may hold the output, too), and the client would wait for ever.
        """
        quiet = _FIRST_SILENCE
        has_ended = False
        while True:
            try:
                return await asyncio.wait_for(pipe.take(), quiet.total_seconds())
            except TimeoutError:
                if has_ended:
                    return []
            state = await self._lanes.stream(self._engine.inspect_exec, id_)
            has_ended = state.exit_code is not None and not state.running
            quiet = _FIRST_SILENCE if has_ended else min(2 * quiet, _LAST_SILENCE)

    async def _pump_in(
        self, socket: web.WebSocketResponse, stream: ExecStream, id_: str, wanted: ExecRequest
    ) -> None:
        """Take what the client sends.

        Why a queue: a command that reads nothing must hold up neither pings nor resizes.
        """
        waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_INPUTS_WAITING)
        writing = asyncio.create_task(self._write(stream, waiting))
        try:
            async for message in socket:
                data = message.data.encode() if message.type is WSMsgType.TEXT else message.data
                if not isinstance(data, bytes) or not data:
                    continue
                channel, rest = data[0], data[1:]
                if channel == STDIN and wanted.spec.stdin and rest:
                    await waiting.put(rest)
                elif channel == CLOSE and rest[:1] == bytes([STDIN]):
                    await waiting.put(None)
                elif channel == RESIZE and wanted.spec.tty:
                    await self._resize(id_, rest)
            stream.close()  # the client is gone: ends the output too
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _write(self, stream: ExecStream, waiting: asyncio.Queue[bytes | None]) -> None:
        while True:
            data = await waiting.get()
            try:
                if data is None:
                    await self._lanes.stream(stream.close_stdin)
                else:
                    await self._lanes.stream(stream.write, data)
            except (EngineError, OSError):
                continue  # the command has closed its input or ended: its output tells

    async def _resize(self, id_: str, message: bytes) -> None:
        with suppress(ValueError, TypeError, KeyError, EngineError):
            size: Any = json.loads(message)
            await self._lanes.stream(self._engine.resize_exec, id_, int(size["Width"]), int(size["Height"]))

    async def _status(self, socket: web.WebSocketResponse, id_: str) -> Object:
        """How the command ended; its output may end before it does."""
        pause = _FIRST_LOOK
        while not self._stopping and not socket.closed:
            state = await self._lanes.stream(self._engine.inspect_exec, id_)
            if not state.running:
                return exit_status(state.exit_code or 0)
            await asyncio.sleep(pause.total_seconds())
            pause = min(2 * pause, _LAST_LOOK)
        return ServiceUnavailable("the server is stopping; the command runs on in its container").as_status()


def exit_status(code: int) -> Object:
    """The Status that a client reads the exit code from."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _agreed(request: web.BaseRequest) -> web.WebSocketResponse:
    """A WebSocket whose subprotocol both sides know; BadRequest if there can be none."""
    socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=_LARGEST, compress=False)
    can = socket.can_prepare(request)
    if not can.ok:
        raise BadRequest(
            "exec here speaks WebSocket only (kubectl 1.30 or newer does): "
            "this request is no WebSocket upgrade; SPDY is not served yet"
        )
    if can.protocol is None:
        raise BadRequest(f"unable to upgrade: offer one of the subprotocols {', '.join(PROTOCOLS)}")
    return socket


async def _send(socket: web.WebSocketResponse, channel: int, data: bytes) -> None:
    for start in range(0, len(data), _CHUNK):
        await socket.send_bytes(bytes([channel]) + data[start : start + _CHUNK])
