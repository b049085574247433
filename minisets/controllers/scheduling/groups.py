"""How many pods of a node are of a kind: counted once, then kept up with every pod that comes or goes. Pure.

Why: a thousand pods that each count the thousand others are a million looks; so each costs the same whether
it is the first or the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.controllers.scheduling.snapshot import PodInfo
    from minisets.objects.selectors import LabelSelector

_REMEMBERED = 64
"""Of a node: more workloads than grow at a time, and few enough to keep up."""


class Kind(Protocol):
    """A question about pods; equal questions are one."""

    def has(self, pod: PodInfo) -> bool:
        """Whether the pod is of the kind."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Group:
    """Pods of a namespace by their labels and, unless it is empty, the uid of what controls them.

    with_leaving: also those that are being deleted.
    """

    namespace: str
    selector: LabelSelector
    controller: str = ""
    with_leaving: bool = False

    def has(self, pod: PodInfo) -> bool:
        """Whether the pod is one of them."""
        return (
            pod.namespace == self.namespace
            and self.controller in {"", pod.controller}
            and (self.with_leaving or not pod.is_going)
            and self.selector.matches(pod.labels)
        )


@dataclass(frozen=True, eq=False)
class Groups:
    """What was asked about the pods of one node; the oldest question is forgotten first."""

    counts: dict[Kind, int] = field(default_factory=dict)

    def changed(self, pod: PodInfo, sign: int) -> Groups:
        """After the pod came (1) or went (-1)."""
        return Groups({group: count + sign * group.has(pod) for group, count in self.counts.items()})

    def count(self, group: Kind, pods: Iterable[PodInfo]) -> int:
        """How many of these, which must be the node's, are of the group."""
        if group not in self.counts:
            if len(self.counts) >= _REMEMBERED:
                del self.counts[next(iter(self.counts))]
            self.counts[group] = sum(1 for pod in pods if group.has(pod))
        return self.counts[group]
