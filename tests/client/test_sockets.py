"""One socket and one line, against peers that behave, that are slow, and that are dead."""

import asyncio
import concurrent.futures
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.sync.server import ServerConnection, serve
from websockets.utils import accept_key

from minisets.client.sockets import Attentive, Line, Lost, Patience, Socket
from tests.waiting import holds

MEBIBYTE = 1024 * 1024
SHORT = Patience(timedelta(milliseconds=50), timedelta(milliseconds=300))
"""With a peer that is dead."""
FAIR = Patience(SHORT.silence, timedelta(seconds=3))
"""With one that lives: a thread of this very process, which has its turn late on a busy machine."""
BEYOND = FAIR.silence + 1.5 * FAIR.sign

MORE_THAN_IS_READ = 64
"""Messages: a peer that takes none of them stops reading after sixteen."""
Sign = Callable[[ServerConnection], object]


@contextlib.contextmanager
def peer(handler: Callable[[ServerConnection], None]) -> Iterator[int]:
    """A WebSocket server that does this for each connection; its port."""
    with serve(handler, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def dead_after_the_handshake() -> Iterator[int]:
    """A peer that never reads or writes again, as one whose machine has stopped; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            kept.append(connection)
            request = connection.recv(4096).decode()
            key = next(line for line in request.splitlines() if line.startswith("Sec-WebSocket-Key: "))
            answer = accept_key(key.partition(": ")[2])
            connection.sendall(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {answer}\r\n\r\n".encode()
            )

        kept: list[socket.socket] = []
        thread = threading.Thread(target=greet)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()
        for connection in kept:
            connection.close()


async def to(port: int, patience: Patience) -> Socket:
    settings = {"compression": None, "proxy": None, "ping_interval": None, "max_queue": 4, "close_timeout": 1}
    url = f"ws://127.0.0.1:{port}"
    connection = await connect(url, create_connection=Attentive, **settings)  # type: ignore[arg-type]
    assert isinstance(connection, Attentive)
    return Socket(connection, patience)


def line_to(port: int, patience: Patience = FAIR) -> Line:
    return Line(lambda: to(port, patience))


def feed(line: Line, times: int, piece: bytes) -> None:
    for _ in range(times):
        line.send(piece)


def reassure(connection: ServerConnection, sign: Sign, for_: timedelta) -> None:
    """Give signs of life for that long."""
    end = time.monotonic() + for_.total_seconds()
    while time.monotonic() < end:
        sign(connection)
        time.sleep(SHORT.silence.total_seconds())


def test_a_peer_that_answers_while_it_is_fed_holds_nobody_up() -> None:
    """More each way than every buffer holds, by a peer that takes the next piece when its answer is taken."""

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    pieces, piece = 2000, b"x" * 32 * 1024
    with peer(echo) as port:
        line = line_to(port)
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            feeding = threads.submit(feed, line, pieces, piece)
            for _ in range(pieces):
                assert line.receive() == piece
            feeding.result(10)
        line.close()


def test_a_reader_that_pauses_longer_than_a_dead_peer_may_is_sent_everything() -> None:
    """The peer cannot send on meanwhile, its pongs included."""
    sent = 20

    def much(connection: ServerConnection) -> None:
        for _ in range(sent):
            connection.send(b"x" * MEBIBYTE)

    with peer(much) as port:
        line = line_to(port)
        assert line.receive() is not None
        threading.Event().wait(BEYOND.total_seconds())
        for _ in range(sent - 1):
            assert line.receive() is not None
        assert line.receive() is None
        line.close()


def test_a_reader_that_pauses_stops_the_peer() -> None:
    sent = [0]

    def endless(connection: ServerConnection) -> None:
        while True:
            connection.send(b"x" * MEBIBYTE)
            sent[0] += 1

    with peer(endless) as port:
        line = line_to(port)
        assert line.receive() is not None
        holds(lambda: sent[0] < 32, "no more is sent than what waits on the way")
        line.close()


def test_a_silent_peer_that_answers_pings_is_waited_for() -> None:
    def late(connection: ServerConnection) -> None:
        threading.Event().wait(BEYOND.total_seconds())
        connection.send(b"at last")

    with peer(late) as port:
        line = line_to(port)
        assert line.receive() == b"at last"
        line.close()


def test_a_peer_without_a_sign_of_life_is_lost() -> None:
    with dead_after_the_handshake() as port:
        line = line_to(port, SHORT)
        with pytest.raises(Lost, match=r"no sign of life for 0\.35 s"):
            line.receive()
        line.close()


def test_a_peer_that_breaks_off_is_lost() -> None:
    def dies(connection: ServerConnection) -> None:
        connection.socket.shutdown(socket.SHUT_RDWR)

    with peer(dies) as port:
        line = line_to(port)
        with pytest.raises(Lost, match="the server went away"):
            line.receive()
        line.close()


def test_a_peer_that_does_not_read_what_it_is_sent_is_no_dead_one() -> None:
    """A command that leaves its input alone lets the server stop reading: its pongs do not come."""
    reading = threading.Event()

    def slow(connection: ServerConnection) -> None:
        reading.wait(10)
        for message in connection:
            if message == b"end":
                return

    with peer(slow) as port:
        line = line_to(port)
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            feeding = threads.submit(feed, line, 32, b"x" * MEBIBYTE)
            ended = threads.submit(line.receive)
            with pytest.raises(TimeoutError):
                ended.result(BEYOND.total_seconds())
            assert not feeding.done()
            reading.set()
            feeding.result(10)
            line.send(b"end")
            assert ended.result(10) is None
        line.close()


@pytest.mark.parametrize("sign", [ServerConnection.ping, ServerConnection.pong])
def test_a_peer_that_reads_nothing_but_gives_signs_of_life_is_waited_for(sign: Sign) -> None:
    """As our server does while a command leaves its input alone, all of which the kernels hold by then."""

    def busy(connection: ServerConnection) -> None:
        reassure(connection, sign, BEYOND)
        connection.send(b"at last")
        for _ in connection:
            pass

    with peer(busy) as port:
        line = line_to(port)
        feed(line, MORE_THAN_IS_READ, b"x")
        assert line.receive() == b"at last"
        line.close()


def test_a_peer_that_reads_nothing_and_ceases_to_give_signs_of_life_is_lost() -> None:
    is_lost = threading.Event()

    def dying(connection: ServerConnection) -> None:
        reassure(connection, ServerConnection.pong, SHORT.silence + SHORT.sign)
        is_lost.wait(10)

    with peer(dying) as port:
        line = line_to(port, SHORT)
        feed(line, MORE_THAN_IS_READ, b"x")
        with pytest.raises(Lost, match="no sign of life"):
            line.receive()
        is_lost.set()
        line.close()


def test_a_line_that_is_closed_ends_what_waits_on_it_and_takes_nothing_more() -> None:
    def forever(connection: ServerConnection) -> None:
        for _ in connection:
            pass

    with peer(forever) as port:
        line = line_to(port)
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(line.receive)
            line.close()
            with contextlib.suppress(Lost):
                assert waiting.result(10) is None
        line.close()
        line.post(b"late")
        with pytest.raises(Lost):
            line.send(b"late")
        with pytest.raises(Lost):
            line.receive()


def test_closing_does_not_wait_for_what_nobody_reads() -> None:
    def endless(connection: ServerConnection) -> None:
        while True:
            connection.send(b"x" * MEBIBYTE)

    with peer(endless) as port:
        line = line_to(port)
        assert line.receive() is not None
        line.close()


def test_what_the_opening_raises_is_raised() -> None:
    async def refused() -> Socket:
        await asyncio.sleep(0)
        raise Lost("nobody is there")

    with pytest.raises(Lost, match="nobody is there"):
        Line(refused)
