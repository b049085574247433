"""What is said on a pod that gets no node: how many nodes refuse it for what. Pure.

Kubernetes: pkg/scheduler/framework types.go FitError.Error.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.controllers.scheduling.refusal import Refusal

NO_NODES = "no nodes available to schedule pods"


def counted(refused: Mapping[str, tuple[Refusal, ...]]) -> str:
    """`0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`; sorted as text."""
    reasons = Counter(refusal.reason for refusals in refused.values() for refusal in refusals)
    said = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return of_all(len(refused), said)


def of_all(nodes: int, reason: str) -> str:
    """The same with a reason that no node can mend."""
    return f"0/{nodes} nodes are available: {reason}."
