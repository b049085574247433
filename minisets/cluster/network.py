"""The cluster's network: find ours, or make it on a subnet that clashes with nothing.

Deciding is pure (`free_subnet`); the engine and the routing table are read by the caller's hands.
Refuses a network of that name that is not ours.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.engine.specs import NetworkSpec
from minisets.errors import EngineConflict, MinisetsError
from minisets.settings import Parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from minisets.engine.interface import Engine, Network

# Why: high in 10/8, away from what home routers (192.168), Docker (172.17+) and most VPNs use; where a VPN
# routes all of 10/8, the far end of what Docker hands out, whose own networks are seen and avoided.
_CANDIDATES = tuple(
    IPv4Network(f"{prefix}.0.0/16")
    for prefix in (
        *(f"10.{second}" for second in (*range(213, 250), *range(100, 128))),
        *(f"172.{second}" for second in range(31, 23, -1)),
    )
)
# Why: a VPN that takes everything routes 0/1 and 128/1, or eight such pieces, instead of 0/0.
_SHORTEST = 8
_SMALLEST = 24


def free_subnet(taken: Iterable[IPv4Network], wanted: IPv4Network | None = None) -> IPv4Network:
    """The wanted one, or the first candidate, that overlaps nothing; MinisetsError where there is none."""
    used = tuple(taken)
    for candidate in (wanted, *_CANDIDATES) if wanted else _CANDIDATES:
        if not any(candidate.overlaps(other) for other in used):
            return candidate
    raise MinisetsError(
        "no free subnet for the cluster's network: every 10.x and 172.x range that minisets may use "
        "is taken; remove Docker networks that nobody uses (`docker network prune`)"
    )


def routes(table: Path) -> Iterator[IPv4Network]:
    """What the host routes, from a file in the form of /proc/net/route; nothing where there is none.

    The default route is left out, also where it is cut in pieces.
    """
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        destination, mask = (_address(line.split()[column]) for column in (1, 7))
        found = IPv4Network(f"{destination}/{mask}", strict=False)
        if found.prefixlen >= _SHORTEST:
            yield found


def _address(hexadecimal: str) -> IPv4Address:
    """The kernel writes addresses as little-endian hexadecimal."""
    return IPv4Address(int.from_bytes(bytes.fromhex(hexadecimal), "little"))


def ensure(
    engine: Engine, cluster: str, routed: Iterable[IPv4Network], wanted: IPv4Network | None = None
) -> IPv4Network:
    """The subnet of the cluster's network, which exists afterwards; wanted: the one of last time."""
    existing = engine.list_networks()
    ours = find(existing, cluster)
    if ours is not None:
        return IPv4Network(ours.subnet)
    taken = [IPv4Network(network.subnet) for network in existing if _is_ipv4(network.subnet)]
    taken += routed
    while True:
        subnet = free_subnet(taken, wanted)
        try:
            engine.create_network(spec_for(cluster, subnet))
        except EngineConflict:
            # Why: two `up` at once; or the engine knows of an overlap that we cannot see.
            ours = find(engine.list_networks(), cluster)
            if ours is not None:
                return IPv4Network(ours.subnet)
            taken.append(subnet)
        else:
            return subnet


def kept(file: Path) -> IPv4Network | None:
    """The subnet that was written down, if it can be read."""
    try:
        return in_text(file.read_text().strip())
    except (OSError, ValueError):
        return None


def in_text(text: str) -> IPv4Network | None:
    """The subnet that a text names, large enough to be cut in four; None for anything else."""
    try:
        found = IPv4Network(text)
    except ValueError:
        return None
    return found if found.prefixlen <= _SMALLEST else None


def spec_for(cluster: str, subnet: IPv4Network) -> NetworkSpec:
    """The network of a cluster; the engine's own allocator is kept out of our three parts."""
    parts = Parts.of(subnet)
    return NetworkSpec(
        name=cluster,
        subnet=str(subnet),
        gateway=str(parts.gateway),
        ip_range=str(parts.engine),
        labels=labels.network_labels(cluster),
    )


def find(networks: Iterable[Network], cluster: str) -> Network | None:
    """The cluster's network, or None; MinisetsError if a stranger's has the name."""
    for network in networks:
        if network.name != cluster:
            continue
        if network.labels.get(labels.CLUSTER) != cluster:
            raise MinisetsError(
                f'a Docker network "{cluster}" exists that minisets did not make: it is left alone. '
                f"Remove it (`docker network rm {cluster}`), or use another name: --cluster NAME"
            )
        return network
    return None


def _is_ipv4(subnet: str) -> bool:
    return bool(subnet) and ":" not in subnet
