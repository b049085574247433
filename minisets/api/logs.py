"""`pods/log`: a container's log as it is and as it grows, in plain text.

Leaves which container is meant to `containers.py`.
Kubernetes: pkg/apis/core `PodLogOptions`, pkg/kubelet/kuberuntime/logs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from minisets.api import containers
from minisets.api.failures import as_api_error
from minisets.api.lanes import Pipe
from minisets.api.queries import refuse
from minisets.engine.specs import LogOptions
from minisets.errors import BadRequest, EngineNotFound
from minisets.objects import causes
from minisets.objects.metadata import moment
from minisets.objects.pods import node_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minisets.api.lanes import Lanes
    from minisets.api.queries import Query
    from minisets.clock import Clock
    from minisets.engine.interface import Engine, Output, Stream
    from minisets.errors import Cause
    from minisets.objects.kinds import Object

_BOTH = ("stdout", "stderr")
_STREAMS = {"": _BOTH, "All": _BOTH, "Stdout": ("stdout",), "Stderr": ("stderr",)}


@dataclass(frozen=True)
class LogRequest:
    """What of a log is wanted."""

    container: str
    previous: bool
    limit: int | None
    streams: tuple[str, ...]
    options: LogOptions


def log_request(query: Query, now: datetime) -> LogRequest:
    """From the query; Invalid or BadRequest for what makes no sense."""
    tail, limit = query.number("tailLines"), query.number("limitBytes")
    seconds, stamp = query.number("sinceSeconds"), query.text("sinceTime")
    stream = query.text("stream")
    refuse_log(_causes(tail, limit, seconds, stamp, stream))
    return LogRequest(
        container=query.text("container"),
        previous=query.flag("previous"),
        limit=limit,
        streams=_STREAMS[stream],
        options=LogOptions(
            follow=query.flag("follow"),
            tail=tail,
            since=_since(seconds, stamp, now),
            timestamps=query.flag("timestamps"),
        ),
    )


def refuse_log(found: list[Cause]) -> None:
    """Invalid in the name of PodLogOptions."""
    refuse("PodLogOptions", found)


def _causes(tail: int | None, limit: int | None, seconds: int | None, stamp: str, stream: str) -> list[Cause]:
    found = []
    if tail is not None and tail < 0:
        found.append(causes.invalid("tailLines", tail, causes.NEGATIVE))
    if limit is not None and limit < 1:
        found.append(causes.invalid("limitBytes", limit, "must be greater than 0"))
    if seconds is not None and stamp:
        detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        found.append(causes.forbidden("sinceSeconds", detail))
    elif seconds is not None and seconds < 1:
        found.append(causes.invalid("sinceSeconds", seconds, "must be greater than 0"))
    if stream not in _STREAMS:
        found.append(causes.not_supported("stream", stream, ("All", "Stderr", "Stdout")))
    if stream not in ("", "All") and tail is not None:
        found.append(causes.forbidden("", "`tailLines` and specific `stream` are mutually exclusive for now"))
    return found


def _since(seconds: int | None, stamp: str, now: datetime) -> datetime | None:
    if seconds is not None:
        return now - timedelta(seconds=min(seconds, 10**9))
    if not stamp:
        return None
    try:
        return moment(stamp)
    except ValueError:
        example = "it must look like 2026-01-02T15:04:05Z"
        raise BadRequest(f'sinceTime: parsing time "{stamp[:100]}": {example}') from None


class Logs:
    """Serves the logs of one server's pods."""

    def __init__(self, engine: Engine, lanes: Lanes, clock: Clock) -> None:
        self._engine = engine
        self._lanes = lanes
        self._clock = clock
        self._open: set[Stream] = set()
        self._stopping = False

    def stop(self) -> None:
        """End every log; the bodies of those that are followed end cleanly, others are not whole."""
        self._stopping = True
        for stream in tuple(self._open):
            stream.close()

    async def serve(self, request: web.BaseRequest, pod: Object, query: Query) -> web.StreamResponse:
        """Send the log until it ends, the limit is reached or the client leaves."""
        wanted = log_request(query, self._clock.now())
        container = containers.chosen(pod, wanted.container)
        if not node_of(pod):
            return web.Response(
                status=HTTPStatus.NO_CONTENT
            )  # Kubernetes: LogLocation: there is nobody to ask
        id_ = containers.logged(pod, container, previous=wanted.previous)
        with self._lanes.slot():
            stream = await self._opened(id_, wanted)
            self._open.add(stream)
            if self._stopping:
                stream.close()
            try:
                return await self._send(request, stream, wanted)
            finally:
                self._open.discard(stream)
                stream.close()

    async def _opened(self, id_: str, wanted: LogRequest) -> Stream:
        try:
            return await self._lanes.open(self._engine.logs, id_, wanted.options)
        except EngineNotFound:
            raise BadRequest(f"unable to retrieve container logs for docker://{id_}") from None

    async def _send(self, request: web.BaseRequest, stream: Stream, wanted: LogRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Cache-Control": "no-cache, private"})
        response.content_type = "text/plain"
        response.enable_chunked_encoding()
        await response.prepare(request)
        pipe = Pipe(asyncio.get_running_loop())
        filling = asyncio.ensure_future(self._lanes.stream(pipe.fill, stream))
        try:
            left = wanted.limit
            while (left is None or left > 0) and (outputs := await pipe.take()):
                data = b"".join(_of(outputs, wanted.streams))[:left]
                left = None if left is None else left - len(data)
                await response.write(data)
            self._must_be_whole(wanted)
            await response.write_eof()
        except ConnectionError:
            raise
        except Exception as error:
            # Why: the answer has begun, so all that can be said is that it is not whole.
            raise ConnectionResetError(str(as_api_error(error))) from error
        finally:
            pipe.close()
            stream.close()
            await asyncio.shield(filling)
        return response

    def _must_be_whole(self, wanted: LogRequest) -> None:
        """Why: what `stop` has ended looks like the end of a log."""
        if self._stopping and not wanted.options.follow:
            raise ConnectionResetError("the server is stopping: the log may go on")


def _of(outputs: Iterable[Output], streams: tuple[str, ...]) -> Iterable[bytes]:
    return (data for name, data in outputs if name in streams)
