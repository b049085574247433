"""Which nodes a pod, or a volume, can have by its node selectors. Pure.

Kubernetes: component-helpers scheduling/corev1/nodeaffinity.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import labels_of, name_of, spec_of
from minisets.objects.selectors.grammar import Requirement
from minisets.objects.selectors.labels import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minisets.objects.kinds import Object

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_OPERATORS = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
    "Gt": ">",
    "Lt": "<",
}
_NUMERIC, _NUMBER = ("Gt", "Lt"), re.compile(r"[+-]?[0-9]+")


def fits_selectors(pod: Object, node: Object) -> bool:
    """Whether the node has the labels of nodeSelector, and matches the required node affinity."""
    spec, labels = spec_of(pod), labels_of(node)
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    needed = _node_affinity(pod).get(REQUIRED)
    return needed is None or matches_any(needed.get("nodeSelectorTerms") or (), node)


def preferences(pod: Object, node: Object) -> int:
    """The sum of the weights of the preferred terms that the node matches; an empty term is no wish."""
    wishes = _node_affinity(pod).get(PREFERRED) or ()
    return sum(int(wish["weight"]) for wish in wishes if matches(wish.get("preference") or {}, node))


def matches_any(terms: Iterable[Mapping[str, Any]], node: Object) -> bool:
    """Whether one of the terms holds; no term matches nothing."""
    return any(matches(term, node) for term in terms)


def matches(term: Mapping[str, Any], node: Object) -> bool:
    """Whether all that the term says holds; one that says nothing matches nothing."""
    labels, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not labels and not fields:
        return False
    return _holds(labels, labels_of(node)) and _holds(fields, {"metadata.name": name_of(node)})


def _node_affinity(pod: Object) -> Mapping[str, Any]:
    return (spec_of(pod).get("affinity") or {}).get("nodeAffinity") or {}


def _holds(expressions: Iterable[Mapping[str, Any]], values: Mapping[str, str]) -> bool:
    """Why a limit that is no number holds for nothing: validation lets it pass, in Kubernetes too."""
    wanted = []
    for one in expressions:
        limits = tuple(one.get("values") or ())
        if one["operator"] in _NUMERIC and not all(_NUMBER.fullmatch(limit) for limit in limits):
            return False
        wanted.append(Requirement(one["key"], _OPERATORS[one["operator"]], limits))
    return LabelSelector(tuple(wanted)).matches(values)
