"""Whether a pod can have a node yet, and which. Pure.

Honours node readiness, `spec.unschedulable`, nodeSelector, claims, ReadWriteOncePod, host ports and
scheduling gates; with one machine behind all nodes, resources, affinity and taints are not weighed.
Kubernetes: pkg/scheduler/framework/plugins/{volumebinding,volumerestrictions,nodeunschedulable,...}.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.controllers.volumes.claims import BIND_COMPLETED, binds_late
from minisets.controllers.volumes.matching import class_of
from minisets.controllers.volumes.usage import claim_names, is_scheduled
from minisets.objects.hostports import NO_FREE_PORTS, are_free
from minisets.objects.metadata import (
    annotations_of,
    is_being_deleted,
    is_true,
    labels_of,
    name_of,
    spec_of,
    status_of,
    uid_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minisets.objects.kinds import Object

SCHEDULER = "default-scheduler"
_TERMINAL = frozenset({"Failed", "Succeeded"})
# Kubernetes: volumerestrictions ErrReasonReadWriteOncePodConflict, counted by node as a filter's are.
_EXCLUSIVE = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"


@dataclass(frozen=True)
class Surroundings:
    """What a placement depends on: all nodes; claims and classes by name; the namespace's pods.

    neighbours: pods of all namespaces, for a pod that wants ports of its node.
    """

    nodes: tuple[Object, ...]
    claims: Mapping[str, Object]
    classes: Mapping[str, Object]
    pods: tuple[Object, ...]
    neighbours: tuple[Object, ...] = ()


@dataclass(frozen=True)
class Place:
    """Bind the pod to the node."""

    node: str


@dataclass(frozen=True)
class SelectNode:
    """First tell these claims, which wait for a pod, where it will be; bind once they are bound."""

    node: str
    claims: tuple[Object, ...]


@dataclass(frozen=True)
class Refuse:
    """Not now. reason: of the condition PodScheduled."""

    message: str
    reason: str = "Unschedulable"


@dataclass(frozen=True)
class NotOurs:
    """Nothing to decide: the pod has a node, is going, or another scheduler's."""


Placement = Place | SelectNode | Refuse | NotOurs


def place(pod: Object, around: Surroundings) -> Placement:
    """Where the pod goes, or why not yet."""
    spec = spec_of(pod)
    if is_scheduled(pod) or is_being_deleted(pod) or status_of(pod).get("phase") in _TERMINAL:
        return NotOurs()
    if spec.get("schedulerName", SCHEDULER) != SCHEDULER:
        return NotOurs()
    if spec.get("schedulingGates"):
        return Refuse("Scheduling is blocked due to non-empty scheduling gates", "SchedulingGated")
    if why := _claims_refuse(pod, around):
        return Refuse(_of_all(around, why))
    fitting = [node for node in around.nodes if not _node_refuses(pod, node, around)]
    if not fitting:
        return Refuse(_no_node(pod, around))
    node = name_of(min(fitting, key=name_of))
    waiting = tuple(claim for claim in _claims_of(pod, around) if BIND_COMPLETED not in annotations_of(claim))
    return SelectNode(node, waiting) if waiting else Place(node)


def _claims_of(pod: Object, around: Surroundings) -> list[Object]:
    return [around.claims[name] for name in claim_names(pod) if name in around.claims]


def _claims_refuse(pod: Object, around: Surroundings) -> str:
    """A-144: the first claim in the way; empty if none is."""
    for name in claim_names(pod):
        claim = around.claims.get(name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if is_being_deleted(claim):
            return f'persistentvolumeclaim "{name}" is being deleted'
        if status_of(claim).get("phase") == "Lost":
            volume = spec_of(claim).get("volumeName")
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
        if _is_in_exclusive_use(pod, claim, around.pods):
            return f"{len(around.nodes)} {_EXCLUSIVE}"
        if BIND_COMPLETED not in annotations_of(claim) and not binds_late(
            around.classes.get(class_of(claim))
        ):
            return f'pod has unbound immediate PersistentVolumeClaims ("{name}")'
    return ""


def _is_in_exclusive_use(pod: Object, claim: Object, pods: Iterable[Object]) -> bool:
    """A-143: a ReadWriteOncePod claim has one pod at a time."""
    if "ReadWriteOncePod" not in (spec_of(claim).get("accessModes") or ()):
        return False
    for other in pods:
        taken = is_scheduled(other) and status_of(other).get("phase") not in _TERMINAL
        if taken and uid_of(other) != uid_of(pod) and name_of(claim) in claim_names(other):
            return True
    return False


def _node_refuses(pod: Object, node: Object, around: Surroundings) -> str:
    if spec_of(node).get("unschedulable"):
        return "node(s) were unschedulable"
    if is_being_deleted(node) or not is_true(node, "Ready"):
        return "node(s) were not ready"
    wanted = spec_of(pod).get("nodeSelector") or {}
    if any(labels_of(node).get(label) != value for label, value in wanted.items()):
        return "node(s) didn't match Pod's node affinity/selector"
    return "" if are_free(pod, _there(node, around)) else NO_FREE_PORTS


def _there(node: Object, around: Surroundings) -> Iterable[Object]:
    """The neighbours on a node that have not ended."""
    return (
        other
        for other in around.neighbours
        if spec_of(other).get("nodeName") == name_of(node) and status_of(other).get("phase") not in _TERMINAL
    )


def _no_node(pod: Object, around: Surroundings) -> str:
    if not around.nodes:
        return "no nodes available to schedule pods"
    reasons = sorted(_node_refuses(pod, node, around) for node in around.nodes)
    counted = {reason: reasons.count(reason) for reason in reasons}
    return _of_all(around, ", ".join(f"{count} {reason}" for reason, count in counted.items()))


def _of_all(around: Surroundings, why: str) -> str:
    return f"0/{len(around.nodes)} nodes are available: {why}."
