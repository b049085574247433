"""Which of the nodes that a pod may have is best for it: Kubernetes' score plugins with its weights. Pure.

Leaves which nodes it may have to `filters.py`; `scores_spread.py` and `scores_interpod.py` have the wishes
about other pods. Not here, since all nodes are one machine: ImageLocality (each has every image) and scores
of volumes' capacity. Kubernetes: pkg/scheduler apis/config/v1 default_plugins.go, schedule_one.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.controllers.scheduling import scores_interpod, scores_spread
from minisets.controllers.scheduling.snapshot import by_ordinal
from minisets.objects import node_affinity
from minisets.objects.metadata import spec_of
from minisets.objects.taints import taints_of, tolerates, tolerations_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo, Snapshot
    from minisets.objects.kinds import Object

    Score = Callable[[PodInfo, Snapshot, Sequence[NodeInfo]], Sequence[int]]

MOST = 100
_COMPARED = ("cpu", "memory")
_SHARED_BY_NODES = {"ReadWriteMany", "ReadOnlyMany"}


def best(pod: PodInfo, snapshot: Snapshot, nodes: Iterable[str]) -> str:
    """Of these nodes, of which there must be one, that with the highest score.

    Differs: of several upstream takes any; here it is the lowest ordinal.
    """
    candidates = sorted(nodes, key=by_ordinal)
    if len(candidates) == 1:
        return candidates[0]
    total = dict.fromkeys(candidates, 0)
    for scores in scored(pod, snapshot, candidates).values():
        for name, score in scores.items():
            total[name] += score
    return max(candidates, key=lambda name: total[name])


def scored(pod: PodInfo, snapshot: Snapshot, nodes: Iterable[str]) -> Mapping[str, Mapping[str, int]]:
    """What each plugin gives to each of these nodes, times its weight."""
    names = tuple(nodes)
    infos = [snapshot.nodes[name] for name in names]
    return {
        plugin: {
            name: weight * score for name, score in zip(names, score_of(pod, snapshot, infos), strict=True)
        }
        for plugin, weight, score_of in _PLUGINS
    }


def _by_taints(pod: PodInfo, _: Snapshot, nodes: Sequence[NodeInfo]) -> Sequence[int]:
    """Fewer taints of PreferNoSchedule are better. Kubernetes: tainttoleration."""
    tolerations = tolerations_of(pod.pod)
    found = [
        sum(
            taint.get("effect") == "PreferNoSchedule"
            and not any(tolerates(one, taint) for one in tolerations)
            for taint in taints_of(info.node)
        )
        for info in nodes
    ]
    return [MOST - score for score in _normalised(found)]


def _by_node_affinity(pod: PodInfo, _: Snapshot, nodes: Sequence[NodeInfo]) -> Sequence[int]:
    """Kubernetes: nodeaffinity."""
    return _normalised([node_affinity.preferences(pod.pod, info.node) for info in nodes])


def _by_room(pod: PodInfo, _: Snapshot, nodes: Sequence[NodeInfo]) -> Sequence[int]:
    """The emptier, the better. Kubernetes: noderesources, leastResourceScorer."""
    return [_room(pod, info) for info in nodes]


def _room(pod: PodInfo, info: NodeInfo) -> int:
    parts = [
        max(0, there - info.weighed.get(name, 0) - pod.weights.get(name, 0)) * MOST // there
        for name in _COMPARED
        if (there := info.allocatable.get(name, 0))
    ]
    return sum(parts) // len(parts) if parts else 0


def _by_balance(pod: PodInfo, _: Snapshot, nodes: Sequence[NodeInfo]) -> Sequence[int]:
    """The nearer the shares of cpu and memory are, the better; a pod that asks for neither tips no scale.

    Kubernetes: noderesources, balancedResourceScorer and isBestEffortPod.
    """
    if not any(pod.requests.get(name) for name in _COMPARED):
        return [0] * len(nodes)
    return [_balance(pod, info) for info in nodes]


def _balance(pod: PodInfo, info: NodeInfo) -> int:
    shares = [
        min(1.0, (info.requested.get(name, 0) + pod.requests.get(name, 0)) / there)
        for name in _COMPARED
        if (there := info.allocatable.get(name, 0))
    ]
    deviation = abs(shares[0] - shares[1]) / 2 if len(shares) == len(_COMPARED) else 0.0
    return int((1 - deviation) * MOST)


def _by_attached_claims(pod: PodInfo, snapshot: Snapshot, nodes: Sequence[NodeInfo]) -> Sequence[int]:
    """Where others use a claim of the pod's that one node has at a time.

    Differs: not in Kubernetes, whose scheduler sends such a pod anywhere, to wait there for the volume.
    """
    exclusive = [key for key in pod.claim_keys if _is_exclusive(snapshot.claims.get(key))]
    return [MOST if any(key in info.claims for key in exclusive) else 0 for info in nodes]


def _is_exclusive(claim: Object | None) -> bool:
    return claim is not None and not _SHARED_BY_NODES & set(spec_of(claim).get("accessModes") or ())


def _normalised(scores: Sequence[int]) -> Sequence[int]:
    """So that the highest is MOST. Kubernetes: plugins/helper DefaultNormalizeScore."""
    highest = max(scores, default=0)
    return [MOST * score // highest for score in scores] if highest else scores


_PLUGINS: tuple[tuple[str, int, Score], ...] = (
    ("TaintToleration", 3, _by_taints),
    ("NodeAffinity", 2, _by_node_affinity),
    ("NodeResourcesFit", 1, _by_room),
    ("NodeResourcesBalancedAllocation", 1, _by_balance),
    ("PodTopologySpread", 2, scores_spread.scores),
    ("InterPodAffinity", 2, scores_interpod.scores),
    ("AttachedClaims", 5, _by_attached_claims),
)
"""AttachedClaims: more than room, balance and spread together, less than all that people wish."""
