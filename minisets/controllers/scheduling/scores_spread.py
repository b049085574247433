"""How evenly a pod and its fellows would be spread: the score of PodTopologySpread. Pure.

    the pod's own constraints of ScheduleAnyway; or, where it has none of any kind,
    evenly over nodes and zones, for pods that a Service or a StatefulSet holds together

Kubernetes: podtopologyspread scoring.go, plugins/helper DefaultSelector.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.controllers.scheduling.groups import Group
from minisets.controllers.scheduling.spread import SHOULD, Constraint, constraints_of
from minisets.objects.metadata import namespace_of, spec_of
from minisets.objects.owners import controller_of
from minisets.objects.selectors import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo, Snapshot

_MOST = 100
_OF_ONE_POD = "statefulset.kubernetes.io/pod-name"
_HOSTNAME = "kubernetes.io/hostname"
_EVERYBODYS = tuple(
    Constraint.of({"topologyKey": key, "maxSkew": skew}, {})
    for key, skew in ((_HOSTNAME, 3), ("topology.kubernetes.io/zone", 5))
)
"""Of pods that have none. Kubernetes: podtopologyspread systemDefaultConstraints."""


@dataclass(frozen=True)
class _Part:
    """One constraint, and whom it counts."""

    constraint: Constraint
    group: Group

    @property
    def key(self) -> str:
        return self.constraint.topology_key


def scores(pod: PodInfo, snapshot: Snapshot, nodes: Sequence[NodeInfo]) -> Sequence[int]:
    """Where the fewest fellows are, MOST; nothing for a node without a label that an own constraint needs."""
    parts = _parts(pod, snapshot)
    needed = {part.key for part in parts} if pod.spec.get("topologySpreadConstraints") else set()
    compared = [info for info in nodes if parts and needed <= info.labels.keys()]
    if not compared:
        return [0] * len(nodes)
    crowds = [_crowds(pod, snapshot, part, compared, needed) for part in parts]
    raw = {info.name: math.floor(sum(crowd[info.name] for crowd in crowds) + 0.5) for info in compared}
    return [_normalised(raw[info.name], raw) if info.name in raw else 0 for info in nodes]


def _normalised(score: int, raw: Mapping[str, int]) -> int:
    least, most = min(raw.values()), max(raw.values())
    return _MOST * (most + least - score) // most if most else _MOST


def _parts(pod: PodInfo, snapshot: Snapshot) -> list[_Part]:
    if pod.spec.get("topologySpreadConstraints"):
        own = constraints_of(pod, SHOULD)
        return [_Part(constraint, Group(pod.namespace, constraint.selector)) for constraint in own]
    fellows = _fellows(pod, snapshot)
    if fellows is None:
        return []
    return [_Part(constraint, fellows) for constraint in _EVERYBODYS]


def _fellows(pod: PodInfo, snapshot: Snapshot) -> Group | None:
    """Those that all Services which select the pod select, too, and that its StatefulSet controls.

    A Service of this pod alone leaves it without fellows: upstream counts them, and finds none.
    Differs: upstream takes those that the StatefulSet's selector matches. It controls these, or will soon.
    """
    selected: dict[str, str] = {}
    for service in snapshot.services:
        wanted = spec_of(service).get("selector") or {}
        if namespace_of(service) == pod.namespace and wanted.items() <= pod.labels.items():
            selected |= wanted
    owner = controller_of(pod.pod) or {}
    statefulset = owner.get("kind") == "StatefulSet" and str(owner["apiVersion"]).startswith("apps/")
    if _OF_ONE_POD in selected or not (selected or statefulset):
        return None
    return Group(pod.namespace, LabelSelector.of_map(selected), pod.controller if statefulset else "")


def _crowds(
    pod: PodInfo, snapshot: Snapshot, part: _Part, compared: Sequence[NodeInfo], needed: set[str]
) -> Mapping[str, float]:
    """For each node, what its fellows in the same place weigh; none without a place.

    Why the logarithm: of many places each has few, and must not count for less.
    """
    places = {info.labels.get(part.key, "") for info in compared}
    if part.key == _HOSTNAME:
        counts = {info.name: info.count(part.group) for info in compared}
        weight = math.log(len(compared) + 2)
    else:
        found = _in_places(pod, snapshot, part, needed)
        counts = {info.name: found[info.labels.get(part.key, "")] for info in compared}
        weight = math.log(len(places) + 2)
    slack = part.constraint.max_skew - 1
    return {
        info.name: counts[info.name] * weight + slack if part.key in info.labels else 0.0 for info in compared
    }


def _in_places(pod: PodInfo, snapshot: Snapshot, part: _Part, needed: set[str]) -> Counter[str]:
    """How many fellows are in each, also on nodes that the pod may not have."""
    found: Counter[str] = Counter()
    for info in snapshot.nodes.values():
        if needed <= info.labels.keys() and part.constraint.counts(pod, info):
            found[info.labels.get(part.key, "")] += info.count(part.group)
    return found
