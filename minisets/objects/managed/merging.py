"""Laying a configuration over a live object, and taking fields away from one.

Results share parts with what they are made of. Leaves who may do so to `tracking.py`.
Kubernetes: structured-merge-diff typed/merge.go, remove.go.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from minisets.objects.managed.elements import field_element, item_element
from minisets.objects.managed.fieldsets import Fields, is_member

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.objects.managed.shapes import Shape


def merged(shape: Shape, live: Any, config: Any) -> Any:
    """The live value with everything that the configuration says; both are there."""
    if shape.is_leaf or (not live and not config):
        return config
    if shape.form == "list":
        return _merged_lists(shape, live or [], config or [])
    result: Object = dict(live or {})
    for key, value in (config or {}).items():
        known = shape.below(key)
        result[key] = merged(known, result[key], value) if key in result else value
    return result


def _merged_lists(shape: Shape, live: list[Any], config: list[Any]) -> list[Any]:
    """In the configuration's order; what it does not name keeps its place before what follows it."""
    items = shape.item
    ours = [item_element(shape, item) for item in live]
    theirs = [item_element(shape, item) for item in config]
    times = Counter(ours)
    # Why None: nothing is merged with what stands there twice.
    known = {mine: None if times[mine] > 1 else item for mine, item in zip(ours, live, strict=True)}
    wanted = dict(zip(theirs, config, strict=True))
    shared = deque(element for element in theirs if element in known)
    result: list[Any] = []
    done: set[str] = set()
    at = turn = 0
    while at < len(ours) or turn < len(theirs):
        mine = ours[at] if at < len(ours) else ""
        next_ = theirs[turn] if turn < len(theirs) else ""
        if mine and mine not in wanted:
            result.append(live[at])
            at += 1
            continue
        if mine and next_ not in (mine, "") and shared and shared[0] != mine:
            at += 1  # in both, and its turn comes elsewhere
            continue
        at += bool(mine) and (mine == next_ or mine in done)
        if next_:
            value = wanted[next_]
            result.append(merged(items, known[next_], value) if next_ in known else value)
            done.add(next_)
            turn += 1
            if shared and shared[0] == next_:
                shared.popleft()
    return result


def without(shape: Shape, value: Any, fields: Fields) -> Any:
    """The value without the paths of the set; None where nothing stays."""
    if shape.is_leaf:
        return value
    if not value:
        return None
    return (_map_without if shape.form == "map" else _list_without)(shape, value, fields) or None


def _map_without(shape: Shape, value: Object, fields: Fields) -> Object:
    kept = {}
    for key, inner in value.items():
        node = fields.get(field_element(key))
        if node is None:
            kept[key] = inner
        elif not is_member(node):
            kept[key] = without(shape.below(key), inner, node)
    return kept


def _list_without(shape: Shape, value: list[Any], fields: Fields) -> list[Any]:
    kept = []
    for item in value:
        node = fields.get(item_element(shape, item))
        if node is None:
            kept.append(item)
        elif not is_member(node):
            kept.append(without(shape.item, item, node))
    return kept
