"""Whether a pod may be on a node, said once more from the rules: from plain manifests, slowly, with no index.

For the machine in `test_scheduling.py`, whose manifests use no more than is read here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True)
class World:
    """Nodes by name; pods that have one, each with its node's name."""

    nodes: dict[str, Object]
    pods: tuple[tuple[Object, str], ...] = ()

    def without(self, leaving: set[str]) -> World:
        """These pods, by their uids, gone."""
        return World(
            self.nodes, tuple(entry for entry in self.pods if entry[0]["metadata"]["uid"] not in leaving)
        )

    def allows(self, pod: Object, name: str) -> bool:
        """Whether no rule speaks against it."""
        node = self.nodes[name]
        return (
            _is_tolerated(pod, node)
            and _is_chosen(pod, node)
            and self._has_room(pod, name)
            and self._has_ports(pod)
            and self._is_even(pod, node)
            and self._finds_all(pod, node)
            and not self._meets(pod, node)
            and not self._is_kept_out(pod, node)
        )

    def _has_room(self, pod: Object, name: str) -> bool:
        room = self.nodes[name]["status"]["allocatable"]
        there = [other for other, node in self.pods if node == name]
        cpu = sum(map(_cpu, [*there, pod]))
        return len(there) < int(room["pods"]) and (not _cpu(pod) or cpu <= int(room["cpu"]) * 1000)

    def _has_ports(self, pod: Object) -> bool:
        taken = {port for other, _ in self.pods for port in _ports(other)}
        return taken.isdisjoint(_ports(pod))

    def _is_even(self, pod: Object, node: Object) -> bool:
        constraints = pod["spec"].get("topologySpreadConstraints", [])
        keys = {constraint["topologyKey"] for constraint in constraints}
        return not constraints or (
            keys <= set(_labels(node)) and all(self._is_one_even(pod, node, one, keys) for one in constraints)
        )

    def _is_one_even(self, pod: Object, node: Object, constraint: dict[str, Any], keys: set[str]) -> bool:
        key = constraint["topologyKey"]
        counted: Counter[str] = Counter()
        for name, each in self.nodes.items():
            if not keys <= set(_labels(each)):
                continue
            if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" and not _is_chosen(pod, each):
                continue
            if constraint.get("nodeTaintsPolicy", "Ignore") == "Honor" and not _tolerates_taints(pod, each):
                continue
            here = [other for other, where in self.pods if where == name and _is_neighbour(pod, other)]
            counted[_labels(each)[key]] += sum(_selects(constraint["labelSelector"], other) for other in here)
        least = min(counted.values()) if len(counted) >= constraint.get("minDomains", 1) else 0
        itself = _selects(constraint["labelSelector"], pod)
        return counted[_labels(node)[key]] + itself - least <= int(constraint["maxSkew"])

    def _finds_all(self, pod: Object, node: Object) -> bool:
        terms = _terms(pod, "podAffinity")
        if not all(term["topologyKey"] in _labels(node) for term in terms):
            return False
        friends = [entry for entry in self.pods if all(_means(pod, term, entry[0]) for term in terms)]
        if all(any(self._is_near(where, node, term) for _, where in friends) for term in terms):
            return True
        somewhere = any(
            term["topologyKey"] in _labels(self.nodes[where]) for _, where in friends for term in terms
        )
        return not somewhere and all(_means(pod, term, pod) for term in terms)

    def _meets(self, pod: Object, node: Object) -> bool:
        return any(
            _means(pod, term, other) and self._is_near(where, node, term)
            for term in _terms(pod, "podAntiAffinity")
            for other, where in self.pods
        )

    def _is_kept_out(self, pod: Object, node: Object) -> bool:
        return any(
            _means(other, term, pod) and self._is_near(where, node, term)
            for other, where in self.pods
            for term in _terms(other, "podAntiAffinity")
        )

    def _is_near(self, where: str, node: Object, term: dict[str, Any]) -> bool:
        key = term["topologyKey"]
        there = _labels(self.nodes[where]).get(key)
        return there is not None and there == _labels(node).get(key)


def _labels(obj: Object) -> dict[str, str]:
    labels: dict[str, str] = obj["metadata"]["labels"]
    return labels


def _cpu(pod: Object) -> int:
    asked = pod["spec"]["containers"][0]["resources"]["requests"].get("cpu", "0m")
    return int(asked.removesuffix("m"))


def _ports(pod: Object) -> set[int]:
    return {port["hostPort"] for port in pod["spec"]["containers"][0].get("ports", [])}


def _is_tolerated(pod: Object, node: Object) -> bool:
    cordon = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    open_to_it = not node["spec"].get("unschedulable") or _tolerates(pod, cordon)
    return open_to_it and _tolerates_taints(pod, node)


def _tolerates_taints(pod: Object, node: Object) -> bool:
    return all(_tolerates(pod, taint) for taint in node["spec"].get("taints", []))


def _tolerates(pod: Object, taint: dict[str, Any]) -> bool:
    """Tolerations here say `Exists`, with a key or without."""
    return any(one.get("key", taint["key"]) == taint["key"] for one in pod["spec"].get("tolerations", []))


def _is_chosen(pod: Object, node: Object) -> bool:
    wanted = pod["spec"].get("nodeSelector", {})
    if any(_labels(node).get(key) != value for key, value in wanted.items()):
        return False
    terms = pod["spec"].get("affinity", {}).get("nodeAffinity", {}).get(REQUIRED, {}).get("nodeSelectorTerms")
    return terms is None or any(
        all(_holds(one, _labels(node)) for one in term.get("matchExpressions", []))
        and all(node["metadata"]["name"] in one["values"] for one in term.get("matchFields", []))
        for term in terms
    )


def _holds(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case _:
            return value is not None


def _terms(pod: Object, kind: str) -> list[dict[str, Any]]:
    terms: list[dict[str, Any]] = pod["spec"].get("affinity", {}).get(kind, {}).get(REQUIRED, [])
    return terms


def _is_neighbour(pod: Object, other: Object) -> bool:
    return bool(pod["metadata"]["namespace"] == other["metadata"]["namespace"])


def _means(speaker: Object, term: dict[str, Any], other: Object) -> bool:
    spaces = term.get("namespaces", [speaker["metadata"]["namespace"]])
    return other["metadata"]["namespace"] in spaces and _selects(term["labelSelector"], other)


def _selects(selector: dict[str, Any], pod: Object) -> bool:
    exact = all(_labels(pod).get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return exact and all(_holds(one, _labels(pod)) for one in selector.get("matchExpressions", []))
