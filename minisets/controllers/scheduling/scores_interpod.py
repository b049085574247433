"""Near whom a pod would rather be, and who would rather be near it: the score of InterPodAffinity. Pure.

Kubernetes: interpodaffinity scoring.go; hardPodAffinityWeight is 1: whoever had to be near such pods as this
is a little glad of one more.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from minisets.controllers.scheduling.groups import Group

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo, Snapshot, Wish
    from minisets.controllers.scheduling.terms import Term

_MOST = 100
_HARD = 1

Place = tuple[str, str]
"""A topology key and its value."""


def scores(pod: PodInfo, snapshot: Snapshot, nodes: Sequence[NodeInfo]) -> Sequence[int]:
    """Where it is liked most, MOST; where least, nothing; all nothing where it is all the same."""
    liked = _liked(pod, snapshot)
    raw = [
        sum(weight for (key, value), weight in liked.items() if info.labels.get(key) == value)
        for info in nodes
    ]
    least, span = min(raw), max(raw) - min(raw)
    return [int(_MOST * ((score - least) / span)) if span else 0 for score in raw]


def _liked(pod: PodInfo, snapshot: Snapshot) -> Counter[Place]:
    found: Counter[Place] = Counter()
    namespaces = {term: _namespaces(term, snapshot) for term, _ in pod.wishes}
    for info in snapshot.nodes.values():
        for (term, weight), count in (*_own(pod, info, namespaces), *_others(pod, info, snapshot)):
            if count and term.topology_key in info.labels:
                found[term.topology_key, info.labels[term.topology_key]] += weight * count
    return found


def _own(pod: PodInfo, info: NodeInfo, namespaces: dict[Term, Sequence[str]]) -> Iterator[tuple[Wish, int]]:
    """The pod's wishes, and how many pods of the node are meant."""
    for wish in pod.wishes:
        term, _ = wish
        groups = (Group(name, term.selector, with_leaving=True) for name in namespaces[term])
        yield wish, sum(map(info.count, groups))


def _others(pod: PodInfo, info: NodeInfo, snapshot: Snapshot) -> Iterator[tuple[Wish, int]]:
    """Wishes that mean the pod, and how many pods of the node have them."""
    wishes = (*info.wished.items(), *(((term, _HARD), count) for term, count in info.sought.items()))
    for (term, weight), count in wishes:
        if term.matches(pod.namespace, pod.labels, snapshot.namespaces):
            yield (term, weight), count


def _namespaces(term: Term, snapshot: Snapshot) -> Sequence[str]:
    """All that the term speaks of."""
    chosen = [name for name, labels in snapshot.namespaces.items() if term.namespace_selector.matches(labels)]
    return sorted({*term.namespaces, *chosen})
