"""Rules for where a pod may run: affinity, tolerations, spread. Form only; `scheduling.py` decides.

Kubernetes: core validation.go validateAffinity, ValidateTolerations, validateTopologySpreadConstraints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, invalid, not_supported, required
from minisets.objects.validation.labels import check_label_selector, check_labels

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def check_placement(path: str, spec: Object) -> Causes:
    """Everything in a pod's spec that says where it may run."""
    yield from check_labels(f"{path}.nodeSelector", spec.get("nodeSelector"))
    affinity = spec.get("affinity") or {}
    if (node := affinity.get("nodeAffinity")) is not None:
        yield from _check_node_affinity(f"{path}.affinity.nodeAffinity", node)
    for name in ("podAffinity", "podAntiAffinity"):
        if (pods := affinity.get(name)) is not None:
            yield from _check_pod_affinity(f"{path}.affinity.{name}", pods)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        yield from _check_spread(f"{path}.topologySpreadConstraints[{index}]", constraint)
    for index, toleration in enumerate(spec.get("tolerations") or ()):
        yield from _check_toleration(f"{path}.tolerations[{index}]", toleration)


def _check_node_affinity(path: str, affinity: Object) -> Causes:
    needed = affinity.get(_REQUIRED)
    if needed is not None and not needed.get("nodeSelectorTerms"):
        yield required(f"{path}.{_REQUIRED}.nodeSelectorTerms", "must have at least one node selector term")
    for index, term in enumerate((needed or {}).get("nodeSelectorTerms") or ()):
        yield from _check_node_term(f"{path}.{_REQUIRED}.nodeSelectorTerms[{index}]", term)
    for index, wish in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        yield from _check_weight(here, wish)
        yield from _check_node_term(f"{here}.preference", wish.get("preference") or {})


def _check_node_term(path: str, term: Object) -> Causes:
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        here = f"{path}.matchExpressions[{index}]"
        operator, values = expression.get("operator") or "", expression.get("values") or []
        if operator in {"In", "NotIn"} and not values:
            yield required(f"{here}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in {"Gt", "Lt"} and len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield required(f"{here}.values", detail)
        elif operator not in _NODE_OPERATORS:
            yield invalid(f"{here}.operator", operator, "not a valid selector operator")
        key = expression.get("key") or ""
        yield from each_invalid(f"{here}.key", key, names.qualified_name(key))


def _check_pod_affinity(path: str, affinity: Object) -> Causes:
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        yield from _check_pod_term(f"{path}.{_REQUIRED}[{index}]", term)
    for index, wish in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        yield from _check_weight(here, wish)
        yield from _check_pod_term(f"{here}.podAffinityTerm", wish.get("podAffinityTerm") or {})


def _check_pod_term(path: str, term: Object) -> Causes:
    yield from check_label_selector(f"{path}.labelSelector", term.get("labelSelector"))
    yield from check_label_selector(f"{path}.namespaceSelector", term.get("namespaceSelector"))
    for name in term.get("namespaces") or ():
        yield from each_invalid(f"{path}.namespace", name, names.dns_label(name))
    key = term.get("topologyKey") or ""
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from each_invalid(f"{path}.topologyKey", key, names.qualified_name(key))


def _check_weight(path: str, wish: Object) -> Causes:
    weight = wish.get("weight") or 0
    if not 1 <= weight <= 100:
        yield invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _check_spread(path: str, constraint: Object) -> Causes:
    skew = constraint.get("maxSkew") or 0
    if skew <= 0:
        yield invalid(f"{path}.maxSkew", skew, "must be greater than zero")
    if not constraint.get("topologyKey"):
        yield required(f"{path}.topologyKey", "can not be empty")
    action = constraint.get("whenUnsatisfiable") or ""
    if action not in {"DoNotSchedule", "ScheduleAnyway"}:
        yield not_supported(f"{path}.whenUnsatisfiable", action, ("DoNotSchedule", "ScheduleAnyway"))
    yield from check_label_selector(f"{path}.labelSelector", constraint.get("labelSelector"))


def _check_toleration(path: str, toleration: Object) -> Causes:
    key, value = toleration.get("key") or "", toleration.get("value") or ""
    operator, effect = toleration.get("operator") or "", toleration.get("effect") or ""
    if key:
        yield from each_invalid(f"{path}.key", key, names.qualified_name(key))
    elif operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid(f"{path}.operator", operator, detail)
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        yield invalid(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator in {"", "Equal"}:
        if complaints := names.label_value(value):
            yield invalid(f"{path}.operator", value, ";".join(complaints))
    elif operator == "Exists":
        if value:
            yield invalid(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'")
    else:
        yield not_supported(f"{path}.operator", operator, ("Equal", "Exists"))
    if effect and effect not in _EFFECTS:
        yield not_supported(f"{path}.effect", effect, _EFFECTS)
