"""Deletes pods of nodes whose NoExecute taints they do not tolerate, or not any longer.

    nothing to fear --taint--> waits (tolerationSeconds) --time is up--> deleted
            ^--- taint or limit gone: cancelled ---'

The seconds count from when the taint was added or the pod came to the node, whichever is later; with a taint
that does not say when, from when it was first seen. Leaves the taints to `lifecycle.py` and to people.
Differs: upstream counts from when its controller saw them, and from then again after its restart.
Kubernetes: pkg/controller/tainteviction/taint_eviction.go.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.controllers.nodes.conditions import doomed
from minisets.errors import Conflict, NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    condition,
    is_being_deleted,
    key_of,
    meta,
    moment,
    ref_of,
    uid_of,
)
from minisets.objects.pods import node_of
from minisets.objects.taints import taints_of, tolerates, tolerations_of
from minisets.registry.options import DeleteOptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.objects.taints import Taint
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

_NOW = timedelta(0)
_CENTURY = 100 * 365 * 24 * 3600


@dataclass(frozen=True)
class _Waiting:
    """A pod that tolerates its node's taints for a while, and since when the while is counted."""

    uid: str
    since: datetime


class TaintEviction:
    """The controller: keys are `namespace/name` of pods."""

    name = "taint-eviction"
    kinds = ("Node", "Pod")

    def __init__(self, reader: Reader, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._reader = reader
        self._registry = registry
        self._recorder = recorder
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}

    def keys(self, change: Change) -> Iterable[str]:
        """Pods of nodes that drive away, or that did."""
        if change.ref.kind == "Pod":
            key = key_of(change.object)
            if key in self._waiting or self._driving(change.object):
                yield key
        elif driving(change.object) or (change.previous and driving(change.previous)):
            for pod in self._reader.list("Pod").items:
                if node_of(pod) == change.ref.name:
                    yield key_of(pod)

    def reconcile(self, key: str) -> timedelta | None:
        """Delete it, or look again when its time is up."""
        namespace, _, name = key.partition("/")
        pod = self._reader.get(Ref("Pod", namespace, name))
        if pod is None or is_being_deleted(pod):
            self._waiting.pop(key, None)
            return None
        taints = self._driving(pod)
        tolerated = tolerated_for(pod, taints)
        if tolerated is None:
            self._cancel(key, pod)
            return None
        left = self._since(key, pod, taints) + tolerated - self._clock.now()
        if tolerated > _NOW and left > _NOW:
            return left
        self._waiting.pop(key, None)
        self._evict(pod)
        return None

    def _driving(self, pod: Object) -> tuple[Taint, ...]:
        node = self._reader.get(Ref("Node", "", node_of(pod)))
        return () if node is None else driving(node)

    def _since(self, key: str, pod: Object, taints: Iterable[Taint]) -> datetime:
        """Kept while it waits, so that one taint that follows another is no more time."""
        known = self._waiting.get(key)
        if known is None or known.uid != uid_of(pod):
            known = _Waiting(uid_of(pod), counted_from(pod, taints) or self._clock.now())
            self._waiting[key] = known
        return known.since

    def _cancel(self, key: str, pod: Object) -> None:
        if self._waiting.pop(key, None) is not None:
            self._tell(pod, f"Cancelling deletion of Pod {key}")

    def _evict(self, pod: Object) -> None:
        """Says why on the pod, so that whoever counts failures knows that it was none."""
        self._tell(pod, f"Marking for deletion Pod {key_of(pod)}")

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(pod):
                return None
            why = "Taint manager: deleting due to NoExecute taint"
            return doomed(current, "DeletionByTaintManager", why, self._clock.now())

        with contextlib.suppress(NotFound, Conflict):  # gone, or another of that name: not this one
            self._registry.change(ref_of(pod), edit, subresource="status")
            self._registry.delete(ref_of(pod), DeleteOptions(uid=uid_of(pod)))

    def _tell(self, pod: Object, message: str) -> None:
        self._recorder.record(pod, "Normal", "TaintManagerEviction", message)


def driving(node: Object) -> tuple[Taint, ...]:
    """The taints that drive away pods which are there."""
    return tuple(taint for taint in taints_of(node) if taint.get("effect") == "NoExecute")


def tolerated_for(pod: Object, taints: Iterable[Taint]) -> timedelta | None:
    """How long the pod bears all of the taints; None for as long as they last.

    The first toleration that fits a taint counts for it. Kubernetes: getMinTolerationTime.
    """
    limits = []
    for taint in taints:
        found = next((one for one in tolerations_of(pod) if tolerates(one, taint)), None)
        if found is None:
            return _NOW
        if (seconds := found.get("tolerationSeconds")) is not None:
            limits.append(_limit(int(seconds)))
    return min(limits, default=None)


def counted_from(pod: Object, taints: Iterable[Taint]) -> datetime | None:
    """From when the seconds count; None where no taint says when it was added."""
    added = [moment(taint["timeAdded"]) for taint in taints if taint.get("timeAdded")]
    return max(min(added), _came(pod)) if added else None


def _came(pod: Object) -> datetime:
    """When the pod got its node."""
    scheduled = condition(pod, "PodScheduled") or {}
    return moment(scheduled.get("lastTransitionTime") or meta(pod)["creationTimestamp"])


def _limit(seconds: int) -> timedelta:
    """Nothing for less than that, and a century for what no duration can hold."""
    return timedelta(seconds=max(0, min(seconds, _CENTURY)))
