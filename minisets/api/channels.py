"""What a client holds of a command or a container: input, outputs, a terminal's size, and its end.

Says what channels are; how they travel is `ws_channels.py`'s and `spdy_channels.py`'s, what is done with
them `sessions.py`'s. Input is pushed back: what nobody reads waits, up to a limit, and then its sender does.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from minisets.api.representing import encoded

if TYPE_CHECKING:
    from aiohttp import web

    from minisets.engine.interface import OutputName
    from minisets.objects.kinds import Object

WAITING_INPUT = 1024 * 1024
"""How much input waits, at most, for a command that does not read it."""

PARTED_WITHIN = timedelta(minutes=5)
"""How long a client may take to read what was said last; it may be a pager that a person looks at."""

_SIZES_WAITING = 4
_LARGEST_SIDE = 2**16 - 1


@dataclass(frozen=True)
class Wanted:
    """Which channels a client asks for; with a tty there is no stderr."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool

    def takes(self, output: OutputName) -> bool:
        """Whether it wants to see that output."""
        return self.stdout if output == "stdout" else self.stderr


class Size(NamedTuple):
    """A terminal's."""

    columns: int
    rows: int


class Channels(Protocol):
    """One client's, once both sides agree on how to speak. On the loop only."""

    async def open(self) -> None:
        """Take the connection over. ConnectionError: it came to nothing, and all is closed."""

    async def listen(self) -> None:
        """Take what comes until the client is gone; nothing else hears anything without it."""

    async def read(self) -> bytes:
        """Some of the input; nothing at its end."""

    async def resized(self) -> Size | None:
        """The terminal's next size; None: there will be none."""

    async def write(self, output: OutputName, data: bytes) -> None:
        """Waits while the client takes nothing; drops what it did not ask for. ConnectionError: gone."""

    async def finish(self, status: Object) -> None:
        """Tell how it ended, and wait until the client parts, maybe for ever. One that is gone does."""

    async def close(self) -> None:
        """Let go of the connection, whatever happened to it; the last thing that is done with it."""

    @property
    def answer(self) -> web.StreamResponse:
        """What the request was answered with."""


def size_in(message: bytes) -> Size | None:
    """The size that a message tells; None for nonsense. Kubernetes: remotecommand `TerminalSize`."""
    with suppress(ValueError, TypeError, KeyError):
        told: Any = json.loads(message)
        size = Size(int(told["Width"]), int(told["Height"]))
        if min(size) >= 0 and max(size) <= _LARGEST_SIDE:
            return size
    return None


def status_text(status: Object, *, is_json: bool) -> bytes:
    """What the error channel says; before version 4 nothing but what went wrong.

    Kubernetes: kubelet pkg/cri/streaming/remotecommand `v1WriteStatusFunc`, `v4WriteStatusFunc`.
    """
    if is_json:
        return encoded(status)
    return b"" if status["status"] == "Success" else str(status["message"]).encode()


class Sizes:
    """A terminal's sizes on their way; of many that wait the last ones count.

    Why not the last one alone: kubectl tells another size first so that the program draws its screen again.
    """

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Size] = asyncio.Queue()

    def tell(self, message: bytes) -> None:
        """One more, unless it is nonsense."""
        if (size := size_in(message)) is not None:
            if self._waiting.qsize() >= _SIZES_WAITING:
                self._waiting.get_nowait()
            self._waiting.put_nowait(size)

    @property
    def is_empty(self) -> bool:
        """Whether none waits."""
        return self._waiting.empty()

    async def next(self) -> Size:
        """The next one."""
        return await self._waiting.get()
