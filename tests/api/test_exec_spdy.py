"""`pods/exec` and `pods/attach` over SPDY: versions, streams, and who waits for whom."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest

from minisets.api.lanes import STREAMS
from minisets.api.sessions import SUCCESS
from minisets.api.spdy import frames
from minisets.api.streams import exit_status
from minisets.engine.memory_containers import HUNG_UP, Command
from minisets.engine.memory_scripts import ExecResult
from minisets.errors import EngineConflict, EngineError
from tests.api.dialling import exec_path
from tests.api.serving import Running, run_pod
from tests.api.spdying import NUMBERS, Refused, SpdyClient
from tests.waiting import holds, until

V4, V3, V2, V1 = "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"
PIECE = bytes(32 * 1024)
MUCH = 64 * 1024 * 1024
IN_THE_KERNEL = 24 * 1024 * 1024
Dial = Callable[..., SpdyClient]


def script(command: tuple[str, ...], stdin: bytes) -> ExecResult:
    match command:
        case ("fail", code):
            return ExecResult(stderr=b"no\n", exit_code=int(code))
        case ("hang",):
            return ExecResult(hangs=True)
        case ("upper",):
            return ExecResult(stdout=stdin.upper())
    return ExecResult(stdout=" ".join(command).encode() + b"\n")


@pytest.fixture
def web(running: Running) -> Running:
    running.engine.behave("web-0-*", run=script, answers=lambda data: b"got " + data)
    run_pod(running, "web-0", stdin=True)
    return running


@pytest.fixture
def dial(web: Running) -> Iterator[Dial]:
    opened = ExitStack()

    def open_(
        *command: str, options: str = "stdout=true&stderr=true", versions: tuple[str, ...] = (V4,)
    ) -> SpdyClient:
        path = exec_path("web-0", *command, options=options) if command else f"web-0/attach?{options}"
        client = SpdyClient(web.client, path, *versions)
        opened.callback(client.close)
        return client

    with opened:
        yield open_


def the_command(web: Running) -> Command:
    (command,) = web.engine._commands.values()
    return command


def has_begun(web: Running) -> bool:
    return the_command(web).is_running


def test_output_and_the_status_come_each_on_its_stream(dial: Dial) -> None:
    client = dial("echo", "hello", versions=("v5.channel.k8s.io", V4, V3, V2, V1))
    assert b"X-Stream-Protocol-Version: v4.channel.k8s.io" in client.head
    client.open("error", "stdout", "stderr")
    heard = client.heard()
    assert (heard.pop("stdout"), json.loads(heard.pop("error"))) == (b"echo hello\n", SUCCESS)
    assert heard == {}


def test_an_exit_code_is_told_and_then_the_connection_closed(dial: Dial) -> None:
    client = dial("fail", "3")
    client.open("error", "stdout", "stderr")
    heard = client.heard()
    assert (heard["stderr"], json.loads(heard["error"])) == (b"no\n", exit_status(3))
    client.send(frames.go_away(0))
    assert client.hear() == frames.GoAway()
    assert client.hear() is None


@pytest.mark.parametrize("version", [V3, V2, V1])
def test_before_version_4_only_a_failure_is_told_and_in_words(dial: Dial, version: str) -> None:
    client = dial("echo", versions=(version,))
    client.open("error", "stdout", "stderr")
    assert client.heard() == {"stdout": b"echo\n"}
    client = dial("fail", "3", versions=(version,))
    client.open("error", "stdout", "stderr")
    assert client.heard()["error"].decode() == exit_status(3)["message"]


def test_nothing_runs_where_no_version_is_agreed(dial: Dial, web: Running) -> None:
    with pytest.raises(Refused, match="client supports"):
        dial("echo", versions=("v9.channel.k8s.io",))
    with pytest.raises(Refused, match="unable to negotiate"):
        dial("echo", versions=())
    assert web.engine._commands == {}


def test_nothing_runs_until_every_stream_is_there(dial: Dial, web: Running) -> None:
    client = dial("hang", options="stdin=true&stdout=true&tty=true")
    client.open("error", "stdin", "stdout")
    holds(lambda: not has_begun(web), "it has not begun", timedelta(milliseconds=300))
    client.open("resize")
    until(lambda: has_begun(web), "it to begin")


def test_nothing_runs_for_a_client_that_leaves_before(dial: Dial, web: Running) -> None:
    client = dial("hang")
    client.open("error", "stdout")
    client.close()
    client = dial("echo")
    client.open("error", "stdout", "stderr")
    client.heard()
    hang, _ = web.engine._commands.values()
    assert hang.stream is None


def test_nothing_runs_for_a_client_that_does_not_open_its_streams_in_time(
    dial: Dial, web: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minisets.api.spdy_channels._THERE_WITHIN", timedelta(seconds=1))
    client = dial("hang")
    with suppress(ConnectionError, ssl.SSLEOFError):
        client.open("error", "stdout")
        while client.hear() is not None:
            pass
    assert not has_begun(web)


def test_a_stream_that_nobody_asked_for_is_refused(dial: Dial) -> None:
    client = dial("echo", options="stdout=true")
    client.open("error", "stderr", "stdout")
    heard = []
    while not isinstance(frame := client.hear(), frames.Reset):
        heard.append(frame)
    assert frame.stream == NUMBERS["stderr"]


def test_input_reaches_the_command_until_its_end(dial: Dial) -> None:
    client = dial("upper", options="stdin=true&stdout=true")
    client.open("error", "stdin", "stdout")
    client.say("stdin", b"hel")
    client.say("stdin", b"lo", ended=True)
    assert client.heard()["stdout"] == b"HELLO"


def test_a_terminal_is_resized_however_its_sizes_are_cut(dial: Dial, web: Running) -> None:
    client = dial("hang", options="stdin=true&stdout=true&tty=true")
    client.open("error", "stdin", "stdout", "resize")
    client.say("resize", b'{"Width":100,"Height":40}\nnonsense\n{"Width":101')
    client.say("resize", b',"Height":41}\n', ended=True)
    until(lambda: the_command(web).sizes == [(100, 40), (101, 41)], "both sizes")


def test_a_container_is_attached_to(dial: Dial, web: Running) -> None:
    client = dial(options="stdin=true&stdout=true&stderr=true")
    client.open("error", "stdin", "stdout", "stderr")
    client.say("stdin", b"hello")
    client.say("stdin", b"", ended=True)
    heard = client.heard()
    assert (heard.pop("stdout"), json.loads(heard.pop("error"))) == (b"got hello", SUCCESS)
    assert web.engine.list_containers({})[0].state == "running"


def test_an_engine_that_refuses_is_told_before_or_after_the_upgrade(dial: Dial, web: Running) -> None:
    web.engine.fail_next("create_exec", EngineConflict("container web-0 is not running"))
    with pytest.raises(Refused, match="container web-0 is not running"):
        dial("echo")
    web.engine.fail_next("start_exec", EngineError("no such file"))
    client = dial("echo")
    client.open("error", "stdout", "stderr")
    assert "no such file" in json.loads(client.heard()["error"])["message"]


@pytest.mark.parametrize("farewell", ["goes away", "is killed", "resets its stream"])
def test_the_command_of_a_client_that_leaves_is_ended(dial: Dial, web: Running, farewell: str) -> None:
    client = dial("hang")
    client.open("error", "stdout", "stderr")
    until(lambda: has_begun(web), "it to begin")
    if farewell == "goes away":
        client.send(frames.go_away(0))
    elif farewell == "is killed":
        client.socket.shutdown(socket.SHUT_RDWR)
    else:
        stream = the_command(web).stream
        assert stream is not None
        client.send(frames.reset(NUMBERS["stdout"], frames.CANCEL))
        client.pong(1)
        stream.put(("stdout", b"x"))
    until(lambda: the_command(web).exit_code == HUNG_UP, "the command to end")


def test_stopping_the_server_ends_a_command_that_hangs(dial: Dial, web: Running) -> None:
    client = dial("hang")
    client.open("error", "stdout", "stderr")
    until(lambda: has_begun(web), "it to begin")
    stopping = threading.Thread(target=web.server.stop)
    stopping.start()
    assert json.loads(client.heard()["error"])["reason"] == "ServiceUnavailable"
    while client.hear() is not None:
        pass
    stopping.join()
    assert the_command(web).exit_code is None


def test_who_has_not_hung_up_yet_takes_no_other_ones_place(dial: Dial) -> None:
    for _ in range(STREAMS + 1):
        client = dial("echo")
        client.open("error", "stdout", "stderr")
        assert client.heard()["stdout"] == b"echo\n"


def test_stopping_the_server_waits_for_nobody_who_does_not_hang_up(
    dial: Dial, web: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minisets.api.app._ENDING", timedelta(minutes=1))
    client = dial("echo")
    client.open("error", "stdout", "stderr")
    client.heard()
    began = time.monotonic()
    web.server.stop()
    assert time.monotonic() - began < 20


# --- who takes nothing ---


@pytest.fixture
def unread(dial: Dial, web: Running, monkeypatch: pytest.MonkeyPatch) -> SpdyClient:
    """A client whose command does not read its input."""
    monkeypatch.setattr("minisets.api.spdy.connection._PING_EVERY", timedelta(milliseconds=50))
    web.engine.behave("web-0-*", run=script, reads=False)
    client = dial("hang", options="stdin=true&stdout=true&tty=true")
    client.open("error", "stdin", "stdout", "resize")
    until(lambda: has_begun(web), "it to begin")
    return client


def test_a_command_that_reads_nothing_holds_up_neither_pings_nor_resizes(
    unread: SpdyClient, web: Running
) -> None:
    for _ in range(7):
        unread.say("stdin", PIECE)
    unread.say("resize", b'{"Width":100,"Height":40}\n')
    unread.pong(1)
    until(lambda: the_command(web).sizes == [(100, 40)], "the size")


def test_what_a_command_does_not_read_is_pushed_back_and_does_not_keep_its_end_from_being_told(
    unread: SpdyClient, web: Running
) -> None:
    unread.socket.settimeout(0.5)
    sent = 0
    with suppress(TimeoutError):
        for _ in range(MUCH // len(PIECE)):
            unread.say("stdin", PIECE)
            sent += len(PIECE)
    assert sent < IN_THE_KERNEL
    the_command(web).end(3)
    unread.socket.settimeout(10)
    assert json.loads(unread.heard()["error"]) == exit_status(3)


def test_a_client_that_is_killed_while_its_input_is_pushed_back_is_noticed(
    unread: SpdyClient, web: Running
) -> None:
    unread.socket.settimeout(0.5)
    with suppress(TimeoutError):
        for _ in range(MUCH // len(PIECE)):
            unread.say("stdin", PIECE)
    unread.socket.shutdown(socket.SHUT_RDWR)
    unread.close()
    until(lambda: the_command(web).exit_code == HUNG_UP, "the command to end")


def test_what_a_client_does_not_take_stays_with_the_engine(dial: Dial, web: Running) -> None:
    client = dial("hang")
    client.open("error", "stdout", "stderr")
    until(lambda: has_begun(web), "it to begin")
    stream = the_command(web).stream
    assert stream is not None
    for _ in range(MUCH // len(PIECE)):
        stream.put(("stdout", PIECE))
    until(lambda: stream.waiting < MUCH // len(PIECE), "it to flow")
    least = (MUCH - IN_THE_KERNEL) // len(PIECE)
    holds(lambda: stream.waiting > least, "most stays there", timedelta(milliseconds=500))
    the_command(web).end(0)
    assert len(client.heard()["stdout"]) == MUCH
