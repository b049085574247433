"""Rules for Services and for what one may become: an address stays once it is given.

Kubernetes: core validation.go validateService, ValidateServiceClusterIPsRelatedFields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import (
    Causes,
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    not_supported,
    one_of,
    required,
)
from minisets.objects.metadata import spec_of
from minisets.objects.validation.containers import PROTOCOLS
from minisets.objects.validation.labels import check_labels
from minisets.objects.validation.probes import check_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.objects.kinds import Object

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_LONGEST_AFFINITY = 86400


def check_service(service: Object) -> Causes:
    """A Service's spec, defaulted."""
    spec = spec_of(service)
    ports = spec.get("ports") or []
    kind = spec.get("type") or ""
    if not ports and not is_headless(spec) and kind != "ExternalName":
        yield required("spec.ports")
    yield from _check_type(spec, kind)
    yield from _check_ports(ports)
    yield from check_labels("spec.selector", spec.get("selector"))
    yield from _check_affinity(spec)
    if kind != "ExternalName":
        yield from _check_addresses(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        yield from each_invalid(f"spec.externalIPs[{index}]", address, names.ip_address(address))
    yield from one_of("spec.type", kind, _TYPES)
    yield from _check_uniqueness(ports, kind)
    yield from _check_traffic(spec, kind)


def check_service_update(new: Object, old: Object) -> Causes:
    """An address may not change, unless the Service comes from or becomes an ExternalName."""
    after, before = spec_of(new), spec_of(old)
    if "ExternalName" not in {after.get("type"), before.get("type")}:
        yield from _check_same_addresses(after, before)
    yield from check_service(new)


def is_headless(spec: Object) -> bool:
    """Whether its name stands for its pods' addresses rather than for one of its own."""
    return spec.get("clusterIP") == "None" or (spec.get("clusterIPs") or [None])[0] == "None"


def _check_type(spec: Object, kind: str) -> Causes:
    if kind in {"LoadBalancer", "NodePort"} and is_headless(spec):
        yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    if kind != "ExternalName":
        return
    for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field) or (field == "clusterIPs" and spec.get("clusterIP")):
            yield forbidden(f"spec.{field}", "may not be set for ExternalName services")
    if name := (spec.get("externalName") or "").removesuffix("."):
        yield from each_invalid("spec.externalName", name, names.dns_subdomain(name))
    else:
        yield required("spec.externalName")


def _check_ports(ports: Sequence[Object]) -> Causes:
    taken: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"spec.ports[{index}]", port.get("name") or ""
        if name:
            yield from each_invalid(f"{path}.name", name, names.dns_label(name))
        elif len(ports) > 1:
            yield required(f"{path}.name")
        if name in taken:
            yield duplicate(f"{path}.name", name)
        elif name:
            taken.add(name)
        number = port.get("port") or 0
        yield from each_invalid(f"{path}.port", number, names.port_number(number))
        yield from one_of(f"{path}.protocol", port.get("protocol") or "", PROTOCOLS)
        yield from check_port(f"{path}.targetPort", port.get("targetPort"))
        if protocol := port.get("appProtocol"):
            yield from each_invalid(f"{path}.appProtocol", protocol, names.qualified_name(protocol))


def _check_affinity(spec: Object) -> Causes:
    affinity, config = spec.get("sessionAffinity") or "", spec.get("sessionAffinityConfig")
    yield from one_of("spec.sessionAffinity", affinity, ("ClientIP", "None"))
    if affinity == "None" and config is not None:
        detail = "must not be set when session affinity is None"
        yield forbidden("spec.sessionAffinityConfig", detail)
    if affinity == "ClientIP":
        timeout = ((config or {}).get("clientIP") or {}).get("timeoutSeconds") or 0
        if not 0 < timeout <= _LONGEST_AFFINITY:
            detail = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
            yield invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", timeout, detail)


def _check_addresses(spec: Object) -> Causes:
    first, addresses = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if first and not addresses:
        yield required("spec.clusterIPs")
    elif first and addresses[0] != first:
        yield invalid("spec.clusterIPs", addresses, "first value must match `clusterIP`")
    elif addresses and not first:
        yield invalid("spec.clusterIPs", addresses, "must be empty when `clusterIP` is not specified")
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in _FAMILIES:
            yield not_supported(f"spec.ipFamilies[{index}]", family, _FAMILIES)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        yield not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES)
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                yield invalid("spec.clusterIPs", addresses, "'None' must be the first and only value")
            continue
        yield from each_invalid(f"spec.clusterIPs[{index}]", address, names.ip_address(address))


def _check_uniqueness(ports: Sequence[Object], kind: str) -> Causes:
    taken: set[tuple[str, str, int]] = set()
    for index, port in enumerate(ports):
        path, protocol = f"spec.ports[{index}]", port.get("protocol") or ""
        number, node_port = port.get("port") or 0, port.get("nodePort") or 0
        if node_port and kind == "ClusterIP":
            yield forbidden(f"{path}.nodePort", "may not be used when `type` is 'ClusterIP'")
        if node_port and ("nodePort", protocol, node_port) in taken:
            yield duplicate(f"{path}.nodePort", node_port)
        if ("port", protocol, number) in taken:
            yield duplicate(path, {"protocol": protocol, "port": number})
        taken |= {("nodePort", protocol, node_port), ("port", protocol, number)}


def _check_traffic(spec: Object, kind: str) -> Causes:
    policy = spec.get("externalTrafficPolicy") or ""
    is_external = kind in {"LoadBalancer", "NodePort"} or bool(
        kind == "ClusterIP" and spec.get("externalIPs")
    )
    if is_external:
        yield from one_of("spec.externalTrafficPolicy", policy, ("Cluster", "Local"))
    elif policy:
        detail = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", policy, detail)
    if spec.get("allocateLoadBalancerNodePorts") is not None and kind != "LoadBalancer":
        detail = "may only be used when `type` is 'LoadBalancer'"
        yield forbidden("spec.allocateLoadBalancerNodePorts", detail)
    internal = spec.get("internalTrafficPolicy")
    if internal is None and kind in {"ClusterIP", "LoadBalancer", "NodePort"}:
        yield required("spec.internalTrafficPolicy")
    elif internal is not None and internal not in {"Cluster", "Local"}:
        yield not_supported("spec.internalTrafficPolicy", internal, ("Cluster", "Local"))


def _check_same_addresses(after: Object, before: Object) -> Causes:
    new, old = after.get("clusterIPs") or [], before.get("clusterIPs") or []
    if old and not new:
        yield invalid("spec.clusterIPs[0]", new, "primary clusterIP can not be unset")
    for index, (address, previous) in enumerate(zip(new, old, strict=False)):
        if address != previous:
            yield invalid(f"spec.clusterIPs[{index}]", new, "may not change once set")
