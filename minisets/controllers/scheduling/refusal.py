"""What a filter plugin is, and what it says of a node that it does not let a pod have. Pure.

Kubernetes: kube-scheduler framework PreFilterPlugin, FilterPlugin, Status.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo, Snapshot


@dataclass(frozen=True)
class Refusal:
    """Why not this node. is_lasting: also if all its pods went (upstream: UnschedulableAndUnresolvable)."""

    reason: str
    plugin: str
    is_lasting: bool = False


@dataclass(frozen=True, eq=False)
class Plugin(ABC):
    """One pod against one snapshot, in one respect; a subclass has the name that Kubernetes gives it."""

    pod: PodInfo
    snapshot: Snapshot

    def of_all(self) -> Refusal | None:
        """Why the pod can have no node whatever. Kubernetes: PreFilter."""
        return None

    @abstractmethod
    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """Why it cannot have this one; empty: it may. Asked only if `of_all` says nothing."""

    def refuse(self, reason: str, *, is_lasting: bool = False) -> tuple[Refusal, ...]:
        """In this plugin's name."""
        return (Refusal(reason, type(self).__name__, is_lasting),)
