"""The cluster as a scheduler sees it: nodes with their pods, and what these have taken. Pure.

What would be if a node or a pod were there, or were not, is asked of a changed copy. Leaves to the filters
what follows. Kubernetes: pkg/scheduler/framework types.go NodeInfo, PodInfo; backend/cache snapshot.go.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from minisets.controllers.scheduling.groups import Groups
from minisets.controllers.scheduling.terms import Term
from minisets.controllers.volumes.usage import claim_names
from minisets.objects import requests
from minisets.objects.hostports import HostPort, host_ports
from minisets.objects.metadata import (
    labels_of,
    meta,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.objects.node_affinity import PREFERRED, REQUIRED
from minisets.objects.owners import controller_of
from minisets.objects.pods import is_terminal, node_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from minisets.controllers.scheduling.groups import Kind
    from minisets.objects.kinds import Object
    from minisets.objects.requests import Amounts

    Key = TypeVar("Key", bound=Hashable)

Wish = tuple[Term, int]
"""Whom a pod likes to be near, and how much; less than nothing: not to be near."""

PODS = "pods"


@dataclass(frozen=True, eq=False)
class PodInfo:
    """A pod, and what is asked of it again and again, worked out once."""

    pod: Object

    @property
    def uid(self) -> str:
        """Of the pod."""
        return uid_of(self.pod)

    @cached_property
    def name(self) -> str:
        """Without its namespace."""
        return name_of(self.pod)

    @cached_property
    def namespace(self) -> str:
        """Of the pod."""
        return namespace_of(self.pod)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Of the pod."""
        return labels_of(self.pod)

    @cached_property
    def spec(self) -> dict[str, Any]:
        """Of the pod."""
        return spec_of(self.pod)

    @property
    def node(self) -> str:
        """The node that it has; empty for none."""
        return node_of(self.pod)

    @property
    def is_going(self) -> bool:
        """Whether it is being deleted."""
        return bool(meta(self.pod).get("deletionTimestamp"))

    @cached_property
    def controller(self) -> str:
        """The uid of what controls it; empty for nothing."""
        return str((controller_of(self.pod) or {}).get("uid") or "")

    @cached_property
    def priority(self) -> int:
        """Higher ones may drive lower ones away."""
        return int(self.spec.get("priority") or 0)

    @cached_property
    def requests(self) -> Amounts:
        """What it reserves."""
        return requests.requests_of(self.pod)

    @cached_property
    def weights(self) -> Amounts:
        """What it is taken to use, for comparing nodes."""
        return requests.weights_of(self.pod)

    @cached_property
    def ports(self) -> tuple[HostPort, ...]:
        """Those of the machine that it wants."""
        return host_ports(self.pod)

    @cached_property
    def claims(self) -> tuple[str, ...]:
        """Names, in the order of its volumes."""
        return tuple(claim_names(self.pod))

    @cached_property
    def claim_keys(self) -> tuple[str, ...]:
        """The same as `namespace/name`."""
        return tuple(f"{self.namespace}/{name}" for name in self.claims)

    @cached_property
    def seeks(self) -> tuple[Term, ...]:
        """Near whom it must be."""
        return self._terms("podAffinity")

    @cached_property
    def repels(self) -> tuple[Term, ...]:
        """Near whom it must not be, nor come near it."""
        return self._terms("podAntiAffinity")

    @cached_property
    def wishes(self) -> tuple[Wish, ...]:
        """Near whom it would rather be, or not be."""
        return (*self._wishes("podAffinity", 1), *self._wishes("podAntiAffinity", -1))

    def affinity(self, kind: str, strength: str) -> tuple[dict[str, Any], ...]:
        """The terms of podAffinity or podAntiAffinity; strength: `node_affinity.REQUIRED` or `PREFERRED`."""
        terms = ((self.spec.get("affinity") or {}).get(kind) or {}).get(strength) or ()
        return tuple(terms)

    def _wishes(self, kind: str, sign: int) -> tuple[Wish, ...]:
        return tuple(
            (
                Term.of(wish.get("podAffinityTerm") or {}, self.namespace, self.labels),
                sign * int(wish["weight"]),
            )
            for wish in self.affinity(kind, PREFERRED)
        )

    def _terms(self, kind: str) -> tuple[Term, ...]:
        found = self.affinity(kind, REQUIRED)
        return tuple(Term.of(term, self.namespace, self.labels) for term in found)


@dataclass(frozen=True, eq=False)
class NodeInfo:
    """A node and the pods that have it, by uid, that have not ended.

    The rest is counted from the pods, so that no decision walks them: repelled, sought, wished, ports and
    claims (by key) say how many pods have that term, wish, port or claim.
    """

    node: Object
    pods: Mapping[str, PodInfo] = field(default_factory=dict)
    requested: Amounts = field(default_factory=dict)
    weighed: Amounts = field(default_factory=dict)
    repelled: Mapping[Term, int] = field(default_factory=dict)
    sought: Mapping[Term, int] = field(default_factory=dict)
    wished: Mapping[Wish, int] = field(default_factory=dict)
    ports: Mapping[HostPort, int] = field(default_factory=dict)
    claims: Mapping[str, int] = field(default_factory=dict)
    groups: Groups = field(default_factory=Groups)

    @cached_property
    def name(self) -> str:
        """Of the node."""
        return name_of(self.node)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Of the node."""
        return labels_of(self.node)

    @cached_property
    def allocatable(self) -> Amounts:
        """What pods may have of it."""
        return requests.amounts(status_of(self.node).get("allocatable"))

    def count(self, group: Kind) -> int:
        """How many of its pods are of the kind."""
        return self.groups.count(group, self.pods.values())

    def with_pod(self, pod: PodInfo) -> NodeInfo:
        """With the pod, in the place of an earlier state of it."""
        here = self.without_pod(pod.uid) if pod.uid in self.pods else self
        return _changed(here, (pod,), {**here.pods, pod.uid: pod}, 1)

    def holding(self, pods: Iterable[PodInfo]) -> NodeInfo:
        """With all of these, of which it has none yet: at one stroke, as a node may have hundreds."""
        come = tuple(pods)
        return _changed(self, come, {**self.pods, **{pod.uid: pod for pod in come}}, 1)

    def without_pod(self, uid: str) -> NodeInfo:
        """Without the pod."""
        rest = {key: pod for key, pod in self.pods.items() if key != uid}
        return _changed(self, (self.pods[uid],), rest, -1)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All nodes, with their pods; claims and volumes by key and name; classes; namespaces' labels; budgets.

    nominated: pods that wait for a node which others are leaving, by that node's name.
    """

    nodes: Mapping[str, NodeInfo] = field(default_factory=dict)
    claims: Mapping[str, Object] = field(default_factory=dict)
    volumes: Mapping[str, Object] = field(default_factory=dict)
    classes: Mapping[str, Object] = field(default_factory=dict)
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    budgets: tuple[Object, ...] = ()
    services: tuple[Object, ...] = ()
    nominated: Mapping[str, tuple[PodInfo, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Object], pods: Iterable[Object] = (), **parts: Any) -> Snapshot:
        """From lists of objects; parts: the other fields as they are."""
        there: dict[str, list[PodInfo]] = {}
        for pod in pods:
            if not is_terminal(pod):
                there.setdefault(node_of(pod), []).append(PodInfo(pod))
        found = {name_of(node): NodeInfo(node).holding(there.get(name_of(node), ())) for node in nodes}
        return cls(nodes=found, **parts)

    def all_pods(self) -> Iterator[PodInfo]:
        """Those that have a node."""
        for info in self.nodes.values():
            yield from info.pods.values()

    def claim(self, pod: PodInfo, name: str) -> Object | None:
        """A claim of the pod's namespace."""
        return self.claims.get(f"{pod.namespace}/{name}")

    def expected(self, pod: PodInfo, node: str) -> tuple[PodInfo, ...]:
        """Those that wait for that node, for whom the pod must leave room: none that is less important."""
        waiting = self.nominated.get(node, ())
        return tuple(other for other in waiting if other.priority >= pod.priority and other.uid != pod.uid)

    def with_node(self, node: Object) -> Snapshot:
        """With one more node, which is empty; or with another state of one, which keeps its pods."""
        name = name_of(node)
        before = self.nodes.get(name)
        info = NodeInfo(node) if before is None else replace(before, node=node)
        return replace(self, nodes={**self.nodes, name: info})

    def with_pod(self, pod: PodInfo, node: str) -> Snapshot:
        """With the pod on that node."""
        return replace(self, nodes={**self.nodes, node: self.nodes[node].with_pod(pod)})

    def without_pods(self, pods: Iterable[PodInfo], node: str) -> Snapshot:
        """Without these pods of that node."""
        info = self.nodes[node]
        for pod in pods:
            info = info.without_pod(pod.uid)
        return replace(self, nodes={**self.nodes, node: info})


def by_ordinal(name: str) -> tuple[int, str]:
    """To sort names by that end in a number; any others among them have their place, too."""
    return len(name), name


def _changed(info: NodeInfo, moved: tuple[PodInfo, ...], pods: Mapping[str, PodInfo], sign: int) -> NodeInfo:
    """With these pods, after some came (1) or went (-1)."""
    groups = info.groups
    for pod in moved:
        groups = groups.changed(pod, sign)
    return replace(
        info,
        pods=pods,
        requested=_sum(info.requested, [pod.requests for pod in moved], sign),
        weighed=_sum(info.weighed, [pod.weights for pod in moved], sign),
        repelled=_counted(info.repelled, [key for pod in moved for key in pod.repels], sign),
        sought=_counted(info.sought, [key for pod in moved for key in pod.seeks], sign),
        wished=_counted(info.wished, [key for pod in moved for key in pod.wishes], sign),
        ports=_counted(info.ports, [key for pod in moved for key in pod.ports], sign),
        claims=_counted(info.claims, [key for pod in moved for key in pod.claim_keys], sign),
        groups=groups,
    )


def _sum(left: Amounts, rights: list[Amounts], sign: int) -> Amounts:
    total = Counter(left)
    for right in rights:
        for name, value in right.items():
            total[name] += sign * value
    return {name: value for name, value in total.items() if value}


def _counted(left: Mapping[Key, int], keys: list[Key], sign: int) -> Mapping[Key, int]:
    """What nobody has any more is not kept."""
    if not keys:
        return left
    total = Counter(left)
    for key in keys:
        total[key] += sign
    return {key: count for key, count in total.items() if count}
