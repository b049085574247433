"""Who types commands, on an engine that stands in for Docker; and what else may happen to its containers."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from minisets.clock import FakeClock
from minisets.cluster.control import Control

if TYPE_CHECKING:
    from minisets.client.access import Access
    from minisets.cluster.places import Places
    from tests.cluster.standin import Box, StandIn


class Person:
    """Who types commands; their waits take no time, and they are told things."""

    def __init__(self, where: Places, environ: dict[str, str] | None = None) -> None:
        self.clock = FakeClock(datetime.now(UTC))  # certificates are looked at by the real one
        self.told: list[str] = []
        self.where = where
        self.control = Control(where, self.clock, self.clock.advance, self.told.append, environ or {})

    def up(self) -> Access:
        return self.control.ensure()

    def get(self) -> Access:
        return self.control.reach()

    def down(self) -> bool:
        return self.control.end()


def changes(standin: StandIn) -> list[str]:
    """The calls that change something."""
    return [call for call in standin.calls if not call.startswith("GET")]


def stranger_on(port: int) -> socket.socket:
    """Another program, listening there."""
    return socket.create_server(("127.0.0.1", port))


def killed(standin: StandIn) -> None:
    standin.end("minisets")


def dumb(standin: StandIn) -> Box:
    """It runs, and does not answer: its engine's socket is dead."""
    box = standin.box("minisets")
    if box.server is not None:
        box.server.close()
        box.server = None
    return box
