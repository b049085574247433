"""The fidelity table: what becomes of each field that a manifest can have, and warnings from it.

Pure. Nothing is silently ignored: a test walks the schema and fails where a field has no row. The rows
stand in `fidelity_rows.py`; leaves to `api/` how warnings are sent, to `cli/` whether they refuse.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from minisets.objects.fidelity_rows import TABLE
from minisets.objects.schema import Field, Type, type_for, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.objects.kinds import Object

How = Literal["honoured", "approximated", "not honoured"]
_SIGNS: dict[str, How] = {"+": "honoured", "~": "approximated", "-": "not honoured"}
_TOKEN = re.compile(r"([\w*]+)(?:(!?=)([^?]*)|\{(.*)\})?(?:\?(\w+))?")
_NOT_ASKED_FOR = frozenset({"apiVersion", "kind", "status"})
_EMPTY: tuple[Any, ...] = (None, "", [], {}, False)


@dataclass(frozen=True)
class Row:
    """One row. `where` is a type's name or `Kind:path`; `only` and `unless` are values as JSON has them.

    besides: keys of a map of which it does not speak. or_without: a field; where both it and the row's
    own are missing, the row speaks too.
    """

    where: str
    field: str
    how: How
    why: str = ""
    only: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    besides: frozenset[str] = frozenset()
    or_without: str = ""

    def speaks_of(self, value: Any) -> bool:
        """Whether the row is meant for this value; what is empty or false asks for nothing."""
        text = value if isinstance(value, str) else json.dumps(value)
        if self.besides:
            return isinstance(value, dict) and not value.keys() <= self.besides
        if self.only:
            return text in self.only
        return value not in _EMPTY and text not in self.unless


@cache
def rows() -> Mapping[tuple[str, str], tuple[Row, ...]]:
    """All rows by (type or `Kind:path`, field)."""
    table: dict[tuple[str, str], list[Row]] = {}
    where = ""
    for line in filter(str.strip, TABLE.splitlines()):
        if not line.startswith(" "):
            where = line
            continue
        sign, fields, why = _parts(line)
        for token in fields.split():
            row = _row(where, token, _SIGNS[sign], why)
            table.setdefault((where, row.field), []).append(row)
    return {key: tuple(found) for key, found in table.items()}


def _parts(line: str) -> tuple[str, str, str]:
    sign, _, rest = line.strip().partition(" ")
    fields, _, why = rest.partition(": ")
    return sign, fields, why


def _row(where: str, token: str, how: How, why: str) -> Row:
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ValueError(f"the fidelity table's {where} has a token that is none: {token}")
    field, operator, values, keys, other = found.groups()
    named = frozenset((values or "").split("|")) if operator else frozenset()
    only, unless = (named, frozenset()) if operator == "=" else (frozenset(), named)
    besides = frozenset(keys.split("|")) if keys else frozenset()
    return Row(where, field, how, why, only, unless, besides, other or "")


def rows_of(known: Type, field: str, place: str = "") -> tuple[Row, ...]:
    """The rows of a field: of its place (`Pod:spec.volumes[]`), else of its type, else of `*`."""
    table = rows()
    choices = ((place, field), (known.name, field), (place, "*"), (known.name, "*"))
    return next((table[choice] for choice in choices if choice in table), ())


def warnings(kind_title: str, obj: Object) -> tuple[str, ...]:
    """A line for each field present that is approximated or not honoured, in the object's order."""
    return tuple(_struct(type_for(kind_title), obj, "", f"{kind_title}:"))


def _struct(known: Type, value: Object, path: str, place: str) -> Iterator[str]:
    yield from _left_out(known, value, path)
    for name, inner in value.items():
        field = known.fields.get(name)
        if field is None or name in _NOT_ASKED_FOR:
            continue
        here = f"{path}.{name}" if path else name
        row = next((row for row in rows_of(known, name, place) if row.speaks_of(inner)), None)
        if row is not None and row.how != "honoured":
            yield f"{here}: {row.how}: {row.why}"
        if row is None or row.how != "not honoured":
            below = place + name if place.endswith(":") else f"{place}.{name}"
            yield from _value(field, inner, here, below)


def _left_out(known: Type, value: Object, path: str) -> Iterator[str]:
    """What is not as on a real cluster when nothing is said."""
    for (where, name), found in rows().items():
        for row in found:
            if where == known.name and row.or_without and not value.keys() & {name, row.or_without}:
                yield f"{path}.{name}: {row.how}: {row.why}"


def _value(field: Field, value: Any, path: str, place: str) -> Iterator[str]:
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
