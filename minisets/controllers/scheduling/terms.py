"""Whom an affinity term speaks of: pods of some namespaces with some labels, near by a topology key. Pure.

Kubernetes: pkg/scheduler/framework types.go AffinityTerm, newAffinityTerm.
Differs: matchLabelKeys and mismatchLabelKeys are read whenever a term is; upstream's apiserver writes them
into the selector of a pod that is created (pkg/registry/core/pod applyLabelKeysToLabelSelector).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.selectors.grammar import Requirement
from minisets.objects.selectors.labels import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.controllers.scheduling.snapshot import PodInfo

    Namespaces = Mapping[str, Mapping[str, str]]
    """The labels of each."""

_KEYS = (("matchLabelKeys", "in"), ("mismatchLabelKeys", "notin"))


@dataclass(frozen=True)
class Term:
    """A term of a pod, without the pod: what all replicas of a workload say is equal, and counted once."""

    topology_key: str
    namespaces: frozenset[str]
    namespace_selector: LabelSelector
    selector: LabelSelector

    @classmethod
    def of(cls, term: Mapping[str, Any], namespace: str, labels: Mapping[str, str]) -> Term:
        """As a pod of that namespace with these labels says it; no namespaces at all: its own."""
        named, chosen = term.get("namespaces") or (), term.get("namespaceSelector")
        return cls(
            str(term.get("topologyKey") or ""),
            frozenset(named if named or chosen is not None else (namespace,)),
            LabelSelector.of(chosen),
            selector_of(term, labels),
        )

    def matches(self, namespace: str, labels: Mapping[str, str], namespaces: Namespaces) -> bool:
        """Whether it speaks of a pod of that namespace with these labels."""
        named = namespace in self.namespaces
        if not named and not self.namespace_selector.matches(namespaces.get(namespace, {})):
            return False
        return self.selector.matches(labels)

    def spaces(self, namespaces: Namespaces) -> frozenset[str]:
        """Where those are of whom it speaks. Kubernetes: mergeAffinityTermNamespacesIfNotEmpty."""
        chosen = (name for name, labels in namespaces.items() if self.namespace_selector.matches(labels))
        return self.namespaces.union(chosen)


@dataclass(frozen=True)
class Company:
    """Of whom all of some terms speak: a question that a node answers without its pods (`groups.py`)."""

    namespaces: frozenset[str]
    selector: LabelSelector

    @classmethod
    def of(cls, terms: tuple[Term, ...], namespaces: Namespaces) -> Company:
        """Of these terms, of which there must be one."""
        found = [term.selector.requirements for term in terms]
        known = [requirements for requirements in found if requirements is not None]
        together = tuple(one for requirements in known for one in requirements)
        return cls(
            frozenset.intersection(*(term.spaces(namespaces) for term in terms)),
            LabelSelector(together if len(known) == len(found) else None),
        )

    def has(self, pod: PodInfo) -> bool:
        """Whether the pod is one of them, also if it is being deleted."""
        return pod.namespace in self.namespaces and self.selector.matches(pod.labels)


def selector_of(term: Mapping[str, Any], labels: Mapping[str, str]) -> LabelSelector:
    """`labelSelector`, and the pod's own values of the keys that must, or must not, be as its own."""
    selector = LabelSelector.of(term.get("labelSelector"))
    if selector.requirements is None:
        return selector
    own = tuple(
        Requirement(key, operator, (labels[key],))
        for field, operator in _KEYS
        for key in term.get(field) or ()
        if key in labels
    )
    return LabelSelector((*selector.requirements, *own))
