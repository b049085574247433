"""When a field counts as left out, as Go's decoding sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


def fill(target: Object, **defaults: Any) -> Object:
    """Writes each default whose field is absent, null or an empty text; gives the target back."""
    for name, value in defaults.items():
        if target.get(name) is None or target[name] == "":
            target[name] = value
    return target


def fill_zero(target: Object, **defaults: int) -> Object:
    """Likewise for numbers that are no pointers upstream: 0 counts as left out."""
    for name, value in defaults.items():
        if not target.get(name):
            target[name] = value
    return target
