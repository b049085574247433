"""The way of one request: admitted, routed, answered; and every failure told as a Status.

The only module that knows both HTTP and the parts behind it; ends what a revoked token has opened. Leaves
who is admitted to `auth.py`, what a path means to `routes.py`, and acting to `verbs.py`, `watching.py`,
`logs.py`, `streams.py`.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from minisets.api import bodies, containers, documents, queries, routes, unserved, upgrades
from minisets.api.auth import IDENTITY, NOBODY, certificate_of
from minisets.api.documents import HEADERS
from minisets.api.failures import NO_SUCH_METHOD, as_api_error
from minisets.api.forwarding.serving import Forwards
from minisets.api.impersonation import impersonated
from minisets.api.logs import Logs
from minisets.api.metrics import Metrics
from minisets.api.queries import Query
from minisets.api.representing import discovery_version, encoded
from minisets.api.reviews import Reviews
from minisets.api.streams import Execs
from minisets.api.tokens import Tokens
from minisets.api.verbs import Answer, Call, Verbs, verb_of
from minisets.api.watching import Watched, Watching
from minisets.errors import ApiError, MethodNotAllowed, NotFound
from minisets.objects.kinds import Ref, is_answered
from minisets.objects.pods import node_of
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
_STREAMED = ("log", "exec", "attach", "portforward")
_PIECE = 256 * 1024
_PACKED_FROM, _PACKED_LEVEL = 128 * 1024, 1
_MOST_WARNED, _MOST_WARNINGS = 4096, 50


@dataclass(frozen=True)
class Backend:
    """What the server serves."""

    store: Store
    registry: Registry
    engine: Engine
    clock: Clock


@dataclass
class _Visit:
    """A request on its way. digest: of the token that let it in; is_bounded: its answer ends by itself."""

    request: web.BaseRequest
    digest: bytes = b""
    is_bounded: bool = False


class Entrance:
    """Handles every request of one server. On the loop only."""

    def __init__(self, gate: Gate, backend: Backend, lanes: Lanes, cluster: str) -> None:
        self._gate = gate
        self._clock = backend.clock
        self._store = backend.store
        self._lanes = lanes
        metrics = Metrics(backend.store, backend.engine, backend.clock)
        reviews = Reviews(lambda token: gate.identify(token, self._tokens.known()))
        self._verbs = Verbs(backend.store, backend.registry, backend.clock, reviews, metrics)
        self._watching = Watching(backend.store, lanes, backend.clock)
        self._logs = Logs(backend.engine, lanes, backend.clock)
        self._execs = Execs(backend.engine, lanes, backend.clock)
        self._forwards = Forwards(backend.store, backend.engine, backend.clock, lanes, cluster)
        self._visits: dict[asyncio.Task[object], _Visit] = {}
        self._loop = asyncio.get_running_loop()
        self._tokens = Tokens(backend.store, self._tokens_changed)

    async def stop(self, within: timedelta) -> None:
        """End what does not end by itself, and wait for it.

        Why wait: once aiohttp shuts down it hears nothing from clients, not even the end of a WebSocket.
        """
        self._watching.stop()
        self._logs.stop()
        self._execs.stop()
        self._forwards.stop()
        if self._visits:
            await asyncio.wait(self._visits, timeout=within.total_seconds())
        self._tokens.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer; nothing that goes wrong leaves here but a connection that is gone."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp runs handlers in tasks
        visit = self._visits[task] = _Visit(request)
        try:
            parts = self._admit(visit)
            return await self._route(visit, parts)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the last place where it can become a Status
            return _refused(as_api_error(error))
        finally:
            del self._visits[task]

    def _admit(self, visit: _Visit) -> tuple[str, ...]:
        request = visit.request
        self._gate.check_host(request.headers.get("Host", ""))
        parts = routes.parts_of(request.rel_url.raw_path)
        if routes.is_open(parts):
            request[IDENTITY] = NOBODY
            return parts
        header, certificate = request.headers.get("Authorization", ""), certificate_of(request)
        admitted = self._gate.admit(header, certificate, self._tokens.held(), self._clock.now())
        visit.digest = admitted.digest
        path = request.rel_url.raw_path
        request[IDENTITY] = impersonated(admitted.identity, request.headers, request.method, path)
        return parts

    def _tokens_changed(self) -> None:
        """From any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody is here any more
            self._loop.call_soon_threadsafe(self._end_revoked)

    def _end_revoked(self) -> None:
        """End what tokens that are revoked hold open.

        Differs: in Kubernetes a stream outlives the credentials that opened it. Why not what is being
        written or read: it was let in before and ends by itself, and its sender may be who revoked the token.
        """
        held = self._tokens.held()
        for visit in self._visits.values():
            revoked = bool(visit.digest) and not self._gate.holds(visit.digest, held)
            if revoked and not visit.is_bounded:
                upgrades.abort(visit.request.transport)

    async def _route(self, visit: _Visit, parts: Sequence[str]) -> web.StreamResponse:
        request = visit.request
        if (target := routes.target(parts)) is not None:
            return await self._resource(visit, target)
        form = discovery_version(request.headers.get("Accept", ""))
        if (found := await self._lanes.call(documents.document, tuple(parts), form)) is None:
            raise NotFound(unserved.why(parts))
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(NO_SUCH_METHOD)
        return await self._sent(request, documents.answered(request, found, self._clock.now()))

    async def _resource(self, visit: _Visit, target: Target) -> web.StreamResponse:
        request = visit.request
        query = query_of(request)
        call = Call(request.method, target, query, request.headers)
        verb = verb_of(call)
        if verb == "watch":
            options = queries.list_options(query, target.kind, watch=True)
            watched = Watched(call.representation(), target.namespace, options)
            return await self._watching.serve(request, watched)
        if target.subresource in _STREAMED:
            return await self._stream(request, call)
        if verb not in ("get", "list"):
            body = await bodies.read(request, _BODY_WITHIN)
            call = Call(request.method, target, query, request.headers, body, request[IDENTITY])
        visit.is_bounded = True
        if verb in ("get", "list") and is_answered(target.kind.title):
            return await self._sent(request, _answered(await self._measured(call)))
        return await self._sent(request, _answered(await self._lanes.call(self._verbs.answer, call)))

    async def _measured(self, call: Call) -> Answer:
        """Why not as other calls: metrics wait, for a second look or for an engine that does not answer."""
        with self._lanes.slot():
            return await self._lanes.stream(self._verbs.answer, call)

    async def _stream(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        pod = await self._lanes.call(self._store.get, call.ref)
        if pod is None:
            raise refusals.not_found(call.ref)
        if name := node_of(pod):
            containers.refuse_stopped(await self._lanes.call(self._store.get, Ref("Node", "", name)))
        by_subresource = {
            "log": self._logs.serve,
            "exec": self._execs.serve,
            "attach": self._execs.attach,
            "portforward": self._forwards.serve,
        }
        return await by_subresource[call.target.subresource](request, pod, call.query)

    async def _sent(self, request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
        """Large answers go in pieces, and packed where the client takes it.

        Why: encrypting a large list in one piece would hold every other client up.
        Kubernetes: apiserver pkg/endpoints/handlers/responsewriters/writers.go, `APIResponseCompression`.
        """
        body = response.body
        if not isinstance(body, bytes) or len(body) <= _PACKED_FROM:
            return response
        if _takes_gzip(request.headers.get("Accept-Encoding", "")):
            body = await self._lanes.call(gzip.compress, body, _PACKED_LEVEL)
            response.headers["Content-Encoding"] = "gzip"
            response.headers.add("Vary", "Accept-Encoding")
        streamed = web.StreamResponse(status=response.status, headers=response.headers)
        streamed.content_length = len(body)
        await streamed.prepare(request)
        for start in range(0, len(body), _PIECE):
            await streamed.write(body[start : start + _PIECE])
        await streamed.write_eof()
        return streamed


def query_of(request: web.BaseRequest) -> Query:
    """The request's parameters, each with all its values."""
    values: dict[str, tuple[str, ...]] = {}
    for name, value in request.query.items():
        values[name] = (*values.get(name, ()), value)
    return Query(values)


def _takes_gzip(accepted: str) -> bool:
    """Kubernetes: `negotiateContentEncoding` takes the bare word only."""
    return "gzip" in [token.strip() for token in accepted.split(",")]


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
