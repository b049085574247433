"""DNS names as text: how they are compared, built for services and endpoints, and reversed. Pure."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address

REVERSE = "in-addr.arpa"


def canonical(name: str) -> str:
    """Lower case, no dot at the end: names are compared like this (A-131)."""
    return name.rstrip(".").lower()


def is_below(name: str, zone: str) -> bool:
    """Whether the name is the zone's or lies in it; both canonical."""
    return name == zone or name.endswith(f".{zone}")


def service_name(service: str, namespace: str, domain: str) -> str:
    """`nginx.default.svc.cluster.local`."""
    return canonical(f"{service}.{namespace}.svc.{domain}")


def endpoint_label(hostname: str, address: str) -> str:
    """The endpoint's label below its service: its hostname, or its address with dashes (A-131)."""
    return (hostname or address.replace(".", "-")).lower()


def port_name(port: str, protocol: str, service: str) -> str:
    """`_web._tcp.nginx.default.svc.cluster.local` (A-133)."""
    return canonical(f"_{port}._{protocol}.{service}")


def reverse_name(address: str) -> str:
    """`7.0.213.10.in-addr.arpa`."""
    return IPv4Address(address).reverse_pointer


def reversed_address(name: str) -> IPv4Address | None:
    """The address that a canonical reverse name asks about, or None."""
    labels = name.removesuffix(f".{REVERSE}").split(".")
    if not name.endswith(f".{REVERSE}") or len(labels) != 4:
        return None
    try:
        return IPv4Address(".".join(reversed(labels)))
    except AddressValueError:
        return None
