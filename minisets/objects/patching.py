"""The patch types of the API, applied: merge patch, JSON patch, strategic merge; and `apply`'s patch.

Pure: every function returns a new object and changes nothing that it is given. Refuses with BadRequest
(not understood) or Invalid (understood, does not fit the object). Leaves what the outcome means to
`registry/`; the strategic rules are in `strategic.py`, apply's three ways in `applying.py`, server-side apply
in `managed/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest, Invalid, TooLarge
from minisets.objects.applying import LAST_APPLIED, apply_patch, three_way, with_last_applied
from minisets.objects.jsonvalues import copied, same
from minisets.objects.schema import type_for
from minisets.objects.strategic import merge_map

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

__all__ = [
    "LAST_APPLIED",
    "apply_patch",
    "json_patch",
    "merge_patch",
    "strategic_merge",
    "three_way",
    "with_last_applied",
]

MOST_OPERATIONS = 10_000
_REFUSED = "the server rejected our request due to an error in our request"


def merge_patch(obj: Object, patch: Any) -> Object:
    """RFC 7386: maps merge, null deletes, everything else replaces."""
    if not isinstance(patch, dict):
        raise BadRequest("a merge patch must be a JSON object")
    return _merged(obj, patch)


def _merged(target: Any, patch: Object) -> Object:
    result = copied(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _merged(result.get(key), value)
        else:
            result[key] = copied(value)
    return result


def strategic_merge(kind_title: str, obj: Object, patch: Any) -> Object:
    """Kubernetes' own merge: lists by their merge keys, and the `$` directives."""
    if not isinstance(patch, dict):
        raise BadRequest("a strategic merge patch must be a JSON object")
    return merge_map(type_for(kind_title), copied(obj), copied(patch))


def json_patch(obj: Object, operations: Any) -> Object:
    """RFC 6902; an operation that does not fit the object is Invalid, as on a real server."""
    if not isinstance(operations, list):
        raise BadRequest("a JSON patch must be a list of operations")
    if len(operations) > MOST_OPERATIONS:
        raise TooLarge(
            f"The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {len(operations)}"
        )
    document: Any = copied(obj)
    for operation in operations:
        document = _operated(document, operation)
    if not isinstance(document, dict):
        raise _misfit("the JSON patch leaves no object")
    return document


def _operated(document: Any, operation: Any) -> Any:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise BadRequest(f"each JSON patch operation is an object with op and path, not {operation}")
    path = _steps(operation["path"])
    match operation.get("op"):
        case "add":
            return _added(document, path, _given(operation))
        case "remove":
            return _removed(document, path)
        case "replace":
            _found(document, path)
            value = _given(operation)
            return _added(_removed(document, path), path, value) if path else value
        case "move":
            origin = _steps(operation.get("from"))
            value = _found(document, origin)
            return _added(_removed(document, origin), path, value)
        case "copy":
            return _added(document, path, copied(_found(document, _steps(operation.get("from")))))
        case "test":
            if not same(_found(document, path), operation.get("value")):
                raise _misfit(f"testing value {operation['path']} failed: test failed")
            return document
        case other:
            raise BadRequest(
                f"Unexpected kind: {other}; a JSON patch knows add, remove, replace, move, copy, test"
            )


def _given(operation: Object) -> Any:
    if "value" not in operation:
        raise BadRequest(f"the {operation['op']} operation at {operation['path']} needs a value")
    return copied(operation["value"])


def _steps(pointer: Any) -> list[str]:
    if pointer == "":
        return []
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise BadRequest(f"a JSON pointer begins with /, not {pointer}")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]


def _missing(path: list[str]) -> Invalid:
    return _misfit(f'the JSON patch names "/{"/".join(path)}", which the object does not have')


def _misfit(why: str) -> Invalid:
    """Differs: Kubernetes says the first half and keeps the second to itself."""
    return Invalid(f"{_REFUSED}: {why}")


def _position(items: list[Any], step: str, path: list[str], *, end: int) -> int:
    """Kubernetes: jsonpatch SupportNegativeIndices: `-1` is the last place, which RFC 6902 does not know."""
    number = step.removeprefix("-")
    if number.isascii() and number.isdigit():
        at = int(step) if int(step) >= 0 else int(step) + end
        if 0 <= at < end:
            return at
    if step == "-" and end > len(items):
        return len(items)
    raise _missing(path)


def _found(document: Any, path: list[str]) -> Any:
    for step in path:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list):
            document = document[_position(document, step, path, end=len(document))]
        else:
            raise _missing(path)
    return document


def _added(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _found(document, path[:-1])
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif isinstance(parent, list):
        parent.insert(_position(parent, path[-1], path, end=len(parent) + 1), value)
    else:
        raise _missing(path)
    return document


def _removed(document: Any, path: list[str]) -> Any:
    if not path:
        return None
    _found(document, path)
    parent = _found(document, path[:-1])
    if isinstance(parent, list):
        parent.pop(_position(parent, path[-1], path, end=len(parent)))
    else:
        del parent[path[-1]]
    return document
