"""The fidelity table: what becomes of each field that a manifest can have, and warnings from it.

Pure. Nothing is silently ignored: a test walks the schema and fails where a field has no row. The rows
stand in `fidelity_rows.py` and `fidelity_pods.py`. Leaves to `api/` how warnings are sent, to `cli/`
whether they refuse, to `exposure.py` what gives a pod the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from minisets.objects.fidelity_table import How, Row, rows
from minisets.objects.schema import Field, Type, type_for, type_named, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.objects.kinds import Object

_NOT_ASKED_FOR = frozenset({"apiVersion", "kind", "status"})


@dataclass(frozen=True)
class Finding:
    """What becomes of one field of an object; `path` reads as in the API's messages."""

    path: str
    how: How
    why: str = ""
    tests: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`spec.template.spec.affinity: not honoured: one node only, every pod runs there`."""
        return ": ".join(filter(None, (self.path, self.how, self.why)))


def rows_of(known: Type, field: str, place: str = "") -> tuple[Row, ...]:
    """The rows of a field: of its place (`Pod:spec.volumes[]`), else of its type, else of `*`."""
    table = rows()
    choices = ((place, field), (known.name, field), (place, "*"), (known.name, "*"))
    return next((table[choice] for choice in choices if choice in table), ())


def type_at(where: str) -> Type:
    """The type that `Kind:spec.volumes[]` or a type's own name means; KeyError where there is none."""
    kind, colon, path = where.partition(":")
    if not colon:
        return type_named(where)
    known = type_for(kind)
    for name in filter(None, path.split(".")):
        field = known.fields[name.removesuffix("[]")]
        inner = type_of(field.items if name.endswith("[]") else field)
        if inner is None:
            raise KeyError(where)
        known = inner
    return known


def warnings(kind_title: str, obj: Object) -> tuple[str, ...]:
    """A line for each field present that is approximated or not honoured, in the object's order."""
    return tuple(str(found) for found in findings(kind_title, obj) if found.how != "honoured")


def findings(kind_title: str, obj: Object) -> Iterator[Finding]:
    """What becomes of each field present, in the object's order.

    A field with fields of its own that is honoured is not told of: they are. What a field that is not
    honoured has inside is nobody's business any more.
    """
    return _struct(type_for(kind_title), obj, "", f"{kind_title}:")


def _struct(known: Type, value: Object, path: str, place: str) -> Iterator[Finding]:
    yield from _left_out(known, value, path)
    for name, inner in value.items():
        field = known.fields.get(name)
        if field is None or name in _NOT_ASKED_FOR:
            continue
        here = f"{path}.{name}" if path else name
        row = next((row for row in rows_of(known, name, place) if row.speaks_of(inner)), None)
        if row is not None and (row.how != "honoured" or not _has_fields(field)):
            yield Finding(here, row.how, row.why, row.tests)
        elif row is None and not _has_fields(field):
            yield Finding(here, "honoured")
        if row is None or row.how != "not honoured":
            below = place + name if place.endswith(":") else f"{place}.{name}"
            yield from _value(field, inner, here, below)


def _left_out(known: Type, value: Object, path: str) -> Iterator[Finding]:
    """What is not as on a real cluster when nothing is said."""
    for row in _spoken_without().get(known.name, ()):
        if not value.keys() & {row.field, row.or_without}:
            yield Finding(f"{path}.{row.field}".lstrip("."), row.how, row.why)


@cache
def _spoken_without() -> Mapping[str, tuple[Row, ...]]:
    """By type, the rows that speak where their field is missing."""
    told = [row for found in rows().values() for row in found if row.or_without]
    return {where: tuple(row for row in told if row.where == where) for where in {row.where for row in told}}


def _has_fields(field: Field) -> bool:
    return type_of(field.items if field.type == "array" else field) is not None


def _value(field: Field, value: Any, path: str, place: str) -> Iterator[Finding]:
    known = type_of(field)
    if known is not None and isinstance(value, dict):
        yield from _struct(known, value, path, place)
    elif field.type == "array" and field.items is not None and isinstance(value, list):
        for ordinal, item in enumerate(value):
            yield from _value(field.items, item, f"{path}[{ordinal}]", f"{place}[]")


def without_rows(kind_title: str) -> tuple[str, ...]:
    """`Type.field` of every field of a kind that can be asked for and that the table does not know."""
    missing: list[str] = []
    todo, seen = [type_for(kind_title)], set()
    while todo:
        known = todo.pop()
        if known.name in seen:
            continue
        seen.add(known.name)
        for name, field in known.fields.items():
            if name in _NOT_ASKED_FOR:
                continue
            found = rows_of(known, name)
            if not found:
                missing.append(f"{known.name}.{name}")
            elif any(row.how != "not honoured" or row.only or row.unless for row in found):
                inner = type_of(field.items if field.type == "array" else field)
                todo += [inner] if inner is not None else []
    return tuple(missing)
