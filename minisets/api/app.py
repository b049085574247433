"""The server: an HTTPS listener in a thread of its own, and the way of each request through it.

    Host ours? -> token or certificate? (but for four paths) -> route -> verb, watch or stream -> answer

Nothing is routed before it is admitted. Leaves deciding and acting to the modules that it wires.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from contextlib import suppress
from datetime import timedelta
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any

from aiohttp import web

from minisets.api.auth import Gate
from minisets.api.entrance import Backend, Entrance
from minisets.api.lanes import Lanes
from minisets.api.upgrades import abort
from minisets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.cluster.credentials import Credentials
    from minisets.settings import Settings

__all__ = ["ApiServer", "Backend"]

_log = logging.getLogger(__name__)
# Why: aiohttp logs a traceback for every malformed request, which any stranger can send.
_http_log = logging.getLogger(f"{__name__}.http")
_http_log.setLevel(logging.CRITICAL)

_LONGEST_LINE = 256 * 1024
"""Why: a command of `kubectl exec` travels in the URL."""

_SILENCE = timedelta(seconds=90)
"""How long a connection may take until a request's headers are there, and lie idle between two.

Kubernetes: apiserver pkg/server/secure_serving.go `IdleTimeout`; 32 s for the headers there.
"""

_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which the ssl module has no name."""

_ENDING = timedelta(seconds=2)
"""How long requests may take to end by themselves when the server stops."""

_LOOK = timedelta(milliseconds=5)
_SENT_WITHIN = timedelta(seconds=2)
"""How long their last words may then take to be sent, to clients that read them."""

_STANDS_STILL = timedelta(milliseconds=500)


def told_of(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What failed in the loop is logged, but for one thing that clients do and Python takes for its mistake.

    Trap: a transport that had to wait, and whose client resets it as it writes on, is ended twice; the second
    time there is nothing left that could be (asyncio's `_write_ready`).
    """
    before = getattr(context.get("exception"), "__context__", None)
    is_ended = isinstance(before, AttributeError) and (before.obj, before.name) == (None, "connection_lost")
    if not is_ended:
        loop.default_exception_handler(context)


class ApiServer:
    """One server. `start` returns when it listens, `stop` when its threads have ended."""

    def __init__(
        self, backend: Backend, settings: Settings, credentials: Credentials, hosts: Iterable[str] = ()
    ) -> None:
        self._backend = backend
        self._settings = settings
        self._credentials = credentials
        self._gate = Gate(credentials.token, (*credentials.hosts, *hosts))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._listening = threading.Event()
        self._failure: BaseException | None = None
        self._port = 0
        self._thread = threading.Thread(target=self._run, name="minisets-api")

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        return self._port

    def start(self) -> ApiServer:
        """Listen; UsageError where the address cannot be had."""
        self._thread.start()
        self._listening.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def stop(self) -> None:
        """End watches and streams, finish requests, join the threads. May be called twice."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # it ended meanwhile
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever started us
            self._failure = error
            if self._listening.is_set():
                _log.exception("the API server has failed")
        finally:
            self._listening.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(told_of)
        lanes = Lanes()
        entrance = Entrance(self._gate, self._backend, lanes, self._settings.cluster)
        server = _Listener(
            entrance.handle,
            handler_cancellation=True,
            access_log=None,
            logger=_http_log,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            keepalive_timeout=_SILENCE.total_seconds(),
            auto_decompress=False,  # Why: `bodies.py` refuses what is packed
        )
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=_ENDING.total_seconds())
        await runner.setup()
        try:
            await self._listen(runner)
            self._listening.set()
            await self._stop.wait()
        finally:
            await entrance.stop(_ENDING)
            await _take_no_more(runner)
            await runner.cleanup()
            await server.sent(_SENT_WITHIN)
            await _drop(server)
            await _drop(server)  # Why: those whose handshake has ended meanwhile
            await asyncio.get_running_loop().run_in_executor(None, lanes.close)

    async def _listen(self, runner: web.ServerRunner) -> None:
        host, port = self._settings.host, self._settings.port
        site = web.TCPSite(runner, host, port, ssl_context=tls(self._credentials))
        try:
            await site.start()
        except OSError as error:
            raise UsageError(
                f"the API server cannot listen on {host}:{port} ({error.strerror or error}): "
                "choose another port, or end what listens there"
            ) from error
        self._port = runner.addresses[0][1]


class _Listener(web.Server):
    """Knows every connection that is not lost yet.

    Why: aiohttp forgets those that come while it shuts down, and those that it has asked to close.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: dict[web.RequestHandler, tuple[asyncio.Transport, Any, Any]] = {}

    async def sent(self, within: timedelta) -> None:
        """Wait until nothing is left to be sent, or nothing moves. Why: what is aborted drops what it holds.

        By looking, for nothing tells: a transport that was closed wakes nobody.
        """
        loop = asyncio.get_running_loop()
        deadline, left, moved_at = loop.time() + within.total_seconds(), 0, loop.time()
        while (now := loop.time()) < deadline:
            unsent = sum(_unsent(layers) for _, _, layers in self._open.values())
            if unsent != left:
                left, moved_at = unsent, now
            if not unsent or now - moved_at > _STANDS_STILL.total_seconds():
                return
            await asyncio.sleep(_LOOK.total_seconds())

    def abort(self) -> None:
        """End them all. Why the sockets, too: a transport that was closed twice takes no abort."""
        for transport, socket, _ in tuple(self._open.values()):
            abort(transport)
            with suppress(OSError):
                socket.shutdown(SHUT_RDWR)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        layers = transport._ssl_protocol  # type: ignore[attr-defined]  # noqa: SLF001 - see `_unsent`
        self._open[handler] = transport, transport.get_extra_info("socket"), layers

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._open.pop(handler, None)


def _unsent(layers: Any) -> int:
    """How many bytes. Why by private names: a transport that was closed twice knows its layers no more."""
    below = layers._transport  # noqa: SLF001 - see above
    if below is None:
        return 0
    return int(layers._get_write_buffer_size() + below.get_write_buffer_size())  # noqa: SLF001 - see above


async def _take_no_more(runner: web.ServerRunner) -> None:
    """Why: asyncio leaks what it has accepted and not begun with when the listener is closed."""
    for site in runner.sites:
        listener = site._server  # noqa: SLF001 - no public way
        for socket in listener.sockets if isinstance(listener, asyncio.Server) else ():
            asyncio.get_running_loop().remove_reader(socket.fileno())
    for _ in range(2):  # one for what was accepted to begin, one for what that begins with
        await asyncio.sleep(0)


async def _drop(server: _Listener) -> None:
    """Close what clients keep open: those that read nothing, and those in the middle of a TLS handshake.

    Why: the first would be waited for; the second are tasks that the HTTP server knows nothing of.
    """
    server.abort()
    for _ in range(3):  # Why: asyncio closes such a connection only once its handshake has begun
        await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def tls(credentials: Credentials) -> ssl.SSLContext:
    """Our certificate, TLS 1.2 or newer, HTTP/1.1 and nothing else; clients may show one of our authority's.

    Differs: with another authority's the handshake fails; in Kubernetes the answer is 401. Whether one has
    ended is asked at each request: kubectl tries a failed handshake again and again, and tells no cause.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= _NO_CHECK_TIME
    context.load_verify_locations(cadata=credentials.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(credentials.certificate, credentials.key)
    context.set_alpn_protocols(["http/1.1"])
    # Why: a ticket comes after the handshake. A client that reads on a thread of its own, as those of
    # WebSockets do, takes it in while another thread writes the request, which OpenSSL then may lose: a hang.
    context.num_tickets = 0
    return context
