"""The snapshot that decisions are made on, kept up to date by every change, and what a change may help.

One thread's: changes are applied and decisions made in turn. What was decided is put in at once (`assume`),
and an older state of the same pod that still is on its way does not undo it.
Kubernetes: pkg/scheduler/backend/cache; the queueing hints of its plugins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo, Snapshot
from minisets.objects.metadata import (
    is_true,
    key_of,
    labels_of,
    name_of,
    spec_of,
    status_of,
    uid_of,
    version_of,
)
from minisets.objects.pods import is_terminal, node_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.kinds import Object
    from minisets.store.interface import Change

NOBODY: frozenset[str] = frozenset()
EVERYBODY = frozenset({"*"})
"""Whom a change may help: waiting pods that one of these plugins refused."""

_AFFINITY, _VOLUMES = "InterPodAffinity", "VolumeBinding"
WHO_BINDS = frozenset({_VOLUMES})
_WHO_COMES = frozenset({_AFFINITY, "PodTopologySpread"})
_WHO_LEAVES = _WHO_COMES | {"NodeResourcesFit", "NodePorts", "VolumeRestrictions"}
_BY_KEY = {
    "PersistentVolumeClaim": "claims",
    "PersistentVolume": "volumes",
    "StorageClass": "classes",
}
_BY_LIST = {"PodDisruptionBudget": "budgets", "Service": "services"}


class Cache:
    """Everything a decision depends on, of one store."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._pods: dict[str, PodInfo] = {}
        self._versions: dict[str, int] = {}
        self._nominated: dict[str, PodInfo] = {}
        self._held: dict[str, PodInfo] = {}
        self._owed: frozenset[str] = NOBODY
        self._parts: dict[str, dict[str, Any]] = {
            part: {} for part in (*_BY_KEY.values(), *_BY_LIST.values(), "namespaces")
        }

    def snapshot(self, key: str = "") -> Snapshot:
        """As it is now; the next change makes another one. key: of a pod that is not held in it."""
        nominated: dict[str, tuple[PodInfo, ...]] = {}
        for info in self._nominated.values():
            node = str(status_of(info.pod)["nominatedNodeName"])
            nominated[node] = (*nominated.get(node, ()), info)
        nodes, held = dict(self._nodes), self._held.get(key)
        if held is not None and _is_on(held, nodes):
            nodes[held.node] = nodes[held.node].without_pod(held.uid)
        return Snapshot(
            nodes=nodes,
            claims=self._parts["claims"],
            volumes=self._parts["volumes"],
            classes=self._parts["classes"],
            namespaces=self._parts["namespaces"],
            budgets=tuple(self._parts["budgets"].values()),
            services=tuple(self._parts["services"].values()),
            nominated=nominated,
        )

    def pod(self, key: str) -> PodInfo | None:
        """Its last known state."""
        return self._pods.get(key)

    def apply(self, change: Change) -> frozenset[str]:
        """Take a change in; whom it may help."""
        obj, is_gone = change.object, change.type == "DELETED"
        match change.ref.kind:
            case "Pod":
                owed, self._owed = self._owed, NOBODY
                return owed | self._take_pod(obj, change.version, is_gone=is_gone)
            case "Node":
                return self._take_node(obj, is_gone=is_gone)
            case "Namespace":
                _keep(self._parts["namespaces"], name_of(obj), None if is_gone else labels_of(obj))
                return frozenset({_AFFINITY})
            case kind if kind in _BY_LIST:
                _keep(self._parts[_BY_LIST[kind]], key_of(obj), None if is_gone else obj)
                return NOBODY
            case kind:
                held = self._parts[_BY_KEY[kind]]
                if change.version < version_of(held.get(key_of(obj), {})):
                    return NOBODY
                _keep(held, key_of(obj), None if is_gone else obj)
                return EVERYBODY if claim_meant(change) else WHO_BINDS

    def assume(self, pod: Object) -> None:
        """The pod as it was just written; whom that may help is said with the next change of a pod.

        Why: the store's own word of it comes round for sure, and tells nothing that is not known by then.
        """
        self._owed |= self._take_pod(pod, version_of(pod), is_gone=False)

    def assume_volume(self, volume: Object) -> None:
        """The same of a volume; it helps nobody that it is one claim's now."""
        self._parts["volumes"][key_of(volume)] = volume

    def assume_no_volume(self, volume: Object) -> None:
        """That the volume is gone."""
        self._parts["volumes"].pop(key_of(volume), None)

    def hold(self, pod: PodInfo, node: str) -> None:
        """Count the pod as if it had the node, until it has one, is gone or is let go.

        Kubernetes: assumes a pod before its volumes are bound, schedule_one.go assume.
        """
        key, placed = key_of(pod.pod), PodInfo({**pod.pod, "spec": {**pod.spec, "nodeName": node}})
        if (held := self._held.get(key)) is not None and _asks(held) == _asks(placed):
            return
        self.let_go(key)
        self._held[key] = placed
        self._come(placed)
        self._owed |= _WHO_COMES

    def let_go(self, key: str) -> bool:
        """Hold the pod no more; whether it was held."""
        held = self._held.pop(key, None)
        self._leave(held)
        self._owed |= NOBODY if held is None else _WHO_LEAVES
        return held is not None

    # --- pods ---

    def _take_pod(self, pod: Object, version: int, *, is_gone: bool) -> frozenset[str]:
        key = key_of(pod)
        if version < self._versions.get(key, 0):
            return NOBODY
        before = self._pods.pop(key, None)
        self._versions[key] = version
        self._nominated.pop(key, None)
        held = self._held.get(key)
        if held is not None and (is_gone or node_of(pod) or held.uid != uid_of(pod)):
            self._leave(before)
            before = self._held.pop(key)
        if is_gone:
            del self._versions[key]
            self._leave(before)
            return _WHO_LEAVES
        now = _renewed(before, pod)
        self._pods[key] = now
        self._leave(before)
        self._come(now)
        if not now.node and status_of(pod).get("nominatedNodeName"):
            self._nominated[key] = now
        return _helps(before, now)

    def _leave(self, pod: PodInfo | None) -> None:
        if pod is not None and _is_on(pod, self._nodes):
            self._nodes[pod.node] = self._nodes[pod.node].without_pod(pod.uid)

    def _come(self, pod: PodInfo) -> None:
        if pod.node in self._nodes and not _has_ended(pod):
            self._nodes[pod.node] = self._nodes[pod.node].with_pod(pod)

    # --- nodes ---

    def _take_node(self, node: Object, *, is_gone: bool) -> frozenset[str]:
        before = self._nodes.pop(name_of(node), None)
        if is_gone:  # balance is weighed without it, and what its pods had counts nowhere any more
            return EVERYBODY
        if before is not None:
            self._nodes[name_of(node)] = replace(before, node=node)
            return NOBODY if _facts(before.node) == _facts(node) else EVERYBODY
        self._nodes[name_of(node)] = NodeInfo(node)
        for pod in (*self._pods.values(), *self._held.values()):
            if pod.node == name_of(node):
                self._come(pod)
        return EVERYBODY


def claim_meant(change: Change) -> str:
    """The key of the only claim that a claim's or bound volume's change concerns; empty for no such one."""
    if change.ref.kind == "PersistentVolumeClaim":
        return key_of(change.object)
    if change.ref.kind == "PersistentVolume" and (claim := spec_of(change.object).get("claimRef")):
        return f"{claim.get('namespace', '')}/{claim.get('name', '')}"
    return ""


def _renewed(before: PodInfo | None, pod: Object) -> PodInfo:
    """With what was worked out before, where that still holds: most changes are of a status alone."""
    now = PodInfo(pod)
    if before is not None and before.spec == now.spec and before.labels == now.labels:
        now.__dict__.update({name: value for name, value in before.__dict__.items() if name != "pod"})
    return now


def _keep(held: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        held.pop(key, None)
    else:
        held[key] = value


def _asks(pod: PodInfo) -> tuple[Any, ...]:
    return pod.uid, pod.spec, pod.labels


def _is_on(pod: PodInfo, nodes: Mapping[str, NodeInfo]) -> bool:
    return pod.node in nodes and pod.uid in nodes[pod.node].pods


def _has_ended(pod: PodInfo) -> bool:
    return is_terminal(pod.pod)


def _helps(before: PodInfo | None, now: PodInfo) -> frozenset[str]:
    """Whom another state of a pod may help: it came to a node, it ended or left there, has other labels."""
    had = before is not None and bool(before.node) and not _has_ended(before)
    has = bool(now.node) and not _has_ended(now)
    if had and (not has or (before is not None and before.node != now.node)):
        return _WHO_LEAVES
    if has and (not had or (before is not None and before.labels != now.labels)):
        return _WHO_COMES
    if before is not None and status_of(before.pod).get("nominatedNodeName") and not now.node:
        return _WHO_LEAVES
    return NOBODY


def _facts(node: Object) -> tuple[Any, ...]:
    """What a decision sees of a node; heartbeats are none of it."""
    return (labels_of(node), spec_of(node), status_of(node).get("allocatable"), is_true(node, "Ready"))
