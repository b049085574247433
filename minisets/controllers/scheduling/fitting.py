"""Whether a pod could have a node, also one that is not there yet: what an autoscaler asks.

Read from the store when somebody asks. Why: that is only where a pod waits, and a second snapshot that is
kept up to date would cost something at every change of every pod.
Kubernetes: autoscaler cluster-autoscaler/simulator/clustersnapshot/predicate.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from minisets.controllers.scheduling.filters import Round
from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
from minisets.objects.metadata import key_of, labels_of, name_of, uid_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader


class Fitting:
    """Answers for the cluster as it is at the first question."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._rounds: dict[tuple[str, str], Round] = {}

    def why_not(self, pod: Object, node: Object) -> tuple[str, ...]:
        """Why the pod cannot have the node, in the filters' words; empty: it can. A new node has no pods."""
        name = name_of(node)
        is_new = name not in self._snapshot.nodes
        asked = (uid_of(pod), name if is_new else "")
        if asked not in self._rounds:
            snapshot = self._snapshot.with_node(node) if is_new else self._snapshot
            self._rounds[asked] = Round(PodInfo(pod), snapshot)
        return tuple(refusal.reason for refusal in self._rounds[asked].refusals(name))

    @cached_property
    def _snapshot(self) -> Snapshot:
        def by_key(kind: str) -> dict[str, Object]:
            return {key_of(each): each for each in self._reader.list(kind).items}

        return Snapshot.of(
            self._reader.list("Node").items,
            self._reader.list("Pod").items,
            claims=by_key("PersistentVolumeClaim"),
            volumes=by_key("PersistentVolume"),
            classes=by_key("StorageClass"),
            namespaces={name_of(each): labels_of(each) for each in self._reader.list("Namespace").items},
        )
