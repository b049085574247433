"""What an apply would take from others, and how Kubernetes says it.

Kubernetes: apimachinery pkg/util/managedfields/internal/conflict.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.errors import Cause
from minisets.objects.causes import rendered
from minisets.objects.managed.elements import shown
from minisets.objects.managed.fieldsets import paths

if TYPE_CHECKING:
    from minisets.objects.managed.entries import Manager
    from minisets.objects.managed.fieldsets import Fields

Conflicts = dict["Manager", "Fields"]
_CAUSE = "FieldManagerConflict"


class ApplyConflict(Exception):
    """Other managers have fields that this apply would change."""

    def __init__(self, conflicts: Conflicts) -> None:
        super().__init__(conflicts)
        self.conflicts = conflicts


def told(conflicts: Conflicts, api_version: str) -> tuple[str, tuple[Cause, ...]]:
    """The message, and a cause for each field; managers in the order of their names."""
    causes, lines = [], []
    for manager in sorted(conflicts):
        name = _named(manager, api_version)
        fields = [shown(path) for path in paths(conflicts[manager])]
        causes += [Cause(field, _CAUSE, f"conflict with {name}") for field in fields]
        lines += [f"conflicts with {name}:", *(f"- {field}" for field in fields)]
    if len(causes) == 1:
        return f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}", tuple(causes)
    return f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines), tuple(causes)


def _named(manager: Manager, api_version: str) -> str:
    name = rendered(manager.name)
    if manager.subresource:
        name += f" with subresource {rendered(manager.subresource)}"
    return f"{name} using {api_version}" if manager.operation == "Update" else name
