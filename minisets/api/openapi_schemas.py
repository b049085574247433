"""The types of OpenAPI's documents, from the schema facts and Kubernetes' own descriptions. Pure.

Leaves to `openapi_paths.py` which of them travel where. Merge keys are written as Kubernetes writes them:
`kubectl apply` works its patches out by them.
Kubernetes: kube-openapi pkg/builder3; what its `api/openapi-spec/v3` shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.descriptions import descriptions
from minisets.objects.schema import type_for, type_named, type_of, types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minisets.objects.kinds import Kind
    from minisets.objects.schema import Field, Type

Schema = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
STATUS = f"{_META}.Status"
PATCH = f"{_META}.Patch"
DELETE_OPTIONS = f"{_META}.DeleteOptions"

_SCALARS: dict[str, tuple[str, Schema]] = {
    "date-time": (f"{_META}.Time", {"type": "string", "format": "date-time"}),
    "micro-time": (f"{_META}.MicroTime", {"type": "string", "format": "date-time"}),
    "quantity": (
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        {"oneOf": [{"type": "string"}, {"type": "number"}]},
    ),
    "int-or-string": (
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
}
"""By the facts' format: types of their own, of which the facts say nothing but the format."""
_FIELDS = (f"{_META}.FieldsV1", {"type": "object"})
_RAW = ("io.k8s.apimachinery.pkg.runtime.RawExtension", {"type": "object"})


def schemas(kinds: Iterable[Kind], others: Iterable[str] = ()) -> dict[str, Schema]:
    """The types of these kinds, their lists, other types by title, and all that these are made of."""
    said = descriptions()
    found = {name: _with(said.get(_title(name), {}).get("", ""), schema) for name, schema in _plain()}
    waiting = [type_named("ListMeta"), type_for("DeleteOptions"), *(type_for(title) for title in others)]
    for kind in kinds:
        waiting.append(type_for(kind.title))
        if "list" in kind.verbs:
            found[list_name(kind)] = _list_schema(kind)
    while waiting:
        known = waiting.pop()
        if known.long_name not in found:
            found[known.long_name] = _schema(known, said.get(known.name, {}))
            waiting += [used for used in map(_used, known.fields.values()) if used is not None]
    return dict(sorted(found.items()))


def name_of(title: str) -> str:
    """The long name of a kind's type."""
    return type_for(title).long_name


def list_name(kind: Kind) -> str:
    """`io.k8s.api.core.v1.PodList`."""
    return f"{name_of(kind.title)}List"


def ref(name: str) -> Schema:
    """A reference to a type of the same document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _title(name: str) -> str:
    return name.rpartition(".")[2]


def _plain() -> Iterable[tuple[str, Schema]]:
    """What the facts know nothing of."""
    yield from (*_SCALARS.values(), _FIELDS, _RAW)
    yield PATCH, {"type": "object"}
    yield STATUS, _status_schema()


def _status_schema() -> Schema:
    text, number = {"type": "string"}, {"type": "integer", "format": "int32"}
    cause = {"type": "object", "properties": {"reason": text, "message": text, "field": text}}
    details = dict.fromkeys(("name", "group", "kind", "uid"), text)
    fields = dict.fromkeys(("apiVersion", "kind", "status", "message", "reason"), text)
    properties = {
        **fields,
        "metadata": {"allOf": [ref(f"{_META}.ListMeta")]},
        "code": number,
        "details": {
            "type": "object",
            "properties": {
                **details,
                "causes": {"type": "array", "items": cause},
                "retryAfterSeconds": number,
            },
        },
    }
    named = [{"group": "", "version": "v1", "kind": "Status"}]
    return {"type": "object", "properties": properties, "x-kubernetes-group-version-kind": named}


def _used(field: Field) -> Type | None:
    return _used(field.items) if field.items is not None else type_of(field)


def _with(description: str, schema: Mapping[str, Any]) -> Schema:
    return {"description": description, **schema} if description else dict(schema)


def _schema(known: Type, said: Mapping[str, str]) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": {
            name: _with(said.get(name, ""), _property(field)) for name, field in known.fields.items()
        },
    }
    if required := sorted(name for name, field in known.fields.items() if field.required):
        schema["required"] = required
    if known.kind:
        schema["x-kubernetes-group-version-kind"] = [_gvk(known)]
    if known.atomic:
        schema["x-kubernetes-map-type"] = "atomic"
    return _with(said.get("", ""), schema)


def _gvk(known: Type) -> dict[str, str]:
    return {"group": known.group, "version": known.version, "kind": known.kind}


def _list_schema(kind: Kind) -> Schema:
    known = type_for(kind.title)
    text = {"type": "string"}
    items = {"type": "array", "items": {"allOf": [ref(known.long_name)]}}
    metadata = {"allOf": [ref(f"{_META}.ListMeta")]}
    return {
        "type": "object",
        "properties": {"apiVersion": text, "items": items, "kind": text, "metadata": metadata},
        "required": ["items"],
        "x-kubernetes-group-version-kind": [{**_gvk(known), "kind": f"{kind.title}List"}],
    }


def _property(field: Field) -> Schema:
    return {**_value(field), **_merging(field)}


def _value(field: Field) -> Schema:
    if field.ref:
        return {"allOf": [ref(type_named(field.ref).long_name)]}
    if field.format in _SCALARS:
        return {"allOf": [ref(_SCALARS[field.format][0])]}
    items = {} if field.items is None else _value(field.items)
    match field.type:
        case "array":
            return {"type": "array", "items": items}
        case "map":
            return {"type": "object", "additionalProperties": items}
        case "any" | "object":
            name, _ = _FIELDS if field.name == "fieldsV1" else _RAW
            return {"allOf": [ref(name)]}
        case plain:
            return {"type": plain, "format": field.format} if field.format else {"type": plain}


def _merging(field: Field) -> Schema:
    given = {
        "list-map-keys": list(field.list_map_keys),
        "list-type": field.list_type,
        "map-type": field.map_type,
        "patch-merge-key": field.merge_key,
        "patch-strategy": field.patch_strategy,
    }
    return {f"x-kubernetes-{name}": value for name, value in given.items() if value}


def has_type(title: str) -> bool:
    """Whether there are facts about a kind that travels over a subresource."""
    return any(known.kind == title for known in types().values())
