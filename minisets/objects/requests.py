"""What a pod asks of its node, and what a node has: whole numbers by resource. Pure.

cpu in thousandths of one, everything else in its own unit, rounded up.
Kubernetes: component-helpers resource PodRequests; scheduler framework Resource, util GetNonzeroRequests.
"""

from __future__ import annotations

from decimal import ROUND_CEILING
from typing import TYPE_CHECKING, Any

from minisets.objects import quantities
from minisets.objects.metadata import spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minisets.objects.kinds import Object

Amounts = dict[str, int]

_OF_A_POD = ("cpu", "memory")
_WEIGHED = {"cpu": 100, "memory": 200 * 1024**2}
"""What a container that asks for nothing is taken to use, where nodes are compared."""


def amounts(quantities_by_name: Mapping[str, Any] | None) -> Amounts:
    """Quantities of a manifest as whole numbers."""
    return {name: _amount(name, text) for name, text in (quantities_by_name or {}).items()}


def requests_of(pod: Object) -> Amounts:
    """What the pod reserves: its containers together or, if that is more, its greediest init container.

    Overhead comes on top. Sidecars count with the containers, and with each init container that comes later.
    """
    return _summed(pod, {})


def weights_of(pod: Object) -> Amounts:
    """The same of cpu and memory for comparing nodes, where nobody uses nothing."""
    found = _summed(pod, _WEIGHED)
    return {name: found.get(name, 0) for name in _WEIGHED}


def _summed(pod: Object, least: Mapping[str, int]) -> Amounts:
    spec = spec_of(pod)
    wanted = _together(_of(container, least) for container in spec.get("containers") or ())
    sidecars: Amounts = {}
    greediest: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _of(container, least)
        if container.get("restartPolicy") == "Always":
            wanted, sidecars = _together((wanted, own)), _together((sidecars, own))
            own = sidecars
        else:
            own = _together((sidecars, own))
        greediest = _greater(greediest, own)
    found = _greater(wanted, greediest)
    found |= _of_the_pod(spec)
    return _together((found, amounts(spec.get("overhead")))) if found or spec.get("overhead") else found


def _of_the_pod(spec: Mapping[str, Any]) -> Amounts:
    """Kubernetes: pod-level resources stand for those of the containers."""
    asked = amounts((spec.get("resources") or {}).get("requests"))
    return {name: value for name, value in asked.items() if name in _OF_A_POD or "hugepages-" in name}


def _of(container: Mapping[str, Any], least: Mapping[str, int]) -> Amounts:
    return {**least, **amounts((container.get("resources") or {}).get("requests"))}


def _together(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0) + value
    return total


def _greater(left: Amounts, right: Amounts) -> Amounts:
    return {name: max(left.get(name, 0), right.get(name, 0)) for name in (*left, *right)}


def _amount(name: str, text: Any) -> int:
    value = quantities.parse(text)
    if name == "cpu":
        value *= 1000
    return int(value.to_integral_value(ROUND_CEILING))
