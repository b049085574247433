"""Sets of fields, in the form that `fieldsV1` has: what is in both, in either, in the one alone.

A set is a dict by elements; what stands there is `{}` for a path that is in the set and has nothing below,
or a dict of what is below, with `.` in it if the path itself is in the set too. `{}` at the top is the empty
set. No function changes what it is given; results share parts with it.
Kubernetes: structured-merge-diff fieldpath/set.go, serialize.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.managed.elements import SELF, order, read_element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.managed.shapes import Shape

Fields = dict[str, Any]
Path = tuple[str, ...]

_HERE: Fields = {SELF: {}}
_DEEPEST = 100


def is_member(node: Fields) -> bool:
    """Whether the path at which this stands is itself in the set."""
    return not node or SELF in node


def closed(node: Fields) -> Fields:
    """The shortest form."""
    return {} if len(node) == 1 and SELF in node else node


def as_member(node: Fields | None) -> Fields:
    """The same with the path itself; None is nothing."""
    return {} if not node else node if SELF in node else {SELF: {}, **node}


def of_path(path: Path) -> Fields:
    """The set of this path alone."""
    node: Fields = {}
    for element in reversed(path):
        node = {element: node}
    return node


def has(fields: Fields, path: Path) -> bool:
    """Whether the path is in the set."""
    node: Fields | None = fields
    for element in path:
        node = node.get(element) if node else None
        if node is None:
            return False
    return is_member(node or {})


def paths(fields: Fields, above: Path = ()) -> Iterator[Path]:
    """Every path of the set, in Kubernetes' order: those of one level, then what is below them."""
    elements = sorted((element for element in fields if element != SELF), key=order)
    yield from ((*above, element) for element in elements if is_member(fields[element]))
    for element in elements:
        yield from paths(fields[element], (*above, element))


def union(left: Fields, right: Fields) -> Fields:
    """What is in either."""
    found = dict(left)
    for element, node in right.items():
        present = found.get(element)
        found[element] = node if present is None else _joined(present, node)
    return found


def _joined(left: Fields, right: Fields) -> Fields:
    if left and right:
        return union(left, right)
    return as_member(left or right)


def intersection(left: Fields, right: Fields) -> Fields:
    """What is in both."""
    return difference(left, difference(left, right))


def difference(left: Fields, right: Fields) -> Fields:
    """What is in the left one alone; what is below a path of the right one stays."""
    if not right:
        return left
    found = {}
    for element, node in left.items():
        other = right.get(element)
        rest = node if other is None else _rest(node, other)
        if rest is not None:
            found[element] = rest
    return found


def _rest(left: Fields, right: Fields) -> Fields | None:
    if not left and not right:
        return None
    rest = difference(left or _HERE, right or _HERE)
    return closed(rest) if rest else None


def without_below(left: Fields, right: Fields) -> Fields:
    """What is in the left one and neither in the right one nor below a path of it."""
    if not right:
        return left
    found = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None or (not node and not is_member(other)):
            found[element] = node
        elif not is_member(other) and (rest := without_below(node, other)):
            found[element] = closed(rest)
    return found


def with_named(fields: Fields, shape: Shape | None) -> Fields:
    """The set and the fields of types on the way to its paths; Kubernetes: EnsureNamedFieldsAreMembers."""
    if shape is None:
        return fields
    found = {}
    for element, node in fields.items():
        below, named = _below(shape, element)
        inner = with_named(node, below) if node else node
        found[element] = as_member(inner) if named else inner
    return found


def _below(shape: Shape, element: str) -> tuple[Shape | None, bool]:
    """The shape at an element, and whether a type names it."""
    if element.startswith("f:") and shape.form == "map":
        name = element[2:]
        return shape.child(name), name in shape.fields
    return (shape.items if element.startswith("k:") and shape.form == "list" else None), False


def read(value: Any, deep: int = 0) -> Fields:
    """A set that a client wrote, in our spelling; ValueError for what is none.

    Elements of a kind that nobody knows are dropped, as Kubernetes drops them.
    """
    if not isinstance(value, dict) or deep > _DEEPEST:
        raise ValueError("a set of fields is an object of objects")
    found: Fields = {}
    for text, inner in value.items():
        if text == SELF:
            found[SELF] = {}
        elif (element := read_element(text)) is not None:
            node = closed(read(inner, deep + 1))
            found[element] = _joined(found[element], node) if element in found else node
    if not deep:
        found.pop(SELF, None)
    return found
