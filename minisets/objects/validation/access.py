"""Rules for roles and their bindings.

Kubernetes: pkg/apis/rbac/validation/validation.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, invalid, not_supported, required
from minisets.objects.kinds import RBAC
from minisets.objects.validation.labels import check_label_selector

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


def check_role(role: Object) -> Causes:
    """Rules about resources only: a role is of one namespace."""
    for index, rule in enumerate(role.get("rules") or ()):
        yield from _check_rule(f"rules[{index}]", rule, namespaced=True)


def check_cluster_role(role: Object) -> Causes:
    """Rules, and whose rules are taken over."""
    for index, rule in enumerate(role.get("rules") or ()):
        yield from _check_rule(f"rules[{index}]", rule, namespaced=False)
    if (aggregation := role.get("aggregationRule")) is None:
        return
    path, selectors = "aggregationRule.clusterRoleSelectors", aggregation.get("clusterRoleSelectors") or ()
    if not selectors:
        yield required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")
    for index, selector in enumerate(selectors):
        yield from check_label_selector(f"{path}[{index}]", selector)


def _check_rule(path: str, rule: Object, *, namespaced: bool) -> Causes:
    if not rule.get("verbs"):
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    if urls := rule.get("nonResourceURLs"):
        where = f"{path}.nonResourceURLs"
        if namespaced:
            yield invalid(where, urls, "namespaced rules cannot apply to non-resource URLs")
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            yield invalid(where, urls, "rules cannot apply to both regular resources and non-resource URLs")
        return
    if not rule.get("apiGroups"):
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def check_role_binding(binding: Object) -> Causes:
    """Of a role or a cluster role, to subjects that may be of this namespace."""
    yield from _check_binding(binding, ("Role", "ClusterRole"), namespaced=True)


def check_cluster_role_binding(binding: Object) -> Causes:
    """Of a cluster role, to subjects that say their namespace."""
    yield from _check_binding(binding, ("ClusterRole",), namespaced=False)


def check_role_ref_update(new: Object, old: Object) -> Causes:
    """A binding stays the binding of its role."""
    if new.get("roleRef") != old.get("roleRef"):
        yield invalid("roleRef", new.get("roleRef"), "cannot change roleRef")


def _check_binding(binding: Object, kinds: tuple[str, ...], *, namespaced: bool) -> Causes:
    role = binding.get("roleRef") or {}
    if role.get("apiGroup") != RBAC:
        yield not_supported("roleRef.apiGroup", role.get("apiGroup") or "", (RBAC,))
    if role.get("kind") not in kinds:
        yield not_supported("roleRef.kind", role.get("kind") or "", kinds)
    if name := role.get("name"):
        yield from each_invalid("roleRef.name", name, names.path_segment(name))
    else:
        yield required("roleRef.name")
    for index, subject in enumerate(binding.get("subjects") or ()):
        yield from _check_subject(f"subjects[{index}]", subject, namespaced=namespaced)


def _check_subject(path: str, subject: Object, *, namespaced: bool) -> Causes:
    name, group = subject.get("name") or "", subject.get("apiGroup") or ""
    if not name:
        yield required(f"{path}.name")
    match subject.get("kind"):
        case "ServiceAccount":
            if name:
                yield from each_invalid(f"{path}.name", name, names.dns_subdomain(name))
            if group:
                yield not_supported(f"{path}.apiGroup", group, ("",))
            if not namespaced and not subject.get("namespace"):
                yield required(f"{path}.namespace")
        case "User" | "Group":
            if group != RBAC:
                yield not_supported(f"{path}.apiGroup", group, (RBAC,))
        case kind:
            yield not_supported(f"{path}.kind", kind or "", ("ServiceAccount", "User", "Group"))
