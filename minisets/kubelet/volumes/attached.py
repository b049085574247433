"""Which node has a volume that is for one at a time: the first whose pod asked, until nothing of it is left.

What survives a kubelet is on the engine: a sandbox mounts its pod's volumes, and its label names the node.
Leaves what is said to `exclusive.py`, that a pod waits to `plan.py`, removing what is left to `pods.py`.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.errors import EngineNotFound
from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes import mounts
from minisets.kubelet.volumes.exclusive import UNMOUNTED_WITHIN, exclusive_volumes, multi_attach_error
from minisets.kubelet.volumes.remote import volume_spec
from minisets.objects.metadata import key_of, name_of, namespace_of, spec_of, uid_of
from minisets.objects.pods import is_terminal, node_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime, timedelta

    from minisets.clock import Clock
    from minisets.engine.interface import ContainerSummary, Engine
    from minisets.objects.kinds import Object
    from minisets.store.interface import Store


@dataclass(frozen=True)
class Unattached:
    """Why a pod waits. is_told: its reader knows."""

    message: str
    is_told: bool = False


class Attached:
    """Of one cluster. Safe from any thread: of two pods that ask at once, one is the first."""

    def __init__(self, store: Store, engine: Engine, clock: Clock, cluster: str) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._cluster = cluster
        self._lock = threading.Lock()
        self._nodes: set[str] = set()
        self._has_listed = False
        self._taken: dict[str, frozenset[str]] = {}
        self._waiting: dict[str, str] = {}
        self._told: set[str] = set()
        self._left: dict[str, tuple[str, datetime]] = {}

    def take(self, pod: Object) -> Unattached | None:
        """The pod's node gets its volumes, all or none; why it does not."""
        wanted = list(exclusive_volumes(pod, self._store))
        if not wanted:
            return None
        with self._lock:
            pods = {uid_of(one): one for one in self._store.list("Pod").items}
            self._forget_all_but(pods.keys())
            message = self._held(pod, wanted, pods)
            if not message:
                self._taken[uid_of(pod)] = frozenset(map(name_of, wanted))
                self._waiting.pop(uid_of(pod), None)
                return None
            self._waiting[uid_of(pod)] = key_of(pod)
            return Unattached(message, uid_of(pod) in self._told)

    def told(self, pod: Object) -> None:
        """Kubernetes: SetMultiAttachError: it is said once."""
        with self._lock:
            self._told.add(uid_of(pod))

    def waiting(self) -> tuple[str, ...]:
        """Keys of the pods that wait, and of what was left on nodes that stand still."""
        with self._lock:
            return (*self._waiting.values(), *(key for key, _ in self._left.values()))

    # --- what a gone pod left on a node that stands still ---

    def left(self, uid: str, key: str) -> timedelta:
        """For how long it is left alone from now on."""
        now = self._clock.now()
        with self._lock:
            _, since = self._left.setdefault(uid, (key, now))
            return since + UNMOUNTED_WITHIN - now

    def is_left(self, uid: str) -> bool:
        """Whether it was."""
        with self._lock:
            return uid in self._left

    def is_gone(self, uid: str) -> None:
        """Nothing of it is left any more."""
        with self._lock:
            self._left.pop(uid, None)

    def forget_left_but(self, uids: Collection[str]) -> None:
        """What somebody else removed is forgotten, too."""
        with self._lock:
            for gone in self._left.keys() - uids:
                del self._left[gone]

    # --- who has what ---

    def _forget_all_but(self, uids: Collection[str]) -> None:
        for remembered in (self._taken, self._waiting):
            for gone in remembered.keys() - uids:
                del remembered[gone]
        self._told.intersection_update(uids)

    def _held(self, pod: Object, wanted: list[Object], pods: dict[str, Object]) -> str:
        """The message for the first volume that another node has; empty where none is."""
        elsewhere = self._sandboxes_elsewhere(node_of(pod), pods.values())
        for volume in wanted:
            users = [one for uid, one in pods.items() if self._uses(pod, one, volume, uid in elsewhere)]
            if users or self._is_mounted(volume, elsewhere, pods):
                return multi_attach_error(volume, pod, users)
        return ""

    def _uses(self, pod: Object, other: Object, volume: Object, has_sandbox: bool) -> bool:  # noqa: FBT001 - one question
        """Whether another node has the volume for that pod.

        Why also for one that has ended, as long as it has a sandbox: who gives up a node says of its pods
        that they failed, and what is left of them there may be paused.
        """
        if node_of(other) in ("", node_of(pod)) or not _speaks_of(other, volume):
            return False
        if has_sandbox:
            return any(name_of(one) == name_of(volume) for one in exclusive_volumes(other, self._store))
        has_ended = is_terminal(other)
        return not has_ended and name_of(volume) in self._taken.get(uid_of(other), ())

    def _is_mounted(
        self,
        volume: Object,
        elsewhere: dict[str, list[ContainerSummary]],
        pods: dict[str, Object],
    ) -> bool:
        """Whether another node has it for a pod that is gone."""
        gone = [one for uid, found in elsewhere.items() if uid not in pods for one in found]
        place = self._place(volume) if gone else ""
        return bool(place) and any(self._mounts(one, place) for one in gone)

    def _sandboxes_elsewhere(self, node: str, pods: Iterable[Object]) -> dict[str, list[ContainerSummary]]:
        """By the pod's uid. Where no other node had a pod, nobody is asked: every start would wait for it.

        Why not where there is one Node: what ran on one that was deleted runs on until its pod is gone.
        """
        self._nodes.update({node, *filter(None, map(node_of, pods))})
        if self._has_listed and self._nodes == {node}:
            return {}
        selector = {**labels.cluster_selector(self._cluster), labels.KIND: "sandbox"}
        found: dict[str, list[ContainerSummary]] = {}
        for one in self._engine.list_containers(selector):
            self._nodes.add(labels.node_in(one.labels))
            if labels.node_in(one.labels) != node:
                found.setdefault(one.labels.get(labels.POD_UID, ""), []).append(one)
        self._has_listed = True
        return found

    def _place(self, volume: Object) -> str:
        """Where its data lies on the engine's machine; empty where there is none yet."""
        try:
            source = mounts.source_behind(volume)
        except NotYet:
            return ""
        name = volume_spec(self._cluster, source.remote).name if source.remote else source.name
        found = self._engine.inspect_volume(name)
        return found.mountpoint if found else ""

    def _mounts(self, one: ContainerSummary, place: str) -> bool:
        with suppress(EngineNotFound):
            return place in self._engine.inspect_container(one.id).mounts.values()
        return False


def _speaks_of(pod: Object, volume: Object) -> bool:
    """Whether it may name the volume's claim. Why first: everything else that there is to ask costs more."""
    claim = spec_of(volume).get("claimRef")
    if not claim or namespace_of(pod) != claim.get("namespace"):
        return not claim
    return any(mounts.claim_name(pod, one) == claim.get("name") for one in mounts.volumes(pod).values())
