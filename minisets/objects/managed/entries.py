"""The entries of `metadata.managedFields`: read, written in their order, and kept to a number.

Kubernetes: apimachinery pkg/util/managedfields/internal managedfields.go, capmanagers.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from minisets.objects.managed import fieldsets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object
    from minisets.objects.managed.fieldsets import Fields

Operation = Literal["Apply", "Update"]

MOST_UPDATERS = 10
LONGEST_NAME = 128
_BUCKET = "ancient-changes"


@dataclass(frozen=True, order=True)
class Manager:
    """Who writes: a name may stand for an applier, an updater, and another for each subresource."""

    name: str
    operation: Operation
    subresource: str = ""


@dataclass
class Managed:
    """Who manages which fields of one object, and since when; a manager of nothing does not stand in it."""

    fields: dict[Manager, Fields] = field(default_factory=dict)
    times: dict[Manager, str] = field(default_factory=dict)

    def hold(self, manager: Manager, fields: Fields) -> None:
        """From now on the manager has these fields, or none."""
        if fields:
            self.fields[manager] = fields
        else:
            self.fields.pop(manager, None)

    def copy(self) -> Managed:
        """What may be changed apart from this."""
        return Managed(dict(self.fields), dict(self.times))


def decoded(entries: Any, api_version: str) -> Managed:
    """What the entries say; those of another version than the kind's are stale and left out.

    ValueError where they say nothing that can be understood.
    """
    managed = Managed()
    for entry in entries or ():
        if entry.get("operation") not in ("Apply", "Update"):
            raise ValueError("operation must be `Apply` or `Update`")
        if not entry.get("apiVersion"):
            raise ValueError("apiVersion must not be empty")
        if entry.get("fieldsType") != "FieldsV1":
            raise ValueError("fieldsType must be `FieldsV1`")
        manager = Manager(entry.get("manager", ""), entry["operation"], entry.get("subresource", ""))
        if entry["apiVersion"] == api_version:
            managed.hold(manager, entry.get("fieldsV1") or {})
            if entry.get("time"):
                managed.times[manager] = entry["time"]
    return managed


def read(entries: Any, api_version: str) -> Managed:
    """Entries that a client wrote, their sets in our spelling; ValueError as `decoded`."""
    managed = decoded(entries, api_version)
    if any(len(manager.name.encode()) > LONGEST_NAME for manager in managed.fields):
        raise ValueError(f"a manager's name may not be longer than {LONGEST_NAME} bytes")
    return Managed({who: fieldsets.read(what) for who, what in managed.fields.items()}, managed.times)


def encoded(managed: Managed, api_version: str) -> list[Object]:
    """The entries, appliers first, the oldest of each first."""

    def order(manager: Manager) -> tuple[str, str, str, str]:
        return (manager.operation, managed.times.get(manager, ""), manager.name, manager.subresource)

    return [_entry(manager, managed, api_version) for manager in sorted(managed.fields, key=order)]


def _entry(manager: Manager, managed: Managed, api_version: str) -> Object:
    entry = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": api_version,
        "time": managed.times.get(manager, ""),
        "fieldsType": "FieldsV1",
        "fieldsV1": managed.fields[manager],
        "subresource": manager.subresource,
    }
    return {key: value for key, value in entry.items() if value or key == "fieldsV1"}


def cap(managed: Managed) -> None:
    """Put the oldest updaters into one, until there are no more than ten."""
    updaters = [manager for manager in managed.fields if manager.operation == "Update"]
    excess = len(updaters) - MOST_UPDATERS
    if excess <= 0:
        return
    bucket = Manager(_BUCKET, "Update")
    oldest = sorted(updaters, key=lambda manager: (managed.times.get(manager, ""), manager))[: excess + 1]
    together: Fields = {}
    for manager in oldest:
        together = fieldsets.union(together, managed.fields.pop(manager))
        managed.times[bucket] = managed.times.get(manager, "")
    managed.hold(bucket, fieldsets.union(managed.fields.get(bucket, {}), together))


def without_times(entries: Iterable[Object]) -> list[Object]:
    """What the entries say but for when."""
    return [{key: value for key, value in entry.items() if key != "time"} for entry in entries]
