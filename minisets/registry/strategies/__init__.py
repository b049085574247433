"""Strategies: what is special about writing each kind.

Belongs here: one small module for each family of kinds, found by `strategy_of`. Must not: the order of
the steps (`creating.py`, `updating.py`, `deleting.py`), what can be checked or filled in from the object
alone (`objects/`).
"""

from __future__ import annotations

from minisets.objects.kinds import KINDS
from minisets.registry.strategies.base import Context, Recording, Strategy
from minisets.registry.strategies.budgets import BudgetStrategy
from minisets.registry.strategies.kept import (
    AutoscalerStrategy,
    LeaseStrategy,
    NetworkPolicyStrategy,
    PriorityClassStrategy,
)
from minisets.registry.strategies.namespaces import NamespaceStrategy
from minisets.registry.strategies.nodes import NodeStrategy
from minisets.registry.strategies.pods import PodStrategy
from minisets.registry.strategies.services import ServiceStrategy
from minisets.registry.strategies.snapshots import CustomStrategy
from minisets.registry.strategies.storage import ClaimStrategy, VolumeStrategy
from minisets.registry.strategies.workloads import EndpointSliceStrategy, StatefulSetStrategy

__all__ = ["Context", "Recording", "Strategy", "strategy_of"]

_SPECIAL: dict[str, type[Strategy]] = {
    "EndpointSlice": EndpointSliceStrategy,
    "HorizontalPodAutoscaler": AutoscalerStrategy,
    "Lease": LeaseStrategy,
    "Namespace": NamespaceStrategy,
    "NetworkPolicy": NetworkPolicyStrategy,
    "Node": NodeStrategy,
    "PersistentVolume": VolumeStrategy,
    "PersistentVolumeClaim": ClaimStrategy,
    "Pod": PodStrategy,
    "PodDisruptionBudget": BudgetStrategy,
    "PriorityClass": PriorityClassStrategy,
    "Service": ServiceStrategy,
    "StatefulSet": StatefulSetStrategy,
    "VolumeSnapshot": CustomStrategy,
    "VolumeSnapshotClass": CustomStrategy,
    "VolumeSnapshotContent": CustomStrategy,
}
_STRATEGIES = {kind.title: _SPECIAL.get(kind.title, Strategy)(kind) for kind in KINDS}


def strategy_of(title: str) -> Strategy:
    """The strategy of a kind, by its title; KeyError for one that is not served."""
    return _STRATEGIES[title]
