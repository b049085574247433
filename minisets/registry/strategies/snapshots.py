"""Snapshots, contents and classes: custom resources in Kubernetes, and written as such.

Kubernetes: apiextensions-apiserver pkg/registry/customresource/strategy.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from minisets.registry.strategies.base import Strategy

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_BESIDES = ("metadata", "status")


class CustomStrategy(Strategy):
    """All but metadata and status is what is wanted; an update names the version that it is about."""

    counts_generations: ClassVar[bool] = True
    takes_updates_of_any_version: ClassVar[bool] = False

    def wanted(self, obj: Object) -> Any:
        """Everything but metadata and status."""
        return {part: value for part, value in obj.items() if part not in _BESIDES}
