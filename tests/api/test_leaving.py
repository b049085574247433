"""What becomes of a command whose client leaves, in whichever way, and of one whose server does."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from minisets.engine.labels import end_labels
from minisets.engine.memory_containers import HUNG_UP
from minisets.engine.memory_scripts import ExecResult
from tests.api.serving import PODS, Running, run_pod
from tests.waiting import until

Dial = Callable[..., ClientConnection]


def began(running: Running, before: set[str]) -> bool:
    """Whether a command has begun since."""
    return any(each.stream for id_, each in running.engine._commands.items() if id_ not in before)


@pytest.fixture
def dial(running: Running) -> Iterator[Dial]:
    """Runs a command that goes on for ever unless it is called `end`."""
    running.engine.behave("web-0-*", run=lambda command, _: ExecResult(hangs=command != ("end",)))
    run_pod(running, "web-0")
    with ExitStack() as opened:

        def dial(command: str = "hang") -> ClientConnection:
            known = set(running.engine._commands)
            connection = opened.enter_context(
                connect(
                    f"wss://127.0.0.1:{running.server.port}{PODS}/web-0/exec?command={command}&stdout=true",
                    ssl=running.client.context,
                    additional_headers={"Authorization": f"Bearer {running.client.token}"},
                    subprotocols=[Subprotocol("v5.channel.k8s.io")],
                    close_timeout=1,
                )
            )
            until(lambda: began(running, known), "it to begin")
            return connection

        yield dial


def exit_code(running: Running) -> int | None:
    (command,) = running.engine._commands.values()
    return command.exit_code


def cut(connection: ClientConnection) -> None:
    """As when the client is killed: no word of a WebSocket's or TLS's end."""
    connection.socket.shutdown(socket.SHUT_RDWR)


def test_the_command_of_a_client_that_takes_its_leave_is_ended(dial: Dial, running: Running) -> None:
    dial().close()
    until(lambda: exit_code(running) == HUNG_UP, "the command to end")


def test_the_command_of_a_client_that_is_killed_is_ended(dial: Dial, running: Running) -> None:
    cut(dial())
    until(lambda: exit_code(running) == HUNG_UP, "the command to end")
    until(lambda: not running.engine.list_containers(end_labels("minisets")), "the helper's removal")


def test_a_command_that_ends_by_itself_takes_no_helper(dial: Dial, running: Running) -> None:
    helpers = running.engine.events(end_labels("minisets"))
    connection = dial("end")
    assert list(connection)[-1][:1] == b"\x03"
    connection.close()
    cut(dial())  # its helper is the first
    until(lambda: [each.exit_code for each in running.engine._commands.values()] == [0, HUNG_UP], "both ends")
    until(lambda: not running.engine.list_containers(end_labels("minisets")), "the helper's removal")
    helpers.end()
    assert [event.action for event in helpers] == ["create", "start", "die", "destroy"]


def test_a_command_that_cannot_be_ended_is_said_in_the_log(
    dial: Dial, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    complaint = b"pause: cannot hold 7: error 38\n"
    running.engine.behave("minisets__end-*", exits_with=1, output=(("stderr", complaint),))
    cut(dial())
    until(lambda: "is not ended: pause: cannot hold 7: error 38" in caplog.text, "a line in the log")
    assert exit_code(running) is None


def test_a_server_that_stops_leaves_commands_alone(dial: Dial, running: Running) -> None:
    connection = dial()
    running.server.stop()
    assert list(connection)[-1][:1] == b"\x03"
    assert exit_code(running) is None
    assert running.engine.list_containers(end_labels("minisets")) == ()


def test_a_server_that_stops_waits_for_no_end_of_a_command(dial: Dial, running: Running) -> None:
    running.engine.behave("minisets__end-*", hangs=True)
    cut(dial())
    until(lambda: running.engine.list_containers(end_labels("minisets")), "the helper")
    running.server.stop()
    assert exit_code(running) is None
