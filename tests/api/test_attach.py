"""`pods/attach`: what a container prints from now on, its input, and how it parts."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from websockets.sync.client import ClientConnection

from minisets.api.sessions import SUCCESS
from minisets.errors import EngineConflict
from tests.api.dialling import STDIN_CLOSED, V5, Dial, dialled, heard, next_of
from tests.api.serving import PODS, Client, Running, pod, run_pod
from tests.waiting import until

BOTH = "stdout=true&stderr=true"


@pytest.fixture
def dial(running: Running) -> Iterator[Dial]:
    opened = ExitStack()

    def open_(options: str = BOTH, protocols: tuple[str, ...] = (V5,)) -> ClientConnection:
        return opened.enter_context(dialled(running.client, f"web-0/attach?{options}", protocols))

    with opened:
        yield open_


def run(running: Running, **terms: bool) -> str:
    """The id of the one container of a pod whose program answers what it reads."""
    running.engine.behave("web-0-*", answers=lambda data: b"got " + data, input_exit=5)
    return run_pod(running, "web-0", **terms)[0]


def until_attached(running: Running, container: str) -> None:
    until(lambda: running.engine.attached_to(container), "somebody to be attached")


def test_what_is_printed_comes_on_its_channel_and_the_end_is_a_success(dial: Dial, running: Running) -> None:
    container = run(running)
    running.engine.write_log(container, b"before\n")
    connection = dial()
    until_attached(running, container)
    running.engine.write_log(container, b"one\n")
    running.engine.write_log(container, b"two\n", "stderr")
    assert (next_of(connection), next_of(connection)) == ((1, b"one\n"), (2, b"two\n"))
    running.engine.exit(container, 7)
    assert heard(connection) == ({}, SUCCESS, 1000)


def test_input_reaches_the_program_and_so_does_its_end(dial: Dial, running: Running) -> None:
    container = run(running, stdin=True, stdin_once=True)
    connection = dial(f"stdin=true&{BOTH}")
    connection.send(b"\x00hello\n")
    assert next_of(connection) == (1, b"got hello\n")
    connection.send(STDIN_CLOSED)
    assert heard(connection) == ({}, SUCCESS, 1000)
    assert running.engine.inspect_container(container).exit_code == 5


def test_the_end_of_an_input_that_may_come_again_ends_the_session_alone(dial: Dial, running: Running) -> None:
    container = run(running, stdin=True)
    connection = dial(f"stdin=true&{BOTH}")
    connection.send(b"\x00hello\n")
    connection.send(STDIN_CLOSED)
    assert heard(connection) == ({1: b"got hello\n"}, SUCCESS, 1000)
    assert running.engine.inspect_container(container).state == "running"


def test_a_container_that_was_made_without_an_input_gets_none(dial: Dial, running: Running) -> None:
    container = run(running)
    connection = dial(f"stdin=true&{BOTH}")
    for _ in range(100):
        connection.send(b"\x00" + bytes(32 * 1024))
    connection.send(STDIN_CLOSED)
    until_attached(running, container)
    running.engine.write_log(container, b"one\n")
    assert next_of(connection) == (1, b"one\n")
    assert running.engine.stdin_of(container) == b""


def test_the_terminal_is_the_containers_and_told_every_size(dial: Dial, running: Running) -> None:
    """kubectl tells a size that is not the terminal's first, so that the program draws its screen again."""
    container = run(running, stdin=True, tty=True)
    connection = dial("stdin=true&stdout=true&tty=true")
    connection.send(b'\x04{"Width":101,"Height":41}\n')
    connection.send(b'\x04{"Width":100,"Height":40}\n')
    until(lambda: running.engine.container_sizes_of(container) == ((101, 41), (100, 40)), "both sizes")
    running.engine.write_log(container, b"oops\n", "stderr")
    assert next_of(connection) == (1, b"oops\n")


def test_a_size_is_nothing_to_a_container_without_a_terminal(dial: Dial, running: Running) -> None:
    container = run(running, stdin=True)
    connection = dial("stdin=true&stdout=true&tty=true")
    connection.send(b'\x04{"Width":101,"Height":41}\n')
    connection.send(b"\x00hello\n")
    assert next_of(connection) == (1, b"got hello\n")
    assert running.engine.container_sizes_of(container) == ()


def test_who_leaves_leaves_the_container_running(dial: Dial, running: Running) -> None:
    container = run(running, stdin=True)
    for _ in range(3):
        dial(f"stdin=true&{BOTH}").close()
    connection = dial(f"stdin=true&{BOTH}")
    connection.send(b"\x00still\n")
    assert next_of(connection) == (1, b"got still\n")
    assert running.engine.inspect_container(container).state == "running"


def test_stopping_the_server_lets_go_of_the_container(dial: Dial, running: Running) -> None:
    container = run(running)
    connection = dial()
    running.server.stop()
    channels, status, code = heard(connection)
    assert (channels, status["reason"], code) == ({}, "ServiceUnavailable", 1000)
    assert running.engine.inspect_container(container).state == "running"


def test_a_container_that_does_not_run_is_told(client: Client, running: Running) -> None:
    client.create(PODS, pod("new"))
    answered = client.ask("GET", f"{PODS}/new/attach?{BOTH}")
    assert (answered.code, answered.json["message"]) == (400, "pod new does not have a host assigned")
    run(running)
    answered = client.ask("GET", f"{PODS}/web-0/attach?container=x&{BOTH}")
    assert (answered.code, answered.json["message"]) == (400, "container x is not valid for pod web-0")
    answered = client.ask("GET", f"{PODS}/web-0/attach?tty=true")
    assert "at least 1 of stdin, stdout, stderr" in answered.json["message"]


def test_an_engine_that_refuses_is_told_in_the_status(dial: Dial, running: Running) -> None:
    run(running)
    running.engine.fail_next("attach_container", EngineConflict("container web-0: it is not running"))
    channels, status, code = heard(dial())
    assert (channels, status["status"], code) == ({}, "Failure", 1000)
    assert "it is not running" in status["message"]
