"""`pods/exec`: channels, exit codes and the order of agreeing and starting."""

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from minisets.api.streams import exit_status
from minisets.engine.memory_scripts import ExecResult
from minisets.errors import EngineConflict, EngineError
from tests.api.dialling import STDIN_CLOSED, V4, V5, Dial, dialled, exec_path, heard, messages
from tests.api.serving import PODS, Client, Running, pod, run_pod
from tests.waiting import until


def script(command: tuple[str, ...], stdin: bytes) -> ExecResult:
    match command:
        case ("fail", code):
            return ExecResult(stderr=b"no\n", exit_code=int(code))
        case ("hang",):
            return ExecResult(hangs=True)
        case ("upper",):
            return ExecResult(stdout=stdin.upper())
        case ("leave", "open"):
            return ExecResult(stdout=b"done\n", exit_code=3, leaves_open=True)
        case ("much",):
            return ExecResult(stdout=b"x" * 3_000_000)
    return ExecResult(stdout=" ".join(command).encode() + b"\n")


@pytest.fixture
def web(running: Running) -> Running:
    running.engine.behave("web-0-*", run=script)
    run_pod(running, "web-0")
    return running


@pytest.fixture
def dial(web: Running) -> Iterator[Dial]:
    opened = ExitStack()

    def open_(
        *command: str, options: str = "stdout=true&stderr=true", protocols: tuple[str, ...] = (V5,)
    ) -> ClientConnection:
        path = exec_path("web-0", *command, options=options)
        return opened.enter_context(dialled(web.client, path, protocols))

    with opened:
        yield open_


@pytest.mark.parametrize("protocol", [V5, V4])
def test_output_comes_on_its_channel_then_the_status_then_a_clean_close(dial: Dial, protocol: str) -> None:
    """A-151."""
    connection = dial("echo", "hello", protocols=(protocol,))
    assert connection.subprotocol == protocol
    assert heard(connection) == ({1: b"echo hello\n"}, {"metadata": {}, "status": "Success"}, 1000)


def test_an_exit_code_is_told_in_the_status(dial: Dial) -> None:
    assert heard(dial("fail", "3")) == ({2: b"no\n"}, exit_status(3), 1000)
    assert exit_status(3)["details"] == {"causes": [{"reason": "ExitCode", "message": "3"}]}


@pytest.mark.parametrize("frame", [b"\x00hello", "\x00hello"], ids=["binary", "text"])
def test_input_reaches_the_command_until_its_end_is_told(dial: Dial, frame: Any) -> None:
    connection = dial("upper", options="stdin=true&stdout=true")
    connection.send(frame)
    connection.send(b"")
    connection.send(b"\x09ignored")
    connection.send(STDIN_CLOSED)
    assert heard(connection) == ({1: b"HELLO"}, exit_status(0), 1000)


def test_much_output_arrives_whole(dial: Dial) -> None:
    channels, status, code = heard(dial("much"))
    assert (len(channels[1]), status["status"], code) == (3_000_000, "Success", 1000)


def test_a_channel_that_was_not_asked_for_is_silent(dial: Dial) -> None:
    assert heard(dial("fail", "1", options="stdout=true"))[0] == {}


def test_a_terminal_is_resized(dial: Dial, web: Running) -> None:
    connection = dial("upper", options="stdin=true&stdout=true&tty=true&stderr=true")
    connection.send(b'\x04{"Width":100,"Height":40}\n')
    connection.send(b"\x04nonsense")
    connection.send(STDIN_CLOSED)
    assert heard(connection)[1]["status"] == "Success"
    command = next(iter(web.engine._commands.values()))
    until(lambda: command.sizes == [(100, 40)], "the size")
    assert command.spec.tty


def in_base64(channel: int, data: bytes) -> str:
    return str(channel) + base64.b64encode(data).decode()


def test_a_client_that_speaks_text_is_spoken_to_in_base64(dial: Dial, web: Running) -> None:
    options = "stdin=true&stdout=true&tty=true"
    connection = dial("cat", options=options, protocols=("v4.base64.channel.k8s.io",))
    connection.send(in_base64(4, b'{"Width":100,"Height":40}'))
    connection.send("0no base64")
    connection.send(in_base64(0, b"hello"))
    assert connection.recv(timeout=10) == in_base64(1, b"hello")
    command = next(iter(web.engine._commands.values()))
    until(lambda: command.sizes == [(100, 40)], "the size")
    failing = dial("fail", "3", protocols=("v4.base64.channel.k8s.io",))
    assert failing.recv(timeout=10) == in_base64(2, b"no\n")
    told = failing.recv(timeout=10)
    assert isinstance(told, str)
    assert (told[0], json.loads(base64.b64decode(told[1:]))) == ("3", exit_status(3))


def test_before_version_4_only_a_failure_is_told_and_in_words(dial: Dial) -> None:
    assert messages(dial("echo", "hello", protocols=("channel.k8s.io",))) == ({1: b"echo hello\n"}, 1000)
    channels, code = messages(dial("fail", "3", protocols=("channel.k8s.io",)))
    assert (channels, code) == ({2: b"no\n", 3: exit_status(3)["message"].encode()}, 1000)
    in_text = dial("fail", "3", options="stdout=true", protocols=("base64.channel.k8s.io",))
    assert in_text.recv(timeout=10) == in_base64(3, exit_status(3)["message"].encode())


@pytest.mark.parametrize("protocols", [(), ("v9.channel.k8s.io",), ("v2.channel.k8s.io", "x")])
def test_nothing_runs_where_no_subprotocol_is_agreed(
    dial: Dial, web: Running, protocols: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        dial("echo", protocols=protocols)
    status = json.loads(refused.value.response.body)
    assert (status["code"], V5 in status["message"]) == (400, True)
    assert web.engine._commands == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_is_no_upgrade_is_told_what_is_spoken_here(
    web: Running, client: Client, method: str
) -> None:
    answered = client.ask(method, f"{PODS}/web-0/exec?command=ls&stdout=true")
    assert (answered.code, "WebSocket and SPDY/3.1" in answered.json["message"]) == (400, True)
    assert web.engine._commands == {}


@pytest.mark.parametrize(("options", "says"), [
    ("command=ls", "at least 1 of stdin, stdout, stderr"),
    ("stdout=true", "at least 1 command"),
    ("command=ls&stdout=true&container=x", "container x is not valid for pod web-0"),
])  # fmt: skip
def test_nonsense_is_refused(web: Running, options: str, says: str) -> None:
    answered = web.client.ask("GET", f"{PODS}/web-0/exec?{options}")
    assert (answered.code, says in answered.json["message"]) == (400, True)


def test_a_pod_that_runs_nothing_yet_is_told(client: Client) -> None:
    client.create(PODS, pod("new"))
    answered = client.ask("GET", f"{PODS}/new/exec?command=ls&stdout=true")
    assert (answered.code, answered.json["message"]) == (400, "pod new does not have a host assigned")


def test_an_engine_that_refuses_is_told_before_or_after_the_upgrade(dial: Dial, web: Running) -> None:
    web.engine.fail_next("create_exec", EngineConflict("container web-0 is not running"))
    with pytest.raises(InvalidStatus) as refused:
        dial("ls")
    assert "container web-0 is not running" in json.loads(refused.value.response.body)["message"]
    web.engine.fail_next("start_exec", EngineError("no such file"))
    channels, status, code = heard(dial("ls"))
    assert (channels, status["status"], code) == ({}, "Failure", 1000)
    assert "no such file" in status["message"]


def test_a_client_that_leaves_frees_its_place(dial: Dial, web: Running) -> None:
    for _ in range(3):
        dial("hang").close()
    assert heard(dial("echo", "still"))[0] == {1: b"echo still\n"}
    assert len(web.engine._commands) == 4


def test_a_command_that_ended_with_its_output_still_open_is_not_waited_for(dial: Dial) -> None:
    channels, status, code = heard(dial("leave", "open"))
    assert (channels, code) == ({1: b"done\n"}, 1000)
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


def test_a_command_that_is_yet_to_begin_has_not_ended(dial: Dial, web: Running) -> None:
    """Docker answers a start before the command runs, and tells of it as of one that was never started."""
    connection = dial("hang")
    (command,) = web.engine._commands.values()
    until(lambda: command.is_running, "the command to run")
    stream, command.stream = command.stream, None
    assert stream is not None
    stream.end()
    with pytest.raises(TimeoutError):
        connection.recv(timeout=0.5)
    command.stream = stream
    command.end(3)
    assert heard(connection) == ({}, exit_status(3), 1000)


def test_stopping_the_server_ends_a_command_that_hangs(dial: Dial, web: Running) -> None:
    connection = dial("hang")
    web.server.stop()
    channels, status, code = heard(connection)
    assert (channels, status["reason"], code) == ({}, "ServiceUnavailable", 1000)
