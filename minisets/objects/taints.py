"""Which taints of a node a pod tolerates. Pure.

Kubernetes: component-helpers scheduling/corev1 (FindMatchingUntoleratedTaint, Toleration.ToleratesTaint).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import spec_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from minisets.objects.kinds import Object

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"

KEEPS_AWAY = ("NoSchedule", "NoExecute")
"""The effects that no new pod comes against; PreferNoSchedule only makes a node less liked."""

Taint = dict[str, Any]


def taints_of(node: Object) -> tuple[Taint, ...]:
    """In the node's order."""
    return tuple(spec_of(node).get("taints") or ())


def tolerations_of(pod: Object) -> tuple[dict[str, Any], ...]:
    """In the pod's order."""
    return tuple(spec_of(pod).get("tolerations") or ())


def tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    """Whether this one lets the taint be; an empty key, effect or operator as in Kubernetes."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    match toleration.get("operator") or "Equal":
        case "Exists":
            return True
        case "Equal":
            return (toleration.get("value") or "") == (taint.get("value") or "")
        case operator:
            return _compares(operator, toleration.get("value") or "", taint.get("value") or "")


def untolerated(pod: Object, node: Object, effects: Collection[str] = KEEPS_AWAY) -> Taint | None:
    """The node's first taint of these effects that the pod does not tolerate."""
    tolerations = tolerations_of(pod)
    for taint in taints_of(node):
        if taint.get("effect") in effects and not any(tolerates(one, taint) for one in tolerations):
            return taint
    return None


def _compares(operator: str, wanted: str, there: str) -> bool:
    """`Gt` and `Lt`, since 1.35: both are whole numbers."""
    try:
        limit, value = int(wanted), int(there)
    except ValueError:
        return False
    return {"Gt": value > limit, "Lt": value < limit}.get(operator, False)
