"""Disruption budgets: what counts as a new generation, and the counts that are always written.

Kubernetes: pkg/registry/policy/poddisruptionbudget/strategy.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from minisets.registry.strategies.base import Context, Strategy

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


class BudgetStrategy(Strategy):
    """Evictions are refused while the status is of an older generation than the spec (A-105)."""

    counts_generations: ClassVar[bool] = True
    takes_updates_of_any_version: ClassVar[bool] = False

    def prepare_create(self, obj: Object, context: Context) -> None:
        """A new budget allows nothing until its controller has counted."""
        super().prepare_create(obj, context)
        obj["status"] = {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}
