"""How many pairs one client may have: those are counted, too, that it has reset."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from minisets.api.forwarding import pairs
from minisets.api.forwarding.pairs import Pairs
from minisets.api.spdy import frames
from minisets.api.spdy.frames import Data, Replied, Reset
from tests.api.spdy.peers import Memory, Peer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    from minisets.api.forwarding.dialling import Gone


class Echo:
    """A port's end of a connection: what comes goes back."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(self) -> bytes:
        return await self._said.get()

    async def write(self, data: bytes) -> None:
        self._said.put_nowait(data)

    async def end(self) -> None:
        self._said.put_nowait(b"")

    def abort(self) -> None:
        self._said.put_nowait(b"")

    async def close(self) -> None:
        pass


class Ports:
    """Of a pod: somebody answers at each. How often one was reached."""

    def __init__(self) -> None:
        self.reached = 0

    async def dial(self, port: int, gone: Gone) -> Echo:
        del port, gone
        self.reached += 1
        return Echo()


def run(scene: Callable[[Peer, Ports], Awaitable[None]]) -> None:
    """A client's forwarding, until it leaves; whatever hangs fails after a minute."""

    async def main() -> None:
        transport, ports = Memory(), Ports()
        async with asyncio.timeout(60):
            serving = asyncio.create_task(Pairs(transport, ports.dial).serve())
            peer = Peer(transport)
            await scene(peer, ports)
            peer.leave()
            await serving

    asyncio.run(main())


def opened(peer: Peer, error: int) -> int:
    """Both streams of a connection; returns that of data."""
    peer.open(error, ended=True, streamtype="error", port="80", requestid=str(error))
    peer.open(error + 2, streamtype="data", port="80", requestid=str(error))
    return error + 2


async def ends(peer: Peer, *streams: int) -> None:
    """Until each has ended, or was reset."""
    left = {*streams}
    while left:
        match await peer.hear():
            case Data(stream, _, True) | Reset(stream, _):
                left.discard(stream)


def test_pairs_that_never_are_whole_are_counted_though_they_are_reset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pairs, "_PAIRS_AT_MOST", 3)

    async def scene(peer: Peer, _: Ports) -> None:
        for number in (1, 3, 5, 7):
            peer.open(number, streamtype="error", port="80", requestid=str(number))
            assert await peer.hear() == Replied(number, {})
            if number < 7:
                peer.send(frames.reset(number, frames.CANCEL))
        assert await peer.hear() == Reset(7, frames.CANCEL)

    run(scene)


def test_where_one_of_as_many_as_there_may_be_ends_another_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_PAIRS_AT_MOST", 2)

    async def scene(peer: Peer, ports: Ports) -> None:
        first, _ = opened(peer, 1), opened(peer, 5)
        refused = opened(peer, 9)
        await ends(peer, 9, refused)
        peer.send(frames.data(first, b"", ended=True))
        await ends(peer, first, 1)
        await peer.silence()
        last = opened(peer, 13)
        peer.send(frames.data(last, b"taken", ended=True))
        await ends(peer, last, 13)
        assert ports.reached == 3

    run(scene)


def test_thousands_come_one_after_the_other() -> None:
    async def scene(peer: Peer, ports: Ports) -> None:
        for error in range(1, 12_000, 4):
            data = opened(peer, error)
            peer.send(frames.data(data, b"x", ended=True))
            await ends(peer, data, error)
        assert ports.reached == 3000

    run(scene)
