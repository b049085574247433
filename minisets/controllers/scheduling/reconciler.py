"""Gives pods their node, and says on a pod why it has none yet.

What decides is `decide.py`. Of the pods that may be tried now, the most important goes first, then the
oldest.
Kubernetes: pkg/scheduler/schedule_one.go, framework/plugins/queuesort.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, assert_never

from minisets.controllers.scheduling.cache import EVERYBODY, WHO_BINDS, Cache, claim_meant
from minisets.controllers.scheduling.decide import NotOurs, Place, Preempt, Refuse, SelectNode, schedule
from minisets.controllers.volumes.binding import reserve
from minisets.controllers.volumes.claims import SELECTED_NODE
from minisets.controllers.volumes.matching import claim_ref, is_for
from minisets.errors import Conflict, NotFound
from minisets.objects.metadata import (
    annotations_of,
    condition,
    generation_of,
    is_being_deleted,
    key_of,
    meta,
    ref_of,
    spec_of,
    status_of,
    timestamp,
    uid_of,
)
from minisets.objects.pods import node_of
from minisets.registry.options import DeleteOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import timedelta

    from minisets.clock import Clock
    from minisets.controllers.scheduling.snapshot import PodInfo
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

_SCHEDULED = "PodScheduled"
_DISRUPTED = "DisruptionTarget"
_NEVER_TRIED: frozenset[str] = frozenset()


class Scheduling:
    """The controller: keys are `namespace/name` of pods that have no node. One thread: see `cache.py`."""

    name = "scheduling"
    kinds = (
        "Node",
        "Namespace",
        "StorageClass",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "Service",
        "Pod",
    )

    def __init__(self, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._registry = registry
        self._recorder = recorder
        self._clock = clock
        self._cache = Cache()
        self._due: set[str] = set()
        self._waiting: dict[str, frozenset[str]] = {}

    def keys(self, change: Change) -> Iterable[str]:
        """Pods to try: the one that changed, and those that wait for what this change may be."""
        found = set(self._helped(self._cache.apply(change), claim_meant(change)))
        if change.ref.kind == "Pod":
            found.update(self._own(change))
        self._due |= found
        return found

    def reconcile(self, key: str) -> timedelta | None:
        """Decide for the pod, and before it for those that come before it."""
        for other in self._before(key):
            self._try(other)
        self._try(key)
        return None

    # --- whose turn it is ---

    def _own(self, change: Change) -> Iterator[str]:
        """Why not one whose status alone changed: what it was refused for still holds."""
        key, pod = key_of(change.object), change.object
        if change.type == "DELETED" or node_of(pod):
            self._waiting.pop(key, None)
            self._due.discard(key)
        elif key not in self._waiting or change.previous is None or _asks(change.previous) != _asks(pod):
            self._waiting[key] = _NEVER_TRIED
            yield key

    def _helped(self, plugins: frozenset[str], claim: str) -> Iterator[str]:
        """claim: the only one that the change concerns; empty for any."""
        for key, refused_by in self._waiting.items():
            is_meant = plugins is EVERYBODY or refused_by is EVERYBODY or refused_by & plugins
            if is_meant and (not claim or self._uses(key, claim)):
                yield key

    def _uses(self, key: str, claim: str) -> bool:
        info = self._cache.pod(key)
        return info is not None and any(f"{info.namespace}/{name}" == claim for name in info.claims)

    def _before(self, key: str) -> list[str]:
        mine = self._turn(key)
        return sorted(
            (other for other in self._due if other != key and self._turn(other) < mine), key=self._turn
        )

    def _turn(self, key: str) -> tuple[int, str, str]:
        info = self._cache.pod(key)
        if info is None:
            return (0, "", key)
        return (-info.priority, str(meta(info.pod).get("creationTimestamp") or ""), key)

    def _try(self, key: str) -> None:
        self._due.discard(key)
        info = self._cache.pod(key)
        if info is not None and key in self._waiting:
            self._decide(key, info)

    # --- what follows ---

    def _decide(self, key: str, info: PodInfo) -> None:
        decision = schedule(info, self._cache.snapshot(key))
        if not isinstance(decision, Place | SelectNode):
            self._cache.let_go(key)
        match decision:
            case Place(node=node):
                self._bind(info.pod, node)
            case SelectNode(node=node, choices=choices):
                self._waiting[key] = WHO_BINDS  # its room is kept, whatever other pods do
                self._cache.hold(info, node)
                if not all(volume is None or self._reserve(volume, claim) for claim, volume in choices):
                    self._decide(key, info)
                    return
                for claim, _ in choices:
                    self._select(claim, node)
            case Preempt() as found:
                self._waiting[key] = EVERYBODY
                self._preempt(info.pod, found)
            case Refuse() as found:
                self._waiting[key] = found.plugins
                self._refuse(info.pod, found.message, found.reason, keeps_nomination=found.keeps_nomination)
            case NotOurs():
                pass
            case never:
                assert_never(never)

    def _bind(self, pod: Object, node: str) -> None:
        with contextlib.suppress(
            NotFound, Conflict
        ):  # gone, going, made anew or bound by somebody: its change is queued
            bound = self._registry.bind(ref_of(pod), node, uid_of(pod))
            self._cache.assume(bound)
            message = f"Successfully assigned {key_of(pod)} to {node}"
            self._recorder.record(pod, "Normal", "Scheduled", message)

    def _reserve(self, volume: Object, claim: Object) -> bool:
        """Keep the volume for the claim before anybody else is decided about; False: it is not to be had.

        Kubernetes: volumeBinder.BindPodVolumes; its volume controller then binds the two.
        """

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(volume) or claim_ref(current) is not None:
                return None
            reserve(current, claim, chosen=True)
            return current

        try:
            stored = self._registry.change(ref_of(volume), edit)
        except NotFound:
            self._cache.assume_no_volume(volume)
            return False
        self._cache.assume_volume(stored)
        return is_for(stored, claim)

    def _select(self, claim: Object, node: str) -> None:
        """A-140: now its class may bind it or have it made; a node that is gone is none."""
        before = annotations_of(claim).get(SELECTED_NODE)

        def edit(current: Object) -> Object | None:
            told = annotations_of(current).get(SELECTED_NODE)
            if uid_of(current) != uid_of(claim) or told not in (None, before):
                return None
            current["metadata"]["annotations"] = {**annotations_of(current), SELECTED_NODE: node}
            return current

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(claim), edit)

    def _preempt(self, pod: Object, found: Preempt) -> None:
        """Nominate first: what the victims leave is kept for the pod. Kubernetes: prepareCandidate."""
        self._refuse(pod, found.message, "Unschedulable", node=found.node)
        for victim in found.victims:
            self._drive_away(victim.pod, pod, found.node)
        for other in found.outbid:
            self._nominate(other.pod, "")

    def _drive_away(self, victim: Object, pod: Object, node: str) -> None:
        """One that is only held there has nothing to end: it is decided about anew, after the other."""
        if self._cache.let_go(key_of(victim)):
            self._waiting[key_of(victim)] = EVERYBODY
            return
        if is_being_deleted(victim):
            return
        scheduler = str(spec_of(pod).get("schedulerName") or "")
        entry = {
            "type": _DISRUPTED,
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{scheduler}: preempting to accommodate a higher priority pod",
            "lastTransitionTime": timestamp(self._clock.now()),
        }
        with contextlib.suppress(NotFound, Conflict):
            self._registry.change(ref_of(victim), _with_condition(victim, entry), subresource="status")
            self._registry.delete(ref_of(victim), DeleteOptions(uid=uid_of(victim)))
            message = f"Preempted by pod {uid_of(pod)} on node {node}"
            self._recorder.record(victim, "Normal", "Preempted", message)

    def _nominate(self, pod: Object, node: str) -> None:
        with contextlib.suppress(NotFound):
            edit = _with_condition(pod, None, nominated=node)
            self._cache.assume(self._registry.change(ref_of(pod), edit, subresource="status"))

    def _refuse(
        self, pod: Object, message: str, reason: str, node: str = "", *, keeps_nomination: bool = False
    ) -> None:
        """Say it on the pod, and by an event when it is news. node: the one that is kept for it."""
        said = condition(pod, _SCHEDULED) or {}
        before = str(status_of(pod).get("nominatedNodeName") or "")
        wanted = before if keeps_nomination else node
        told = (said.get("status"), said.get("reason"), said.get("message"))
        if told == ("False", reason, message) and wanted == before:
            return
        changed = said.get("status") != "False"
        entry = {
            "type": _SCHEDULED,
            "status": "False",
            "reason": reason,
            "message": message,
            "lastTransitionTime": timestamp(self._clock.now()) if changed else said.get("lastTransitionTime"),
        }
        with contextlib.suppress(NotFound):
            edit = _with_condition(pod, entry, nominated=wanted)
            self._cache.assume(self._registry.change(ref_of(pod), edit, subresource="status"))
            if reason != "SchedulingGated" and told[2] != message:
                self._recorder.record(pod, "Warning", "FailedScheduling", message)


def _asks(pod: Object) -> tuple[Any, ...]:
    return (uid_of(pod), spec_of(pod), meta(pod).get("labels"), meta(pod).get("deletionTimestamp"))


def _with_condition(
    pod: Object, entry: dict[str, Any] | None, *, nominated: str | None = None
) -> Callable[[Object], Object | None]:
    """An edit of that pod's status, unless it is another one by now, or got a node where it had none."""

    def edit(current: Object) -> Object | None:
        if uid_of(current) != uid_of(pod) or node_of(current) != node_of(pod):
            return None
        status = {**status_of(current)}
        if entry is not None:
            others = [one for one in status.get("conditions") or () if one.get("type") != entry["type"]]
            status["conditions"] = [*others, {**entry, "observedGeneration": generation_of(current)}]
        if nominated is not None:
            status.pop("nominatedNodeName", None)
            status |= {"nominatedNodeName": nominated} if nominated else {}
        return {**current, "status": status}

    return edit
