"""Fields that stand twice in a JSON body: the last one counts, and the writer is told. Pure.

Leaves to `verbs.py` whether that is an error or a warning.
Kubernetes: sigs.k8s.io/json `UnmarshalStrict`.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Read(dict[str, Any]):
    """A JSON object, and which of its fields stood in it more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(name for name, _ in pairs) if len(self) < len(pairs) else Counter[str]()
        self.twice = {name for name, count in times.items() if count > 1}


def duplicates(body: bytes) -> tuple[str, ...]:
    """`data.a`, `spec.containers[0].name`; nothing for a body that is no JSON."""
    try:
        return tuple(_found(json.loads(body, object_pairs_hook=_Read), ""))
    except (ValueError, RecursionError):
        return ()


def _found(value: Any, path: str) -> Iterator[str]:
    match value:
        case _Read():
            for name, inner in value.items():
                place = f"{path}.{name}" if path else name
                if name in value.twice:
                    yield place
                yield from _found(inner, place)
        case list():
            for index, inner in enumerate(value):
                yield from _found(inner, f"{path}[{index}]")
