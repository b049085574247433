"""Who takes nothing, a command or its client, holds up whoever gives; and nothing fills our memory."""

import concurrent.futures
import io
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from minisets.api.channels import WAITING_INPUT
from minisets.client import streams as client
from minisets.client.sockets import Patience, Socket
from minisets.engine.memory_containers import Command
from minisets.engine.memory_scripts import ExecResult
from tests.api.dialling import dialled, exec_path, heard
from tests.api.kubectl import access
from tests.api.serving import Running, run_pod
from tests.waiting import holds, until

PIECE = bytes(32 * 1024)
MUCH = 64 * 1024 * 1024
IN_THE_KERNEL = 24 * 1024 * 1024
"""More than two sockets hold of what is on its way between them."""


@pytest.fixture
def web(running: Running) -> Running:
    running.engine.behave("web-0-*", reads=False, run=lambda _words, _stdin: ExecResult(hangs=True))
    run_pod(running, "web-0")
    return running


@pytest.fixture
def pongs(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many a client has heard, to be asked for before it dials."""
    monkeypatch.setattr("minisets.api.ws_channels._REASSURED_EVERY", timedelta(milliseconds=100))
    caplog.set_level(logging.DEBUG, "websockets.client")
    return lambda: caplog.text.count("< PONG")


@pytest.fixture
def connection(web: Running) -> Iterator[ClientConnection]:
    options = "stdin=true&stdout=true&tty=true"
    with dialled(web.client, exec_path("web-0", "hang", options=options)) as connection:
        until(lambda: the_command(web).is_running, "the command to run")
        yield connection


def the_command(web: Running) -> Command:
    (command,) = web.engine._commands.values()
    return command


class Flood:
    """A client that sends as fast as it can, until it is to stop."""

    def __init__(self, connection: ClientConnection) -> None:
        self.sent = 0
        self._connection = connection
        self._stopping = False
        self._sending = threading.Thread(target=self._send)
        self._sending.start()

    def _send(self) -> None:
        with suppress(ConnectionClosed):
            while self.sent < MUCH and not self._stopping:
                self._connection.send(b"\x00" + PIECE)
                self.sent += len(PIECE)

    def stop(self) -> None:
        """After what it sends now."""
        self._stopping = True

    def join(self) -> None:
        self._sending.join()


@pytest.fixture
def flood(connection: ClientConnection, web: Running) -> Iterator[Flood]:
    flood = Flood(connection)
    yield flood
    flood.stop()
    the_command(web).end(0)
    flood.join()


def cut(connection: ClientConnection) -> None:
    """As a client that is killed."""
    with socket.socket(fileno=os.dup(connection.socket.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)


def at_rest(amount: Callable[[], int]) -> int:
    """The amount that has not changed for a moment."""
    seen = [-1]

    def rests() -> bool:
        before, seen[0] = seen[0], amount()
        if before != seen[0]:
            return False
        with suppress(AssertionError):
            holds(lambda: amount() == before, "at rest", timedelta(milliseconds=500))
            return True
        return False

    until(rests, "the flow to come to rest")
    return amount()


def test_a_command_that_reads_nothing_holds_up_neither_pings_nor_resizes(
    connection: ClientConnection, web: Running
) -> None:
    for _ in range(WAITING_INPUT // len(PIECE) - 1):
        connection.send(b"\x00" + PIECE)
    connection.send(b'\x04{"Width":100,"Height":40}\n')
    assert connection.ping().wait(10)
    until(lambda: the_command(web).sizes == [(100, 40)], "the size")


def test_what_a_command_does_not_read_is_pushed_back(flood: Flood) -> None:
    assert at_rest(lambda: flood.sent) < IN_THE_KERNEL


def test_a_client_whose_input_is_pushed_back_hears_that_we_are_there(
    pongs: Callable[[], int], connection: ClientConnection
) -> None:
    """kubectl gives up when it hears no pong for a minute."""
    for _ in range(3 * WAITING_INPUT // len(PIECE)):
        connection.send(b"\x00" + PIECE)
    until(lambda: pongs() > 1, "pongs that nobody asked for")


def test_our_own_client_takes_that_for_a_sign_of_life(web: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its input has left it, and the server reads none of it, its pings included."""
    patience = Patience(timedelta(milliseconds=50), timedelta(seconds=3))
    monkeypatch.setattr("minisets.api.ws_channels._REASSURED_EVERY", timedelta(milliseconds=100))
    monkeypatch.setattr("minisets.client.sockets.Socket", partial(Socket, patience=patience))
    session = client.run(access(web), client.Command("default", "web-0", ("hang",)), stdin=True)
    session.feed(io.BytesIO(bytes(3 * WAITING_INPUT)).read).join()
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        ending = threads.submit(session.wait, io.BytesIO(), io.BytesIO())
        with pytest.raises(TimeoutError):
            ending.result((patience.silence + 1.5 * patience.sign).total_seconds())
        the_command(web).end(3)
        assert ending.result(10) == 3


def test_input_that_was_pushed_back_does_not_keep_the_end_from_being_told(
    connection: ClientConnection, web: Running, flood: Flood
) -> None:
    at_rest(lambda: flood.sent)
    flood.stop()
    the_command(web).end(3)
    channels, status, code = heard(connection)
    assert (channels, status["reason"], code) == ({}, "NonZeroExitCode", 1000)


def test_a_client_that_leaves_while_its_input_is_pushed_back_is_noticed(
    pongs: Callable[[], int], connection: ClientConnection, web: Running, flood: Flood
) -> None:
    del pongs  # they are how it is noticed
    at_rest(lambda: flood.sent)
    cut(connection)
    stream = the_command(web).stream
    assert stream is not None
    until(lambda: stream.has_ended, "the stream to be let go of")


def test_what_a_client_does_not_take_stays_with_the_engine(
    connection: ClientConnection, web: Running
) -> None:
    stream = the_command(web).stream
    assert stream is not None
    for _ in range(MUCH // len(PIECE)):
        stream.put(("stdout", PIECE))
    left = at_rest(lambda: stream.waiting * len(PIECE))
    assert left > MUCH - IN_THE_KERNEL
    the_command(web).end(0)
    assert len(heard(connection)[0][1]) == MUCH
