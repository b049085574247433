"""Defaults of the kinds that are kept without effect, as far as clients see them.

Kubernetes: pkg/apis/{rbac,networking,core,scheduling,autoscaling}/*/defaults.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.defaulting.fields import fill
from minisets.objects.kinds import RBAC

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_UTILIZATION = 80
_SCALING_PERIOD = 15


def default_binding(binding: Object) -> None:
    """The group of the role and of users and groups; a ServiceAccount is of the core group."""
    if isinstance(binding.get("roleRef"), dict):
        fill(binding["roleRef"], apiGroup=RBAC)
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in {"User", "Group"}:
            fill(subject, apiGroup=RBAC)


def default_network_policy(policy: Object) -> None:
    """Ports are TCP; a policy is about ingress, and about egress where it has rules for that."""
    spec = fill(policy, spec={})["spec"]
    fill(spec, podSelector={})
    for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
        for port in rule.get("ports") or ():
            fill(port, protocol="TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def default_limit_range(limits: Object) -> None:
    """A container's default limit is the most it may have, its default request that limit, or the least."""
    for item in (limits.get("spec") or {}).get("limits") or ():
        if item.get("type") == "Container":
            limit = {**(item.get("max") or {}), **(item.get("default") or {})}
            request = {**(item.get("min") or {}), **limit, **(item.get("defaultRequest") or {})}
            item.update(
                {name: said for name, said in (("default", limit), ("defaultRequest", request)) if said}
            )


def default_priority_class(found: Object) -> None:
    """Pods of a class may preempt others."""
    fill(found, preemptionPolicy="PreemptLowerPriority")


def default_autoscaler(autoscaler: Object) -> None:
    """One replica at least, and 80 % of the requested CPU where nothing else is said to be measured."""
    spec = fill(autoscaler, spec={})["spec"]
    fill(spec, minReplicas=1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": _UTILIZATION}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if isinstance(spec.get("behavior"), dict):
        _default_behavior(spec["behavior"])


def _default_behavior(behavior: Object) -> None:
    """Kubernetes: GenerateHPAScaleUpRules, GenerateHPAScaleDownRules."""
    all_of_them = {"type": "Percent", "value": 100, "periodSeconds": _SCALING_PERIOD}
    some = {"type": "Pods", "value": 4, "periodSeconds": _SCALING_PERIOD}
    up = fill(behavior, scaleUp={})["scaleUp"]
    fill(up, stabilizationWindowSeconds=0, selectPolicy="Max", policies=[some, all_of_them])
    down = fill(behavior, scaleDown={})["scaleDown"]
    fill(down, selectPolicy="Max", policies=[dict(all_of_them)])
