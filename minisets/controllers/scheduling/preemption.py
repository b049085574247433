"""Whom a pod that fits nowhere may drive away, and from which node. Pure.

    refused nodes -> those where pods are what stands in the way -> without all lesser pods, does it fit?
      -> as many as can stay come back, those of spent budgets first -> the node where least is lost

Leaves deleting victims (those that are not being deleted yet), their condition, and the nomination to the
reconciler. Kubernetes: pkg/scheduler/framework/plugins/defaultpreemption, framework/preemption.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.controllers.scheduling.filters import Refusal, refusals
from minisets.controllers.scheduling.sentences import counted
from minisets.controllers.scheduling.snapshot import by_ordinal
from minisets.objects.metadata import condition, key_of, moment, namespace_of, spec_of, status_of
from minisets.objects.selectors import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from minisets.controllers.scheduling.snapshot import PodInfo, Snapshot
    from minisets.objects.kinds import Object

PLUGIN = "DefaultPreemption"
DISRUPTED = "DisruptionTarget"
BY_PREEMPTION = "PreemptionByScheduler"
"""Condition and reason of a victim, by which a pod that waits for it knows that it need not choose again."""

_NO_VICTIMS = Refusal("No preemption victims found for incoming pod", PLUGIN, is_lasting=True)
_NOT_HELPFUL = Refusal("Preemption is not helpful for scheduling", PLUGIN, is_lasting=True)
_LOWEST = -(2**31)
_NOT_STARTED = float("inf")


@dataclass(frozen=True)
class Preemption:
    """These pods must go from this node, the most important first.

    outbid: lesser pods that wait for the same node, and lose their nomination.
    """

    node: str
    victims: tuple[PodInfo, ...]
    outbid: tuple[PodInfo, ...] = ()


@dataclass(frozen=True)
class NoPreemption:
    """Why nobody is driven away. keeps_nomination: the pod still waits for the node that it was promised."""

    message: str
    keeps_nomination: bool = False


@dataclass(frozen=True)
class _Candidate:
    node: str
    victims: tuple[PodInfo, ...]
    violations: int

    @property
    def cost(self) -> tuple[float, ...]:
        """Less is better. Kubernetes: pickOneNodeForPreemption."""
        priorities = [victim.priority for victim in self.victims]
        greatest = [_started(victim) for victim in self.victims if victim.priority == max(priorities)]
        above_nothing = sum(priority - _LOWEST for priority in priorities)
        return (self.violations, max(priorities), above_nothing, len(priorities), -min(greatest))


def preempt(
    pod: PodInfo, snapshot: Snapshot, refused: Mapping[str, tuple[Refusal, ...]]
) -> Preemption | NoPreemption:
    """The node where it costs least; of equals the lowest ordinal. refused: why not, of every node."""
    if why := _waits(pod, snapshot, refused):
        return NoPreemption(why, keeps_nomination=True)
    tried = {
        node: _tried(pod, snapshot, node)
        for node in sorted(refused, key=by_ordinal)
        if not any(refusal.is_lasting for refusal in refused[node])
    }
    candidates = [found for found in tried.values() if isinstance(found, _Candidate)]
    if candidates:
        chosen = min(candidates, key=lambda candidate: candidate.cost)
        return Preemption(chosen.node, chosen.victims, _outbid(pod, snapshot, chosen.node))
    failed = {node: found for node, found in tried.items() if not isinstance(found, _Candidate)}
    return NoPreemption(counted({node: failed.get(node, (_NOT_HELPFUL,)) for node in snapshot.nodes}))


def _waits(pod: PodInfo, snapshot: Snapshot, refused: Mapping[str, tuple[Refusal, ...]]) -> str:
    """Why the pod may not drive others away; empty: it may. Kubernetes: PodEligibleToPreemptOthers."""
    if pod.spec.get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    promised = str(status_of(pod.pod).get("nominatedNodeName") or "")
    if promised not in snapshot.nodes or any(refusal.is_lasting for refusal in refused.get(promised, ())):
        return ""
    if any(_is_leaving(victim) for victim in _lesser(pod, snapshot.nodes[promised].pods.values())):
        return "not eligible due to a terminating pod on the nominated node."
    return ""


def _is_leaving(victim: PodInfo) -> bool:
    """Whether it goes since somebody preempted it, and not for reasons of its own."""
    said = condition(victim.pod, DISRUPTED) or {}
    return victim.is_going and said.get("status") == "True" and said.get("reason") == BY_PREEMPTION


def _tried(pod: PodInfo, snapshot: Snapshot, node: str) -> _Candidate | tuple[Refusal, ...]:
    """Whom it takes on that node, or why even that does not help. Kubernetes: SelectVictimsOnNode."""
    lesser = sorted(_lesser(pod, snapshot.nodes[node].pods.values()), key=_importance)
    if not lesser:
        return (_NO_VICTIMS,)
    left = snapshot.without_pods(lesser, node)
    if why := refusals(pod, left, node):
        return why
    victims: list[PodInfo] = []
    protected, others = _by_budgets(lesser, snapshot.budgets)
    for each in (*protected, *others):
        spared = left.with_pod(each, node)
        if refusals(pod, spared, node):
            victims.append(each)
        else:
            left = spared
    if not victims:
        return (Refusal(f'expected at least one victim pod on node "{node}"', PLUGIN),)
    violations = sum(1 for each in protected if each in victims)
    return _Candidate(node, tuple(sorted(victims, key=_importance)), violations)


def _by_budgets(
    pods: Sequence[PodInfo], budgets: Iterable[Object]
) -> tuple[tuple[PodInfo, ...], tuple[PodInfo, ...]]:
    """Those that a budget would not let go after all before them had gone; and the others, each in order.

    Why not `budgets.covers`: here an empty selector is one of no pod. Kubernetes: filterPodsWithPDBViolation.
    """
    selectors = [(budget, LabelSelector.of(spec_of(budget).get("selector"))) for budget in budgets]
    spent: Counter[str] = Counter()
    protected: list[PodInfo] = []
    for pod in pods:
        concerned = [budget for budget, selector in selectors if _counts(budget, selector, pod)]
        spent.update(map(key_of, concerned))
        if any(spent[key_of(budget)] > _allowed(budget) for budget in concerned):
            protected.append(pod)
    return tuple(protected), tuple(pod for pod in pods if pod not in protected)


def _counts(budget: Object, selector: LabelSelector, pod: PodInfo) -> bool:
    """A pod whose eviction was granted has been counted by whoever granted it."""
    if not pod.labels or selector.is_empty() or pod.name in (status_of(budget).get("disruptedPods") or {}):
        return False
    return namespace_of(budget) == pod.namespace and selector.matches(pod.labels)


def _allowed(budget: Object) -> int:
    return int(status_of(budget).get("disruptionsAllowed") or 0)


def _lesser(pod: PodInfo, others: Iterable[PodInfo]) -> tuple[PodInfo, ...]:
    return tuple(other for other in others if other.priority < pod.priority)


def _outbid(pod: PodInfo, snapshot: Snapshot, node: str) -> tuple[PodInfo, ...]:
    """Kubernetes: getLowerPriorityNominatedPods."""
    return _lesser(pod, snapshot.nominated.get(node, ()))


def _importance(pod: PodInfo) -> tuple[int, float, str, tuple[int, str]]:
    """To sort by, the most important first: who was there before. Kubernetes: util.MoreImportantPod.

    Differs: upstream leaves those that started together to chance; here the lowest ordinal stays.
    """
    return -pod.priority, _started(pod), pod.namespace, by_ordinal(pod.name)


def _started(pod: PodInfo) -> float:
    """In seconds; one that has not started comes after all that have."""
    since = status_of(pod.pod).get("startTime")
    return moment(since).timestamp() if since else _NOT_STARTED
