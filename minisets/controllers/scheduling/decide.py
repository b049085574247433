"""Where a pod goes, or why it goes nowhere yet. Pure.

Leaves carrying it out to the reconciler. Kubernetes: pkg/scheduler/schedule_one.go schedulePod.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from minisets.controllers.scheduling.filters import Refusal, Round
from minisets.controllers.scheduling.preemption import NoPreemption, Preemption, preempt
from minisets.controllers.scheduling.scores import best
from minisets.controllers.scheduling.sentences import NO_NODES, counted, of_all
from minisets.controllers.scheduling.volumes import choices
from minisets.objects.metadata import status_of
from minisets.objects.pods import is_terminal

if TYPE_CHECKING:
    from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
    from minisets.controllers.scheduling.volumes import Choice

SCHEDULER = "default-scheduler"
_GATED = "Scheduling is blocked due to non-empty scheduling gates"


@dataclass(frozen=True)
class Place:
    """Bind the pod to the node."""

    node: str


@dataclass(frozen=True)
class SelectNode:
    """First tell these claims, which wait for a pod, where it will be; bind once they are bound."""

    node: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Preempt:
    """Delete the victims; the pod waits for the node that they leave. message: why it has none now.

    outbid: lesser pods that wait for the same node, and lose their nomination.
    """

    node: str
    victims: tuple[PodInfo, ...]
    message: str
    outbid: tuple[PodInfo, ...] = ()


@dataclass(frozen=True)
class Refuse:
    """Not now. reason: of the condition PodScheduled; plugins: whose refusals a change may end.

    keeps_nomination: the pod still waits for the node that it was promised.
    """

    message: str
    reason: str = "Unschedulable"
    plugins: frozenset[str] = frozenset()
    keeps_nomination: bool = False


@dataclass(frozen=True)
class NotOurs:
    """Nothing to decide: the pod has a node, is going, has ended, or is another scheduler's."""


Decision = Place | SelectNode | Preempt | Refuse | NotOurs


def schedule(pod: PodInfo, snapshot: Snapshot) -> Decision:
    """What to do about the pod next."""
    if not _is_ours(pod):
        return NotOurs()
    if pod.spec.get("schedulingGates"):
        return Refuse(_GATED, "SchedulingGated", frozenset({"SchedulingGates"}))
    if not snapshot.nodes:
        return Refuse(NO_NODES)
    around = Round(pod, snapshot)
    refused = _refused(pod, snapshot, around)
    fitting = [node for node, refusals in refused.items() if not refusals]
    if not fitting:
        return _nowhere(pod, snapshot, refused, around.of_all)
    node = best(pod, snapshot, fitting) if len(fitting) > 1 else fitting[0]
    chosen = choices(pod, snapshot, node)
    return SelectNode(node, chosen) if chosen else Place(node)


def _is_ours(pod: PodInfo) -> bool:
    if pod.node or pod.is_going or is_terminal(pod.pod):
        return False
    return bool(pod.spec.get("schedulerName", SCHEDULER) == SCHEDULER)


def _refused(pod: PodInfo, snapshot: Snapshot, around: Round) -> dict[str, tuple[Refusal, ...]]:
    """Of every node; of none but the one that the pod waits for, if it can have that by now.

    Kubernetes: findNodesThatFitPod, evaluateNominatedNode.
    """
    promised = str(status_of(pod.pod).get("nominatedNodeName") or "")
    if promised in snapshot.nodes and not around.refusals(promised):
        return {promised: ()}
    return {node: around.refusals(node) for node in snapshot.nodes}


def _nowhere(
    pod: PodInfo, snapshot: Snapshot, refused: dict[str, tuple[Refusal, ...]], why: Refusal | None
) -> Preempt | Refuse:
    """Kubernetes: FitError, with what preemption has to say to it."""
    message = counted(refused) if why is None else of_all(len(snapshot.nodes), why.reason)
    match preempt(pod, snapshot, refused):
        case Preemption(node=node, victims=victims, outbid=outbid):
            return Preempt(node, victims, message, outbid)
        case NoPreemption(message=hopeless, keeps_nomination=keeps_nomination):
            plugins = frozenset(refusal.plugin for refusals in refused.values() for refusal in refusals)
            said = f"{message} preemption: {hopeless}"
            return Refuse(said, plugins=plugins, keeps_nomination=keeps_nomination)
        case never:
            assert_never(never)
