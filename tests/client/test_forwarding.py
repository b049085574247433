"""Local connections carried over WebSockets, to peers that speak the form of port-forward."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.sync.server import ServerConnection, serve

from minisets.client.forwarding import Deaf, Failed, Forwarding, Happening, Listening, Ports, Taken
from minisets.client.sockets import Attentive, Lost, Socket
from minisets.errors import MinisetsError
from tests.waiting import holds, until

PORT = b"\x50\x00"
Peer = Callable[[ServerConnection], None]


def begun(connection: ServerConnection) -> None:
    connection.send(b"\x00" + PORT)
    connection.send(b"\x01" + PORT)


def echo(connection: ServerConnection) -> None:
    """The pod's program says what it hears, and ends when it hears the end."""
    begun(connection)
    for message in connection:
        assert isinstance(message, bytes)
        connection.send(message)
        if message == b"\x00":
            return


@dataclass
class Carried:
    """A forwarding that runs on a thread of its own."""

    told: list[Happening] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def port(self) -> int:
        return next(one.ports.local for one in self.told if isinstance(one, Listening))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def of(self, kind: type[Happening]) -> list[Happening]:
        return [one for one in self.told if isinstance(one, kind)]


@contextlib.contextmanager
def forwarded(reach: Callable[[int], Awaitable[Socket]], *wanted: Ports) -> Iterator[Carried]:
    carried = Carried()

    async def run() -> None:
        carried.loop = asyncio.get_running_loop()
        forwarding = Forwarding(reach, carried.told.append)
        for ports in wanted or (Ports(0, 80),):
            forwarding.listen(ports, ["127.0.0.1"])
        carried.task = asyncio.ensure_future(forwarding.serve())
        with contextlib.suppress(asyncio.CancelledError):
            await carried.task

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    until(lambda: carried.task, "a forwarding")
    try:
        yield carried
    finally:
        assert carried.loop is not None
        assert carried.task is not None
        with contextlib.suppress(RuntimeError):
            carried.loop.call_soon_threadsafe(carried.task.cancel)
        thread.join(10)
        assert not thread.is_alive()


@contextlib.contextmanager
def to(peer: Peer) -> Iterator[Carried]:
    """A forwarding to that peer."""
    with serve(peer, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]

        async def reach(_: int) -> Socket:
            settings = {"compression": None, "proxy": None, "ping_interval": None, "close_timeout": 1}
            url = f"ws://127.0.0.1:{port}"
            connection = await connect(url, create_connection=Attentive, **settings)  # type: ignore[arg-type]
            assert isinstance(connection, Attentive)
            return Socket(connection)

        with forwarded(reach) as carried:
            yield carried
        server.shutdown()
        thread.join()


def everything(connection: socket.socket) -> bytes:
    data = b""
    while more := connection.recv(65536):
        data += more
    return data


def test_what_is_said_comes_back_and_each_connection_is_told() -> None:
    with to(echo) as carried:
        for words in (b"one", b"two"):
            with carried.connect() as connection:
                connection.sendall(words)
                assert connection.recv(10) == words
        assert carried.of(Taken) == 2 * [Taken(Ports(carried.port, 80))]
        assert carried.of(Failed) == []


def test_the_end_of_what_is_said_is_passed_on_and_the_answer_still_comes() -> None:
    """As `printf 'GET / ...' | nc -N`: who asks has said all before the answer comes."""

    def answer(connection: ServerConnection) -> None:
        begun(connection)
        heard = b""
        while (message := connection.recv()) != b"\x00":
            assert isinstance(message, bytes)
            heard += message[1:]
        connection.send(b"\x00heard " + heard)

    with to(answer) as carried, carried.connect() as connection:
        connection.sendall(b"all of it")
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == b"heard all of it"


def test_the_pods_end_is_the_connections_and_all_that_it_said_arrives() -> None:
    """However slowly it is taken."""
    said = b"x" * 8 * 1024 * 1024

    def says_much(connection: ServerConnection) -> None:
        begun(connection)
        for start in range(0, len(said), 32768):
            connection.send(b"\x00" + said[start : start + 32768])

    with to(says_much) as carried, carried.connect() as connection:
        holds(lambda: not carried.of(Failed), "it waits for who reads nothing", timedelta(milliseconds=300))
        assert len(everything(connection)) == len(said)


def test_many_connections_carry_much_at_once_and_none_is_mixed_up() -> None:
    with to(echo) as carried:

        def talk(number: int) -> None:
            data = bytes([number]) * 1024 * 1024
            with carried.connect() as connection:
                feeding = threading.Thread(target=connection.sendall, args=(data,))
                feeding.start()
                came = b""
                while len(came) < len(data):
                    came += connection.recv(65536)
                feeding.join()
                if came == data:
                    right.append(number)

        right: list[int] = []
        threads = [threading.Thread(target=talk, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sorted(right) == list(range(20))


def test_a_connection_that_is_refused_is_told_and_the_next_is_taken() -> None:
    def refuse(connection: ServerConnection) -> None:
        begun(connection)
        connection.send(b"\x01dial tcp 10.0.0.1:80: connect: connection refused")

    with to(refuse) as carried:
        for _ in range(2):
            with carried.connect() as connection:
                assert everything(connection) == b""
        ports = Ports(carried.port, 80)
        failed = Failed(ports, "dial tcp 10.0.0.1:80: connect: connection refused")
        until(lambda: carried.of(Failed) == 2 * [failed], "both refusals")


def test_a_server_that_does_not_answer_is_told_and_the_next_connection_is_taken() -> None:
    async def nobody(_: int) -> Socket:
        await asyncio.sleep(0)
        raise Lost("nobody answers")

    with forwarded(nobody) as carried:
        for _ in range(2):
            with carried.connect() as connection, contextlib.suppress(ConnectionError):
                assert connection.recv(1) == b""
        until(lambda: carried.of(Failed) == 2 * [Failed(Ports(carried.port, 80), "nobody answers")], "both")


def test_who_breaks_off_ends_the_connection_to_the_pod() -> None:
    heard, ended = threading.Event(), threading.Event()

    def hear(connection: ServerConnection) -> None:
        begun(connection)
        for _ in connection:
            heard.set()
        ended.set()

    with to(hear) as carried:
        connection = carried.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, at close
        connection.sendall(b"x")
        assert heard.wait(10)
        connection.close()
        assert ended.wait(10)
        assert carried.of(Failed) == []


def test_a_port_that_is_taken_is_told_and_others_are_carried() -> None:
    async def nobody(_: int) -> Socket:
        await asyncio.sleep(0)
        raise Lost("nobody answers")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = Ports(taken.getsockname()[1], 80)
        with forwarded(nobody, ports, Ports(0, 81)) as carried:
            assert carried.told[0] == Deaf(ports, "127.0.0.1: Address already in use")
            assert [one.ports.remote for one in carried.told[1:] if isinstance(one, Listening)] == [81]

            async def alone() -> None:
                forwarding = Forwarding(nobody, carried.told.append)
                forwarding.listen(ports, ["127.0.0.1"])
                await forwarding.serve()

            with pytest.raises(MinisetsError, match="unable to listen on any of the requested ports"):
                asyncio.run(alone())


def test_localhost_is_both_loopbacks_at_one_port() -> None:
    async def nobody(_: int) -> Socket:
        await asyncio.sleep(0)
        raise Lost("nobody answers")

    told: list[Happening] = []

    async def listened() -> None:
        forwarding = Forwarding(nobody, told.append)
        forwarding.listen(Ports(0, 80), ["localhost"])
        serving = asyncio.ensure_future(forwarding.serve())
        await asyncio.sleep(0)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(listened())
    addresses = [one.address for one in told if isinstance(one, Listening)]
    ports = {one.ports for one in told if isinstance(one, Listening)}
    assert addresses in (["127.0.0.1", "[::1]"], ["127.0.0.1"])  # a machine may have no IPv6
    assert len(ports) == 1
    assert ports.pop().local > 0
