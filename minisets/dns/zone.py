"""The zone: everything that the server is authoritative for, as one value with a version. Pure.

To and from bytes, so that a whole zone can be handed to another process.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, TypeVar

from minisets.dns.names import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

_Kind = TypeVar("_Kind")


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
        """The zone again; ValueError where the bytes are none."""
        try:
            return cls._of(json.loads(data))
        except (LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"no zone: {type(error).__name__}: {error}") from error

    @classmethod
    def _of(cls, said: Any) -> Zone:
        return cls(
            domain=_is(str, said["domain"]),
            network=_is(str, said["network"]),
            subnet=IPv4Network(said["subnet"]) if said["subnet"] else None,
            version=_is(int, said["version"]),
            names={name: _from_json(records) for name, records in said["names"].items()},
        )


def _as_json(records: Records) -> list[Any]:
    servers = [[server.port, server.target] for server in records.servers]
    return [records.addresses, servers, records.alias, records.texts, records.pointers]


def _from_json(said: list[Any]) -> Records:
    addresses, servers, alias, texts, pointers = said
    return Records(
        _texts(addresses),
        tuple(Server(_is(int, port), _is(str, target)) for port, target in servers),
        _is(str, alias),
        _texts(texts),
        _texts(pointers),
    )


def _texts(said: Any) -> tuple[str, ...]:
    return tuple(_is(str, text) for text in _is(list, said))


def _is(kind: type[_Kind], said: Any) -> _Kind:
    """What was said, of the type that it must have."""
    if not isinstance(said, kind):
        raise TypeError(f"{kind.__name__} expected, not {said!r:.40}")
    return said
