"""The zone: everything that the server is authoritative for, as one value with a version. Pure.

To and from bytes, so that a whole zone can be handed to another process.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from minisets.dns.names import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Server:
    """Where a service is: one SRV record."""

    port: int
    target: str


@dataclass(frozen=True)
class Records:
    """What a name has. A name with no records at all still exists (NODATA)."""

    addresses: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    alias: str = ""
    texts: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Zone:
    """Names (canonical) and their records, at one version of the store.

    network: the Docker network's name; subnet: whose reverse zone is ours (None: no network).
    """

    domain: str = "cluster.local"
    network: str = ""
    subnet: IPv4Network | None = None
    version: int = 0
    names: Mapping[str, Records] = field(default_factory=dict)

    @cached_property
    def inner(self) -> frozenset[str]:
        """Names that exist only because something lies below them, such as `svc.cluster.local`."""
        found = {canonical(self.domain), f"svc.{canonical(self.domain)}"}
        for name in self.names:
            parent = name.partition(".")[2]
            while parent and parent not in found:
                found.add(parent)
                parent = parent.partition(".")[2]
        return frozenset(found)

    def to_bytes(self) -> bytes:
        """JSON."""
        names = {name: _as_json(records) for name, records in self.names.items()}
        said = {
            "domain": self.domain,
            "network": self.network,
            "subnet": str(self.subnet) if self.subnet else "",
            "version": self.version,
            "names": names,
        }
        return json.dumps(said, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Zone:
        """The zone again; ValueError or LookupError where the bytes are none."""
        said = json.loads(data)
        return cls(
            domain=said["domain"],
            network=said["network"],
            subnet=IPv4Network(said["subnet"]) if said["subnet"] else None,
            version=said["version"],
            names={name: _from_json(records) for name, records in said["names"].items()},
        )


def _as_json(records: Records) -> list[Any]:
    servers = [[server.port, server.target] for server in records.servers]
    return [records.addresses, servers, records.alias, records.texts, records.pointers]


def _from_json(said: list[Any]) -> Records:
    addresses, servers, alias, texts, pointers = said
    return Records(
        tuple(addresses),
        tuple(Server(port, target) for port, target in servers),
        alias,
        tuple(texts),
        tuple(pointers),
    )
