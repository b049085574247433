"""Whether a pod may be one more where its like are, by its topology spread constraints. Pure.

Leaves the constraints that are only wishes to the scores.
Kubernetes: pkg/scheduler/framework/plugins/podtopologyspread.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from minisets.controllers.scheduling.groups import Group
from minisets.controllers.scheduling.refusal import Plugin, Refusal
from minisets.controllers.scheduling.terms import selector_of
from minisets.objects.node_affinity import fits_selectors
from minisets.objects.taints import untolerated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo
    from minisets.objects.selectors.labels import LabelSelector

MUST, SHOULD = "DoNotSchedule", "ScheduleAnyway"
_UNEVEN = "node(s) didn't match pod topology spread constraints"


@dataclass(frozen=True)
class Constraint:
    """One of a pod's constraints; honours_...: nodes that the pod cannot have are no domains."""

    topology_key: str
    selector: LabelSelector
    max_skew: int
    min_domains: int
    honours_affinity: bool
    honours_taints: bool

    @classmethod
    def of(cls, constraint: Mapping[str, Any], labels: Mapping[str, str]) -> Constraint:
        """As a pod with these labels says it."""
        return cls(
            str(constraint["topologyKey"]),
            selector_of(constraint, labels),
            int(constraint["maxSkew"]),
            int(constraint.get("minDomains") or 1),
            (constraint.get("nodeAffinityPolicy") or "Honor") == "Honor",
            (constraint.get("nodeTaintsPolicy") or "Ignore") == "Honor",
        )

    def counts(self, pod: PodInfo, info: NodeInfo) -> bool:
        """Whether pods on this node matter to the pod. Kubernetes: matchNodeInclusionPolicies."""
        if self.honours_affinity and not fits_selectors(pod.pod, info.node):
            return False
        return not self.honours_taints or untolerated(pod.pod, info.node) is None


def constraints_of(pod: PodInfo, when: str) -> tuple[Constraint, ...]:
    """Those that must, or should, hold."""
    return tuple(
        Constraint.of(constraint, pod.labels)
        for constraint in pod.spec.get("topologySpreadConstraints") or ()
        if (constraint.get("whenUnsatisfiable") or MUST) == when
    )


class PodTopologySpread(Plugin):
    """No domain gets further ahead of the emptiest one than a constraint lets it."""

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """By the first constraint that would not hold."""
        for constraint, domains in self._domains:
            domain = info.labels.get(constraint.topology_key)
            if domain is None:
                return self.refuse(f"{_UNEVEN} (missing required label)", is_lasting=True)
            least = min(domains.values()) if len(domains) >= constraint.min_domains else 0
            itself = constraint.selector.matches(self.pod.labels)
            if domains[domain] + itself - least > constraint.max_skew:
                return self.refuse(_UNEVEN)
        return ()

    @cached_property
    def _domains(self) -> tuple[tuple[Constraint, Counter[str]], ...]:
        """How many stay in each domain; a node that lacks one of the keys is in no domain of any."""
        found = tuple((constraint, Counter[str]()) for constraint in constraints_of(self.pod, MUST))
        keys = [constraint.topology_key for constraint, _ in found]
        for info in self.snapshot.nodes.values() if found else ():
            if not all(key in info.labels for key in keys):
                continue
            for constraint, domains in found:
                if constraint.counts(self.pod, info):
                    alike = Group(self.pod.namespace, constraint.selector)
                    domains[info.labels[constraint.topology_key]] += info.count(alike)
        return found
