"""JSON values: copying them and comparing them. Pure."""

from __future__ import annotations

from typing import Any


def copied(value: Any) -> Any:
    """A copy in which no two places share anything.

    Why not `deepcopy`: what is shared inside the original stays shared inside its copy, and a change at
    one place would show at the other. It is also several times slower.
    """
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: in Python True == 1 == 1.0, here they are three values."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)
