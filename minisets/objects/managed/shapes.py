"""What may be owned at each place of an object: a leaf, a map by its keys, a list by its elements.

Follows from the facts of `schema.py` alone. Kubernetes: kube-openapi pkg/schemaconv/openapi.go.
Differs: what no type describes (a revision's `data`) is one leaf; Kubernetes owns it key by key.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from minisets.objects.schema import type_for, type_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.schema import Field, Type

Form = Literal["scalar", "list", "map", "any"]
Scalar = Literal["numeric", "string", "boolean", "untyped"]

_KEY_DEFAULTS = {("ContainerPort", "protocol"): "TCP", ("ServicePort", "protocol"): "TCP"}
"""Kubernetes: the fields with a `+default` among the keys of lists."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One place. is_atomic: owned as a whole. keys: of a list of maps; a list without is a set.

    struct names the type whose fields are known; items is the shape of every other key, or of each element.
    """

    form: Form
    is_atomic: bool = False
    scalar: Scalar = "untyped"
    keys: tuple[str, ...] = ()
    items: Shape | None = None
    struct: str = ""

    @cached_property
    def is_leaf(self) -> bool:
        """Whether nothing below can have an owner of its own."""
        return self.is_atomic or self.form in ("scalar", "any")

    @cached_property
    def fields(self) -> Mapping[str, Shape]:
        """The fields that the type names."""
        known = type_named(self.struct).fields if self.struct else {}
        return MappingProxyType({name: _shape(field) for name, field in known.items()})

    @cached_property
    def key_defaults(self) -> Mapping[str, str]:
        """What a key is that an element does not give."""
        return (
            {key: _KEY_DEFAULTS.get((self.items.struct, key), "") for key in self.keys} if self.items else {}
        )

    def child(self, key: str) -> Shape | None:
        """The shape of that key of a map; None for a field that the type does not have."""
        return self.fields.get(key) or self.items

    def below(self, key: str) -> Shape:
        """The same, and anything for a field that the type does not have."""
        return self.child(key) or _ANYTHING

    @property
    def item(self) -> Shape:
        """The shape of each element of a list."""
        return self.items or _ANYTHING


_ANYTHING = Shape("any")


def shape_for(kind_title: str) -> Shape:
    """The shape of a kind's objects, or of a Scale."""
    return _struct(type_for(kind_title).name, is_atomic=False)


@cache
def blank(type_name: str) -> Mapping[str, Any]:
    """A value of a type before anything is said, as Go makes and writes it. Not to be changed.

    What stands in it was there before a create, so nobody is recorded as having added it.
    """
    fields = type_named(type_name).fields.values()
    return {field.name: _blank(field) for field in fields if field.always}


def _blank(field: Field) -> Any:
    match field.type, field.format:
        case "object", _ if field.ref:
            return blank(field.ref)
        case "string", "quantity":
            return "0"
        case "string", "":
            return ""
        case "integer" | "number", _:
            return 0
        case "boolean", _:
            return False
        case _:
            return None


@cache
def _struct(name: str, *, is_atomic: bool) -> Shape:
    return Shape("map", is_atomic, struct=name)


def _shape(field: Field) -> Shape:
    match field.type:
        case "object" if field.ref:
            return _struct(field.ref, is_atomic=_is_atomic(field, type_named(field.ref)))
        case "map" if field.items is not None:
            return Shape("map", field.map_type == "atomic", items=_shape(field.items))
        case "array" if field.items is not None:
            return _list(field, _shape(field.items))
        case "integer" | "number":
            return Shape("scalar", scalar="numeric")
        case "boolean":
            return Shape("scalar", scalar="boolean")
        case "string":
            return Shape("scalar", scalar="string" if field.format in ("", "byte") else "untyped")
        case _:
            return _ANYTHING


def _is_atomic(field: Field, known: Type) -> bool:
    """A field may say otherwise than its type: a volume's claimRef is owned field by field."""
    return field.map_type == "atomic" if field.map_type else known.atomic


def _list(field: Field, items: Shape) -> Shape:
    if field.list_type == "map":
        return Shape("list", keys=field.list_map_keys, items=items)
    merged = not field.list_type and "merge" in field.strategies
    keys = (field.merge_key,) if merged and field.merge_key else ()
    return Shape("list", not (merged or field.list_type == "set"), keys=keys, items=items)
