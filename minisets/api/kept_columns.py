"""The columns of kinds that are kept without effect, of leases and of metrics. Pure.

Kubernetes: pkg/printers/internalversion/printers.go; apiserver pkg/registry/rest/table.go for those
without a printer, which say when they were made and not how old they are.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from minisets.api.column import AGE, NAME, Column, at, wide
from minisets.objects import quantities
from minisets.objects.metadata import meta, spec_of, status_of
from minisets.objects.selectors import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from minisets.objects.kinds import Object

_UNKNOWN = "<unknown>"
_MOST_METRICS = 2


def _pod_selector(obj: Object, _now: datetime) -> str:
    return str(LabelSelector.of(spec_of(obj).get("podSelector") or {})) or "<none>"


def _reference(*path: str) -> Callable[[Object, datetime], str]:
    """`ClusterRole/view`, `StatefulSet/web`."""
    found = at(*path, default={})

    def cell(obj: Object, now: datetime) -> str:
        told = found(obj, now)
        return f"{told.get('kind', '')}/{told.get('name', '')}"

    return cell


def _subjects(kind: str) -> Callable[[Object, datetime], str]:
    def cell(obj: Object, _now: datetime) -> str:
        found = [one for one in obj.get("subjects") or () if one.get("kind") == kind]
        if kind == "ServiceAccount":
            return ", ".join(f"{one.get('namespace', '')}/{one.get('name', '')}" for one in found)
        return ", ".join(one.get("name", "") for one in found)

    return cell


def _quota(*, limits: bool) -> Callable[[Object, datetime], str]:
    """`cpu: 1/2, pods: 0/4`: what is used, and how much there is."""

    def cell(obj: Object, _now: datetime) -> str:
        hard, used = (status_of(obj).get(field) or {} for field in ("hard", "used"))
        names = (name for name in sorted(hard) if name.startswith("limits.") is limits)
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in names)

    return cell


def _targets(obj: Object, _now: datetime) -> str:
    """Kubernetes: formatHPAMetrics."""
    wanted, seen = spec_of(obj).get("metrics") or (), status_of(obj).get("currentMetrics") or ()
    found = [_target(one, seen[ordinal] if ordinal < len(seen) else {}) for ordinal, one in enumerate(wanted)]
    more = len(found) - _MOST_METRICS
    text = ", ".join(found[:_MOST_METRICS]) or "<none>"
    return f"{text} + {more} more..." if more > 0 else text


def _target(metric: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    source = str(metric.get("type") or "")
    field = source[:1].lower() + source[1:]
    if field not in ("external", "pods", "object", "resource", "containerResource"):
        return "<unknown type>"
    told = metric.get(field) or {}
    target, current = told.get("target") or {}, (status.get(field) or {}).get("current") or {}
    if "esource" in field:
        return f"{told.get('name', '')}: {_of_resource(target, current)}"
    if target.get("averageValue") is not None:
        average = "" if field == "pods" else " (avg)"
        return f"{current.get('averageValue') or _UNKNOWN}/{target['averageValue']}{average}"
    return f"{current.get('value') or _UNKNOWN}/{target.get('value', '')}"


def _of_resource(target: Mapping[str, Any], current: Mapping[str, Any]) -> str:
    if target.get("averageValue") is not None:
        return f"{current.get('averageValue') or _UNKNOWN}/{target['averageValue']}"
    now, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    return f"{_UNKNOWN if now is None else f'{now}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _usage(resource: str) -> Callable[[Object, datetime], str]:
    """Of a node, or of a pod's containers together."""

    def cell(obj: Object, _now: datetime) -> str:
        parts = obj.get("containers")
        found = [part.get("usage", {}).get(resource, "0") for part in ([obj] if parts is None else parts)]
        total = sum((quantities.parse(one) for one in found), Decimal(0))
        return quantities.format(total, "BinarySI" if resource == "memory" else "DecimalSI")

    return cell


_CREATED = Column("Created At", lambda obj, _now: meta(obj).get("creationTimestamp"), type="date")
_BINDING = (
    NAME,
    Column("Role", _reference("roleRef")),
    AGE,
    wide("Users", _subjects("User")),
    wide("Groups", _subjects("Group")),
    wide("ServiceAccounts", _subjects("ServiceAccount")),
)

_METRICS = (
    NAME,
    Column("cpu", _usage("cpu")),
    Column("memory", _usage("memory")),
    Column("Window", at("window")),
)

KEPT: dict[str, tuple[Column, ...]] = {
    "ClusterRole": (NAME, _CREATED),
    "ClusterRoleBinding": _BINDING,
    "HorizontalPodAutoscaler": (
        NAME,
        Column("Reference", _reference("spec", "scaleTargetRef")),
        Column("Targets", _targets),
        Column("MinPods", lambda obj, _now: str(spec_of(obj).get("minReplicas", "<unset>"))),
        Column("MaxPods", at("spec", "maxReplicas", default=0), type="integer"),
        Column("Replicas", at("status", "currentReplicas", default=0), type="integer"),
        AGE,
    ),
    "Lease": (NAME, Column("Holder", at("spec", "holderIdentity")), AGE),
    "LimitRange": (NAME, _CREATED),
    "NetworkPolicy": (NAME, Column("Pod-Selector", _pod_selector), AGE),
    "NodeMetrics": _METRICS,
    "PodMetrics": _METRICS,
    "PriorityClass": (
        NAME,
        Column("Value", at("value", default=0), type="integer"),
        Column("Global-Default", at("globalDefault", default=False), type="boolean"),
        AGE,
        Column("PreemptionPolicy", at("preemptionPolicy")),
    ),
    "ResourceQuota": (
        NAME,
        Column("Request", _quota(limits=False)),
        Column("Limit", _quota(limits=True)),
        AGE,
    ),
    "Role": (NAME, _CREATED),
    "RoleBinding": _BINDING,
}
