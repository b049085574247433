"""Service addresses and node ports: which are taken, and which one a Service gets.

What is taken is read from the Services themselves, in the writing transaction: there is no second
ledger that could disagree. Kubernetes: pkg/registry/core/service/{ipallocator,portallocator}.
"""

from __future__ import annotations

import random
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

from minisets.objects import causes
from minisets.objects.metadata import name_of, namespace_of, spec_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.errors import Invalid
    from minisets.objects.kinds import Object
    from minisets.settings import Settings
    from minisets.store.interface import Reader

WITHOUT_NETWORK = IPv4Network("10.96.0.0/16")
"""Where addresses come from when the cluster has no network of its own."""

NODE_PORTS = range(30000, 32768)
_WITH_ADDRESS = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})
_RESERVED = 16
"""Why: the first addresses are given only to who asks for them; people choose small numbers."""


def wants_address(spec: dict[str, Any]) -> bool:
    """Whether a Service of this spec has an address; a headless one keeps its `None`."""
    return spec.get("type") in _WITH_ADDRESS and spec.get("clusterIP") != "None"


def wants_node_ports(spec: dict[str, Any]) -> bool:
    """Whether each port of such a Service has a port on the nodes."""
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return spec.get("type") == "NodePort"


def services_range(settings: Settings) -> IPv4Network:
    """The addresses that Services get."""
    return WITHOUT_NETWORK if settings.subnet is None else settings.parts.services


def allocate_address(service: Object, old: Object | None, reader: Reader, settings: Settings) -> None:
    """Fill in `clusterIP` and `clusterIPs`; Invalid where the one asked for cannot be had."""
    spec = spec_of(service)
    if old is not None and spec.get("clusterIP") and spec["clusterIP"] == spec_of(old).get("clusterIP"):
        return
    network = services_range(settings)
    taken = set(_taken_addresses(service, reader))
    asked = str(spec.get("clusterIP") or "")
    if asked:
        _check_address(service, asked, network, taken)
    else:
        asked = _free_address(service, network, taken)
    spec["clusterIP"], spec["clusterIPs"] = asked, [asked]


def allocate_node_ports(service: Object, reader: Reader) -> None:
    """Fill in each port's `nodePort`; Invalid where one asked for cannot be had."""
    if not wants_node_ports(spec_of(service)):
        return
    taken = set(_taken_node_ports(service, reader))
    ports = spec_of(service).get("ports") or []
    for index, port in enumerate(ports):
        if port.get("nodePort"):
            _check_node_port(service, index, port, taken)
            taken.add(_node_port(port))
    for port in ports:
        if not port.get("nodePort"):
            in_use = {number for _, number in taken}
            port["nodePort"] = random.choice([number for number in NODE_PORTS if number not in in_use])
            taken.add(_node_port(port))


def _others(service: Object, reader: Reader) -> Iterator[Object]:
    me = (namespace_of(service), name_of(service))
    for other in reader.list("Service").items:
        if (namespace_of(other), name_of(other)) != me:
            yield other


def _taken_addresses(service: Object, reader: Reader) -> Iterator[str]:
    for other in _others(service, reader):
        yield str(spec_of(other).get("clusterIP") or "")


def _taken_node_ports(service: Object, reader: Reader) -> Iterator[tuple[str, int]]:
    for other in _others(service, reader):
        for port in spec_of(other).get("ports") or ():
            yield _node_port(port)


def _node_port(port: dict[str, Any]) -> tuple[str, int]:
    """What a port takes; 0 is nobody's. Why: TCP and UDP may share a number, as DNS does."""
    return port.get("protocol") or "TCP", int(port.get("nodePort") or 0)


def _free_address(service: Object, network: IPv4Network, taken: set[str]) -> str:
    """A free one at random. Why: an address that just went may still be in somebody's cache."""
    first, last = min(_RESERVED, network.num_addresses // 2), network.num_addresses - 2
    for _ in range(64):
        candidate = str(network[random.randint(first, last)])
        if candidate not in taken:
            return candidate
    for offset in range(last, 0, -1):
        candidate = str(network[offset])
        if candidate not in taken:
            return candidate
    raise _refused(service, [], "failed to allocate a serviceIP: range is full")


def _check_address(service: Object, asked: str, network: IPv4Network, taken: set[str]) -> None:
    try:
        inside = int(IPv4Address(asked)) in _usable(network)
    except AddressValueError:
        inside = False
    if not inside:
        why = f"the provided IP ({asked}) is not in the valid range. The range of valid IPs is {network}"
        raise _refused(service, [asked], f"failed to allocate IP {asked}: {why}")
    if asked in taken:
        raise _refused(service, [asked], f"failed to allocate IP {asked}: provided IP is already allocated")


def _usable(network: IPv4Network) -> range:
    return range(int(network.network_address) + 1, int(network.broadcast_address))


def _check_node_port(service: Object, index: int, port: dict[str, Any], taken: set[tuple[str, int]]) -> None:
    path, asked = f"spec.ports[{index}].nodePort", port["nodePort"]
    if asked not in NODE_PORTS:
        bounds = f"{NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
        why = f"provided port is not in the valid range. The range of valid ports is {bounds}"
        raise causes.refusal("Service", name_of(service), [causes.invalid(path, asked, why)])
    if _node_port(port) in taken:
        fault = causes.invalid(path, asked, "provided port is already allocated")
        raise causes.refusal("Service", name_of(service), [fault])


def _refused(service: Object, value: list[str], why: str) -> Invalid:
    return causes.refusal("Service", name_of(service), [causes.invalid("spec.clusterIPs", value, why)])
