"""Gives pods their node, and says on a pod why it has none yet.

What decides is `placement.py`. Kubernetes: pkg/scheduler/schedule_one.go.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from minisets.controllers.placement import NotOurs, Place, Refuse, SelectNode, Surroundings, place
from minisets.controllers.volumes.claims import SELECTED_NODE
from minisets.controllers.volumes.usage import claim_names, is_scheduled
from minisets.errors import Conflict, NotFound
from minisets.objects.hostports import host_ports
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    annotations_of,
    condition,
    generation_of,
    is_being_deleted,
    key_of,
    name_of,
    namespace_of,
    ref_of,
    spec_of,
    status_of,
    timestamp,
    uid_of,
)
from minisets.registry.options import DeleteOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

_SCHEDULED = "PodScheduled"
_AT_ONCE = timedelta(0)


class Scheduling:
    """The controller: keys are `namespace/name` of pods that have no node."""

    name = "scheduling"
    kinds = ("Node", "StorageClass", "PersistentVolumeClaim", "Pod")

    def __init__(self, reader: Reader, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._reader = reader
        self._registry = registry
        self._recorder = recorder
        self._clock = clock

    def keys(self, change: Change) -> Iterable[str]:
        """Which waiting pods a change may help."""
        match change.ref.kind:
            case "Node" | "StorageClass":
                yield from self._waiting("")
            case "PersistentVolumeClaim":
                yield from self._waiting(change.ref.namespace, change.ref.name)
            case _:
                if not is_scheduled(change.object) or is_being_deleted(change.object):
                    yield key_of(change.object)
                for name in claim_names(change.object):  # it may have had one exclusively
                    yield from self._waiting(change.ref.namespace, name)
                if host_ports(change.object):  # likewise
                    yield from self._waiting("")

    def reconcile(self, key: str) -> timedelta | None:
        """Decide, and do that."""
        namespace, _, name = key.partition("/")
        pod = self._reader.get(Ref("Pod", namespace, name))
        if pod is None:
            return None
        if is_being_deleted(pod) and self._has_a_node_that_is_not(pod):
            with contextlib.suppress(NotFound, Conflict):
                self._registry.delete(ref_of(pod), DeleteOptions(grace=_AT_ONCE, uid=uid_of(pod)))
            return None
        match place(pod, self._around(pod)):
            case Place(node=node):
                self._bind(pod, node)
            case SelectNode(node=node, claims=claims):
                for claim in claims:
                    self._select(claim, node)
            case Refuse(message=message, reason=reason):
                self._refuse(pod, message, reason)
            case NotOurs():
                pass
            case never:
                assert_never(never)
        return None

    def _has_a_node_that_is_not(self, pod: Object) -> bool:
        """Why: no kubelet will ever end such a pod. Kubernetes: podgc gcOrphaned."""
        node = str(spec_of(pod).get("nodeName") or "")
        return bool(node) and self._reader.get(Ref("Node", "", node)) is None

    def _waiting(self, namespace: str, claim: str = "") -> Iterable[str]:
        for pod in self._reader.list("Pod", namespace).items:
            if not is_scheduled(pod) and (not claim or claim in claim_names(pod)):
                yield key_of(pod)

    def _around(self, pod: Object) -> Surroundings:
        namespace = namespace_of(pod)
        found = [self._reader.get(Ref("PersistentVolumeClaim", namespace, name)) for name in claim_names(pod)]
        return Surroundings(
            nodes=self._reader.list("Node").items,
            claims={name_of(claim): claim for claim in found if claim is not None},
            classes={name_of(each): each for each in self._reader.list("StorageClass").items},
            pods=self._reader.list("Pod", namespace).items if found else (),
            neighbours=self._reader.list("Pod").items if host_ports(pod) else (),
        )

    def _bind(self, pod: Object, node: str) -> None:
        with contextlib.suppress(
            NotFound, Conflict
        ):  # gone, going or bound by somebody: its change is queued
            self._registry.bind(ref_of(pod), node)
            message = f"Successfully assigned {key_of(pod)} to {node}"
            self._recorder.record(pod, "Normal", "Scheduled", message)

    def _select(self, claim: Object, node: str) -> None:
        """A-140: now its class may bind it or have it made."""

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(claim) or SELECTED_NODE in annotations_of(current):
                return None
            current["metadata"]["annotations"] = {**annotations_of(current), SELECTED_NODE: node}
            return current

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(claim), edit)

    def _refuse(self, pod: Object, message: str, reason: str) -> None:
        """Say it on the pod, and by an event when it is news."""
        said = condition(pod, _SCHEDULED) or {}
        if (said.get("status"), said.get("reason"), said.get("message")) == ("False", reason, message):
            return
        changed = said.get("status") != "False"
        since = timestamp(self._clock.now()) if changed else said.get("lastTransitionTime")

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(pod) or is_scheduled(current):
                return None
            others = [
                entry
                for entry in status_of(current).get("conditions") or ()
                if entry.get("type") != _SCHEDULED
            ]
            entry = {
                "type": _SCHEDULED,
                "status": "False",
                "reason": reason,
                "message": message,
                "lastTransitionTime": since,
                "observedGeneration": generation_of(current),
            }
            current["status"] = {**status_of(current), "conditions": [*others, entry]}
            return current

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(pod), edit, subresource="status")
            if reason != "SchedulingGated":
                self._recorder.record(pod, "Warning", "FailedScheduling", message)
