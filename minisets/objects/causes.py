"""How a field at fault is said: one constructor for each kind of fault, and the refusal they add up to.

Decides wording and reasons only. Leaves to `validation/` and `registry/` what is at fault.
Kubernetes: apimachinery pkg/util/validation/field/errors.go, pkg/api/errors NewInvalid.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minisets.errors import Cause, Invalid
from minisets.objects.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from minisets.objects.kinds import Kind

Causes = Iterator[Cause]
"""What a check yields, in the order in which Kubernetes reports it."""

IMMUTABLE = "field is immutable"
NEGATIVE = "must be greater than or equal to 0"


def rendered(value: Any) -> str:
    """A value as a message shows it: text quoted, the rest as compact JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def required(path: str, detail: str = "") -> Cause:
    """A value that must be there."""
    return Cause(path, "FieldValueRequired", _body("Required value", detail))


def invalid(path: str, value: Any, detail: str) -> Cause:
    """A value that is malformed or out of range."""
    return Cause(path, "FieldValueInvalid", _body(f"Invalid value: {rendered(value)}", detail))


def not_supported(path: str, value: Any, supported: Sequence[str]) -> Cause:
    """A value that is none of the few allowed ones."""
    detail = "supported values: " + ", ".join(rendered(each) for each in supported)
    return Cause(path, "FieldValueNotSupported", _body(f"Unsupported value: {rendered(value)}", detail))


def forbidden(path: str, detail: str) -> Cause:
    """A value that is fine elsewhere and not here."""
    return Cause(path, "FieldValueForbidden", _body("Forbidden", detail))


def duplicate(path: str, value: Any) -> Cause:
    """A value that must be unique and is not."""
    return Cause(path, "FieldValueDuplicate", f"Duplicate value: {rendered(value)}")


def not_found(path: str, value: Any) -> Cause:
    """A reference to something that is not there."""
    return Cause(path, "FieldValueNotFound", f"Not found: {rendered(value)}")


def too_long(path: str, limit: int) -> Cause:
    """A value of more bytes than allowed; it is not repeated."""
    return Cause(path, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")


def each_invalid(path: str, value: Any, messages: Iterable[str]) -> Causes:
    """One cause for each message that a rule of `names` has about the value."""
    for message in messages:
        yield invalid(path, value, message)


def nonnegative(path: str, value: int) -> Causes:
    """Refuses numbers below zero."""
    if value < 0:
        yield invalid(path, value, NEGATIVE)


def one_of(path: str, value: str, supported: Sequence[str]) -> Causes:
    """Refuses an absent value, and one that is not in the list."""
    if not value:
        yield required(path)
    elif value not in supported:
        yield not_supported(path, value, supported)


def immutable(path: str, new: Any, old: Any) -> Causes:
    """Refuses a change."""
    if new != old:
        yield invalid(path, new, IMMUTABLE)


def refusal(kind_title: str, name: str, causes: Sequence[Cause]) -> Invalid:
    """The 422 for these causes: `StatefulSet.apps "web" is invalid: spec: Forbidden: ...` (A-76)."""
    return said_of(kind_of(kind_title), name, causes)


def said_of(kind: Kind, name: str, causes: Sequence[Cause]) -> Invalid:
    """The same of a kind that need not be one that is stored."""
    qualified = f"{kind.title}.{kind.group}" if kind.group else kind.title
    lines = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    message = f"{qualified} {rendered(name)} is invalid"
    if len(lines) == 1:
        message += f": {lines[0]}"
    elif lines:
        message += f": [{', '.join(lines)}]"
    return Invalid(message, name=name, group=kind.group, kind=kind.title, causes=causes)


def _body(head: str, detail: str) -> str:
    return f"{head}: {detail}" if detail else head
