"""Asking a cluster's DNS server all the time, at a steady pace, as a pod that depends on it would."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from dnslib import QTYPE, RCODE, DNSRecord

if TYPE_CHECKING:
    from types import TracebackType

EVERY = timedelta(milliseconds=50)
PATIENCE = timedelta(seconds=1)


@dataclass(frozen=True)
class Asked:
    """One question: when it was asked and answered (seconds since the first one), and what came back."""

    at: float
    answered: float
    name: str
    code: str
    addresses: frozenset[str]

    @property
    def is_lost(self) -> bool:
        return self.code == "LOST"


class Asker:
    """Asks for names in turn, 20 times a second, until its block ends; no question waits for another."""

    def __init__(self, server: str, *names: str, patience: timedelta = PATIENCE) -> None:
        """patience: what comes later than that after its question is lost."""
        self._server, self._names, self._patience = server, names, patience
        self._asked: list[Asked] = []
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()
        self._pace = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._pace.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._pace.join()
        for thread in self._threads:
            thread.join()

    def asked(self) -> list[Asked]:
        """Everything so far, in the order in which it was asked."""
        return sorted(self._asked, key=lambda each: each.at)

    def gap(self) -> timedelta:
        """The longest time from the last answer before a loss to the first one after it."""
        longest, last, is_lost = 0.0, 0.0, False
        for each in self.asked():
            if each.is_lost:
                is_lost = True
                continue
            longest = max(longest, each.at - last) if is_lost else longest
            last, is_lost = each.at, False
        return timedelta(seconds=longest)

    def has_found(self, name: str, count: int) -> bool:
        """Whether an answer had that many addresses of it."""
        return any(each.name == name and len(each.addresses) == count for each in self.asked())

    def _run(self) -> None:
        began, count = time.monotonic(), 0
        while not self._ended.wait(max(0.0, began + count * EVERY.total_seconds() - time.monotonic())):
            name = self._names[count % len(self._names)]
            thread = threading.Thread(target=self._ask, args=(name, began))
            thread.start()
            self._threads.append(thread)
            count += 1

    def _ask(self, name: str, began: float) -> None:
        at = time.monotonic() - began
        packet = bytes(DNSRecord.question(name).pack())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(self._patience.total_seconds())
            try:
                asking.sendto(packet, (self._server, 53))
                answer = DNSRecord.parse(asking.recv(4096))
            except OSError:
                self._asked.append(Asked(at, time.monotonic() - began, name, "LOST", frozenset()))
                return
        answered = time.monotonic() - began
        addresses = frozenset(str(record.rdata) for record in answer.rr if record.rtype == QTYPE.A)
        self._asked.append(Asked(at, answered, name, RCODE[answer.header.rcode], addresses))
