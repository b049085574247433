"""Removes pods that no kubelet will ever end: those of nodes that are gone or given up, and unscheduled ones.

    its node is gone                                 after 40 s; at once when it is being deleted already
    being deleted, and it has no node                at once
    being deleted, its node not ready and tainted    at once
      node.kubernetes.io/out-of-service

Each is marked as failed first. Leaves pods that ended by themselves to people.
Kubernetes: pkg/controller/podgc/gc_controller.go.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.controllers.nodes.conditions import doomed
from minisets.controllers.nodes.health import READY
from minisets.errors import Conflict, NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_being_deleted, is_true, key_of, ref_of, status_of, uid_of
from minisets.objects.pods import is_terminal, node_of
from minisets.objects.taints import OUT_OF_SERVICE, taints_of
from minisets.registry.options import DeleteOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

_QUARANTINE = timedelta(seconds=40)
_AT_ONCE = timedelta(0)


class PodGarbage:
    """The controller: keys are `namespace/name` of pods."""

    name = "pod-garbage"
    kinds = ("Node", "Pod")

    def __init__(self, reader: Reader, registry: Registry, clock: Clock) -> None:
        self._reader = reader
        self._registry = registry
        self._clock = clock
        self._missed: dict[str, timedelta] = {}

    def keys(self, change: Change) -> Iterable[str]:
        """Pods that are going or have a node that is not there; all those of a node that changes."""
        if change.ref.kind == "Node":
            for pod in self._reader.list("Pod").items:
                if node_of(pod) == change.ref.name:
                    yield key_of(pod)
        elif is_being_deleted(change.object) or self._is_orphaned(change.object):
            yield key_of(change.object)

    def reconcile(self, key: str) -> timedelta | None:
        """Remove it, or look again when its node has been gone for long enough."""
        namespace, _, name = key.partition("/")
        pod = self._reader.get(Ref("Pod", namespace, name))
        if pod is None or not self._is_orphaned(pod):
            self._missed.pop(key, None)
            if pod is not None and is_being_deleted(pod) and not self._has_a_kubelet(pod):
                self._remove(pod)
            return None
        left = _AT_ONCE if is_being_deleted(pod) else self._quarantined(key)
        if left > _AT_ONCE:
            return left
        self._remove(pod, "PodGC: node no longer exists")
        return None

    def _node(self, pod: Object) -> Object | None:
        return self._reader.get(Ref("Node", "", node_of(pod)))

    def _is_orphaned(self, pod: Object) -> bool:
        return bool(node_of(pod)) and self._node(pod) is None

    def _has_a_kubelet(self, pod: Object) -> bool:
        """Whether its node is there, and was not given up. Kubernetes: gcTerminating."""
        node = self._node(pod)
        if node is None or is_true(node, READY):
            return node is not None
        return all(taint.get("key") != OUT_OF_SERVICE for taint in taints_of(node))

    def _quarantined(self, key: str) -> timedelta:
        """How much longer the pod's node may come back. Kubernetes: quarantineTime."""
        since = self._missed.setdefault(key, self._clock.elapsed())
        return since + _QUARANTINE - self._clock.elapsed()

    def _remove(self, pod: Object, why: str = "") -> None:
        """Kubernetes: markFailedAndDeletePodWithCondition."""

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(pod) or is_terminal(current):
                return None
            if why:
                current = doomed(current, "DeletionByPodGC", why, self._clock.now())
            return {**current, "status": {**status_of(current), "phase": "Failed"}}

        with contextlib.suppress(NotFound, Conflict):  # gone, or another of that name: not this one
            self._registry.change(ref_of(pod), edit, subresource="status")
            self._registry.delete(ref_of(pod), DeleteOptions(grace=_AT_ONCE, uid=uid_of(pod)))
