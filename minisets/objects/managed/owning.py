"""Which fields a value has, and which were added, changed or removed between two.

Decides nothing about owners (`tracking.py`). Values are JSON; shapes say where a leaf is.
Kubernetes: structured-merge-diff typed/tofieldset.go, compare.go.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minisets.objects.managed.elements import SELF, field_element, item_element
from minisets.objects.managed.fieldsets import Fields, as_member, closed, union, without_below

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.objects.managed.shapes import Shape


def fields_in(shape: Shape, value: Object) -> Fields:
    """Every leaf and every element of a list that the object mentions."""
    return _of_map(shape, value)


def _owned(shape: Shape, value: Any) -> Fields | None:
    if shape.is_leaf:
        return {}
    if not value:
        return None
    return (_of_map(shape, value) if shape.form == "map" else _of_list(shape, value)) or None


def _of_map(shape: Shape, value: Object) -> Fields:
    found = {}
    for key, inner in value.items():
        node = _owned(shape.below(key), inner)
        if inner is None or inner == {} or key not in shape.fields:
            node = as_member(node)
        if node is not None:
            found[field_element(key)] = node
    return found


def _of_list(shape: Shape, value: list[Any]) -> Fields:
    """Elements that stand there twice are owned as they are, and nothing below."""
    elements = [item_element(shape, item) for item in value]
    items = shape.item
    if len(set(elements)) == len(elements):
        pairs = zip(elements, value, strict=True)
        return {element: as_member(_owned(items, item)) for element, item in pairs}
    times = Counter(elements)
    return {
        element: {} if times[element] > 1 else as_member(_owned(items, item))
        for element, item in zip(elements, value, strict=True)
    }


@dataclass(frozen=True)
class Comparison:
    """What a change came to; no field is in two of these."""

    removed: Fields = field(default_factory=dict)
    modified: Fields = field(default_factory=dict)
    added: Fields = field(default_factory=dict)

    @property
    def taken(self) -> Fields:
        """What was written: added or changed."""
        return union(self.modified, self.added)

    @property
    def touched(self) -> Fields:
        """What is not as it was."""
        return union(self.taken, self.removed)

    def but_for(self, reset: Fields) -> Comparison:
        """Without what this way of writing does not write."""
        return Comparison(*(without_below(part, reset) for part in (self.removed, self.modified, self.added)))

    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.removed or self.modified or self.added)


def compared(shape: Shape, before: Object, after: Object) -> Comparison:
    """What changed between two objects of a kind."""
    found = Comparison()
    if before != after:
        _compare_maps(shape, (before, after), found)
    return found


def _compare(shape: Shape, element: str, values: tuple[Any, Any], found: Comparison) -> None:
    """Both are there; what is found lands at the element.

    Trap: `==` takes 1 and true for the same; where one may stand no canonical object has the other.
    """
    before, after = values
    if before == after:
        return
    if shape.is_leaf or (not before and not after):
        found.modified[element] = {}
        return
    inner = Comparison()
    if shape.form == "map":
        _compare_maps(shape, (before or {}, after or {}), inner)
    else:
        _compare_lists(shape, (before or [], after or []), inner)
    for part, below in (
        (found.removed, inner.removed),
        (found.modified, inner.modified),
        (found.added, inner.added),
    ):
        if below:
            part[element] = below


def _compare_maps(shape: Shape, values: tuple[Object, Object], found: Comparison) -> None:
    before, after = values
    for key, value in before.items():
        known = shape.below(key)
        if key in after:
            _compare(known, field_element(key), (value, after[key]), found)
        else:
            found.removed[field_element(key)] = _whole(known, value)
    for key, value in after.items():
        if key not in before:
            found.added[field_element(key)] = _whole(shape.below(key), value)


def _compare_lists(shape: Shape, values: tuple[list[Any], list[Any]], found: Comparison) -> None:
    before, after = (_by_element(shape, value) for value in values)
    items = shape.item
    for element in {**before, **after}:
        olds, news = before.get(element, []), after.get(element, [])
        match len(olds), len(news):
            case 1, 1:
                _compare(items, element, (olds[0], news[0]), found)
            case (0, _):
                found.added[element] = _whole(items, news[0]) if len(news) == 1 else {}
            case (_, 0):
                found.removed[element] = _whole(items, olds[0]) if len(olds) == 1 else {}
            case (1, _):  # it stands there twice now: owned as it is, and nothing below
                found.removed[element] = _whole(items, olds[0])
                found.added[element] = {}
            case (_, 1):
                found.added[element] = _whole(items, news[0])
                found.removed[element] = {}
            case _ if olds != news:
                found.modified[element] = {}


def _by_element(shape: Shape, value: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in value:
        found.setdefault(item_element(shape, item), []).append(item)
    return found


def _whole(shape: Shape, value: Any) -> Fields:
    """A value that came or went as a whole: itself and every path below."""
    if shape.is_leaf or not value:
        return {}
    if shape.form == "map":
        below = {field_element(key): _whole(shape.below(key), inner) for key, inner in value.items()}
    else:
        items = shape.item
        below = {
            element: _whole(items, found[0]) if len(found) == 1 else {}
            for element, found in _by_element(shape, value).items()
        }
    return closed({SELF: {}, **below})
