"""Statefulsets, their revisions, and endpoint slices: what counts as a new generation.

Kubernetes: pkg/registry/apps/statefulset/strategy.go, pkg/registry/discovery/endpointslice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from minisets.objects.metadata import labels_of, spec_of
from minisets.registry.strategies.base import Context, Strategy

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


class StatefulSetStrategy(Strategy):
    """Every change of the spec is a generation (A-98)."""

    counts_generations: ClassVar[bool] = True

    def prepare_create(self, obj: Object, context: Context) -> None:
        """The two counts that are always written (A-97)."""
        super().prepare_create(obj, context)
        obj["status"] = {"availableReplicas": 0, "replicas": 0}

    def warnings(self, obj: Object) -> tuple[str, ...]:
        """A-43."""
        if (spec_of(obj).get("revisionHistoryLimit") or 0) >= 0:
            return ()
        why = "a negative value retains all historical revisions; a value >= 0 is recommended"
        return (f"spec.revisionHistoryLimit: {why}",)


class EndpointSliceStrategy(Strategy):
    """A slice has no spec: everything but most of its metadata is what it wants."""

    counts_generations: ClassVar[bool] = True

    def wanted(self, obj: Object) -> Any:
        """All but metadata, and the labels."""
        return {**obj, "metadata": labels_of(obj)}
