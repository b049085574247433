"""A column of a Table, and what most columns are made of. Pure.

Leaves which kind has which to `columns.py` and `kept_columns.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.api.ages import since
from minisets.objects.metadata import meta, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from minisets.objects.kinds import Object


@dataclass(frozen=True)
class Column:
    """A heading and what stands below it. priority 1 = only with `-o wide`."""

    name: str
    cell: Callable[[Object, datetime], Any]
    type: str = "string"
    format: str = ""
    priority: int = 0

    def definition(self) -> dict[str, Any]:
        """The entry of a Table's `columnDefinitions`."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": "",
            "priority": self.priority,
        }


def at(*path: str, default: Any = "") -> Callable[[Object, datetime], Any]:
    """What stands at a path, or the default where it is missing or empty."""

    def cell(obj: Object, _now: datetime) -> Any:
        found: Any = obj
        for step in path:
            found = (found or {}).get(step)
        return found if found not in (None, "") else default

    return cell


def wide(name: str, cell: Callable[[Object, datetime], Any], type_: str = "string") -> Column:
    """A column that only `-o wide` shows."""
    return Column(name, cell, type=type_, priority=1)


def _age(obj: Object, now: datetime) -> str:
    return since(meta(obj).get("creationTimestamp"), now)


NAME = Column("Name", lambda obj, _now: name_of(obj), format="name")
AGE = Column("Age", _age)


def labels(given: Mapping[str, str] | None) -> str:
    """`a=b,c=d`, or `<none>`."""
    return ",".join(f"{key}={value}" for key, value in sorted((given or {}).items())) or "<none>"
