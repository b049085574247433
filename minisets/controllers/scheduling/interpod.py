"""Near whom a pod must be, near whom it must not, and who will not have it near. Pure.

Leaves preferences to the scores. Kubernetes: pkg/scheduler/framework/plugins/interpodaffinity.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from minisets.controllers.scheduling.refusal import Plugin, Refusal
from minisets.controllers.scheduling.terms import Company

if TYPE_CHECKING:
    from minisets.controllers.scheduling.snapshot import NodeInfo
    from minisets.controllers.scheduling.terms import Term

Domain = tuple[str, str]
"""A topology key and its value."""


class InterPodAffinity(Plugin):
    """Required terms of the pod, and the required anti-affinity of the pods that are there."""

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """Whom it misses lasts: no pod's going brings it."""
        if not self._finds(info):
            return self.refuse("node(s) didn't match pod affinity rules", is_lasting=True)
        if any(_domain(term, info) in self._shunned for term in self.pod.repels):
            return self.refuse("node(s) didn't match pod anti-affinity rules")
        if self._barred and not self._barred.isdisjoint(info.labels.items()):
            return self.refuse("node(s) didn't satisfy existing pods anti-affinity rules")
        return ()

    def _finds(self, info: NodeInfo) -> bool:
        """Whether all it seeks is there; or is nowhere, and it is itself the first of whom it seeks."""
        domains = [_domain(term, info) for term in self.pod.seeks]
        if None in domains:
            return False
        if all(domain in self._sought for domain in domains):
            return True
        return not self._sought and Company.of(self.pod.seeks, self.snapshot.namespaces).has(self.pod)

    @cached_property
    def _sought(self) -> frozenset[Domain]:
        """Where pods are that all its affinity terms speak of."""
        return self._whereabouts(self.pod.seeks) if self.pod.seeks else frozenset()

    @cached_property
    def _shunned(self) -> frozenset[Domain]:
        """Where pods are that one of its anti-affinity terms speaks of."""
        return frozenset[Domain]().union(*(self._whereabouts((term,)) for term in self.pod.repels))

    @cached_property
    def _barred(self) -> frozenset[Domain]:
        """Where pods are whose anti-affinity terms speak of it."""
        return frozenset(
            domain
            for info in self.snapshot.nodes.values()
            for term in info.repelled
            if (domain := _domain(term, info))
            and term.matches(self.pod.namespace, self.pod.labels, self.snapshot.namespaces)
        )

    def _whereabouts(self, terms: tuple[Term, ...]) -> frozenset[Domain]:
        """In which domains of these terms those are of whom they all speak."""
        company = Company.of(terms, self.snapshot.namespaces)
        there = [info for info in self.snapshot.nodes.values() if info.count(company)]
        return frozenset(domain for info in there for term in terms if (domain := _domain(term, info)))


def _domain(term: Term, info: NodeInfo) -> Domain | None:
    value = info.labels.get(term.topology_key)
    return None if value is None else (term.topology_key, value)
