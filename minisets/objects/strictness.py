"""Whether an object's fields are known and of their type: what Go's strict decoding would say.

Pure. Answers with a pruned copy and the problems in Kubernetes' words; leaves to `registry/` whether an
unknown field is refused, warned of or dropped, and to `validation` what values mean.
Kubernetes: apimachinery pkg/runtime/serializer/json, sigs.k8s.io/json.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from minisets.errors import BadRequest
from minisets.objects import quantities
from minisets.objects.metadata import moment
from minisets.objects.schema import Field, Type, type_for, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Kind, Object

_RANGES = {"int32": 2**31, "int64": 2**63}
_ZEROS = {"string": "", "integer": 0, "number": 0, "boolean": False}
_DROP = object()
_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True)
class Problem:
    """One field that cannot be decoded. `path` is `spec.template.spec.containers[0].imagee`."""

    path: str
    message: str
    kind: Literal["unknown", "mistyped", "duplicate"]


def unknown(path: str) -> Problem:
    """A field that its type does not have."""
    return Problem(path, f'unknown field "{path}"', "unknown")


def duplicate(path: str) -> Problem:
    """A key that stands twice in the same JSON object."""
    return Problem(path, f'duplicate field "{path}"', "duplicate")


def check(kind_title: str, obj: Any) -> tuple[Object, tuple[Problem, ...]]:
    """A pruned copy of the object, and its problems in the order of its fields.

    Unknown and mistyped fields are dropped, as are nulls, which Go decodes to "not given".
    """
    known = type_for(kind_title)
    if not isinstance(obj, dict):
        message = f"json: cannot unmarshal {_kind_of(obj)} into Go value of type v1.{known.title}"
        return {}, (Problem("", message, "mistyped"),)
    decoder = _Decoder()
    return decoder.struct(known, obj, "", ""), tuple(decoder.problems)


def refusal(kind: Kind | str, problems: Iterable[Problem]) -> BadRequest:
    """The 400 for these problems: a mistyped field stops the decoding and is named alone."""
    title = kind if isinstance(kind, str) else kind.title
    listed = tuple(problems)
    first = next((problem for problem in listed if problem.kind == "mistyped"), None)
    strict = ", ".join(problem.message for problem in listed)
    said = first.message if first else f"strict decoding error: {strict}"
    version = type_for(title).version if isinstance(kind, str) else kind.version
    return BadRequest(f'{title} in version "{version}" cannot be handled as a {title}: {said}')


class _Decoder:
    """One walk over one object; `go` is the path in Go's messages, which has no list positions."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def struct(self, known: Type, value: Object, path: str, go: str) -> Object:
        decoded = {}
        for name, inner in value.items():
            here = f"{path}.{name}" if path else str(name)
            field = known.fields.get(name)
            if field is None:
                self.problems.append(unknown(here))
            elif inner is not None:
                found = self.value(field, inner, here, (known.title, f"{go}.{name}" if go else name))
                if found is not _DROP:
                    decoded[name] = found
        return decoded

    def value(self, field: Field, value: Any, path: str, go: tuple[str, str]) -> Any:
        match field.type:
            case "any":
                return value
            case "array":
                return self.array(field, value, path, go)
            case "map" | "object":
                return self.mapping(field, value, path, go)
            case _:
                problem = _scalar_problem(field, value, go)
                if problem is None:
                    return value
                self.problems.append(Problem(path, problem, "mistyped"))
                return _DROP

    def array(self, field: Field, value: Any, path: str, go: tuple[str, str]) -> Any:
        if not isinstance(value, list):
            return self.mistyped(field, value, path, go)
        item = field.items or Field("", "any")
        found = (
            self.value(item, _zero(item) if inner is None else inner, f"{path}[{ordinal}]", go)
            for ordinal, inner in enumerate(value)
        )
        return [inner for inner in found if inner is not _DROP]

    def mapping(self, field: Field, value: Any, path: str, go: tuple[str, str]) -> Any:
        if not isinstance(value, dict):
            return self.mistyped(field, value, path, go)
        known = type_of(field)
        if known is not None:
            return self.struct(known, value, path, go[1])
        if field.items is None:
            return value
        item = field.items
        found = {
            key: self.value(item, _zero(item) if inner is None else inner, f"{path}.{key}", go)
            for key, inner in value.items()
        }
        return {key: inner for key, inner in found.items() if inner is not _DROP}

    def mistyped(self, field: Field, value: Any, path: str, go: tuple[str, str]) -> Any:
        self.problems.append(Problem(path, _cannot(_kind_of(value), go, _go_type(field)), "mistyped"))
        return _DROP


def _zero(field: Field) -> Any:
    """What Go makes of a null in a list or a map."""
    if field.format == "quantity":
        return "0"
    return [] if field.type == "array" else _ZEROS.get(field.type, {})


def _cannot(what: str, go: tuple[str, str], wanted: str) -> str:
    struct, path = go
    return f"json: cannot unmarshal {what} into Go struct field {struct}.{path} of type {wanted}"


def _kind_of(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "null"


def _go_type(field: Field) -> str:
    if field.go_type:
        return field.go_type
    match field.type:
        case "array":
            return f"[]{_go_type(field.items) if field.items else 'interface {}'}"
        case "map":
            return f"map[string]{_go_type(field.items) if field.items else 'interface {}'}"
        case "object":
            known = type_of(field)
            return f"v1.{known.title}" if known else "map[string]interface {}"
        case "boolean":
            return "bool"
        case "integer":
            return field.format or "int"
        case "number":
            return "float64"
        case _:
            return {"byte": "[]uint8", "quantity": "resource.Quantity"}.get(field.format, "string")


def _scalar_problem(field: Field, value: Any, go: tuple[str, str]) -> str | None:
    """What is wrong with a scalar, in Go's words; None when nothing is."""
    if field.format in _SPECIAL:
        return _SPECIAL[field.format](field, value, go)
    match field.type:
        case "boolean" if isinstance(value, bool):
            return None
        case "string" if isinstance(value, str):
            return None
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return None
        case "integer" if isinstance(value, int | float) and not isinstance(value, bool):
            limit = _RANGES.get(field.format, 2**63)
            fits = isinstance(value, int) and -limit <= value < limit
            return None if fits else _cannot(f"number {value}", go, _go_type(field))
        case _:
            return _cannot(_kind_of(value), go, _go_type(field))


def _quantity_problem(_: Field, value: Any, __: tuple[str, str]) -> str | None:
    try:
        quantities.parse(value if isinstance(value, str | int | float) else "")
    except ValueError as error:
        return str(error)
    return None


def _int_or_string_problem(_: Field, value: Any, __: tuple[str, str]) -> str | None:
    if isinstance(value, str):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    what = f"number {value}" if number else _kind_of(value)
    return f"json: cannot unmarshal {what} into Go value of type int32"


def _time_problem(_: Field, value: Any, __: tuple[str, str]) -> str | None:
    if not isinstance(value, str):
        return f"json: cannot unmarshal {_kind_of(value)} into Go value of type string"
    try:
        known = bool(_STAMP.fullmatch(value)) and bool(moment(value))
    except ValueError:
        known = False
    said = f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse "{value}" as "2006"'
    return None if known else said


def _bytes_problem(field: Field, value: Any, go: tuple[str, str]) -> str | None:
    if not isinstance(value, str):
        return _cannot(_kind_of(value), go, _go_type(field))
    text = value.replace("\r", "").replace("\n", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return f"illegal base64 data at input byte {_first_illegal(text)}"
    return None


def _first_illegal(text: str) -> int:
    """Where Go's decoder stops: the first strange character, or the end of what is too short."""
    body = text.rstrip("=")
    strange = (
        at for at, sign in enumerate(body) if not (sign.isascii() and (sign.isalnum() or sign in "+/"))
    )
    return next(strange, len(body) if body != text else max(len(text) // 4 * 4, 0))


_SPECIAL = {
    "quantity": _quantity_problem,
    "int-or-string": _int_or_string_problem,
    "date-time": _time_problem,
    "micro-time": _time_problem,
    "byte": _bytes_problem,
}
