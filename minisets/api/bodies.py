"""Request bodies: read with a limit, decoded from JSON, YAML or protobuf into an object.

Leaves which fields are known and well-typed to `registry/`.
Kubernetes: apiserver pkg/endpoints/handlers/create.go, update.go; `MaxRequestBodyBytes`.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

import yaml

from minisets.api import protobuf
from minisets.errors import BadRequest, TooLarge, UnsupportedMediaType
from minisets.objects.documents import Unreadable, documents

if TYPE_CHECKING:
    from datetime import timedelta

    from aiohttp import web

    from minisets.objects.kinds import Object

LIMIT = 3 * 1024 * 1024
_JSON = ("application/json", "")
_YAML = ("application/yaml", "application/x-yaml", "text/yaml")


async def read(request: web.BaseRequest, within: timedelta) -> bytes:
    """The whole body; TooLarge past the limit, BadRequest when it does not come in time, or is packed.

    Why refused packed: Kubernetes does not unpack either, and what unpacks to gigabytes is no larger than it.
    """
    if (packed := request.headers.get("Content-Encoding", "identity").strip().lower()) != "identity":
        raise BadRequest(f"the body of the request is encoded ({packed[:100]}): send it as it is")
    if (request.content_length or 0) > LIMIT:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(within.total_seconds()):
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > LIMIT:
                    raise _too_large()
    except TimeoutError:
        raise BadRequest("the request's body did not arrive in time") from None
    return bytes(body)


def _too_large() -> TooLarge:
    return TooLarge(f"Request entity too large: limit is {LIMIT}")


def media_type(header: str) -> str:
    """A Content-Type without its parameters, lower case; empty where there is none."""
    return header.partition(";")[0].strip().lower()


def decoded(body: bytes, content_type: str) -> Any:
    """The value in the body; a body without a Content-Type is JSON (the Python client sends such)."""
    media = media_type(content_type)
    if media in _JSON:
        return from_json(body)
    if media in _YAML:
        return _from_yaml(body)
    if media == protobuf.MEDIA_TYPE:
        return protobuf.decoded(body)
    raise UnsupportedMediaType(
        f"the body of the request was in an unknown format ({media}) - accepted media types include: "
        f"{_JSON[0]}, {_YAML[0]}"
    )


def configuration(body: bytes) -> Any:
    """What is to be applied: YAML, which is JSON where a client is kubectl, and then read as such."""
    if body.lstrip()[:1] == b"{":
        with contextlib.suppress(BadRequest):
            return from_json(body)
    return _from_yaml(body)


def from_json(body: bytes) -> Any:
    """The JSON value; BadRequest for what is none, for NaN and for halves of characters."""
    try:
        value = json.loads(body, parse_constant=_no_constant)
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode()  # Why: a lone surrogate cannot be stored or sent
    except RecursionError:
        raise BadRequest("error decoding JSON: exceeded max depth") from None
    except ValueError as error:
        raise BadRequest(f"error decoding JSON: {error}") from None
    return value


def _no_constant(text: str) -> Any:
    raise ValueError(f"invalid character in literal {text}")


def _from_yaml(body: bytes) -> Any:
    """The first document; aliases expand within the limit."""
    try:
        return next((document.value for document in documents(io.StringIO(body.decode()))), None)
    except Unreadable as wrong:
        raise BadRequest(f"error decoding YAML{wrong.place}: {wrong.problem}; {wrong.mend}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadRequest(f"error decoding YAML: {error}") from None


def options_in(body: bytes, content_type: str) -> Object:
    """A DeleteOptions body; empty where there is none."""
    value = decoded(body, content_type) if body.strip() else None
    if value is not None and not isinstance(value, dict):
        raise BadRequest("the body of a deletion must be DeleteOptions")
    return value or {}
