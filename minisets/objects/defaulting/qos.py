"""The quality-of-service class that a pod's requests and limits amount to (A-90). Pure.

Kubernetes: component-helpers/qos ComputePodQOS, without pod-level resources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects import quantities

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from minisets.objects.kinds import Object

_COUNTED = ("cpu", "memory")


def qos_class(pod_spec: Object) -> str:
    """`Guaranteed`, `Burstable` or `BestEffort`."""
    containers = [*(pod_spec.get("containers") or ()), *(pod_spec.get("initContainers") or ())]
    resources = [container.get("resources") or {} for container in containers]
    requests = [_amounts(each.get("requests")) for each in resources]
    limits = [_amounts(each.get("limits")) for each in resources]
    if not any(requests) and not any(limits):
        return "BestEffort"
    full = all(len(limit) == len(_COUNTED) for limit in limits)
    # Why: a request left out is the limit's, so only one that differs counts.
    same = all({**limit, **request} == limit for request, limit in zip(requests, limits, strict=True))
    return "Guaranteed" if full and same else "Burstable"


def _amounts(resources: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """The counted resources that are not zero; what is no quantity is left to validation."""
    found: dict[str, Decimal] = {}
    for name in _COUNTED:
        try:
            amount = quantities.parse(str((resources or {}).get(name, "0")))
        except ValueError:
            continue
        if amount:
            found[name] = amount
    return found
