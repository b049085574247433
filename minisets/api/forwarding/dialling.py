"""The way to a port of a pod: its address, or, where nobody answers there, a program in its sandbox.

    connect to status.podIP --refused, unreachable--> exec `/pause dial localhost PORT` in the sandbox

The second reaches what listens on the pod's loopback only. Leaves whether the pod is still there to
`serving.py`. Kubernetes: containerd internal/cri/server/sandbox_portforward_linux.go.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from minisets.api.lanes import Pipe
from minisets.engine import labels
from minisets.engine.ending import Endings
from minisets.engine.specs import ExecSpec
from minisets.errors import ApiError, EngineError, MinisetsError
from minisets.objects.metadata import name_of, status_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from minisets.api.lanes import Lanes
    from minisets.clock import Clock
    from minisets.engine.interface import Engine, ExecStream
    from minisets.objects.kinds import Object

    Gone = Callable[[], Awaitable[None]]

_log = logging.getLogger(__name__)

_DIALLED_WITHIN = timedelta(seconds=5)
_CLOSED_WITHIN = timedelta(seconds=5)
_PIECE = 64 * 1024
_LAST = 65535


class NotReachedError(Exception):
    """Nobody could be spoken to at the port; what the client is told."""


class Reached(Protocol):
    """A connection to a port of a pod."""

    async def read(self) -> bytes:
        """What has come; empty at the end. ConnectionError: broken off; NotReachedError: never was one."""

    async def write(self, data: bytes) -> None:
        """Waits while nobody takes it; ConnectionError once nobody ever will."""

    async def end(self) -> None:
        """Nothing more is written; reading goes on."""

    def abort(self) -> None:
        """Let go of it now: reading ends."""

    async def close(self) -> None:
        """Done: what was written still arrives, if it is taken soon."""


class Dialler:
    """Reaches the pods of one cluster."""

    def __init__(self, engine: Engine, clock: Clock, lanes: Lanes, cluster: str) -> None:
        self._engine = engine
        self._lanes = lanes
        self._cluster = cluster
        self._endings = Endings(engine, clock)

    def stop(self) -> None:
        """End no program any more: those in sandboxes end with their input, or with whom they dialled."""
        self._endings.stop()

    async def dial(self, pod: Object, port: int, gone: Gone) -> Reached:
        """A connection to the port; NotReachedError. CancelledError: the client is gone before its time.

        Why only while the address is dialled: a call to the engine runs on in its thread though nobody waits,
        and would be counted nowhere.
        """
        address = str(status_of(pod).get("podIP") or "")
        try:
            with _cancelled_once(gone):
                return await _connected(address, port)
        except OSError as error:
            why = _spoken(f"{address}:{port}", error)
        refused = not_reached(pod, port, why)
        try:
            if sandbox := await self._lanes.stream(self._sandbox, pod):
                return await self._through(sandbox, port, refused)
        except (EngineError, ApiError) as error:
            raise NotReachedError(f"{refused}; inside the pod: {error}") from error
        raise refused

    def _sandbox(self, pod: Object) -> str:
        """The id of its running sandbox, or nothing."""
        wanted = {**labels.pod_selector(self._cluster, uid_of(pod)), labels.KIND: "sandbox"}
        found = self._engine.list_containers(wanted)
        return next((one.id for one in found if one.state == "running"), "")

    async def _through(self, sandbox: str, port: int, refused: NotReachedError) -> Reached:
        spec = ExecSpec(("/pause", "dial", "localhost", str(port)), stdin=True)
        async with AsyncExitStack() as held:
            held.enter_context(self._lanes.slot())
            id_ = await self._lanes.stream(self._engine.create_exec, sandbox, spec)
            stream = await self._lanes.open(self._engine.start_exec, id_, spec)
            end = partial(self._lanes.leave, self._end, sandbox, id_)
            return _Through(self._lanes, stream, refused, end, held.pop_all())
        raise AssertionError  # no context of ours swallows

    def _end(self, sandbox: str, id_: str) -> None:
        """What has no client any more waits for whom it has dialled, and that may be for ever."""
        try:
            self._endings.end(sandbox, id_)
        except MinisetsError as error:
            _log.warning("a client is gone: %s", error)


class _Connected:
    """A connection of our own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(_PIECE)
        except OSError as error:
            raise ConnectionResetError(str(error)) from error

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise ConnectionResetError(str(error)) from error

    async def end(self) -> None:
        with suppress(OSError):
            self._writer.write_eof()

    def abort(self) -> None:
        self._writer.transport.abort()

    async def close(self) -> None:
        self._writer.close()
        try:
            async with asyncio.timeout(_CLOSED_WITHIN.total_seconds()):
                await self._writer.wait_closed()
        except OSError:  # timed out, or broken off meanwhile
            self.abort()
        except asyncio.CancelledError:
            self.abort()
            raise


class _Through:
    """A connection that a program in the sandbox has, spoken to through its input and output."""

    def __init__(
        self,
        lanes: Lanes,
        stream: ExecStream,
        refused: NotReachedError,
        end: Callable[[], None],
        held: AsyncExitStack,
    ) -> None:
        self._lanes = lanes
        self._stream = stream
        self._refused = refused
        self._end_program = end
        self._held = held
        self._is_refused = False
        self._is_aborted = False
        self._has_ended = False
        self._pipe = Pipe(asyncio.get_running_loop())
        self._filling = asyncio.ensure_future(lanes.stream(self._pipe.fill, stream))

    async def read(self) -> bytes:
        try:
            while outputs := await self._pipe.take():
                self._is_refused |= any(name == "stderr" for name, _ in outputs)
                if data := b"".join(data for name, data in outputs if name == "stdout"):
                    return data
            self._has_ended = not self._is_aborted
            if self._is_refused and self._has_ended:
                raise self._refused
        except (EngineError, OSError) as error:
            raise ConnectionResetError(str(error)) from error
        return b""

    async def write(self, data: bytes) -> None:
        try:
            await self._lanes.stream(self._stream.write, data)
        except (EngineError, OSError) as error:
            raise ConnectionResetError(str(error)) from error

    async def end(self) -> None:
        with suppress(EngineError, OSError):
            await self._lanes.stream(self._stream.close_stdin)

    def abort(self) -> None:
        self._is_aborted = True
        self._pipe.close()
        self._stream.close()

    async def close(self) -> None:
        self.abort()
        async with self._held:
            if not self._has_ended:  # otherwise it does by itself, now that its input has ended
                self._end_program()
            await asyncio.shield(self._filling)


def is_port(text: str) -> bool:
    """Whether it is a number that a port can have."""
    return text.isascii() and text.isdecimal() and len(text) <= len(str(_LAST)) and 0 < int(text) <= _LAST


def not_reached(pod: Object, port: int, why: object) -> NotReachedError:
    """Kubernetes: kubelet pkg/cri/streaming/portforward `portForward`."""
    return NotReachedError(f"error forwarding port {port} to pod {name_of(pod)}, uid {uid_of(pod)}: {why}")


async def _connected(address: str, port: int) -> Reached:
    async with asyncio.timeout(_DIALLED_WITHIN.total_seconds()):
        return _Connected(*await asyncio.open_connection(address, port))


@contextmanager
def _cancelled_once(gone: Gone) -> Iterator[None]:
    """End this task where that happens within."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - the loop runs nothing else

    async def watch() -> None:
        await gone()
        task.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def _spoken(address: str, error: OSError) -> str:
    """Why no connection came about, as Go says it."""
    if isinstance(error, TimeoutError):
        return f"dial tcp {address}: i/o timeout"
    return f"dial tcp {address}: connect: {os.strerror(error.errno).lower() if error.errno else error}"
