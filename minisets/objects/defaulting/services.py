"""Defaults of Services (A-92), and what upstream's strategy fills in from the Service alone.

Leaves to `registry/`: allocating addresses and node ports, and keeping the stored ones on a PUT.
Kubernetes: core/v1 defaults.go SetDefaults_Service, registry/core/service/storage/alloc.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.defaulting.fields import fill

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_AFFINITY_TIMEOUT = 10800
_EXTERNAL = ("NodePort", "LoadBalancer")


def default_service(service: Object) -> None:
    """Type, affinity, ports, traffic policies and address families."""
    spec = service.setdefault("spec", {})
    fill(spec, sessionAffinity="None", type="ClusterIP")
    _default_affinity(spec)
    for port in spec.get("ports") or ():
        fill(port, protocol="TCP")
        if port.get("targetPort") in {None, "", 0} and port.get("port"):
            port["targetPort"] = port["port"]
    if spec["type"] in _EXTERNAL or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        fill(spec, allocateLoadBalancerNodePorts=True)
    if spec["type"] in {"ClusterIP", *_EXTERNAL}:
        fill(spec, internalTrafficPolicy="Cluster")
    if spec["type"] != "ExternalName":
        _default_addresses(spec)
    fill(fill(service, status={})["status"], loadBalancer={})


def _default_affinity(spec: Object) -> None:
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if client.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _AFFINITY_TIMEOUT}}


def _default_addresses(spec: Object) -> None:
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    fill(spec, ipFamilyPolicy="SingleStack")
    if not spec.get("ipFamilies"):
        spec["ipFamilies"] = ["IPv4"]
