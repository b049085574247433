"""What listens on a pod's own loopback only: reached by a program in its sandbox."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from minisets.api.lanes import STREAMS
from minisets.api.spdy import frames
from minisets.api.spdy.frames import Ping
from minisets.engine.labels import pod_labels
from minisets.engine.memory_scripts import ExecResult
from minisets.engine.specs import ContainerSpec
from minisets.errors import EngineConflict
from minisets.objects.kinds import Ref
from minisets.settings import Settings
from tests.api.forwarding.test_pairs import PATH, PROTOCOL, pair
from tests.api.serving import PODS, Running
from tests.api.spdy.clients import Raw, SpdyClient
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.engine.interface import ExecStream
    from minisets.engine.specs import ExecSpec

REFUSED = "dial tcp 127.0.0.1:1: connect: connection refused"


def dial(command: tuple[str, ...], stdin: bytes) -> ExecResult:
    """`/pause dial`, where somebody listens at port 1, and nobody at port 2."""
    match command:
        case ("/pause", "dial", "localhost", "1"):
            return ExecResult(stdout=stdin.upper())
        case ("/pause", "dial", "localhost", port):
            return ExecResult(
                stderr=f"pause: cannot connect 127.0.0.1:{port}: error 111\n".encode(), exit_code=1
            )
    raise AssertionError(command)


@pytest.fixture
def sandbox(web: Running) -> str:
    """The id of the pod's."""
    found = web.store.get(Ref("Pod", "default", "web-0"))
    assert found is not None
    labels = pod_labels(Settings().cluster, found, "", "sandbox")
    web.engine.behave("sandbox", run=dial)
    id_ = web.engine.create_container(ContainerSpec("sandbox", "pause", labels))
    web.engine.start_container(id_)
    return id_


@pytest.fixture
def client(web: Running) -> Iterator[SpdyClient]:
    client = SpdyClient(Raw(web, PATH, PROTOCOL))
    yield client
    client.close()


def told(web: Running, why: str, port: int = 1) -> bytes:
    uid = web.client.get(f"{PODS}/web-0").json["metadata"]["uid"]
    return f"error forwarding port {port} to pod web-0, uid {uid}: {why}".encode()


def test_it_is_spoken_to_both_ways(sandbox: str, client: SpdyClient) -> None:
    del sandbox
    error, data = pair(client, 1)
    client.say(data, b"hello " * 20_000, ended=True)
    assert (client.all_of(data), client.all_of(error)) == (b"HELLO " * 20_000, b"")


def test_where_nobody_listens_in_there_either_the_first_reason_is_told(
    sandbox: str, client: SpdyClient, web: Running
) -> None:
    del sandbox
    error, data = pair(client, 2)
    client.say(data, b"hello", ended=True)
    refused = "dial tcp 127.0.0.1:2: connect: connection refused"
    assert (client.all_of(data), client.all_of(error)) == (b"", told(web, refused, 2))


def test_without_a_sandbox_that_runs_the_first_reason_is_told(
    sandbox: str, client: SpdyClient, web: Running
) -> None:
    web.engine.signal_container(sandbox, "SIGKILL")
    error, data = pair(client, 1)
    assert (client.all_of(data), client.all_of(error)) == (b"", told(web, REFUSED))


def test_an_engine_that_refuses_is_told(sandbox: str, client: SpdyClient, web: Running) -> None:
    del sandbox
    for method in ("list_containers", "create_exec", "start_exec"):
        web.engine.fail_next(method, EngineConflict(f"no {method}"))
        error, _ = pair(client, 1, len(client.over))
        assert client.all_of(error) == told(web, f"{REFUSED}; inside the pod: no {method}")


def test_a_program_whose_client_is_gone_is_ended(sandbox: str, client: SpdyClient, web: Running) -> None:
    _, data = pair(client, 1)
    client.say(data, b"hello")
    commands = web.engine._commands
    (command,) = until(lambda: [one for one in [*commands.values()] if one.is_running], "the program")
    assert command.container == sandbox
    client.close()
    until(lambda: not command.is_running, "the end of the program")


def test_a_program_whose_client_breaks_off_while_it_starts_is_ended(
    sandbox: str, client: SpdyClient, web: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    del sandbox
    starting, going_on = threading.Event(), threading.Event()
    start = web.engine.start_exec

    def slow(exec_id: str, spec: ExecSpec) -> ExecStream:
        starting.set()
        assert going_on.wait(60)
        return start(exec_id, spec)

    monkeypatch.setattr(web.engine, "start_exec", slow)
    error, data = pair(client, 1)
    assert starting.wait(20)
    (command,) = web.engine._commands.values()
    client.send(frames.reset(data, frames.CANCEL), frames.ping(1))
    client.until_heard(Ping(1))
    going_on.set()
    assert client.all_of(error) == b""
    until(lambda: command.pid and not command.is_running, "the program's end")


def test_each_takes_a_place_among_the_streams(sandbox: str, client: SpdyClient) -> None:
    del sandbox
    errors = {pair(client, 1, request)[0] for request in range(STREAMS + 1)}
    until(lambda: client.listen() and errors & client.over, "a refusal")
    (error,) = errors & client.over
    assert b"all 64 streams" in client.all_of(error)
