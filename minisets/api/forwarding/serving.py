"""A request to forward ports: what is spoken, with which pod, and until when.

    WebSocket, SPDY/3.1+portforward.k8s.io --> SPDY in its messages --> pairs
    Upgrade: SPDY/3.1, portforward.k8s.io  --> SPDY                 --> pairs
    WebSocket, v4.channel.k8s.io, ?ports=  --> channels

Kubernetes: pkg/registry/core/pod/rest/subresources.go, kubelet `GetPortForward`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from minisets.api import upgrades
from minisets.api.failures import as_api_error
from minisets.api.forwarding import channels
from minisets.api.forwarding.dialling import Dialler, not_reached
from minisets.api.forwarding.pairs import Pairs
from minisets.api.upgrades import WebSocketBytes
from minisets.errors import ApiError, BadRequest, TooManyRequests
from minisets.objects.metadata import name_of, namespace_of, ref_of, status_of, uid_of
from minisets.objects.pods import is_terminal, node_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from minisets.api.forwarding.dialling import Gone, Reached
    from minisets.api.forwarding.pairs import Dial
    from minisets.api.lanes import Lanes
    from minisets.api.queries import Query
    from minisets.clock import Clock
    from minisets.engine.interface import Engine
    from minisets.objects.kinds import Object
    from minisets.store.interface import Store

PROTOCOL = "portforward.k8s.io"
_TUNNELLED = f"{upgrades.SPDY}+{PROTOCOL}"
_LARGEST = 4 * 1024 * 1024
_AT_MOST = 256
_CLOSED_WITHIN = timedelta(seconds=30)
_GOODBYE_WITHIN = timedelta(seconds=1)
"""How long clients are waited for that take what was written last; when the server stops."""


class Forwards:
    """Serves all forwarding through one server."""

    def __init__(self, store: Store, engine: Engine, clock: Clock, lanes: Lanes, cluster: str) -> None:
        self._store = store
        self._lanes = lanes
        self._dialler = Dialler(engine, clock, lanes, cluster)
        self._stopping = asyncio.Event()
        self._open = 0

    def stop(self) -> None:
        """End all of it."""
        self._stopping.set()
        self._dialler.stop()

    async def serve(self, request: web.BaseRequest, pod: Object, query: Query) -> web.StreamResponse:
        """Forward until the client leaves or the server stops."""
        check(pod)
        if self._open >= _AT_MOST:
            raise TooManyRequests(
                f"{_AT_MOST} clients have ports forwarded by this server: end one, then try again",
                retry_after=1,
            )
        self._open += 1
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._by_websocket(request, pod, query)
            transport, _ = await upgrades.spdy(request, (PROTOCOL,))
            await self._until_stopped(request, Pairs(transport, self._dial_of(pod)).serve())
            return transport.response
        finally:
            self._open -= 1

    async def _by_websocket(
        self, request: web.BaseRequest, pod: Object, query: Query
    ) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            protocols=(_TUNNELLED, channels.PROTOCOL),
            max_msg_size=_LARGEST,
            compress=False,
            timeout=_CLOSED_WITHIN.total_seconds(),
        )
        can = socket.can_prepare(request)
        if not can.ok:
            raise BadRequest("unable to upgrade: this is no WebSocket's handshake")
        if can.protocol is None and request.headers.get("Sec-WebSocket-Protocol"):
            raise BadRequest(f"unable to upgrade: offer {_TUNNELLED} or {channels.PROTOCOL}")
        dial = self._dial_of(pod)
        if can.protocol == _TUNNELLED:
            await socket.prepare(request)
            await self._until_stopped(request, Pairs(WebSocketBytes(socket), dial).serve())
        else:
            ports = channels.ports_of(query)
            await socket.prepare(request)
            await self._until_stopped(request, channels.serve(socket, ports, dial))
        return socket

    def _dial_of(self, pod: Object) -> Dial:
        """Reaches ports of this pod, and no other that has its name or address now."""
        ref, uid = ref_of(pod), uid_of(pod)

        async def dial(port: int, gone: Gone) -> Reached:
            try:
                now = await self._lanes.call(self._store.get, ref)
                if now is None or uid_of(now) != uid:
                    raise _not_found(pod)
                check(now)
            except ApiError as why:
                raise not_reached(pod, port, why) from why
            return await self._dialler.dial(now, port, gone)

        return dial

    async def _until_stopped(self, request: web.BaseRequest, forwarding: Coroutine[None, None, None]) -> None:
        """Why nothing is raised but the end of this task: the answer has begun, and no Status can follow."""
        transport = request.transport
        serving, stopping = asyncio.create_task(forwarding), asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            serving.cancel()
            await asyncio.wait((serving, stopping), timeout=_GOODBYE_WITHIN.total_seconds())
            # Why: aiohttp closes it once more, and a TLS transport that was closed twice would wait half a
            # minute for its client.
            upgrades.abort(transport)
            failure, _ = await asyncio.gather(serving, stopping, return_exceptions=True)
            if isinstance(failure, Exception) and not isinstance(failure, ConnectionError):
                as_api_error(failure)  # logs it


def check(pod: Object) -> None:
    """Refuse a pod that has no network yet, or none any more."""
    if not node_of(pod):
        raise BadRequest(f"pod {name_of(pod)} does not have a host assigned")
    if is_terminal(pod) or not status_of(pod).get("podIP"):
        raise _not_found(pod)


def _not_found(pod: Object) -> ApiError:
    """Kubernetes: the kubelet's words for a pod that it does not run."""
    named = f'pod not found ("{name_of(pod)}_{namespace_of(pod)}")'
    return ApiError(f"Internal error occurred: unable to upgrade connection: {named}")
