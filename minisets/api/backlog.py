"""What a client has sent and nobody has read yet: bytes up to a limit, after which their sender waits.

Leaves where they come from to `ws_channels.py`, `spdy/` and `forwarding/`; each waits in its own way.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


class Backlog:
    """One direction of one stream. On the loop only."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._waiting = bytearray()
        self._ended = False
        self._dropping = False
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def add(self, data: bytes) -> None:
        """At the end; who adds must wait for room afterwards. Nothing follows the end."""
        if self._ended or self._dropping:
            return
        self._waiting += data
        if len(self._waiting) > self._at_most:
            self._room.clear()
        self._changed.set()

    def end(self) -> None:
        """No more will come, so that nobody need wait for room."""
        self._ended = True
        self._changed.set()
        self._room.set()

    def drop(self) -> None:
        """Throw away what waits, and whatever comes; the end is still waited for."""
        self._dropping = True
        self._waiting.clear()
        self._room.set()

    async def has_room(self, within: timedelta) -> bool:
        """Whether more can be added, by then. Why no `wait_for`: Python 3.11's swallows a cancellation."""
        if not self._room.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(within.total_seconds()):
                    await self._room.wait()
        return self._room.is_set()

    async def take(self) -> bytes:
        """All that waits; nothing at the end."""
        while not self._waiting and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        taken = bytes(self._waiting)
        self._waiting.clear()
        self._room.set()
        return taken
