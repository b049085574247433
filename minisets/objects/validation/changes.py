"""Which fields differ between two versions of an object, for the messages of forbidden updates.

Differs: upstream appends a Go structure's diff; this names each changed path and its two values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.causes import rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 10


def changes(old: Any, new: Any, path: str) -> str:
    """One line a change, `  spec.nodeName: "a" -> "b"`, at most ten."""
    lines = [f"  {line}" for line in _walk(old, new, path)]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"  ... and {len(lines) - _SHOWN} more"]
    return "\n".join(lines)


def _walk(old: Any, new: Any, path: str) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            yield from _walk(old.get(name), new.get(name), f"{path}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _walk(before, after, f"{path}[{index}]")
    else:
        yield f"{path}: {rendered(old)} -> {rendered(new)}"
