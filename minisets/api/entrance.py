"""The way of one request: admitted, routed, answered; and every failure told as a Status.

The only module that knows both HTTP and the parts behind it. Leaves who is admitted to `auth.py`,
what a path means to `routes.py`, and acting to `verbs.py`, `watching.py`, `logs.py`, `streams.py`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from minisets.api import bodies, documents, queries, routes
from minisets.api.documents import HEADERS
from minisets.api.failures import NO_SUCH_METHOD, UNROUTED, as_api_error
from minisets.api.logs import Logs
from minisets.api.queries import Query
from minisets.api.representing import discovery_version, encoded
from minisets.api.streams import Execs
from minisets.api.verbs import Answer, Call, Verbs, verb_of
from minisets.api.watching import Watched, Watching
from minisets.errors import ApiError, MethodNotAllowed, NotFound
from minisets.registry import refusals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.api.auth import Gate
    from minisets.api.lanes import Lanes
    from minisets.api.routes import Target
    from minisets.clock import Clock
    from minisets.engine.interface import Engine
    from minisets.registry.registry import Registry
    from minisets.store.interface import Store

_BODY_WITHIN = timedelta(seconds=60)
_STREAMED = ("log", "exec")
_PIECE = 256 * 1024
_MOST_WARNED, _MOST_WARNINGS = 4096, 50


@dataclass(frozen=True)
class Backend:
    """What the server serves."""

    store: Store
    registry: Registry
    engine: Engine
    clock: Clock


class Entrance:
    """Handles every request of one server."""

    def __init__(self, gate: Gate, backend: Backend, lanes: Lanes) -> None:
        self._gate = gate
        self._store = backend.store
        self._lanes = lanes
        self._verbs = Verbs(backend.store, backend.registry, backend.clock)
        self._watching = Watching(backend.store, lanes, backend.clock)
        self._logs = Logs(backend.engine, lanes, backend.clock)
        self._execs = Execs(backend.engine, lanes)
        self._requests: set[asyncio.Task[object]] = set()

    async def stop(self, within: timedelta) -> None:
        """End what does not end by itself, and wait for it.

        Why wait: once aiohttp shuts down it hears nothing from clients, not even the end of a WebSocket.
        """
        self._watching.stop()
        self._logs.stop()
        self._execs.stop()
        if self._requests:
            await asyncio.wait(self._requests, timeout=within.total_seconds())

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer; nothing that goes wrong leaves here but a connection that is gone."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp runs handlers in tasks
        self._requests.add(task)
        try:
            parts = self._admit(request)
            return await self._route(request, parts)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the last place where it can become a Status
            return _refused(as_api_error(error))
        finally:
            self._requests.discard(task)

    def _admit(self, request: web.BaseRequest) -> tuple[str, ...]:
        self._gate.check_host(request.headers.get("Host", ""))
        parts = routes.parts_of(request.rel_url.raw_path)
        if not routes.is_open(parts):
            self._gate.check_token(request.headers.get("Authorization", ""))
        return parts

    async def _route(self, request: web.BaseRequest, parts: Sequence[str]) -> web.StreamResponse:
        if (target := routes.target(parts)) is not None:
            return await self._resource(request, target)
        form = discovery_version(request.headers.get("Accept", ""))
        if (found := await self._lanes.call(documents.document, tuple(parts), form)) is None:
            raise NotFound(UNROUTED)
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(NO_SUCH_METHOD)
        return documents.answered(request, found)

    async def _resource(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        query = query_of(request)
        call = Call(request.method, target, query, request.headers)
        verb = verb_of(call)
        if verb == "watch":
            options = queries.list_options(query, target.kind.title, watch=True)
            watched = Watched(call.representation(), target.namespace, options)
            return await self._watching.serve(request, watched)
        if target.subresource in _STREAMED:
            return await self._stream(request, call)
        if verb not in ("get", "list"):
            body = await bodies.read(request, _BODY_WITHIN)
            call = Call(request.method, target, query, request.headers, body)
        return await _sent(request, _answered(await self._lanes.call(self._verbs.answer, call)))

    async def _stream(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        pod = await self._lanes.call(self._store.get, call.ref)
        if pod is None:
            raise refusals.not_found(call.ref)
        serve = self._logs.serve if call.target.subresource == "log" else self._execs.serve
        return await serve(request, pod, call.query)


def query_of(request: web.BaseRequest) -> Query:
    """The request's parameters, each with all its values."""
    values: dict[str, tuple[str, ...]] = {}
    for name, value in request.query.items():
        values[name] = (*values.get(name, ()), value)
    return Query(values)


def _refused(error: ApiError) -> web.Response:
    headers = dict(HEADERS)
    if error.retry_after:
        headers["Retry-After"] = str(error.retry_after)
    if error.code == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="minisets"'
    return _answered(Answer(encoded(error.as_status()), error.code, headers=headers))


def _answered(answer: Answer) -> web.Response:
    response = web.Response(body=answer.body, status=answer.code, content_type="application/json")
    response.headers.update({**HEADERS, **answer.headers})
    for warning in _bounded(tuple(dict.fromkeys(answer.warnings))):
        response.headers.add("Warning", f'299 - "{_quoted(warning)}"')
    return response


async def _sent(request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """Why: encrypting a large list in one piece would hold every other client up."""
    body = response.body
    if not isinstance(body, bytes) or len(body) <= _PIECE:
        return response
    streamed = web.StreamResponse(status=response.status, headers=response.headers)
    streamed.content_length = len(body)
    await streamed.prepare(request)
    for start in range(0, len(body), _PIECE):
        await streamed.write(body[start : start + _PIECE])
    await streamed.write_eof()
    return streamed


def _bounded(warnings: Sequence[str]) -> Sequence[str]:
    """As many as clients take: Python's refuse an answer with more than 100 headers.

    Kubernetes: apiserver pkg/endpoints/filters/warning.go `truncateAtTotalRunes`.
    """
    total = 0
    for count, warning in enumerate(warnings):
        total += len(warning)
        if count and (total > _MOST_WARNED or count >= _MOST_WARNINGS):
            return (*warnings[:count], f"and {len(warnings) - count} more warnings")
    return warnings


def _quoted(text: str) -> str:
    """Why: a line break in a header would begin another header."""
    plain = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    return plain.replace("\\", "\\\\").replace('"', '\\"')
