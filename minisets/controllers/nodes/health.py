"""What follows from how nodes are: the conditions of one that was stopped, the taints of each. Pure.

    Ready          taint                                     effects
    False          node.kubernetes.io/not-ready              NoSchedule, NoExecute
    Unknown        node.kubernetes.io/unreachable            NoSchedule, NoExecute

No NoExecute while no node is well, as then it is more likely that this end is cut off; nor newly in a zone
where most are not. Differs: upstream also taints but one node of a zone in ten seconds.
Kubernetes: pkg/controller/nodelifecycle/node_lifecycle_controller.go doNoScheduleTaintingPass,
doNoExecuteTaintingPass, tryUpdateNodeHealth, handleDisruption, ComputeZoneState.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import (
    annotations_of,
    condition,
    is_true,
    labels_of,
    meta,
    moment,
    spec_of,
    status_of,
    timestamp,
)
from minisets.objects.taints import NOT_READY, UNREACHABLE, UNSCHEDULABLE, taints_of
from minisets.settings import STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from minisets.objects.kinds import Object
    from minisets.objects.taints import Taint

READY = "Ready"
_POSTED = (READY, "MemoryPressure", "DiskPressure", "PIDPressure")
_OF_READY = {"False": NOT_READY, "Unknown": UNREACHABLE}
_OF_PRESSURE = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
}
_OURS = frozenset(
    (
        *((key, "NoSchedule") for key in (*_OF_READY.values(), *_OF_PRESSURE.values(), UNSCHEDULABLE)),
        *((key, "NoExecute") for key in _OF_READY.values()),
    )
)
_EXCLUDED = "node.kubernetes.io/exclude-disruption"
_MANY, _MOST = 2, 0.55
"""Of a zone's nodes that are not well: more than so many, and at least this share of them."""

_SETTLES = timedelta(seconds=2)
"""Why: when the engine goes, its nodes say so one after the other, and no pod should be moved in between."""


@dataclass(frozen=True)
class Outage:
    """Where so many nodes are lost that pods had better stay. zones: where most are, but not all."""

    everywhere: bool = False
    zones: frozenset[str] = frozenset()


def is_stopped(node: Object) -> bool:
    """Whether its machine is off: no kubelet says anything of it."""
    return STOPPED in annotations_of(node)


def is_well(node: Object) -> bool:
    """Whether its kubelet says that it is, and still could."""
    return is_true(node, READY) and not is_stopped(node)


def outage_of(nodes: Iterable[Object]) -> Outage:
    """How far a failure reaches."""
    counted = [node for node in nodes if _EXCLUDED not in labels_of(node)]
    lost = Counter(_zone(node) for node in counted if not is_well(node))
    total = Counter(_zone(node) for node in counted)
    partly = (
        zone for zone, count in lost.items() if _MANY < count < total[zone] and count / total[zone] >= _MOST
    )
    return Outage(bool(counted) and lost.total() == len(counted), frozenset(partly))


def lost_conditions(node: Object, now: datetime) -> list[dict[str, Any]]:
    """The conditions of a node whose kubelet fell silent; equal ones where that is said already."""
    present = list(status_of(node).get("conditions") or ())
    told = [_unknown(each, now) if each.get("type") in _POSTED else each for each in present]
    missing = [kind for kind in _POSTED if condition(node, kind) is None]
    return [*told, *(_never_posted(kind, node, now) for kind in missing)]


def wanted_taints(node: Object, outage: Outage, now: datetime) -> list[Taint]:
    """The node's taints as they should be: those of others as they are, ours as follows from its state."""
    wanted = tuple(_wanted(node, outage, now))
    kept = [taint for taint in taints_of(node) if _mark(taint) not in _OURS or _mark(taint) in wanted]
    there = {_mark(taint) for taint in kept}
    added = [
        {"key": key, "effect": effect, "timeAdded": timestamp(now)}
        for key, effect in wanted
        if (key, effect) not in there
    ]
    return [*kept, *added]


def settles_in(node: Object, now: datetime) -> timedelta | None:
    """After which time it is clear whether the node alone is not ready; None where that is clear."""
    said = condition(node, READY) or {}
    if said.get("status") not in _OF_READY or is_stopped(node) or not said.get("lastTransitionTime"):
        return None
    left = moment(said["lastTransitionTime"]) + _SETTLES - now
    return left if left > timedelta(0) else None


def _wanted(node: Object, outage: Outage, now: datetime) -> Iterator[tuple[str, str]]:
    for entry in status_of(node).get("conditions") or ():
        if entry.get("status") == "True" and entry.get("type") in _OF_PRESSURE:
            yield _OF_PRESSURE[entry["type"]], "NoSchedule"
    if spec_of(node).get("unschedulable"):
        yield UNSCHEDULABLE, "NoSchedule"
    said = condition(node, READY)
    if said is None and (NOT_READY, "NoSchedule") in map(_mark, taints_of(node)):
        yield NOT_READY, "NoSchedule"  # Why: its kubelet has yet to say how it is
    if key := _OF_READY.get((said or {}).get("status", "")):
        yield key, "NoSchedule"
        waits = _zone(node) in outage.zones or settles_in(node, now) is not None
        if not outage.everywhere and (not waits or _is_being_emptied(node)):
            yield key, "NoExecute"


def _is_being_emptied(node: Object) -> bool:
    """Of the two taints the one follows the other without a gap."""
    return any(
        _mark(taint) in ((NOT_READY, "NoExecute"), (UNREACHABLE, "NoExecute")) for taint in taints_of(node)
    )


def _mark(taint: Taint) -> tuple[str, str]:
    """Taints are told apart by key and effect. Kubernetes: Taint.MatchTaint."""
    return taint.get("key") or "", taint.get("effect") or ""


def _zone(node: Object) -> str:
    """Kubernetes: component-helpers node/topology GetZoneKey."""
    region, zone = (labels_of(node).get(f"topology.kubernetes.io/{part}", "") for part in ("region", "zone"))
    return f"{region}/{zone}"


def _unknown(entry: dict[str, Any], now: datetime) -> dict[str, Any]:
    if entry.get("status") == "Unknown":
        return entry
    return {
        **entry,
        "status": "Unknown",
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.",
        "lastTransitionTime": timestamp(now),
    }


def _never_posted(kind: str, node: Object, now: datetime) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "Unknown",
        "reason": "NodeStatusNeverUpdated",
        "message": "Kubelet never posted node status.",
        "lastHeartbeatTime": meta(node).get("creationTimestamp"),
        "lastTransitionTime": timestamp(now),
    }
