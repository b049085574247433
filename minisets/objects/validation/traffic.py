"""Rules for network policies.

Kubernetes: pkg/apis/networking/validation/validation.go.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, forbidden, invalid, not_supported, required
from minisets.objects.metadata import spec_of
from minisets.objects.validation.labels import check_label_selector

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_TYPES = ("Egress", "Ingress")
_NO_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def check_network_policy(policy: Object) -> Causes:
    """Selectors, ports and peers that can be meant."""
    spec = spec_of(policy)
    yield from check_label_selector("spec.podSelector", spec.get("podSelector"))
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                yield from _check_port(f"{path}.ports[{number}]", port)
            for number, peer in enumerate(rule.get(peers) or ()):
                yield from _check_peer(f"{path}.{peers}[{number}]", peer)
    types = spec.get("policyTypes") or ()
    if len(types) > len(_TYPES):
        yield invalid("spec.policyTypes", list(types), "may not specify more than two policyTypes")
        return
    for index, kind in enumerate(types):
        if kind not in _TYPES:
            yield not_supported(f"spec.policyTypes[{index}]", kind, _TYPES)


def _check_port(path: str, given: Object) -> Causes:
    protocol, port, end = (given.get(field) for field in ("protocol", "port", "endPort"))
    if protocol is not None and protocol not in _PROTOCOLS:
        yield not_supported(f"{path}.protocol", protocol, _PROTOCOLS)
    if port is None:
        if end is not None:
            yield invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified")
    elif isinstance(port, int):
        yield from each_invalid(f"{path}.port", port, names.port_number(port))
        if end is not None and end < port:
            yield invalid(f"{path}.endPort", end, "must be greater than or equal to `port`")
        if end is not None:
            yield from each_invalid(f"{path}.endPort", end, names.port_number(end))
    else:
        if end is not None:
            yield invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric")
        yield from each_invalid(f"{path}.port", port, names.port_name(port))


def _check_peer(path: str, peer: Object) -> Causes:
    yield from check_label_selector(f"{path}.podSelector", peer.get("podSelector"))
    yield from check_label_selector(f"{path}.namespaceSelector", peer.get("namespaceSelector"))
    block = peer.get("ipBlock")
    if block is not None:
        yield from _check_block(f"{path}.ipBlock", block)
    given = [
        field for field in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(field) is not None
    ]
    if not given:
        yield required(path, "must specify a peer")
    elif len(given) > 1 and block is not None:
        yield forbidden(path, "may not specify both ipBlock and another peer")


def _check_block(path: str, block: Object) -> Causes:
    cidr = block.get("cidr") or ""
    if not cidr:
        yield required(f"{path}.cidr")
        return
    whole = _network(cidr)
    if whole is None:
        yield invalid(f"{path}.cidr", cidr, _NO_CIDR)
        return
    for index, part in enumerate(block.get("except") or ()):
        inner = _network(part)
        if inner is None:
            yield invalid(f"{path}.except[{index}]", part, _NO_CIDR)
        elif not _is_within(inner, whole):
            yield invalid(f"{path}.except[{index}]", part, "must be a strict subset of `cidr`")


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _is_within(inner: _Network, whole: _Network) -> bool:
    return inner.version == whole.version and (
        inner.prefixlen > whole.prefixlen and inner.network_address in whole
    )
