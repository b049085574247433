"""The two priority classes that are there from the start, for the pods that everything else counts on.

Kubernetes: pkg/registry/scheduling/rest/storage_scheduling.go, pkg/apis/scheduling/v1/helpers.go.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from minisets.errors import AlreadyExists
from minisets.objects.validation.scheduling import SYSTEM_CLASSES

if TYPE_CHECKING:
    from minisets.registry.registry import Registry

_SAYS = {
    "system-node-critical": "Used for system critical pods that must not be moved from their current node.",
    "system-cluster-critical": (
        "Used for system critical pods that must run in the cluster, "
        "but can be moved to another node if necessary."
    ),
}


def ensure_priority_classes(registry: Registry) -> None:
    """Make those that are missing."""
    for name, value in SYSTEM_CLASSES.items():
        with suppress(AlreadyExists):
            body = {"metadata": {"name": name}, "value": value, "description": _SAYS[name]}
            registry.create("PriorityClass", "", body)
