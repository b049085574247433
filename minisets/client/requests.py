"""Requests to the API: get, list, create, patch, delete, watch, logs. Blocking; one pool a client.

Decides how a refusal becomes an error. Leaves streams to `sockets.py`, and printing to `cli/`.
"""

from __future__ import annotations

import contextlib
import json
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, SSLError

from minisets import errors
from minisets.objects.kinds import Object, Ref, kind_of
from minisets.objects.metadata import version_of
from minisets.objects.reading import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from minisets.client.access import Access

_LEAVES = {
    (leaf.code, leaf.reason): leaf
    for leaf in (
        errors.BadRequest,
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.MethodNotAllowed,
        errors.AlreadyExists,
        errors.Conflict,
        errors.Expired,
        errors.TooLarge,
        errors.UnsupportedMediaType,
        errors.Invalid,
        errors.TooManyRequests,
        errors.ServiceUnavailable,
    )
}
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
_PATCHES = {
    "strategic": "application/strategic-merge-patch+json",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}


class Unreachable(errors.MinisetsError):
    """Nothing answers at the address: the server may not run."""


@dataclass(frozen=True)
class Answer:
    """An object (or Status, or Table) and what the server warned of."""

    object: Object
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class WatchEvent:
    """`ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`, and the object or Table."""

    type: str
    object: Object


class Watch:
    """Events as they come; ends when the server ends it, or at `close` from any thread."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[WatchEvent]:
        """Blocks until there is more; an ERROR event is raised as its error."""
        for line in _lines(self._response):
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise refusal(event["object"])
            yield WatchEvent(event["type"], event["object"])

    def close(self) -> None:
        """End it, also while another thread waits for an event."""
        _end(self._response)


class LogStream:
    """A log in pieces, as they come; ends when the server ends it, or at `close` from any thread."""

    def __init__(self, response: urllib3.BaseHTTPResponse, url: str) -> None:
        self._response = response
        self._url = url
        self._closed = False

    @property
    def began(self) -> datetime | None:
        """When the answer began, by the server's clock, in whole seconds; None where it does not say."""
        said = self._response.headers.get("Date")
        return parsedate_to_datetime(said) if said else None

    def __iter__(self) -> Iterator[bytes]:
        """Blocks until there is more; Unreachable where the log was cut."""
        try:
            yield from self._response.stream(None, decode_content=False)
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            # Why so many: a response that `close` ends from another thread fails in whatever it was doing.
            if self._closed:
                return
            raise Unreachable(f"the server at {self._url} went away: the log ends here") from error
        finally:
            self._response.close()

    def close(self) -> None:
        """End it, also while another thread waits for a piece."""
        self._closed = True
        _end(self._response)


class ApiClient:
    """One cluster's API."""

    def __init__(self, access: Access, *, command: str = "") -> None:
        self.access = access
        context = trusting(access)
        # Why so many: as many logs as the server lets one follow end at once, and a full pool complains.
        self._pool = urllib3.PoolManager(ssl_context=context, retries=False, maxsize=64)
        self._headers = {
            "Authorization": f"Bearer {access.token}",
            "Accept": "application/json",
            "User-Agent": "minisets",
        }
        if command:
            self._headers["Kubectl-Command"] = command

    # Reader

    def get(self, ref: Ref) -> Object | None:
        """The object, or None."""
        try:
            return self.read(ref)
        except errors.NotFound:
            return None

    def list(self, kind: str, namespace: str = "") -> Listing:
        """All objects of a kind, in one namespace or in all."""
        return self.select(kind, namespace)

    # The rest

    def read(self, ref: Ref, *, table: bool = False) -> Object:
        """The object (or a Table of one row); raises NotFound."""
        return self._ask("GET", path_of(ref), table=table).object

    def select(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> Listing:
        """Objects that match the selectors, their kind and apiVersion filled in."""
        body = self.collection(kind, namespace, labels=labels, fields=fields)
        served = kind_of(kind)
        stamp = {"apiVersion": served.api_version, "kind": kind}
        return Listing(tuple({**stamp, **item} for item in body["items"]), version_of(body))

    def collection(
        self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "", table: bool = False
    ) -> Object:
        """A list, or a Table, as the server sends it."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        return self._ask("GET", collection_of(kind, namespace), query, table=table).object

    def create(
        self, kind: str, namespace: str, obj: Object, *, dry_run: bool = False, manager: str = "minisets"
    ) -> Answer:
        """POST, with strict field validation."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", "dryRun": "All" if dry_run else ""}
        return self._ask("POST", collection_of(kind, namespace), query, obj)

    def patch(
        self,
        ref: Ref,
        body: Any,
        *,
        form: str = "strategic",
        subresource: str = "",
        dry_run: bool = False,
        manager: str = "minisets",
    ) -> Answer:
        """PATCH; form: strategic, merge or json."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", "dryRun": "All" if dry_run else ""}
        path = path_of(ref) + (f"/{subresource}" if subresource else "")
        return self._ask("PATCH", path, query, body, content_type=_PATCHES[form])

    def delete(
        self, ref: Ref, *, grace: int | None = None, propagation: str = "Background", uid: str = ""
    ) -> Object:
        """DELETE; the object as it is now, or a Status. Raises NotFound."""
        body: dict[str, Any] = {"propagationPolicy": propagation}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        if uid:
            body["preconditions"] = {"uid": uid}
        return self._ask("DELETE", path_of(ref), None, body).object

    def watch(
        self,
        kind: str,
        namespace: str = "",
        *,
        since: int,
        labels: str = "",
        fields: str = "",
        table: bool = False,
    ) -> Watch:
        """Everything that happens after version `since`."""
        query = {
            "watch": "true",
            "resourceVersion": str(since),
            "labelSelector": labels,
            "fieldSelector": fields,
        }
        response = self._send("GET", collection_of(kind, namespace), query, table=table, stream=True)
        return Watch(response)

    def logs(self, ref: Ref, query: Mapping[str, str]) -> LogStream:
        """The log, once the server has begun to answer."""
        return LogStream(self._send("GET", path_of(ref) + "/log", query, stream=True), self.access.url)

    def raw(self, path: str) -> Object:
        """Any JSON route, such as `/version`."""
        return self._ask("GET", path).object

    def content_served(self) -> str | None:
        """Which minisets the server is, by the hash at `/version`; None if none answers within a second.

        Another program at its address does not count: it has no certificate of the authority's.
        """
        try:
            response = self._pool.request("GET", f"{self.access.url}/version", timeout=1.0)
        except HTTPError:
            return None
        return str(_decoded(response).get("gitCommit", "")) if response.status == 200 else None

    def close(self) -> None:
        """Release the connections."""
        self._pool.clear()

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        table: bool = False,
        content_type: str = "application/json",
    ) -> Answer:
        response = self._send(method, path, query, body, table=table, content_type=content_type)
        return Answer(_decoded(response), _warnings(response))

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        table: bool = False,
        stream: bool = False,
        content_type: str = "application/json",
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self.access.url}{path}"
        if given := {key: value for key, value in (query or {}).items() if value}:
            url = f"{url}?{urlencode(given)}"
        headers = self._headers | ({"Accept": _TABLE} if table else {})
        if body is not None:
            headers["Content-Type"] = content_type
        timeout = urllib3.Timeout(connect=5.0, read=None if stream else 60.0)
        try:
            response = self._pool.request(
                method,
                url,
                body=None if body is None else json.dumps(body),
                headers=headers,
                timeout=timeout,
                preload_content=not stream,
            )
        except NewConnectionError as error:
            raise Unreachable(f"no minisets server answers at {self.access.url}") from error
        except ProtocolError as error:
            raise Unreachable(
                f"the server at {self.access.url} went away before it answered: "
                "see `minisets status`, and run the command again"
            ) from error
        except HTTPError as error:
            # Why: Docker's proxy takes connections while nobody is behind it, and hangs up in the handshake.
            is_gone = isinstance(error, SSLError) and isinstance(error.args[0], ssl.SSLEOFError)
            failure = Unreachable if is_gone else errors.MinisetsError
            raise failure(f"the server at {self.access.url} did not answer: {error}") from error
        if response.status >= 400:
            raise refusal(_decoded(response))
        return response


def trusting(access: Access) -> ssl.SSLContext:
    """Only servers of this authority. MinisetsError where it is none.

    Why so strict: an empty one would mean everybody whom this machine trusts.
    """
    said = (
        f"the authority for {access.url} in its kubeconfig is no certificate: remove that file, and the "
        "next command writes it anew"
    )
    if not access.authority.strip():
        raise errors.MinisetsError(said)
    try:
        return ssl.create_default_context(cadata=access.authority)
    except (ssl.SSLError, ValueError) as error:
        raise errors.MinisetsError(said) from error


def refusal(status: Mapping[str, Any]) -> errors.ApiError:
    """The error that a Status stands for; its message stays as the server wrote it."""
    leaf = _LEAVES.get((status.get("code", 0), status.get("reason", "")), errors.ApiError)
    details = status.get("details") or {}
    causes = [
        errors.Cause(cause.get("field", ""), cause.get("reason", ""), cause.get("message", ""))
        for cause in details.get("causes") or ()
    ]
    return leaf(
        str(status.get("message") or "the server refused without a word"),
        name=details.get("name", ""),
        group=details.get("group", ""),
        kind=details.get("kind", ""),
        causes=causes,
    )


def collection_of(kind: str, namespace: str) -> str:
    """`/apis/apps/v1/namespaces/default/statefulsets`; without a namespace, all of them."""
    served = kind_of(kind)
    root = f"/apis/{served.api_version}" if served.group else f"/api/{served.version}"
    where = f"/namespaces/{quote(namespace, safe='')}" if served.namespaced and namespace else ""
    return f"{root}{where}/{served.plural}"


def path_of(ref: Ref) -> str:
    """The object's route."""
    return f"{collection_of(ref.kind, ref.namespace)}/{quote(ref.name, safe='')}"


def _end(response: urllib3.BaseHTTPResponse) -> None:
    # Why shutdown: a close alone waits for the lock that a reading thread holds until something comes.
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        response.shutdown()
    response.close()


def _decoded(response: urllib3.BaseHTTPResponse) -> Object:
    data = response.read() if not response.data else response.data
    try:
        return cast("Object", json.loads(data))
    except ValueError:
        text = data.decode(errors="replace").strip() or f"HTTP {response.status}"
        return {"code": response.status, "message": f"the server answered: {text}"}


def _warnings(response: urllib3.BaseHTTPResponse) -> tuple[str, ...]:
    """The texts of `Warning: 299 - "..."` headers."""
    return tuple(
        json.loads(header[header.index('"') : header.rindex('"') + 1])
        for header in response.headers.getlist("Warning")
        if header.count('"') >= 2
    )


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    try:
        for piece in response.stream(None, decode_content=False):
            *lines, rest = (rest + piece).split(b"\n")
            yield from filter(None, lines)
    except (HTTPError, OSError, ValueError, AttributeError):
        # Why: a response that `close` ends from another thread fails in whatever it was doing.
        return
