"""What nodes say about themselves, and pods about nodes: cordons, names, taints, labels, readiness. Pure.

Kubernetes: pkg/scheduler/framework/plugins/{nodeunschedulable,nodename,tainttoleration,nodeaffinity}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.controllers.scheduling.refusal import Plugin, Refusal
from minisets.objects.metadata import is_being_deleted, is_true, spec_of
from minisets.objects.node_affinity import REQUIRED, fits_selectors
from minisets.objects.taints import (
    KEEPS_AWAY,
    NOT_READY,
    UNREACHABLE,
    UNSCHEDULABLE,
    taints_of,
    tolerates,
    tolerations_of,
    untolerated,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo

_CORDON = {"key": UNSCHEDULABLE, "effect": "NoSchedule"}


class NodeUnschedulable(Plugin):
    """A node that is cordoned takes only pods that tolerate the taint that says so."""

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """By spec.unschedulable."""
        if not spec_of(info.node).get("unschedulable"):
            return ()
        if any(tolerates(one, _CORDON) for one in tolerations_of(self.pod.pod)):
            return ()
        return self.refuse("node(s) were unschedulable", is_lasting=True)


class NodeName(Plugin):
    """A pod that names its node has no other."""

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """By spec.nodeName."""
        if self.pod.node in {"", info.name}:
            return ()
        return self.refuse("node(s) didn't match the requested node name", is_lasting=True)


class TaintToleration(Plugin):
    """No new pod comes against a taint that it does not tolerate."""

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """Upstream no longer says which taint, so that nodes are counted together."""
        if untolerated(self.pod.pod, info.node) is None:
            return ()
        return self.refuse("node(s) had untolerated taint(s)", is_lasting=True)


class NodeAffinity(Plugin):
    """nodeSelector and the required node affinity."""

    def of_all(self) -> Refusal | None:
        """Names that exclude each other leave no node."""
        if named_nodes(self.pod) == frozenset():
            return Refusal("pod affinity terms conflict", type(self).__name__, is_lasting=True)
        return None

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """By labels and name."""
        if fits_selectors(self.pod.pod, info.node):
            return ()
        return self.refuse("node(s) didn't match Pod's node affinity/selector", is_lasting=True)


class NodeReadiness(Plugin):
    """A node that nobody speaks for takes no pods. The last of all.

    Differs: upstream has no such filter. There a node that is not ready has a taint since its creation; here
    the taint comes when the node lifecycle controller sees the node, and no pod may come sooner. From then
    on the taint decides, and whoever tolerates it may come.
    """

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """By its condition Ready; one that is going takes none, either."""
        if is_being_deleted(info.node) or not (is_true(info.node, "Ready") or _is_spoken_for(info)):
            return self.refuse("node(s) were not ready", is_lasting=True)
        return ()


def named_nodes(pod: PodInfo) -> frozenset[str] | None:
    """The only nodes that its required node affinity can match, which it names; None: any.

    Kubernetes: nodeaffinity PreFilter, PreFilterResult.NodeNames.
    """
    affinity = (pod.spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get(REQUIRED) or {}).get("nodeSelectorTerms") or ()
    found = [_named(term) for term in terms]
    if not found or None in found:
        return None
    return frozenset().union(*(names for names in found if names is not None))


def _named(term: Mapping[str, Any]) -> frozenset[str] | None:
    names = [
        frozenset(field.get("values") or ())
        for field in term.get("matchFields") or ()
        if (field.get("key"), field.get("operator")) == ("metadata.name", "In")
    ]
    return frozenset.intersection(*names) if names else None


def _is_spoken_for(info: NodeInfo) -> bool:
    return any(
        taint.get("key") in {NOT_READY, UNREACHABLE} and taint.get("effect") in KEEPS_AWAY
        for taint in taints_of(info.node)
    )
