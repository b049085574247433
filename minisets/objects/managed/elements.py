"""The elements of paths: a field `f:name`, an element by keys `k:{...}` or by value `v:...`, or at `i:0`.

An element is kept as the text that it is on the wire, so equal elements are equal texts.
Kubernetes: structured-merge-diff fieldpath/serialize-pe.go, element.go, typed/helpers.go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from minisets.objects.applying import as_go
from minisets.objects.causes import rendered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.managed.shapes import Shape

SELF = "."
"""Beside elements: that the path itself is in the set."""

_ORDER = "fkvi"


class Unkeyed(ValueError):
    """An element of a list that cannot be told from others; the text is Kubernetes'."""


def field_element(name: str) -> str:
    """`f:name`."""
    return f"f:{name}"


def item_element(shape: Shape, item: Any) -> str:
    """Which element of a list that is not atomic this is; Unkeyed if nothing tells."""
    return _by_keys(shape, item) if shape.keys else _by_value(item)


def _by_keys(shape: Shape, item: Any) -> str:
    if item is None:
        raise Unkeyed("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise Unkeyed("associative list with keys may not have non-map elements")
    given = {
        key: item.get(key, default) for key, default in shape.key_defaults.items() if key in item or default
    }
    if not given:
        named = " ".join(rendered(key) for key in shape.keys)
        raise Unkeyed(
            f"associative list with keys has an element that omits all key fields [{named}] "
            "(and doesn't have default values for any key fields)"
        )
    return f"k:{as_go(given)}"


def _by_value(item: Any) -> str:
    match item:
        case dict():
            raise Unkeyed("associative list without keys has an element that's a map type")
        case list():
            raise Unkeyed("not supported: associative list with lists as elements")
        case None:
            raise Unkeyed("associative list without keys has an element that's an explicit null")
    return f"v:{as_go(item)}"


def read_element(text: str) -> str | None:
    """The element in our spelling; None for a kind of element nobody knows. ValueError if it is none."""
    kind, colon, rest = text[:1], text[1:2], text[2:]
    if colon != ":":
        raise ValueError(f"missing colon: {text}")
    match kind:
        case "f":
            return text
        case "k":
            keys = _value(rest)
            if not isinstance(keys, dict):
                raise Unkeyed(f"not keys: {rest}")
            return f"k:{as_go(keys)}"
        case "v":
            return f"v:{as_go(_value(rest))}"
        case "i":
            return f"i:{int(rest)}"
        case _:
            return None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("exceeded max depth") from None


def shown(path: Iterable[str]) -> str:
    """A path as messages have it: `.spec.template.spec.containers[name="nginx"].image`."""
    return "".join(_shown(element) for element in path)


def _shown(element: str) -> str:
    kind, rest = element[0], element[2:]
    match kind:
        case "f":
            return f".{rest}"
        case "k":
            keys = json.loads(rest)
            return f"[{','.join(f'{key}={rendered(keys[key])}' for key in sorted(keys))}]"
        case "v":
            return f"[={rendered(json.loads(rest))}]"
        case _:
            return f"[{rest}]"


def order(element: str) -> tuple[Any, ...]:
    """A key that sorts elements as Kubernetes does: numbers by their size, and before text."""
    kind, rest = element[0], element[2:]
    rank = _ORDER.find(kind)
    match kind:
        case "k":
            keys = json.loads(rest)
            return (rank, *((key, *_by_size(keys[key])) for key in sorted(keys)))
        case "v":
            return (rank, *_by_size(json.loads(rest)))
        case "i":
            return (rank, int(rest))
        case _:
            return (rank, rest)


def _by_size(value: Any) -> tuple[int, float, str]:
    """Kubernetes: value.Compare: numbers, then text, then the rest."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (0, value, "")
    return (1, 0, value) if isinstance(value, str) else (2, 0, rendered(value))
