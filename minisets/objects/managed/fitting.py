"""Whether a configuration fits its kind well enough to be applied; said in Kubernetes' words.

Decides types, unknown fields and elements that cannot be told apart. Leaves values to `validation/`.
Kubernetes: structured-merge-diff typed/validate.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.causes import rendered
from minisets.objects.managed.elements import Unkeyed, field_element, item_element, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.kinds import Object
    from minisets.objects.managed.shapes import Shape

Fault = tuple[tuple[str, ...], str]
"""A path, and what is wrong there."""


def misfits(shape: Shape, config: Object) -> str:
    """What keeps the configuration from being applied; empty if nothing does."""
    found = [f"{shown(path)}: {why}" if path else why for path, why in _faults(shape, config, ())]
    return found[0] if len(found) == 1 else "\n  ".join(("errors:", *found)) if found else ""


def _faults(shape: Shape, value: Any, path: tuple[str, ...]) -> Iterator[Fault]:
    if value is None or shape.form == "any":
        return
    match shape.form:
        case "scalar":
            if why := _mistyped(shape, value):
                yield path, why
        case "list" if isinstance(value, list):
            yield from _in_list(shape, value, path)
        case "map" if isinstance(value, dict):
            yield from _in_map(shape, value, path)
        case form:
            yield path, f"expected {form}, got {_go(value)}"


def _in_map(shape: Shape, value: Object, path: tuple[str, ...]) -> Iterator[Fault]:
    for key, inner in value.items():
        here = (*path, field_element(key))
        known = shape.child(key)
        if known is None:
            yield here, "field not declared in schema"
            return
        yield from _faults(known, inner, here)


def _in_list(shape: Shape, value: list[Any], path: tuple[str, ...]) -> Iterator[Fault]:
    seen: set[str] = set()
    for at, item in enumerate(value):
        element = f"i:{at}"
        if not shape.is_atomic:
            try:
                element = item_element(shape, item)
            except Unkeyed as why:
                yield path, f"element {at}: {why}"
                return
            if element in seen:
                yield path, f"duplicate entries for key {shown((element,))}"
            seen.add(element)
        if shape.items is not None:
            yield from _faults(shape.items, item, (*path, element))


def _mistyped(shape: Shape, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match shape.scalar:
        case "numeric" if not number:
            return f"expected numeric (int or float), got {_go_type(value)}"
        case "string" if not isinstance(value, str):
            return f"expected string, got {_go(value)}"
        case "boolean" if not isinstance(value, bool):
            return f"expected boolean, got {_go(value)}"
        case "untyped" if isinstance(value, dict | list):
            return f"expected any scalar, got {_go(value)}"
    return ""


def _go(value: Any) -> str:
    """Differs: Kubernetes shows the insides of its value; here it is JSON."""
    return rendered(value)


def _go_type(value: Any) -> str:
    """Go's name of what a decoder makes of JSON."""
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "[]interface {}"
        case _:
            return "map[string]interface {}"
