"""How the served kinds are announced: aggregated (v2, v2beta1) and as the legacy lists. Pure.

All of it follows from `objects/kinds.py`. Leaves negotiation of the form to `accepting.py`.
Kubernetes: apiserver pkg/endpoints/discovery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.api.routes import group_versions
from minisets.objects.kinds import SERVED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Kind, Subresource


def aggregated(version: str, *, core: bool) -> dict[str, Any]:
    """The APIGroupDiscoveryList behind `/api` (core) or `/apis`; version `v2` or `v2beta1`."""
    groups = dict.fromkeys(group for group, _ in group_versions() if (group == "") == core)
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [_group_item(group) for group in groups],
    }


def _group_item(group: str) -> dict[str, Any]:
    versions = [
        {
            "version": version,
            "freshness": "Current",
            "resources": [_resource(kind) for kind in _kinds(group, version)],
        }
        for served, version in group_versions()
        if served == group
    ]
    return {"metadata": {"name": group} if group else {}, "versions": versions}


def _kinds(group: str, version: str) -> Iterable[Kind]:
    return (kind for kind in SERVED if (kind.group, kind.version) == (group, version))


def _resource(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resource": kind.plural,
        "singularResource": kind.singular,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "responseKind": _response_kind(kind, None),
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        found["shortNames"] = list(kind.short_names)
    if kind.categories:
        found["categories"] = list(kind.categories)
    if kind.subresources:
        found["subresources"] = [
            {"subresource": sub.name, "responseKind": _response_kind(kind, sub), "verbs": list(sub.verbs)}
            for sub in kind.subresources
        ]
    return found


def _response_kind(kind: Kind, sub: Subresource | None) -> dict[str, str]:
    if sub is None or not sub.kind:
        return {"group": kind.group, "version": kind.version, "kind": kind.title}
    return {"group": sub.group, "version": sub.version or kind.version, "kind": sub.kind}


def legacy_core() -> dict[str, Any]:
    """`APIVersions`, behind `/api`."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}]
    versions = [version for group, version in group_versions() if not group]
    return {"kind": "APIVersions", "versions": versions, "serverAddressByClientCIDRs": addresses}


def legacy_groups() -> dict[str, Any]:
    """`APIGroupList`, behind `/apis`."""
    groups = [legacy_group(group) for group in dict.fromkeys(group for group, _ in group_versions() if group)]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def legacy_group(group: str) -> dict[str, Any] | None:
    """`APIGroup`, behind `/apis/<group>`; None for one that is not served."""
    versions = [
        {"groupVersion": f"{group}/{version}", "version": version}
        for served, version in group_versions()
        if group and served == group
    ]
    if not versions:
        return None
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": group,
        "versions": versions,
        "preferredVersion": versions[0],
    }


def legacy_resources(group: str, version: str) -> dict[str, Any] | None:
    """`APIResourceList`, behind `/api/v1` and `/apis/<group>/<version>`; None if not served."""
    if (group, version) not in group_versions():
        return None
    resources: list[dict[str, Any]] = []
    for kind in _kinds(group, version):
        resources += [_legacy_resource(kind), *(_legacy_subresource(kind, sub) for sub in kind.subresources)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }


def _legacy_resource(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.title,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        found["shortNames"] = list(kind.short_names)
    if kind.categories:
        found["categories"] = list(kind.categories)
    return found


def _legacy_subresource(kind: Kind, sub: Subresource) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": f"{kind.plural}/{sub.name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": sub.kind or kind.title,
        "verbs": list(sub.verbs),
    }
    if sub.group:
        found |= {"group": sub.group, "version": sub.version}
    return found
