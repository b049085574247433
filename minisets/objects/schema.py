"""The facts about the fields of the served kinds, from schema.json. Facts only.

Read once through importlib.resources; everything returned is immutable and shared. Leaves to
`strictness.py`, `canonical.py`, `strategic.py` and `fidelity.py` what follows from the facts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

FieldType = Literal["object", "array", "string", "integer", "number", "boolean", "map", "any"]

_SPELLING = {
    "patchStrategy": "patch_strategy",
    "mergeKey": "merge_key",
    "listType": "list_type",
    "mapType": "map_type",
    "goType": "go_type",
}


@dataclass(frozen=True)
class Field:
    """One field. Formats: int32, int64, byte, date-time, micro-time, quantity, int-or-string, double.

    `ref` names an object's type; `items` describes an array's elements or a map's values.
    `pointer`: Go keeps a given zero (`readOnly: false` stays). `always`: Go writes it even when zero.
    """

    name: str
    type: FieldType
    format: str = ""
    ref: str = ""
    items: Field | None = None
    required: bool = False
    merge_key: str = ""
    patch_strategy: str = ""
    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    pointer: bool = False
    always: bool = False
    go_type: str = ""

    @property
    def strategies(self) -> frozenset[str]:
        """Of `merge`, `retainKeys`, `replace`: those that the patch strategy names."""
        return frozenset(filter(None, self.patch_strategy.split(",")))


@dataclass(frozen=True)
class Type:
    """One type, e.g. `StatefulSetSpec`; group, version and kind are empty for what is no kind.

    known_as: what `type_for` calls it, where that is not its kind (`Kind.schema`).
    """

    name: str
    package: str
    fields: Mapping[str, Field] = field(repr=False)
    atomic: bool = False
    group: str = ""
    version: str = ""
    kind: str = ""
    known_as: str = ""

    @property
    def title(self) -> str:
        """The Go struct's name: `EndpointPort` for `discovery.EndpointPort`."""
        return self.name.rpartition(".")[2]

    @property
    def long_name(self) -> str:
        """`io.k8s.api.apps.v1.StatefulSetSpec`, as OpenAPI names it."""
        return f"{self.package}.{self.title}"


def _field(name: str, facts: Mapping[str, Any]) -> Field:
    known = {_SPELLING.get(key, key): value for key, value in facts.items()}
    known["list_map_keys"] = tuple(known.pop("listMapKeys", ()))
    if "items" in known:
        known["items"] = _field("", known["items"])
    return Field(name, **known)


def _type(name: str, facts: Mapping[str, Any]) -> Type:
    fields = {field_name: _field(field_name, inner) for field_name, inner in facts["fields"].items()}
    group, version, kind = facts.get("gvk", ("", "", ""))
    atomic = facts.get("atomic", False)
    known_as = facts.get("knownAs", kind)
    return Type(name, facts["package"], MappingProxyType(fields), atomic, group, version, kind, known_as)


@cache
def types() -> Mapping[str, Type]:
    """Every type by its short name; a name shared outside core has its group: `discovery.EndpointPort`."""
    text = resources.files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
    return MappingProxyType({name: _type(name, facts) for name, facts in json.loads(text)["types"].items()})


def type_named(name: str) -> Type:
    """The type of that name, e.g. `PodSpec`; KeyError where there is none."""
    return types()[name]


@cache
def _kinds() -> Mapping[str, Type]:
    return {found.known_as: found for found in types().values() if found.known_as}


def type_for(kind_title: str) -> Type:
    """The type of a served kind by its `schema`, or of Scale, Eviction, DeleteOptions; else KeyError."""
    return _kinds()[kind_title]


def type_of(known: Field | None) -> Type | None:
    """The type behind an object field, or None where its content is not described."""
    return type_named(known.ref) if known is not None and known.ref else None
