"""Packets in, packets out: what a question's bytes ask, and an answer as bytes. No sockets.

The only importer of dnslib. Decides flags, order, truncation and what leaves the zone; leaves what is
answered to `answers.py`, and asking elsewhere to `upstream.py`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnslib import CLASS, EDNS0, QTYPE, RCODE, RR, SOA, DNSError, DNSHeader, DNSRecord

from minisets.dns.answers import TTL, Answer, Question, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.dns.zone import Zone

PLAIN_UDP, LARGEST_UDP, LARGEST = 512, 1232, 65535
_QUERY = 0
_CLASSES = (CLASS.IN, getattr(CLASS, "*"))


class Garbage(Exception):
    """The packet is no DNS message: it gets no reply."""


@dataclass(frozen=True)
class Elsewhere:
    """What a resolver must be asked, and how its reply becomes ours."""

    packet: bytes
    finish: Callable[[bytes], bytes]


def respond(packet: bytes, zone: Zone, *, limit: int) -> bytes | Elsewhere:
    """The reply to a packet, no longer than `limit`, or what must be asked elsewhere. Raises Garbage."""
    request = _parsed(packet)
    if request.header.qr:
        raise Garbage("a reply, not a question")  # Why: two servers must not answer each other's errors
    if request.header.opcode != _QUERY:
        return _refusal(request, RCODE.NOTIMP)
    if len(request.questions) != 1:
        return _refusal(request, RCODE.FORMERR)
    question = request.questions[0]
    if question.qclass not in _CLASSES:
        return _refusal(request, RCODE.REFUSED)
    asked = Question(str(question.qname), QTYPE.forward.get(question.qtype, ""))
    found = answer(asked, zone)
    if found.code == "FORWARD":
        return Elsewhere(packet, lambda reply: reply)
    if found.onward:
        onward = DNSRecord.question(found.onward, asked.type)
        return Elsewhere(bytes(onward.pack()), lambda reply: _joined(request, found, reply, limit))
    return _packed(_reply(request, found, zone), limit)


def failure(packet: bytes) -> bytes:
    """SERVFAIL; nothing where the packet is no question."""
    try:
        request = _parsed(packet)
    except Garbage:
        return b""
    return b"" if request.header.qr else _refusal(request, RCODE.SERVFAIL)


def udp_limit(packet: bytes) -> int:
    """How long a UDP reply may be: what EDNS says, within reason."""
    try:
        options = _options(_parsed(packet))
    except Garbage:
        return PLAIN_UDP
    return max(PLAIN_UDP, min(options.rclass, LARGEST_UDP)) if options else PLAIN_UDP


def _parsed(packet: bytes) -> DNSRecord:
    try:
        return DNSRecord.parse(packet)
    except DNSError as error:
        raise Garbage(str(error)) from error
    except Exception as error:  # Why: dnslib leaks what it stumbles over, and packets are anybody's
        raise Garbage(f"{type(error).__name__}: {error}") from error


def _options(request: DNSRecord) -> RR | None:
    """The EDNS record, if there is one."""
    return next((extra for extra in request.ar if extra.rtype == QTYPE.OPT), None)


def _refusal(request: DNSRecord, code: int) -> bytes:
    reply = request.reply(aa=0)
    reply.header.rcode = code
    if not request.questions:
        reply.questions = []
    return bytes(reply.pack())


def _reply(request: DNSRecord, found: Answer, zone: Zone) -> DNSRecord:
    reply = request.reply(aa=1, ra=1)
    reply.header.rcode = getattr(RCODE, found.code)
    # Why: clients take the first address; several pods share the load by turns. An alias stays first.
    aliases = [record for record in found.records if record.type == "CNAME"]
    others = [record for record in found.records if record.type != "CNAME"]
    for record in [*aliases, *random.sample(others, len(others))]:
        reply.add_answer(*RR.fromZone(str(record)))
    for record in found.additional:
        reply.add_ar(*RR.fromZone(str(record)))
    if not found.records:
        reply.add_auth(_soa(zone))
    return _with_options(reply, request)


def _with_options(reply: DNSRecord, request: DNSRecord) -> DNSRecord:
    """EDNS is answered where it was spoken."""
    if _options(request) is not None:
        reply.add_ar(EDNS0(udp_len=LARGEST_UDP))
    return reply


def _packed(reply: DNSRecord, limit: int) -> bytes:
    """The bytes; where they are too long, the question and TC, so that the asker comes back by TCP."""
    packed = bytes(reply.pack())
    if len(packed) <= limit:
        return packed
    header = DNSHeader(id=reply.header.id, bitmap=reply.header.bitmap, tc=1)
    options = [extra for extra in reply.ar if extra.rtype == QTYPE.OPT]
    return bytes(DNSRecord(header, reply.questions, ar=options).pack())


def _joined(request: DNSRecord, found: Answer, packet: bytes, limit: int) -> bytes:
    """Our alias, followed by what the other resolver says about its target."""
    try:
        said = _parsed(packet)
    except Garbage:
        return _refusal(request, RCODE.SERVFAIL)
    reply = request.reply(aa=1, ra=1)
    reply.header.rcode = said.header.rcode
    reply.header.tc = said.header.tc
    for record in found.records:
        reply.add_answer(*RR.fromZone(str(record)))
    reply.add_answer(*said.rr)
    return _packed(_with_options(reply, request), limit)


def _soa(zone: Zone) -> RR:
    """What a negative answer carries: how long it may be remembered."""
    seconds = int(TTL.total_seconds())
    times = (zone.version % 2**32, 7200, 1800, 86400, seconds)
    data = SOA(f"ns.dns.{zone.domain}", f"hostmaster.{zone.domain}", times)
    return RR(zone.domain, QTYPE.SOA, ttl=seconds, rdata=data)
