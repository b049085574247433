"""What `node list` shows, and what being stopped means for nodes and for the pods on them. Pure.

Leaves asking and waiting to `node.py`, and what becomes of such pods to the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.api import node_cells
from minisets.api.ages import since
from minisets.objects.metadata import (
    annotations_of,
    condition,
    is_true,
    labels_of,
    name_of,
)
from minisets.objects.pods import is_terminal, node_of
from minisets.objects.taints import OUT_OF_SERVICE, taints_of
from minisets.settings import STOPPED, node_ordinal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from minisets.objects.kinds import Object

ZONE = "topology.kubernetes.io/zone"
HEADINGS = ("NAME", "STATUS", "ZONE", "PODS", "STOPPED")


@dataclass(frozen=True)
class NodeRow:
    """One node; stopped: `kill`, `pause` or nothing; since: when it went away, where it is stopped."""

    name: str
    status: str
    zone: str
    pods: int
    stopped: str
    since: str

    def cells(self, now: datetime) -> list[str]:
        """Below HEADINGS."""
        stopped = f"{since(self.since, now)} ({self.stopped})" if self.stopped else "<none>"
        return [self.name, self.status, self.zone or "<none>", str(self.pods), stopped]

    def as_json(self) -> dict[str, Any]:
        """For programs: what is not there is null."""
        return {
            "name": self.name,
            "status": self.status,
            "zone": self.zone or None,
            "pods": self.pods,
            "stopped": self.stopped or None,
            "since": self.since or None,
        }


def node_rows(nodes: Iterable[Object], pods: Sequence[Object]) -> list[NodeRow]:
    """A row for each node, ours by their ordinals and before all others."""
    return [_row(node, pods) for node in sorted(nodes, key=_place)]


def _place(node: Object) -> tuple[bool, int, str]:
    ordinal = node_ordinal(name_of(node))
    return ordinal is None, ordinal or 0, name_of(node)


def _row(node: Object, pods: Sequence[Object]) -> NodeRow:
    stopped = stopped_how(node)
    went = (
        ""
        if is_true(node, "Ready")
        else str((condition(node, "Ready") or {}).get("lastTransitionTime") or "")
    )
    return NodeRow(
        name=name_of(node),
        status=node_cells.status(node),
        zone=labels_of(node).get(ZONE, ""),
        pods=sum(1 for _ in pods_on(node, pods)),
        stopped=stopped,
        since=went if stopped else "",
    )


def stopped_how(node: Object) -> str:
    """`kill` or `pause`; nothing where nobody has stopped it."""
    return annotations_of(node).get(STOPPED, "")


def is_out_of_service(node: Object) -> bool:
    """Whether a person has said that it will not come back as it was."""
    return any(taint.get("key") == OUT_OF_SERVICE for taint in taints_of(node))


def pods_on(node: Object, pods: Iterable[Object]) -> Iterator[Object]:
    """Those of it that have not finished, as `kubectl describe node` counts them."""
    for pod in pods:
        if node_of(pod) == name_of(node) and not is_terminal(pod):
            yield pod


def held_pods(pods: Iterable[Object], nodes: Iterable[Object]) -> list[tuple[Object, Object]]:
    """The pods that cannot end, each with its node: it is stopped, and nobody there ends them."""
    stopped = {name_of(node): node for node in nodes if stopped_how(node)}
    return [(pod, stopped[node_of(pod)]) for pod in pods if node_of(pod) in stopped]


def said_of_held(pod: Object, node: Object, flags: str) -> str:
    """Why the pod stays, and what to type."""
    name = name_of(node)
    return (
        f"pod {name_of(pod)} is on node {name}, which is stopped: deleted, it stays Terminating until "
        f"`minisets{flags} node start {name}` or `minisets{flags} delete-pod {name_of(pod)} --force`"
    )


def said_of_volumes(node: str) -> str:
    """When the volumes that are attached to a stopped node are free for pods elsewhere."""
    return (
        f"once its pods are forced away, their volumes are free after 6 minutes, or at once with "
        f"`kubectl taint node {node} {OUT_OF_SERVICE}=nodeshutdown:NoExecute`"
    )


def others_ready(nodes: Iterable[Object], names: Collection[str]) -> list[Object]:
    """The nodes besides these that are there."""
    return [
        node
        for node in nodes
        if name_of(node) not in names and is_true(node, "Ready") and not stopped_how(node)
    ]
