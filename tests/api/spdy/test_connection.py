"""A connection's streams: opened, read, written, ended in each direction, bounded, and lost."""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from minisets.api.spdy import frames
from minisets.api.spdy.connection import SpdyConnection, SpdyStream
from minisets.api.spdy.frames import Data, GoAway, Ping, Replied, Reset
from tests.api.spdy.peers import Peer, connected

BOUND = 256 * 1024


def run(scene: Callable[[SpdyConnection, Peer], Awaitable[None]], streams_at_most: int = 8) -> None:
    async def main() -> None:
        async with connected(streams_at_most) as (connection, peer):
            await scene(connection, peer)

    asyncio.run(main())


async def opened(connection: SpdyConnection, peer: Peer, number: int = 1) -> SpdyStream:
    """A stream that both sides know."""
    peer.open(number, streamtype="data")
    stream = await connection.accept()
    assert stream is not None
    assert await peer.hear() == Replied(number, {})
    return stream


def test_a_stream_is_replied_to_and_carries_both_ways() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        assert (stream.number, stream.headers, stream.is_gone) == (1, {"streamtype": "data"}, False)
        peer.send(frames.data(1, b"to the server"))
        assert await stream.read() == b"to the server"
        await stream.write(b"and back")
        assert await peer.hear() == Data(1, b"and back")

    run(scene)


def test_much_is_written_in_frames_of_32_kib() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        await stream.write(b"x" * 70_000)
        heard = [await peer.hear() for _ in range(3)]
        assert [len(one.data) for one in heard if isinstance(one, Data)] == [32768, 32768, 4464]

    run(scene)


def test_each_side_ends_for_itself() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        peer.send(frames.data(1, b"last", ended=True))
        assert [await stream.read(), await stream.read(), await stream.read()] == [b"last", b"", b""]
        await stream.write(b"still here")
        await stream.end()
        await stream.end()
        assert [await peer.hear(), await peer.hear()] == [Data(1, b"still here"), Data(1, b"", ended=True)]
        await peer.silence()
        with pytest.raises(ConnectionError):
            await stream.write(b"too late")

    run(scene)


def test_a_stream_that_we_ended_still_brings_what_the_client_sends() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        await stream.end()
        peer.send(frames.data(1, b"more"), frames.data(1, b"", ended=True))
        assert [await stream.read(), await stream.read()] == [b"more", b""]

    run(scene)


def test_a_stream_may_be_opened_ended() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        peer.open(1, ended=True)
        stream = await connection.accept()
        assert stream is not None
        assert await stream.read() == b""
        assert not stream.is_gone

    run(scene)


def test_a_reset_stream_is_gone_both_ways() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        reading = asyncio.create_task(stream.read())
        await asyncio.sleep(0)
        peer.send(frames.reset(1, frames.CANCEL), frames.data(1, b"late"))
        assert (await reading, stream.is_gone) == (b"", True)
        with pytest.raises(ConnectionError):
            await stream.write(b"x")
        await stream.end()
        await stream.reset()
        await peer.silence()

    run(scene)


def test_we_reset_a_stream() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        await stream.reset()
        assert await peer.hear() == Reset(1, frames.CANCEL)
        assert (await stream.read(), stream.is_gone) == (b"", True)

    run(scene)


def test_pings_are_sent_back() -> None:
    async def scene(_: SpdyConnection, peer: Peer) -> None:
        peer.send(frames.ping(1), frames.ping(3))
        assert [await peer.hear(), await peer.hear()] == [Ping(1), Ping(3)]

    run(scene)


def test_a_client_that_reads_nothing_is_still_heard() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        peer.transport.taking.clear()
        writing = asyncio.create_task(stream.write(b"x" * 100_000))
        peer.send(frames.ping(1), frames.data(1, b"heard"))
        assert await stream.read() == b"heard"
        peer.send(frames.reset(1, frames.CANCEL))
        assert await stream.read() == b""
        peer.transport.taking.set()
        with pytest.raises(ConnectionError):
            await writing

    run(scene)


def test_a_stream_that_nobody_reads_makes_the_connection_wait() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream, other = await opened(connection, peer), await opened(connection, peer, 3)
        for _ in range(64):
            peer.send(frames.data(1, b"x" * 8192))
        peer.send(frames.data(3, b"behind it", ended=True))
        await peer.silence()
        left = peer.transport.incoming.qsize()
        assert left == 65 - BOUND // 8192 - 1
        assert len(await stream.read()) == BOUND + 8192
        while peer.transport.incoming.qsize():
            await stream.read()
        assert await other.read() == b"behind it"

    run(scene)


@pytest.mark.parametrize("release", ["drop", "reset", "end of the connection"])
def test_a_stream_whose_user_lets_go_of_it_holds_up_nobody(release: str) -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        peer.send(frames.data(1, b"x" * 2 * BOUND))
        await peer.silence()
        if release == "drop":
            stream.drop()
        elif release == "reset":
            await stream.reset()
            assert await peer.hear() == Reset(1, frames.CANCEL)
        else:
            await connection.close()
            assert await peer.hear() == GoAway()
            assert await connection.accept() is None
            return
        peer.send(frames.data(1, b"y" * 2 * BOUND), frames.ping(1))
        assert await peer.hear() == Ping(1)
        peer.send(frames.data(1, b"", ended=True))
        assert await stream.read() == b""

    run(scene)


def test_a_client_whose_input_is_pushed_back_is_pinged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read, so it could not be found gone otherwise."""
    monkeypatch.setattr("minisets.api.spdy.connection._PING_EVERY", timedelta(milliseconds=10))

    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        peer.send(frames.data(1, b"x" * 2 * BOUND), frames.ping(2), frames.ping(1))
        assert [await peer.hear(), await peer.hear()] == [Ping(2), Ping(4)]
        await stream.read()
        while (heard := await peer.hear()) != Ping(1):
            assert isinstance(heard, Ping)

    run(scene)


def test_more_streams_than_there_may_be_are_refused() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        first, _ = await opened(connection, peer), await opened(connection, peer, 3)
        peer.open(5)
        assert await peer.hear() == Reset(5, frames.REFUSED_STREAM)
        peer.send(frames.data(1, b"", ended=True))
        assert await first.read() == b""
        await first.end()
        assert await peer.hear() == Data(1, b"", ended=True)
        await opened(connection, peer, 7)

    run(scene, streams_at_most=2)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_number_that_cannot_be_new_is_refused(number: int) -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        await opened(connection, peer, 3)
        peer.open(number)
        assert await peer.hear() == Reset(number, frames.PROTOCOL_ERROR)

    run(scene)


def test_data_of_an_unknown_stream_and_replies_are_passed_over() -> None:
    async def scene(_: SpdyConnection, peer: Peer) -> None:
        peer.send(
            frames.data(9, b"x"), frames.reset(9, frames.CANCEL), peer.encoder.replied(2), frames.ping(1)
        )
        assert await peer.hear() == Ping(1)

    run(scene)


@pytest.mark.parametrize("end", ["goaway", "malformed", "gone"])
def test_the_end_of_the_connection_is_the_end_of_its_streams(end: str) -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        accepting = asyncio.create_task(connection.accept())
        peer.send(frames.data(1, b"before"))
        if end == "gone":
            peer.leave()
        else:
            peer.send(frames.go_away(1) if end == "goaway" else b"\xff" * 8)
        assert await accepting is None
        assert [await stream.read(), await stream.read()] == [b"before", b""]
        with pytest.raises(ConnectionError):
            await stream.write(b"x")
        assert await connection.accept() is None

    run(scene)


def test_closing_says_goaway_and_waits_for_nobody() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        stream = await opened(connection, peer)
        peer.transport.taking.clear()
        writing = asyncio.create_task(stream.write(b"x"))
        await peer.hear()
        await connection.close()
        assert peer.transport.is_closed
        await writing
        await connection.close()

    run(scene)


def test_a_stream_that_is_reset_before_it_is_accepted_is_never_seen() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        peer.open(1)
        peer.send(frames.reset(1, frames.CANCEL))
        peer.open(3)
        await peer.silence()
        stream = await connection.accept()
        assert stream is not None
        assert stream.number == 3

    run(scene)


def test_streams_that_are_reset_while_nothing_can_be_accepted_leave_nothing_behind() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        peer.transport.taking.clear()
        peer.open(1)
        accepting = asyncio.create_task(connection.accept())
        await peer.hear()
        tracemalloc.start()
        try:
            for number in range(3, 603, 2):
                peer.open(number, filling="x" * 60_000)
                peer.send(frames.reset(number, frames.CANCEL))
            await peer.silence()
            assert peer.transport.incoming.empty()
            left, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert left < 3_000_000
        peer.transport.taking.set()
        await accepting
        assert (await opened(connection, peer, 603)).number == 603

    run(scene)


def test_as_many_as_there_may_be_are_opened_at_once() -> None:
    async def scene(connection: SpdyConnection, peer: Peer) -> None:
        numbers = [*range(1, 17, 2)]
        for number in (*numbers, 17):
            peer.open(number)
        assert await peer.hear() == Reset(17, frames.REFUSED_STREAM)
        accepted = [await connection.accept() for _ in numbers]
        assert [one and one.number for one in accepted] == numbers

    run(scene, streams_at_most=8)
