"""What is asked of the filters in a test: why a node refuses a pod, in words and in how long that lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.controllers.scheduling.filters import refusals
from minisets.controllers.scheduling.snapshot import PodInfo

if TYPE_CHECKING:
    from minisets.controllers.scheduling.snapshot import Snapshot
    from minisets.objects.kinds import Object


def why(pod: Object, snapshot: Snapshot, node: str = "minisets-0") -> list[str]:
    """The reasons; none: the pod may have the node."""
    return [refusal.reason for refusal in refusals(PodInfo(pod), snapshot, node)]


def lasts(pod: Object, snapshot: Snapshot, node: str = "minisets-0") -> bool:
    """Whether the node would refuse it without its pods, too."""
    return any(refusal.is_lasting for refusal in refusals(PodInfo(pod), snapshot, node))


def takers(pod: Object, snapshot: Snapshot) -> list[str]:
    """The nodes that the pod may have."""
    return [node for node in snapshot.nodes if not why(pod, snapshot, node)]
