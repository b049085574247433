"""`pause dial`: our input and output as a TCP connection's, each way with an end of its own."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from tests.engine.pausing import run
from tests.waiting import holds, until

MUCH = os.urandom(3_000_000)
PATIENCE = 10.0
Dial = Callable[..., "Dialled"]


class Dialled:
    """The program, and the peer's end of its connection."""

    def __init__(self, process: subprocess.Popen[bytes], peer: socket.socket) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self.peer = process, peer
        self.input: IO[bytes] = process.stdin
        self.output: IO[bytes] = process.stdout


@contextmanager
def dialled(program: list[str], host: str, listener: socket.socket) -> Iterator[Dialled]:
    command = [*program, "dial", host, str(listener.getsockname()[1])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(PATIENCE)
                yield Dialled(process, peer)
        finally:
            process.kill()


@pytest.fixture
def dial(program: list[str]) -> Iterator[Dial]:
    with ExitStack() as opened:

        def dial(host: str = "127.0.0.1", at: str = "127.0.0.1") -> Dialled:
            family = socket.AF_INET6 if ":" in at else socket.AF_INET
            listener = opened.enter_context(socket.create_server((at, 0), family=family))
            listener.settimeout(PATIENCE)
            return opened.enter_context(dialled(program, host, listener))

        yield dial


def received(peer: socket.socket) -> bytes:
    """All that comes until the other side has no more to say."""
    found = b""
    while data := peer.recv(1 << 16):
        found += data
    return found


def has_no_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return True
    return False


needs_ipv6 = pytest.mark.skipif(has_no_ipv6(), reason="no ::1 on this machine")


def test_what_is_said_both_ways_at_once_arrives_whole(dial: Dial) -> None:
    one = dial()
    heard: list[bytes] = []
    listening = [
        threading.Thread(target=lambda: heard.append(received(one.peer))),
        threading.Thread(target=lambda: heard.append(one.output.read())),
    ]

    def say() -> None:
        one.peer.sendall(MUCH)
        one.peer.shutdown(socket.SHUT_WR)

    saying = threading.Thread(target=say)
    for thread in (*listening, saying):
        thread.start()
    one.input.write(MUCH)
    one.input.close()
    for thread in (*listening, saying):
        thread.join(PATIENCE)
    assert heard == [MUCH, MUCH]
    assert one.process.wait(PATIENCE) == 0


def test_the_end_of_the_input_is_told_and_the_answer_still_comes(dial: Dial) -> None:
    one = dial()
    one.input.write(b"question")
    one.input.close()
    assert received(one.peer) == b"question"
    one.peer.sendall(b"answer")
    one.peer.close()
    assert one.output.read() == b"answer"
    assert one.process.wait(PATIENCE) == 0


def test_the_peers_end_ends_the_output_and_the_input_still_arrives(dial: Dial) -> None:
    one = dial()
    one.peer.sendall(b"welcome")
    one.peer.shutdown(socket.SHUT_WR)
    assert one.output.read() == b"welcome"
    one.input.write(b"late")
    one.input.close()
    assert received(one.peer) == b"late"
    assert one.process.wait(PATIENCE) == 0


def test_who_takes_nothing_is_sent_nothing_and_nobody_spins(dial: Dial) -> None:
    """Both ways are full, and the input has ended behind what waits: each could wake it again and again."""
    one = dial()
    one.peer.setblocking(False)
    os.set_blocking(one.input.fileno(), False)

    until(full(one.input.write, one.peer.send), "both ways to be full")
    one.input.close()
    before = cpu_of(one.process.pid)
    holds(lambda: one.process.poll() is None, "it waits")
    assert cpu_of(one.process.pid) - before < timedelta(milliseconds=200)


def full(*writes: Callable[[bytes], int | None]) -> Callable[[], bool]:
    """Whether none has taken anything for a while: the kernel gives a connection more and more room."""
    refusals = 0

    def is_full() -> bool:
        nonlocal refusals
        refusals = 0 if sum(map(_takes, writes)) else refusals + 1
        return refusals > 25

    return is_full


def _takes(write: Callable[[bytes], int | None]) -> bool:
    try:
        return write(b"x" * 65536) is not None
    except BlockingIOError:
        return False


def test_one_end_and_silence_cost_nothing(dial: Dial) -> None:
    one = dial()
    one.input.close()
    assert received(one.peer) == b""
    other = dial()
    other.peer.shutdown(socket.SHUT_WR)
    assert other.output.read() == b""
    processes = (one.process, other.process)
    before = [cpu_of(each.pid) for each in processes]
    holds(lambda: all(each.poll() is None for each in processes), "they wait")
    for process, used in zip(processes, before, strict=True):
        assert cpu_of(process.pid) - used < timedelta(milliseconds=200)


def cpu_of(process: int) -> timedelta:
    """What it has used of a processor."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return timedelta(seconds=(int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"))


def test_a_reset_ends_it_although_the_input_is_open(dial: Dial) -> None:
    one = dial()
    one.input.write(b"x")
    assert one.peer.recv(1) == b"x"
    one.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    one.peer.close()
    assert one.output.read() == b""
    assert one.process.wait(PATIENCE) == 0


def test_an_output_that_nobody_reads_is_no_reason_to_lose_the_input(dial: Dial) -> None:
    one = dial()
    one.output.close()
    one.peer.sendall(b"unheard")
    one.input.write(b"heard")
    one.input.close()
    assert received(one.peer) == b"heard"
    assert one.process.wait(PATIENCE) == 0


def test_a_connection_that_is_refused_says_where_and_leaves_with_1(program: list[str]) -> None:
    with socket.socket() as bound:  # to a port that nobody listens at
        bound.bind(("127.0.0.1", 0))
        port = str(bound.getsockname()[1])
        for host in ("127.0.0.1", "localhost"):
            result = run(program, "dial", host, port)
            assert (result.returncode, result.stdout) == (1, "")
            assert result.stderr == f"pause: cannot connect {host}:{port}: error 111\n"


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "at"),
    [
        ("localhost", "127.0.0.1"),
        ("localhost", "::1"),
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("0::0:0001", "::1"),
        ("::FfFf:7f00:1", "127.0.0.1"),
        ("127.1.2.3", "127.1.2.3"),
    ],
)
def test_an_address_is_read_in_each_of_its_forms(dial: Dial, host: str, at: str) -> None:
    one = dial(host, at)
    one.peer.sendall(b"here")
    assert one.output.read(4) == b"here"
