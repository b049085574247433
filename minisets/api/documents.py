"""What is the same for everybody: discovery, OpenAPI, version and health, each with an ETag.

Leaves what is announced to `discovery.py` and `openapi.py`, and who may ask to `auth.py`.
"""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aiohttp import web

from minisets.api import discovery, openapi, routes
from minisets.api.representing import encoded
from minisets.cluster.content import own_content
from minisets.settings import KUBERNETES_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

HEADERS = {"Cache-Control": "no-cache, private"}
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_KEPT = 128
_A_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Document:
    """What is the same for everybody, and the tag by which clients know it again."""

    body: bytes
    content_type: str
    tag: str


@lru_cache(_KEPT)
def document(parts: tuple[str, ...], form: str) -> Document | None:
    """What a path that names no resource leads to, or None; form: of discovery, see `representing.py`."""
    if (found := _content(parts, form)) is None:
        return None
    body, content_type = found
    return Document(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:32].upper()}"')


def _content(parts: tuple[str, ...], form: str) -> tuple[bytes, str] | None:
    match parts:
        case ("healthz" | "livez" | "readyz",):
            return b"ok", "text/plain; charset=utf-8"
        case ("openapi", "v2"):
            return b"", openapi.V2_CONTENT_TYPE
        case ("api" | "apis" as root,) if form:
            media = f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"
            return encoded(discovery.aggregated(form, core=root == "api")), media
    value = _json_document(parts)
    return None if value is None else (encoded(value), "application/json")


def _json_document(parts: tuple[str, ...]) -> Mapping[str, Any] | None:
    match parts:
        case ("version",):
            return version()
        case ("api",):
            return discovery.legacy_core()
        case ("apis",):
            return discovery.legacy_groups()
        case ("apis", group):
            return discovery.legacy_group(group)
        case ("openapi", "v3"):
            return openapi.index(hash_of)
        case ("openapi", "v3", *rest) if (named := routes.group_version(rest)) and not named[2]:
            return openapi.document(*named[:2])
    if (named := routes.group_version(parts)) and not named[2]:
        return discovery.legacy_resources(*named[:2])
    return None


def hash_of(path: str) -> str:
    """What a document's URL carries, so that clients may keep the answer for ever."""
    found = document(routes.parts_of(path), "")
    return "" if found is None else found.tag.strip('"')


def version() -> dict[str, str]:
    """`/version`: all nine keys, which the Python client insists on; the commit is our own content's hash."""
    major, minor = KUBERNETES_VERSION.removeprefix("v").split(".")[:2]
    machine = platform.machine().lower()
    return {
        "major": major,
        "minor": minor,
        "gitVersion": KUBERNETES_VERSION,
        "gitCommit": own_content(),
        "gitTreeState": "clean",
        "buildDate": "2026-11-23T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}",
    }


def answered(request: web.BaseRequest, found: Document, now: datetime) -> web.Response:
    """With an ETag, so that a client that has it already is sent nothing but a 304.

    A document of OpenAPI that was asked for by its hash never changes; by another hash, the way to the
    right one is told. Kubernetes: kube-openapi pkg/handler3 `HandleGroupVersion`.
    """
    headers = {
        **HEADERS,
        "ETag": found.tag,
        "Vary": "Accept",
        "Content-Type": found.content_type,
    }
    asked, own = request.query.get("hash", ""), found.tag.strip('"')
    if asked and request.path.startswith("/openapi/v3/"):
        if asked != own:
            return web.Response(status=301, headers={**headers, "Location": f"{request.path}?hash={own}"})
        headers["Cache-Control"] = "public, immutable"
        headers["Expires"] = format_datetime(now + _A_YEAR, usegmt=True)
    if found.body and found.tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.body, headers=headers)
