"""Strategic merge: applying a patch that knows the merge keys and directives of Kubernetes' fields.

Works in place on values that it is given: `patching.py` hands in copies. Facts come from `schema.py`.
Kubernetes: apimachinery pkg/util/strategicpatch/patch.go, mergeMap and mergeSlice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest
from minisets.objects.schema import Field, Type, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object

DIRECTIVE = "$patch"
RETAIN = "$retainKeys"
ORDER = "$setElementOrder/"
DELETE_FROM = "$deleteFromPrimitiveList/"


@dataclass(frozen=True)
class Mode:
    """`applying`: a patch onto an object. Otherwise two patches are joined and keep their directives."""

    applying: bool = True


APPLYING = Mode()
JOINING = Mode(applying=False)


def merge_map(known: Type | None, original: Object, patch: Object, mode: Mode = APPLYING) -> Object:
    """`original`, changed by `patch`; BadRequest for a directive that makes no sense."""
    if DIRECTIVE in patch:
        return _directed(patch)
    _retain(original, patch, mode)
    for key in [key for key in patch if key.startswith(ORDER)]:
        _order(known, original, patch, key, mode)
    for key, value in patch.items():
        _merge_key(known, original, key, value, mode)
    return original


def _directed(patch: Object) -> Object:
    directive = patch.pop(DIRECTIVE)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    raise BadRequest(f"Unknown patch type found: {directive}")


def _merge_key(known: Type | None, original: Object, key: str, value: Any, mode: Mode) -> None:
    removing = key.startswith(DELETE_FROM)
    if removing and not mode.applying:
        original[key] = value
        return
    key = key.removeprefix(DELETE_FROM)
    if value is None:
        original.pop(key, None)
        if mode.applying:
            return
    present = original.get(key)
    field = field_of(known, key)
    if isinstance(present, dict) and isinstance(value, dict):
        replacing = field is not None and "replace" in field.strategies
        original[key] = value if replacing else merge_map(type_of(field), present, value, mode)
    elif isinstance(present, list) and isinstance(value, list):
        original[key] = _merge_lists(field, present, value, mode, removing=removing)
    elif not removing:
        _take(original, key, value, mode)


def _take(original: Object, key: str, value: Any, mode: Mode) -> None:
    """What the original does not have comes in without its directives."""
    if _only_directs(value):
        original.pop(key, None)
    else:
        original[key] = _plain(value, mode)


def _plain(value: Any, mode: Mode) -> Any:
    """The value without elements that only direct; Differs: upstream lets $retainKeys through here."""
    if isinstance(value, dict):
        return {
            key: _plain(inner, mode)
            for key, inner in value.items()
            if not (mode.applying and (inner is None or key.startswith((RETAIN, ORDER, DELETE_FROM))))
            and not _only_directs(inner)
        }
    if isinstance(value, list):
        return [_plain(item, mode) for item in value if not _only_directs(item)]
    return value


def _only_directs(value: Any) -> bool:
    return isinstance(value, dict) and DIRECTIVE in value


def _retain(original: Object, patch: Object, mode: Mode) -> None:
    if RETAIN not in patch:
        return
    kept = patch.pop(RETAIN)
    if not mode.applying:
        original.setdefault(RETAIN, kept)
        return
    if not isinstance(kept, list):
        raise BadRequest(f"invalid patch format of {RETAIN}: it must be a list of field names")
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_FROM, ORDER)) and key not in kept:
            raise BadRequest(f"invalid patch format of {RETAIN}: {key} is set and not in the list")
    for key in [key for key in original if key not in kept]:
        del original[key]


def _order(known: Type | None, original: Object, patch: Object, key: str, mode: Mode) -> None:
    """`$setElementOrder/list`: merge that list now, then put it in the order that is asked for."""
    wanted = patch.pop(key)
    if not isinstance(wanted, list):
        raise BadRequest(f"invalid patch format of {key}: it must be a list")
    if not mode.applying:
        original.setdefault(key, wanted)
    name = key.removeprefix(ORDER)
    field = field_of(known, name)
    before = list(_as_list(original.get(name), name))
    if name in patch:
        incoming = _as_list(patch.pop(name), name)
        _refuse_other_order(field, incoming, wanted)
        if before:
            merged = _merge_lists(field, before, incoming, mode, removing=False)
        else:
            merged = _plain(incoming, mode)
    elif before:
        merged = before
    else:
        return
    original[name] = _interleaved(field, merged, wanted, before)


def _refuse_other_order(field: Field | None, incoming: list[Any], wanted: list[Any]) -> None:
    if not wanted:
        return
    rest = iter([_identity(field, item) for item in wanted])
    for item in incoming:
        if not _only_directs(item) and _identity(field, item) not in rest:
            raise BadRequest(
                f"The order in patch list:\n{incoming}\n doesn't match $setElementOrder list:\n{wanted}"
            )


def _merge_lists(
    field: Field | None, original: list[Any], patch: list[Any], mode: Mode, *, removing: bool
) -> list[Any]:
    if removing:
        return [item for item in original if item not in patch]
    if field is None or "merge" not in field.strategies:
        return patch
    if not any(isinstance(item, dict) for item in (*original, *patch)):
        return _interleaved(field, _unique([*original, *patch]), patch, original)
    if not field.merge_key:
        raise BadRequest(f"cannot merge lists without merge key for {field.name}")
    before = list(original)
    kept, incoming, replacing = _special(field, original, patch)
    if replacing:
        return [_plain(item, mode) for item in incoming]
    known = type_of(field.items)
    for item in incoming:
        found = next(
            (at for at, old in enumerate(kept) if _identity(field, old) == _identity(field, item)), None
        )
        if found is None:
            kept.append(_plain(item, mode))
        else:
            kept[found] = merge_map(known, kept[found], item, mode)
            # Why: a patch may change everything of an element but which one it is.
            kept[found].setdefault(field.merge_key, item[field.merge_key])
    return _interleaved(field, kept, incoming, before)


def _special(field: Field, original: list[Any], patch: list[Any]) -> tuple[list[Any], list[Any], bool]:
    """What stays after `$patch: delete`, what is to be merged, and whether that replaces all."""
    kept, incoming, replacing = list(original), [], False
    for item in patch:
        match item.get(DIRECTIVE) if isinstance(item, dict) else None:
            case None:
                incoming.append(item)
            case "delete":
                kept = [old for old in kept if _identity(field, old) != _identity(field, item)]
            case "replace":
                replacing = True
            case other:
                raise BadRequest(f"Unknown patch type found in a list: {other}")
    return kept, incoming, replacing


def _interleaved(field: Field | None, merged: list[Any], wanted: list[Any], before: list[Any]) -> list[Any]:
    """Elements that the patch names in its order; the others where they stood, as far as both allow."""
    order = {_identity(field, item): at for at, item in reversed([*enumerate(wanted)])}
    places = {_identity(field, item): at for at, item in reversed([*enumerate(before)])}
    named = sorted(
        (item for item in merged if _identity(field, item) in order),
        key=lambda item: order[_identity(field, item)],
    )
    others = sorted(
        (item for item in merged if _identity(field, item) not in order),
        key=lambda item: places.get(_identity(field, item), len(places)),
    )
    result: list[Any] = []
    while named and others:
        here, there = places.get(_identity(field, others[0])), places.get(_identity(field, named[0]))
        first = here is not None and there is not None and here < there
        result.append((others if first else named).pop(0))
    return [*result, *named, *others]


def _identity(field: Field | None, item: Any) -> Any:
    """What makes a list's element itself: its merge key's value, or the scalar."""
    if not isinstance(item, dict):
        return ("scalar", _hashable(item))
    key = field.merge_key if field is not None else ""
    if not key or key not in item:
        raise BadRequest(f"map: {item} does not contain declared merge key: {key or '(none)'}")
    return ("element", _hashable(item[key]))


def _hashable(value: Any) -> Any:
    # Why the type: in Python True == 1 == 1.0, in JSON they are three values.
    if isinstance(value, dict | list):
        raise BadRequest(f"a merge key or list element must be a scalar, not {value}")
    return (type(value), value)


def _as_list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequest(f"expected a list in {name}, not {value}")
    return value


def _unique(items: Iterable[Any]) -> list[Any]:
    return list({_hashable(item): item for item in items}.values())


def field_of(known: Type | None, key: str) -> Field | None:
    """The field of that name, or None where nothing is known about it."""
    return known.fields.get(key) if known is not None else None
