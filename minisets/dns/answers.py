"""What is answered: a pure function of the question and the zone.

Kubernetes: the DNS specification 1.1, coredns plugin/kubernetes `Services`, `findServices`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from minisets.dns.names import canonical, is_below, reversed_address

if TYPE_CHECKING:
    from minisets.dns.zone import Records, Zone

TTL = timedelta(seconds=5)

Code = Literal["NOERROR", "NXDOMAIN", "FORWARD"]


@dataclass(frozen=True)
class Question:
    """A name, and a type such as `A`; the name as it was asked, in any case."""

    name: str
    type: str


@dataclass(frozen=True)
class Record:
    """One record: owner, type and its data in zone-file text."""

    name: str
    type: str
    data: str

    def __str__(self) -> str:
        """A line of a zone file."""
        return f"{self.name}. {int(TTL.total_seconds())} IN {self.type} {self.data}"


@dataclass(frozen=True)
class Answer:
    """FORWARD: not ours to answer. Else authoritative; without records it is NODATA or NXDOMAIN."""

    code: Code
    records: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    onward: str = ""
    """An alias' target that is not ours: what others say of it belongs behind the records."""

    def __str__(self) -> str:
        """Zone-file text under the code."""
        extras = [f"+ {extra}" for extra in self.additional]
        onward = [f"> {self.onward}."] if self.onward else []
        return "\n".join([self.code, *map(str, self.records), *extras, *onward])


def answer(question: Question, zone: Zone) -> Answer:
    """Answer from the zone, or say that it is to be forwarded."""
    name = canonical(question.name)
    if not _is_ours(name, zone):
        return Answer("FORWARD")
    records = zone.names.get(name)
    if records is None:
        return Answer("NOERROR" if name in zone.inner else "NXDOMAIN")
    if records.alias and question.type != "CNAME":
        return _alias(question, name, records, zone)
    return Answer("NOERROR", _records(question, name, records), _additional(question, records, zone))


def _is_ours(name: str, zone: Zone) -> bool:
    """The cluster's domain, single labels, the network's names and the subnet's reverse zone."""
    if "." not in name:
        return bool(name)
    if is_below(name, canonical(zone.domain)):
        return True
    if zone.network and is_below(name, canonical(zone.network)):
        return True
    address = reversed_address(name)
    return address is not None and zone.subnet is not None and address in zone.subnet


def _records(question: Question, name: str, records: Records) -> tuple[Record, ...]:
    found: list[Record] = []
    if question.type in ("A", "ANY"):
        found += [Record(name, "A", address) for address in records.addresses]
    if question.type in ("SRV", "ANY"):
        share = 100 // max(1, len(records.servers))
        found += [
            Record(name, "SRV", f"0 {share} {server.port} {server.target}.") for server in records.servers
        ]
    if question.type in ("TXT", "ANY"):
        found += [Record(name, "TXT", f'"{text}"') for text in records.texts]
    if question.type in ("PTR", "ANY"):
        found += [Record(name, "PTR", f"{pointer}.") for pointer in records.pointers]
    if question.type in ("CNAME", "ANY") and records.alias:
        found.append(Record(name, "CNAME", f"{records.alias}."))
    return tuple(found)


def _additional(question: Question, records: Records, zone: Zone) -> tuple[Record, ...]:
    """The addresses of SRV targets, so that nobody need ask again."""
    if question.type != "SRV":
        return ()
    targets = dict.fromkeys(server.target for server in records.servers)
    return tuple(
        Record(target, "A", address)
        for target in targets
        if target in zone.names
        for address in zone.names[target].addresses
    )


def _alias(question: Question, name: str, records: Records, zone: Zone) -> Answer:
    """The alias and what it leads to.

    Why: the resolver in a C library doesn't follow an alias itself; it takes what stands in the answer.
    """
    own = Record(name, "CNAME", f"{records.alias}.")
    there = canonical(records.alias)
    if not _is_ours(there, zone):
        return Answer("NOERROR", (own,), onward=there)
    target = zone.names.get(there)
    if target is None or target.alias:
        return Answer("NOERROR", (own,))
    return Answer("NOERROR", (own, *_records(question, there, target)))
