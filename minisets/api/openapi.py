"""As much OpenAPI as clients use to create, apply, replace, diff, edit and explain. Pure.

kubectl looks up whether a kind's PATCH takes `fieldValidation`; then the server does the validating.
No requestBody is listed, so that `kubectl apply` uses its built-in merge keys. Fields and types follow
from the schema facts; descriptions come later. The v2 document is zero bytes: a valid, empty one.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from minisets.api.routes import collection_of, group_versions, root_of
from minisets.objects.kinds import CONVERTED, KINDS
from minisets.objects.schema import type_for, type_named, type_of
from minisets.settings import KUBERNETES_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Kind
    from minisets.objects.schema import Field, Type

# Why: clients ask with an `@` for the second dot, which is no media type and which kubectl cannot parse.
V2_CONTENT_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_FIELD_VALIDATION = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}


def index() -> dict[str, Any]:
    """`/openapi/v3`: where each group-version's document is; the hash changes with its content."""
    return {
        "paths": {
            root_of(group, version).removeprefix("/"): {
                "serverRelativeURL": f"/openapi/v3{root_of(group, version)}?hash={_hash(group, version)}"
            }
            for group, version in group_versions()
        }
    }


@cache
def _hash(group: str, version: str) -> str:
    text = json.dumps(document(group, version), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32].upper()


def document(group: str, version: str) -> dict[str, Any] | None:
    """`/openapi/v3/apis/<group>/<version>`; None if not served."""
    if (group, version) not in group_versions():
        return None
    kinds = [kind for kind in (*KINDS, *CONVERTED) if (kind.group, kind.version) == (group, version)]
    return {
        "openapi": "3.0.0",
        "info": {"title": "minisets", "version": KUBERNETES_VERSION},
        "paths": {f"{collection_of(kind)}/{{name}}": _operations(kind) for kind in kinds},
        "components": {"schemas": schemas(kinds)},
    }


def _operations(kind: Kind) -> dict[str, Any]:
    patch = {
        "parameters": [_FIELD_VALIDATION],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.title},
    }
    return {"patch": patch}


def schemas(kinds: Iterable[Kind]) -> dict[str, Any]:
    """The types of these kinds and all that they are made of, by their long names."""
    found: dict[str, Any] = {}
    waiting = [type_for(kind.schema) for kind in kinds]
    while waiting:
        known = waiting.pop()
        if known.long_name not in found:
            found[known.long_name] = _schema(known)
            waiting += [used for used in map(_used, known.fields.values()) if used is not None]
    return found


def _used(field: Field) -> Type | None:
    return _used(field.items) if field.items is not None else type_of(field)


def _schema(known: Type) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _property(field) for name, field in known.fields.items()},
    }
    if required := sorted(name for name, field in known.fields.items() if field.required):
        schema["required"] = required
    if known.kind:
        named = {"group": known.group, "version": known.version, "kind": known.kind}
        schema["x-kubernetes-group-version-kind"] = [named]
    return schema


def _property(field: Field) -> dict[str, Any]:
    if field.ref:
        return {"allOf": [{"$ref": f"#/components/schemas/{type_named(field.ref).long_name}"}]}
    items = {} if field.items is None else _property(field.items)
    match field.type:
        case "array":
            return {"type": "array", "items": items}
        case "map":
            return {"type": "object", "additionalProperties": items}
        case "any":
            return {"type": "object"}
        case plain:
            return {"type": plain, "format": field.format} if field.format else {"type": plain}
