"""Rules for limit ranges and resource quotas.

Kubernetes: core validation.go ValidateLimitRange, ValidateResourceQuota.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, duplicate, each_invalid, forbidden, immutable, invalid, required
from minisets.objects.metadata import spec_of
from minisets.objects.validation.resources import amount_of, check_not_negative

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_AMOUNTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
# The lesser, the greater, and whose field is at fault.
_ORDERED = (
    ("min", "max", "min"),
    ("min", "defaultRequest", "defaultRequest"),
    ("defaultRequest", "max", "defaultRequest"),
    ("defaultRequest", "default", "defaultRequest"),
    ("min", "default", "default"),
    ("default", "max", "default"),
)
_SAID = {
    "min": "min value",
    "max": "max value",
    "default": "default value",
    "defaultRequest": "default request value",
}
_COUNTED = frozenset(
    (
        *("pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"),
        *("persistentvolumeclaims", "services.nodeports", "services.loadbalancers"),
    )
)
_MEASURED = frozenset(
    (
        *("cpu", "memory", "ephemeral-storage"),
        *(
            f"{part}.{what}"
            for part in ("requests", "limits")
            for what in ("cpu", "memory", "ephemeral-storage")
        ),
        "requests.storage",
    )
)
_SCOPES = frozenset(
    (
        *("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass"),
        *("CrossNamespacePodAffinity", "VolumeAttributesClass"),
    )
)


def check_limit_range(limits: Object) -> Causes:
    """Each type once, and amounts that do not contradict each other."""
    seen: set[str] = set()
    for index, item in enumerate(spec_of(limits).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", item.get("type") or ""
        yield from each_invalid(f"{path}.type", kind, names.qualified_name(kind))
        if kind in seen:
            yield duplicate(f"{path}.type", kind)
        seen.add(kind)
        yield from _check_item(path, kind, item)


def _check_item(path: str, kind: str, item: Object) -> Causes:
    for field in _AMOUNTS:
        for name, amount in (item.get(field) or {}).items():
            yield from each_invalid(f"{path}.{field}[{name}]", name, names.qualified_name(name))
            yield from check_not_negative(f"{path}.{field}[{name}]", amount)
    if kind == "Pod":
        for field in ("default", "defaultRequest"):
            if item.get(field):
                yield forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'")
    if kind == "PersistentVolumeClaim" and not any(
        "storage" in (item.get(field) or {}) for field in ("min", "max")
    ):
        what = "either minimum or maximum storage value is required, but neither was provided"
        yield required(f"{path}.limits", what)
    yield from _check_order(path, item)


def _check_order(path: str, item: Object) -> Causes:
    for less, more, at in _ORDERED:
        for name in sorted((item.get(less) or {}).keys() & (item.get(more) or {}).keys()):
            low, high = item[less][name], item[more][name]
            if (amount_of(low) or 0) > (amount_of(high) or 0):
                greater = (
                    "default limit value" if (less, more) == ("defaultRequest", "default") else _SAID[more]
                )
                detail = f"{_SAID[less]} {low} is greater than {greater} {high}"
                yield invalid(f"{path}.{at}[{name}]", str(item[at][name]), detail)
    for name, ratio in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        if (number := amount_of(ratio)) is not None and number < 1:
            yield invalid(f"{path}.maxLimitRequestRatio[{name}]", str(ratio), f"ratio {ratio} is less than 1")


def check_quota(quota: Object) -> Causes:
    """Resources that a quota can be of, in amounts of zero or more."""
    for name, amount in (spec_of(quota).get("hard") or {}).items():
        path = f"spec.hard[{name}]"
        complaints = names.qualified_name(name)
        yield from each_invalid(path, name, complaints)
        if not complaints and not _is_of_quotas(name):
            yield invalid(path, name, "must be a standard resource for quotas")
        yield from check_not_negative(path, amount)
    scopes = spec_of(quota).get("scopes") or []
    if not _SCOPES.issuperset(scopes):
        yield invalid("spec.scopes", scopes, "unsupported scope")


def check_quota_update(new: Object, old: Object) -> Causes:
    """What is counted stays the same; how much there may be does not."""
    scopes, before = (sorted(spec_of(each).get("scopes") or ()) for each in (new, old))
    yield from immutable("spec.scopes", scopes, before)


def _is_of_quotas(name: str) -> bool:
    return "/" in name or name in _COUNTED or name in _MEASURED or "hugepages-" in name
