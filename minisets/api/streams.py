"""`pods/exec` and `pods/attach`: which command or container is meant, and what it is for a session.

    agree on how to speak -> prepare the command -> upgrade -> start -> pump -> Status -> clean close

Leaves the wire to `ws_channels.py` and `spdy_channels.py`, carrying to `sessions.py`, which container is
meant to `containers.py`. Kubernetes: kubelet pkg/cri/streaming/remotecommand `ServeExec`, `ServeAttach`.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from minisets.api import containers, upgrades
from minisets.api.channels import PARTED_WITHIN, Wanted
from minisets.api.sessions import SUCCESS, Sessions, Subject
from minisets.api.spdy_channels import SpdyChannels
from minisets.api.ws_channels import WebSocketChannels
from minisets.engine.ending import Endings
from minisets.engine.specs import ExecSpec
from minisets.errors import BadRequest, EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from minisets.api.channels import Channels
    from minisets.api.lanes import Lanes
    from minisets.api.queries import Query
    from minisets.clock import Clock
    from minisets.engine.interface import Engine
    from minisets.objects.kinds import Object

_log = logging.getLogger(__name__)

_STOPPED_WITHIN = timedelta(milliseconds=500)


@dataclass(frozen=True)
class ExecRequest:
    """What is to be run, and which of its streams the client holds."""

    container: str
    spec: ExecSpec
    wanted: Wanted


def exec_request(query: Query) -> ExecRequest:
    """From the query; BadRequest for what makes no sense."""
    wanted = _wanted(query)
    command = query.all("command")
    if not command:
        raise BadRequest("you must specify at least 1 command for the container")
    spec = ExecSpec(command, stdin=wanted.stdin, tty=wanted.tty)
    return ExecRequest(query.text("container"), spec, wanted)


def _wanted(query: Query) -> Wanted:
    """Kubernetes: pkg/cri/streaming/remotecommand `NewOptions`."""
    tty = query.flag("tty")
    stdin, stdout, stderr = query.flag("stdin"), query.flag("stdout"), query.flag("stderr") and not tty
    if not (stdin or stdout or stderr):
        raise BadRequest("you must specify at least 1 of stdin, stdout, stderr")
    return Wanted(stdin, stdout, stderr, tty)


class Execs:
    """Serves the commands run in one server's pods, and who is attached to their containers."""

    def __init__(self, engine: Engine, lanes: Lanes, clock: Clock) -> None:
        self._engine = engine
        self._lanes = lanes
        self._endings = Endings(engine, clock)
        self._sessions = Sessions(lanes)
        self._parting: set[asyncio.Timeout] = set()
        self._stopping = False

    def stop(self) -> None:
        """Let go of every command; they run on in their containers. Who hears it at once is told."""
        self._stopping = True
        for deadline in self._parting:
            deadline.reschedule(asyncio.get_running_loop().time() + _STOPPED_WITHIN.total_seconds())
        self._endings.stop()
        self._engine.execs.refuse_waiting()
        self._sessions.stop()

    async def serve(self, request: web.BaseRequest, pod: Object, query: Query) -> web.StreamResponse:
        """Run a command until it ends or the client leaves."""
        wanted = exec_request(query)
        container = containers.running(pod, containers.chosen(pod, wanted.container))

        async def prepared() -> Subject:
            id_ = await self._lanes.stream(self._engine.create_exec, container, wanted.spec)
            return self._command(container, id_, wanted.spec)

        return await self._served(_channels(request, wanted.wanted), prepared)

    async def attach(self, request: web.BaseRequest, pod: Object, query: Query) -> web.StreamResponse:
        """Show what a container prints, and let input in, until it ends or the client leaves.

        Kubernetes: the kubelet's `GetAttach`: whether there is a tty is the container's to say.
        """
        wanted, name = _wanted(query), containers.chosen(pod, query.text("container"))
        container, declared = containers.running(pod, name), containers.declared(pod, name)
        tty = bool(declared.get("tty"))
        takes_input = wanted.stdin and bool(declared.get("stdin"))

        async def prepared() -> Subject:
            return self._attachment(container, stdin=takes_input, tty=tty)

        return await self._served(_channels(request, wanted), prepared)

    async def _served(
        self, channels: Channels, prepared: Callable[[], Awaitable[Subject]]
    ) -> web.StreamResponse:
        """Why the last word is outside the slot: a client may be slow to hear it, and no thread waits."""
        try:
            with self._lanes.slot():
                subject = await prepared()
                await channels.open()
                status = await self._sessions.run(channels, subject)
            await self._part(channels, status)
            return channels.answer
        finally:
            await channels.close()

    async def _part(self, channels: Channels, status: Object) -> None:
        within = _STOPPED_WITHIN if self._stopping else PARTED_WITHIN
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()) as deadline:
                self._parting.add(deadline)
                try:
                    await channels.finish(status)
                finally:
                    self._parting.discard(deadline)

    def _command(self, container: str, id_: str, spec: ExecSpec) -> Subject:
        return Subject(
            start=partial(self._engine.start_exec, id_, spec),
            ended=partial(self._exit_status, id_),
            resize=partial(self._engine.resize_exec, id_) if spec.tty else None,
            left=partial(self._left, container, id_),
            takes_input=spec.stdin,
            outlives_output=True,
        )

    def _attachment(self, container: str, *, stdin: bool, tty: bool) -> Subject:
        """Its end is a success, however the program ended: who wants to know reads the pod's status."""
        return Subject(
            start=partial(self._engine.attach_container, container, stdin=stdin, tty=tty),
            ended=partial(self._end_of_container, container),
            resize=partial(self._engine.resize_container, container) if tty else None,
            takes_input=stdin,
            outlives_output=False,
        )

    def _exit_status(self, id_: str) -> Object | None:
        """Trap: one that is yet to begin does not run either; only one that has ended has an exit code."""
        code = self._engine.inspect_exec(id_).exit_code
        return None if code is None else exit_status(code)

    def _end_of_container(self, container: str) -> Object | None:
        try:
            has_ended = self._engine.inspect_container(container).state in ("exited", "dead", "removing")
        except EngineNotFound:
            has_ended = True
        return SUCCESS if has_ended else None

    def _left(self, container: str, id_: str) -> None:
        """Differs: in Kubernetes the command runs on, and nobody ever sees what it says or can end it."""
        try:
            self._endings.end(container, id_)
        except MinisetsError as error:
            _log.warning("a client is gone: %s", error)


def _channels(request: web.BaseRequest, wanted: Wanted) -> Channels:
    """As the client speaks. BadRequest, Forbidden: we do not."""
    return (SpdyChannels if upgrades.is_spdy(request) else WebSocketChannels)(request, wanted)


def exit_status(code: int) -> Object:
    """The Status that a client reads the exit code from."""
    if code == 0:
        return SUCCESS
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
