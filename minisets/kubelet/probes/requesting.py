"""One GET as the kubelet makes it for a probe or a hook: headers, redirects, no certificate checked (A-114).

Leaves what an answer means to its users. Kubernetes: pkg/probe/http (request.go, http.go), Go's net/http.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from minisets.errors import MinisetsError
from minisets.settings import KUBERNETES_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_BODY = 10 * 1024
VERSION = ".".join(KUBERNETES_VERSION.removeprefix("v").split(".")[:2])
"""How probes and hooks give it in their User-Agent."""
_AT_MOST = 10
_REDIRECTS = (301, 302, 303, 307, 308)
# Why two: which of them it is depends on the age of OpenSSL.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
_KEPT_IN_PATHS = "/?:@!$&'()*+,;=%-._~[]"


class RequestError(MinisetsError):
    """No answer, in the words of Go's HTTP client. spoke_plainly: HTTP where HTTPS was asked for."""

    def __init__(self, message: str, *, spoke_plainly: bool = False) -> None:
        super().__init__(message)
        self.spoke_plainly = spoke_plainly


@dataclass(frozen=True)
class Answer:
    """A status that is no redirect to the same host, and the beginning of the body."""

    status: int
    body: str


@dataclass(frozen=True)
class Request:
    """An httpGet. host: the Host header, where it is not the URL's."""

    url: str
    headers: tuple[tuple[str, str], ...]
    host: str = ""

    @classmethod
    def of(cls, get: Mapping[str, Any], address: str, port: int, agent: str) -> Request:
        """As a manifest says it; `address` where it names no host; `agent`: `probe` or `lifecycle`."""
        host, scheme = str(get.get("host") or address), str(get.get("scheme") or "HTTP").lower()
        path = quote(str(get.get("path") or "/").partition("#")[0], safe=_KEPT_IN_PATHS)
        named = f"[{host}]" if ":" in host else host
        listed = [(one["name"].title(), one.get("value") or "") for one in get.get("httpHeaders") or ()]
        return cls(
            f"{scheme}://{named}:{port}{path if path.startswith('/') else f'/{path}'}",
            _headers(listed, f"kube-{agent}/{VERSION}"),
            next((value for name, value in listed if name == "Host"), ""),
        )

    def plain(self) -> Request:
        """Without TLS, and without what only TLS may carry."""
        kept = tuple((name, value) for name, value in self.headers if name != "Authorization")
        return Request(f"http{self.url.removeprefix('https')}", kept, self.host)

    def following(self, location: str) -> Request:
        """The request that a redirect asks for; only a relative one keeps the Host header."""
        is_relative = not urlsplit(location).scheme
        return Request(urljoin(self.url, location), self.headers, self.host if is_relative else "")


def _headers(listed: list[tuple[str, str]], agent: str) -> tuple[tuple[str, str], ...]:
    """Ours where the manifest has none; an empty Accept or User-Agent is not sent."""
    defaults = [("User-Agent", agent), ("Accept", "*/*"), ("Connection", "close")]
    said = {name for name, _ in listed}
    kept = [(name, value) for name, value in listed if value or name not in ("User-Agent", "Accept")]
    return (
        *((name, value) for name, value in kept if name != "Host"),
        *((name, value) for name, value in defaults if name not in said),
    )


class Getter:
    """One GET with its redirects; seconds: for each step. `close` ends it as a whole, from any thread."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._connection: http.client.HTTPConnection | None = None
        self._closed = False

    def get(self, request: Request) -> Answer:
        """Raises RequestError."""
        first, current = urlsplit(request.url).hostname, request
        for _ in range(_AT_MOST):
            answer, location = self._fetched(current)
            if not location:
                return answer
            following = current.following(location)
            if urlsplit(following.url).hostname != first:
                return answer
            current = following
        raise RequestError(f'Get "{current.url}": stopped after {_AT_MOST} redirects')

    def close(self) -> None:
        """Whatever it waits for does not come."""
        self._closed = True
        connection = self._connection
        # Why once: whoever gets the answer takes the socket away.
        used: socket.socket | None = connection.sock if connection is not None else None
        if used is not None:
            with suppress(OSError):
                used.shutdown(socket.SHUT_RDWR)

    def _fetched(self, request: Request) -> tuple[Answer, str]:
        """One answer, and where it redirects to."""
        try:
            return self._exchanged(request)
        except (OSError, ValueError, http.client.HTTPException) as error:
            plainly = isinstance(error, ssl.SSLError) and error.reason in _NOT_TLS
            raise RequestError(
                f'Get "{request.url}": {self._said(request, error)}', spoke_plainly=plainly
            ) from error

    def _exchanged(self, request: Request) -> tuple[Answer, str]:
        parts = urlsplit(request.url)
        connection = self._connection = _connection(parts.scheme, parts.hostname, parts.port, self._seconds)
        try:
            connection.connect()
            if self._closed:
                raise TimeoutError
            target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.putrequest("GET", target, skip_host=True, skip_accept_encoding=True)
            for name, value in (("Host", request.host or parts.netloc), *request.headers):
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            body = response.read(LONGEST_BODY).decode(errors="replace")
        finally:
            connection.close()
        location = response.headers.get("Location") or ""
        return Answer(response.status, body), location if response.status in _REDIRECTS else ""

    def _said(self, request: Request, error: Exception) -> str:
        """As Go says it: people look for these words."""
        if self._closed or isinstance(error, TimeoutError):
            return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        if isinstance(error, ssl.SSLError) and error.reason in _NOT_TLS:
            return "http: server gave HTTP response to HTTPS client"
        if isinstance(error, http.client.RemoteDisconnected):
            return "EOF"
        parts = urlsplit(request.url)
        return dialled(f"{parts.hostname}:{parts.port}", error) if isinstance(error, OSError) else str(error)


def dialled(address: str, error: OSError) -> str:
    """Why no connection came about, as Go says it."""
    if isinstance(error, TimeoutError):
        return f"dial tcp {address}: i/o timeout"
    return f"dial tcp {address}: connect: {os.strerror(error.errno).lower() if error.errno else error}"


def _connection(
    scheme: str, host: str | None, port: int | None, seconds: float | None
) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host or "", port, timeout=seconds)
    if scheme != "https":
        raise ValueError(f'unsupported protocol scheme "{scheme}"')
    # Kubernetes: neither probes nor hooks check a certificate.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host or "", port, timeout=seconds, context=context)
