"""The form in which Kubernetes would store an object: what Go's decoding and encoding make of it.

Pure and idempotent. Decides which zeros, empty lists and empty structs are written, and how quantities,
times and bytes are spelled; revision hashes depend on it. Leaves what is unknown or mistyped as it is
(`strictness.py`), and defaults to `defaulting`.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from minisets.objects import quantities
from minisets.objects.metadata import micro_timestamp, moment, timestamp
from minisets.objects.schema import Field, Type, type_for, type_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.objects.kinds import Object

_ZEROS: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


def canonical(kind_title: str, obj: Object) -> Object:
    """A new object in canonical form; run before defaults, it makes zero and absent the same where Go does.

    Differs: where Go writes `null` for a list, map or time that is not there, nothing is written.
    """
    return _struct(type_for(kind_title), obj)


def _struct(known: Type, value: Object) -> Object:
    written = {}
    for name, inner in value.items():
        field = known.fields.get(name)
        if field is None:
            written[name] = inner
        elif inner is not None:
            found = _value(field, inner)
            if not _is_omitted(field, found):
                written[name] = found
    for field in known.fields.values():
        if field.always and field.name not in written:
            _write_zero(field, written)
    return written


def _value(field: Field, value: Any) -> Any:
    match field.type, value:
        case "object", dict():
            known = type_of(field)
            return _struct(known, value) if known else value
        case "array", list() if field.items is not None:
            return [_value(field.items, inner) for inner in value]
        case "map", dict() if field.items is not None:
            return {key: _value(field.items, inner) for key, inner in value.items()}
        case _:
            spell = _SPELLINGS.get(field.format)
            return spell(value) if spell else value


def _is_omitted(field: Field, value: Any) -> bool:
    """Go's omitempty: a struct is never empty, a pointer is not while something is given."""
    if field.always or field.pointer or field.type in {"object", "any"}:
        return False
    if field.format in {"int-or-string", "quantity", "date-time", "micro-time"}:
        return False
    if field.type in {"array", "map"}:
        return value in ([], {})
    # Why type: False == 0, and a mistyped value must stay for others to name.
    zero = _ZEROS.get(field.type)
    return value == zero and type(value) is type(zero)


def _write_zero(field: Field, written: Object) -> None:
    if field.format == "quantity":
        written[field.name] = "0"
    elif field.format:
        if field.type == "integer":
            written[field.name] = 0
    elif field.type == "object":
        known = type_of(field)
        written[field.name] = _struct(known, {}) if known else {}
    elif field.type in _ZEROS:
        written[field.name] = _ZEROS[field.type]


def _quantity(value: Any) -> Any:
    try:
        return quantities.canonical(value)
    except (ValueError, TypeError):
        return value


def _stamp(write: Callable[[Any], str]) -> Callable[[Any], Any]:
    def spell(value: Any) -> Any:
        try:
            return write(moment(value))
        except (ValueError, AttributeError, OverflowError):
            return value

    return spell


def _bytes(value: Any) -> Any:
    """Go re-encodes what it decoded: line breaks vanish."""
    try:
        plain = base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError, AttributeError):
        return value
    return base64.b64encode(plain).decode("ascii")


_SPELLINGS: dict[str, Callable[[Any], Any]] = {
    "quantity": _quantity,
    "date-time": _stamp(timestamp),
    "micro-time": _stamp(micro_timestamp),
    "byte": _bytes,
}
