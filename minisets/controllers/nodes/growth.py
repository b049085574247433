"""How many nodes there should be: the shape's, one more for pods that fit nowhere, fewer when idle. Pure.

    a pod waits --1 s--> it fits on no node, and would on one more -> that one is made, one in a round
                                             nor on one more       -> after 10 s it is told why
    a node that grew is empty --10 min; 20 if it is not ready--> marked --5 s--> removed

Of the next node's ordinal only the zone is free: the first ordinal of each zone is tried, the lowest first.
Whether a pod fits is asked of the scheduler's filters. Leaves making and removing to `growing.py`.
Kubernetes: autoscaler cluster-autoscaler/core/scaleup/orchestrator, core/scaledown (scan-interval,
scale-down-unneeded-time, scale-down-unready-time, node-delete-delay-after-taint).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from minisets.controllers.nodes.actions import Grow, Make, Mark, Plan, Remove, Tell, Unmark
from minisets.controllers.nodes.health import READY, is_stopped
from minisets.controllers.nodes.registering import labels
from minisets.objects.kinds import Object
from minisets.objects.metadata import (
    annotations_of,
    condition,
    is_being_deleted,
    is_true,
    labels_of,
    meta,
    moment,
    name_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.objects.pods import is_terminal, node_of
from minisets.objects.shape import MACHINE_RESOURCES
from minisets.objects.taints import NOT_READY, UNREACHABLE, UNSCHEDULABLE, taints_of
from minisets.settings import NODE, node_name, node_ordinal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from minisets.controllers.nodes.actions import Action
    from minisets.objects.shape import Shape

WhyNot = Callable[[Object, Object], tuple[str, ...]]
"""Why a pod cannot have a node, in the scheduler's words; empty: it can. A node not there yet has no pods."""

DELETED_SOON = "ToBeDeletedByClusterAutoscaler"
STAYS = "cluster-autoscaler.kubernetes.io/scale-down-disabled"

_GROWS_AFTER = timedelta(seconds=1)
"""Why: a pod may wait a moment for its claim or for one that is going, and need no node for that."""

_SAYS_AFTER = timedelta(seconds=10)
_IDLE, _IDLE_UNREADY = timedelta(minutes=10), timedelta(minutes=20)
_MARKED = timedelta(seconds=5)
_TOLD = 100
"""Of the pods that one node would help. Why: with a thousand of them nobody reads so many events."""

_NO_TIME = timedelta(0)
_SCHEDULER = "default-scheduler"
_OF_MACHINE = ("kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch")


@dataclass(frozen=True)
class Observed:
    """All nodes and pods. idle: for how long nodes have been empty, by name. told: what pods were, by uid."""

    shape: Shape
    nodes: Sequence[Object]
    pods: Sequence[Object]
    now: datetime
    idle: Mapping[str, timedelta] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def taken(self) -> frozenset[str]:
        """The nodes that have pods which have not ended."""
        return frozenset(node_of(pod) for pod in self.pods if not is_terminal(pod))


def plan(observed: Observed, why_not: WhyNot) -> Plan:
    """The next steps."""
    there = set(map(name_of, observed.nodes))
    missing = [Make(ordinal) for ordinal in range(observed.shape.nodes) if node_name(ordinal) not in there]
    if missing:
        return Plan(tuple(missing))
    grown, shrunk = _grown(observed, why_not), _shrunk(observed)
    return Plan((*grown.actions, *shrunk.actions), _sooner(grown.again, shrunk.again))


def is_idle(node: Object, observed: Observed) -> bool:
    """Whether it is a node that grew and has no pods."""
    return _may_go(node, observed.shape) and name_of(node) not in observed.taken


def is_waiting(pod: Object) -> bool:
    """Whether one more node may be what the pod waits for; not one that others leave a node to already."""
    said, status = condition(pod, "PodScheduled") or {}, status_of(pod)
    if node_of(pod) or is_being_deleted(pod) or is_terminal(pod) or status.get("nominatedNodeName"):
        return False
    refused = (said.get("status"), said.get("reason")) == ("False", "Unschedulable")
    return refused and spec_of(pod).get("schedulerName", _SCHEDULER) == _SCHEDULER


# --- more ---


def _grown(observed: Observed, why_not: WhyNot) -> Plan:
    waiting = [pod for pod in observed.pods if is_waiting(pod)]
    ours = [node for node in observed.nodes if node_ordinal(name_of(node)) is not None]
    if not waiting or any(map(_is_coming, ours)):
        return Plan()  # Why: what those that come will take is not known yet
    if len(ours) >= observed.shape.max_nodes:
        return _told(observed, waiting, lambda _: ("max node group size reached",))
    ripe, again = _after(_GROWS_AFTER, waiting, observed.now)
    found = _one_more(ripe, len(ours) + 1, observed, why_not)
    return Plan(found.actions, _sooner(again, found.again))


def _one_more(pods: Sequence[Object], size: int, observed: Observed, why_not: WhyNot) -> Plan:
    """The node that helps the first pod which can be helped; else what each is told."""
    nodes = {ordinal: _next_node(observed, ordinal) for ordinal in _next_ordinals(observed)}
    stuck = (pod for pod in pods if _is_stuck(pod, observed, why_not))
    helpless = []
    for pod in stuck:
        helping = [ordinal for ordinal, node in nodes.items() if not why_not(pod, node)]
        if helping:
            others = (each for each in stuck if not why_not(each, nodes[helping[0]]))
            return Plan((Grow(helping[0], (pod, *islice(others, _TOLD - 1)), size),))
        helpless.append(pod)
    first = next(iter(nodes.values()))
    return _told(observed, helpless, lambda pod: why_not(pod, first))


def _is_coming(node: Object) -> bool:
    """Whether it takes pods in a moment: its kubelet, or who taints it by that, has yet to speak."""
    if is_stopped(node):
        return False
    keys = {taint.get("key") for taint in taints_of(node)}
    is_cordoned = bool(spec_of(node).get("unschedulable"))
    gone = {NOT_READY, UNREACHABLE} if is_cordoned else {NOT_READY, UNREACHABLE, UNSCHEDULABLE}
    return not is_true(node, READY) or not keys.isdisjoint(gone)


def _is_stuck(pod: Object, observed: Observed, why_not: WhyNot) -> bool:
    """Whether it fits on no node that there is; else the scheduler is about to place it."""
    return all(why_not(pod, node) for node in observed.nodes)


def _told(observed: Observed, pods: Sequence[Object], reasons: Callable[[Object], tuple[str, ...]]) -> Plan:
    """Kubernetes: eventing_scale_up_processor.go ReasonsMessage, of one group of nodes."""
    old, again = _after(_SAYS_AFTER, pods, observed.now)
    found = ((pod, ", ".join(f"1 {reason}" for reason in reasons(pod))) for pod in old)
    news = tuple(Tell(pod, why) for pod, why in found if observed.told.get(uid_of(pod)) != why)
    return Plan(news, again)


def _after(wait: timedelta, pods: Sequence[Object], now: datetime) -> tuple[list[Object], timedelta | None]:
    """Those that have waited for so long, and after which time the next one has."""
    left = {uid_of(pod): wait - (now - _waits_since(pod)) for pod in pods}
    ripe = [pod for pod in pods if left[uid_of(pod)] <= _NO_TIME]
    return ripe, min((time for time in left.values() if time > _NO_TIME), default=None)


def _waits_since(pod: Object) -> datetime:
    said = condition(pod, "PodScheduled") or {}
    return moment(said.get("lastTransitionTime") or meta(pod)["creationTimestamp"])


def _next_ordinals(observed: Observed) -> list[int]:
    """The first free ordinal of each zone."""
    there = set(map(name_of, observed.nodes))
    found: dict[str, int] = {}
    for ordinal in range((len(there) + 1) * len(observed.shape.zones)):
        if node_name(ordinal) not in there:
            found.setdefault(observed.shape.zone_of(ordinal), ordinal)
    return sorted(found.values())


def _next_node(observed: Observed, ordinal: int) -> Object:
    """As the first one is, with labels that it will have; what people wrote on that one is its own."""
    model = next((node for node in observed.nodes if name_of(node) == NODE), {})
    of_machine = {key: value for key, value in labels_of(model).items() if key in _OF_MACHINE}
    status = {part: _of_every_node(status_of(model).get(part) or {}) for part in ("capacity", "allocatable")}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node_name(ordinal), "labels": {**of_machine, **labels(observed.shape, ordinal)}},
        "spec": {},
        "status": {**status, "conditions": [{"type": READY, "status": "True"}]},
    }


def _of_every_node(resources: Mapping[str, str]) -> dict[str, str]:
    return {resource: amount for resource, amount in resources.items() if resource in MACHINE_RESOURCES}


# --- fewer ---


def _shrunk(observed: Observed) -> Plan:
    actions, again = [], None
    for node in observed.nodes:
        match _fate(node, observed):
            case timedelta() as left:
                again = _sooner(again, left)
            case None:
                pass
            case action:
                actions.append(action)
    return Plan(tuple(actions), again)


def _fate(node: Object, observed: Observed) -> Action | timedelta | None:
    """What to do with the node; or when, if nothing happens before; or nothing."""
    marked = _marked_at(node)
    if not is_idle(node, observed):
        return None if marked is None else Unmark(node, is_taken=_may_go(node, observed.shape))
    if marked is not None:
        left = marked + _MARKED - observed.now
        return left if left > _NO_TIME else Remove(node)
    limit = _IDLE if is_true(node, READY) else _IDLE_UNREADY
    left = limit - observed.idle.get(name_of(node), _NO_TIME)
    return left if left > _NO_TIME else Mark(node)


def _may_go(node: Object, shape: Shape) -> bool:
    ordinal = node_ordinal(name_of(node))
    return ordinal is not None and ordinal >= shape.nodes and annotations_of(node).get(STAYS) != "true"


def _marked_at(node: Object) -> datetime | None:
    """The taint's value is when it was put there, in seconds."""
    for taint in taints_of(node):
        if taint.get("key") == DELETED_SOON:
            value = str(taint.get("value") or "")
            return datetime.fromtimestamp(int(value) if re.fullmatch("[0-9]{1,10}", value) else 0, UTC)
    return None


def _sooner(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    return min((time for time in (one, other) if time is not None), default=None)
