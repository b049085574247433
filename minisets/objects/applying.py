"""Client-side apply: the patch that takes a live object to what a manifest says now.

Pure. Three ways: fields that the last applied manifest had and this one has not are deleted, the rest of
the manifest is set, everything else stays as it lives. Leaves sending the patch to `cli/`.
Kubernetes: kubectl pkg/cmd/apply/patcher.go, strategicpatch CreateThreeWayMergePatch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.causes import rendered
from minisets.objects.jsonvalues import copied, same
from minisets.objects.metadata import annotations_of
from minisets.objects.schema import Field, Type, type_for, type_of
from minisets.objects.strategic import DELETE_FROM, DIRECTIVE, JOINING, ORDER, RETAIN, field_of, merge_map

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def with_last_applied(obj: Object) -> Object:
    """A copy that carries itself, without that annotation, as kubectl would write it."""
    plain: Object = copied(obj)
    annotations = dict(annotations_of(plain))
    annotations.pop(LAST_APPLIED, None)
    metadata = plain["metadata"] = {**(plain.get("metadata") or {}), "annotations": annotations}
    metadata["annotations"] = {**annotations, LAST_APPLIED: as_go(plain) + "\n"}
    return plain


def as_go(value: Any) -> str:
    """Compact JSON as Go's encoder writes it: keys sorted, `<`, `>` and `&` escaped for HTML."""
    text = rendered(value)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def apply_patch(kind_title: str, manifest: Object, current: Object) -> Object:
    """The strategic merge patch that `apply` sends for a manifest; empty when nothing changes.

    What was applied before stands in the live object's annotation; without one nothing is deleted.
    """
    return three_way(kind_title, last_applied(current), with_last_applied(manifest), current)


def last_applied(obj: Object) -> Object:
    """What the annotation says was applied last; empty where it says nothing that can be read."""
    try:
        told = json.loads(annotations_of(obj).get(LAST_APPLIED) or "{}")
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def three_way(kind_title: str, original: Object, modified: Object, current: Object) -> Object:
    """The patch that brings `current` to `modified`, deleting what only `original` had; {} for none."""
    known = type_for(kind_title)
    changes = _diff_maps(known, current, modified, _Sides(deletions=False))
    deletions = _diff_maps(known, original, modified, _Sides(changes=False))
    return merge_map(known, copied(deletions), copied(changes), JOINING)


@dataclass(frozen=True)
class _Sides:
    """Which half of a difference is wanted."""

    changes: bool = True
    deletions: bool = True


def _diff_maps(
    known: Type | None, before: Object, after: Object, sides: _Sides, *, retaining: bool = False
) -> Object:
    patch: Object = {}
    for key, value in after.items():
        if key not in before:
            if sides.changes:
                patch[key] = value
            continue
        _diff_value(field_of(known, key), key, (before[key], value), patch, sides)
    if sides.deletions:
        patch |= {key: None for key in before if key not in after}
    gone = any(value is not None and key not in after for key, value in before.items())
    if retaining and after and (patch or gone):
        patch[RETAIN] = sorted(key for key, value in after.items() if value is not None)
    return patch


def _diff_value(field: Field | None, key: str, values: tuple[Any, Any], patch: Object, sides: _Sides) -> None:
    strategies = field.strategies if field is not None else frozenset()
    match values:
        case dict() as before, dict() as after if "replace" not in strategies:
            retaining = "retainKeys" in strategies
            inner = _diff_maps(type_of(field), before, after, sides, retaining=retaining)
            if inner:
                patch[key] = inner
        case list() as before, list() as after if field is not None and "merge" in strategies:
            _diff_lists(field, (before, after), patch, sides)
        case before, after if sides.changes and not same(before, after):
            patch[key] = after


def _diff_lists(field: Field, values: tuple[list[Any], list[Any]], patch: Object, sides: _Sides) -> None:
    before, after = values
    name = field.name
    if not before:
        if after and sides.changes:
            patch[name] = after
        return
    if not field.merge_key:
        _diff_scalars(name, before, after, patch, sides)
        return
    if not all(isinstance(item, dict) and field.merge_key in item for item in (*before, *after)):
        # An element that has no key is left to the server to refuse.
        patch |= {name: after} if sides.changes and not same(before, after) else {}
        return
    added = _diff_elements(field, before, after, sides)
    if added:
        patch[name] = added
    moved = sides.changes and [item[field.merge_key] for item in before] != [
        item[field.merge_key] for item in after
    ]
    if added or moved:
        patch[ORDER + name] = [{field.merge_key: item[field.merge_key]} for item in after]


def _diff_elements(field: Field, before: list[Any], after: list[Any], sides: _Sides) -> list[Any]:
    olds: dict[Any, Any] = {}
    for item in before:
        olds.setdefault(item[field.merge_key], item)
    changed = []
    for item in after:
        key = item[field.merge_key]
        if key in olds:
            retaining = "retainKeys" in field.strategies
            inner = _diff_maps(type_of(field.items), olds[key], item, sides, retaining=retaining)
            if inner:
                changed.append({**inner, field.merge_key: key})
        elif sides.changes:
            changed.append(item)
    if sides.deletions:
        names = {item[field.merge_key] for item in after}
        changed += [{field.merge_key: key, DIRECTIVE: "delete"} for key in olds if key not in names]
    return changed


def _diff_scalars(name: str, before: list[Any], after: list[Any], patch: Object, sides: _Sides) -> None:
    added = [item for item in after if item not in before] if sides.changes else []
    removed = [item for item in before if item not in after] if sides.deletions else []
    if added:
        patch[name] = added
    if removed:
        patch[DELETE_FROM + name] = removed
    if removed or (sides.changes and before != after):
        patch[ORDER + name] = after
