"""Forwarding over SPDY, as a client speaks it: pairs of streams, their ends, their bounds."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from minisets.api.forwarding import pairs
from minisets.api.spdy import frames
from minisets.api.spdy.frames import GoAway, Ping, Replied, Reset
from tests.api.forwarding.listening import count, echo, everything, listening, unanswering
from tests.api.serving import PODS, Client, Running, pod, run_pod, set_status
from tests.api.spdy.clients import Raw, RefusedError, SpdyClient, Tunnelled
from tests.waiting import holds, until

PATH = f"{PODS}/web-0/portforward"
PROTOCOL = "portforward.k8s.io"
Open = Callable[[], SpdyClient]


@pytest.fixture(params=["spdy", "websocket"])
def client_of(request: pytest.FixtureRequest, web: Running) -> Iterator[Open]:
    opened: list[SpdyClient] = []

    def open_() -> SpdyClient:
        transport = Raw(web, PATH, PROTOCOL) if request.param == "spdy" else Tunnelled(web, PATH, PROTOCOL)
        opened.append(SpdyClient(transport))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def pair(client: SpdyClient, port: int, request: int = 0) -> tuple[int, int]:
    """The two streams of a connection, as kubectl opens them: errors (ended at once), then data."""
    given = {"port": str(port), "requestid": str(request)}
    error = client.open(streamtype="error", **given)
    client.send(frames.data(error, b"", ended=True))
    return error, client.open(streamtype="data", **given)


def test_what_comes_goes_there_and_back_and_both_streams_end(client_of: Open) -> None:
    client = client_of()
    with listening(echo) as port:
        error, data = pair(client, port)
        client.say(data, b"hello")
        assert client.some_of(data, 5) == b"hello"
        client.send(frames.ping(1))
        client.until_heard(Ping(1))
        client.say(data, b"", ended=True)
        assert (client.all_of(data), client.all_of(error)) == (b"hello", b"")
    assert client.heard[:2] == [Replied(error, {}), Replied(data, {})]


def test_a_half_closed_connection_is_one_in_the_pod_too(client_of: Open) -> None:
    client = client_of()
    with listening(count) as port:
        error, data = pair(client, port)
        client.say(data, b"x" * 1_000_000, ended=True)
        assert (client.all_of(data), client.all_of(error)) == (b"1000000", b"")


def test_much_comes_whole(client_of: Open) -> None:
    client = client_of()
    with listening(lambda connection: connection.sendall(b"x" * 5_000_000)) as port:
        _, data = pair(client, port)
        assert len(client.all_of(data)) == 5_000_000


def test_a_pod_that_half_closes_still_hears_the_client(client_of: Open) -> None:
    told: list[bytes] = []

    def program(connection: socket.socket) -> None:
        connection.sendall(b"bye")
        connection.shutdown(socket.SHUT_WR)
        told.append(everything(connection))

    client = client_of()
    with listening(program) as port:
        error, data = pair(client, port)
        assert (client.all_of(data), client.all_of(error)) == (b"bye", b"")
        client.say(data, b"and more", ended=True)
        assert until(lambda: told, "what the client said last") == [b"and more"]


def test_a_port_where_nobody_listens_is_told_on_the_stream_of_errors(client_of: Open, web: Running) -> None:
    client = client_of()
    error, data = pair(client, 1)
    refused = "dial tcp 127.0.0.1:1: connect: connection refused"
    told = f"error forwarding port 1 to pod web-0, uid {uid_of(web)}: {refused}"
    assert (client.all_of(data), client.all_of(error).decode()) == (b"", told)
    with listening(echo) as port:  # the connection goes on
        _, data = pair(client, port, 1)
        client.say(data, b"still", ended=True)
        assert client.all_of(data) == b"still"


def told_of_its_end(connection: socket.socket, ended: threading.Event) -> None:
    connection.sendall(b"ready")
    everything(connection)
    ended.set()


def test_a_client_that_resets_its_stream_lets_go_of_the_pod(client_of: Open) -> None:
    ended = threading.Event()
    client = client_of()
    with listening(lambda connection: told_of_its_end(connection, ended)) as port:
        error, data = pair(client, port)
        assert client.some_of(data, 5) == b"ready"
        client.send(frames.reset(data, frames.CANCEL))
        assert client.all_of(error) == b""
        assert ended.wait(10)


def test_a_client_that_breaks_off_is_dialled_for_no_more(client_of: Open) -> None:
    client = client_of()
    with unanswering() as port:
        streams = [pair(client, port, request) for request in range(300)]
        client.send(frames.ping(1))
        client.until_heard(Ping(1))
        client.send(*(frames.reset(data, frames.CANCEL) for _, data in streams))
        assert {client.all_of(error) for error, _ in streams} == {b""}  # no time is out
    with listening(echo) as port:  # the connection goes on
        _, data = pair(client, port, 300)
        client.say(data, b"still", ended=True)
        assert client.all_of(data) == b"still"


def test_a_connection_that_the_pod_breaks_off_is_no_error(client_of: Open) -> None:
    def program(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    client = client_of()
    with listening(program) as port:
        error, data = pair(client, port)
        client.say(data, b"x")
        assert client.all_of(error) == b""
        assert Reset(data, frames.CANCEL) in client.heard


def test_a_pod_that_reads_nothing_takes_nothing_from_the_client(client_of: Open) -> None:
    going_on, total = threading.Event(), 30_000_000

    def program(connection: socket.socket) -> None:
        assert going_on.wait(20)
        count(connection)

    client = client_of()
    with listening(program) as port:
        _, data = pair(client, port)
        writing = threading.Thread(target=client.say, args=(data, b"x" * total), kwargs={"ended": True})
        writing.start()
        holds(writing.is_alive, "the client waits", timedelta(seconds=0.5))
        going_on.set()
        assert client.all_of(data) == str(total).encode()
        writing.join()


def test_a_client_that_reads_nothing_takes_nothing_from_the_pod(client_of: Open) -> None:
    sent, total = [0], 30_000_000

    def program(connection: socket.socket) -> None:
        for _ in range(0, total, 50_000):
            connection.sendall(b"x" * 50_000)
            sent[0] += 50_000

    client = client_of()
    with listening(program) as port:
        _, data = pair(client, port)
        until(lambda: sent[0], "what the pod sends")
        holds(lambda: sent[0] < total, "the pod waits", timedelta(seconds=0.5))
        assert len(client.all_of(data)) == total


def test_many_connections_at_once(client_of: Open) -> None:
    client = client_of()
    with listening(echo) as port:
        streams = [pair(client, port, request) for request in range(100)]
        for _, data in streams:
            client.say(data, f"{data}".encode(), ended=True)
        assert [client.all_of(data) for _, data in streams] == [f"{data}".encode() for _, data in streams]


def test_old_clients_that_name_no_request_are_understood(client_of: Open) -> None:
    client = client_of()
    with listening(echo) as port:
        error = client.open(streamtype="error", port=str(port))
        data = client.open(streamtype="data", port=str(port))
        client.say(data, b"old", ended=True)
        assert (client.all_of(data), client.all_of(error)) == (b"old", b"")


@pytest.mark.parametrize("headers", [
    {"streamtype": "data", "port": "0"},
    {"streamtype": "data", "port": "65536"},
    {"streamtype": "data", "port": "x"},
    {"streamtype": "data"},
    {"streamtype": "resize", "port": "80"},
    {"port": "80"},
])  # fmt: skip
def test_a_stream_that_means_nothing_is_reset(client_of: Open, headers: dict[str, str]) -> None:
    client = client_of()
    stream = client.open(**headers)
    client.until_heard(Reset(stream, frames.CANCEL))


def test_a_second_stream_of_a_type_is_reset_and_told(client_of: Open) -> None:
    client = client_of()
    first = client.open(streamtype="error", port="80", requestid="7")
    second = client.open(streamtype="error", port="80", requestid="7")
    client.until_heard(Reset(second, frames.CANCEL))
    told = b"error processing stream for request 7: error stream already assigned"
    assert client.some_of(first, len(told)) == told


def test_a_pair_that_never_is_whole_is_told_so(client_of: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_WHOLE_WITHIN", pairs._WHOLE_WITHIN / 300)
    client = client_of()
    error = client.open(streamtype="error", port="80", requestid="7")
    assert client.all_of(error) == b"(request=7) timed out waiting for streams"


def test_what_is_no_spdy_ends_the_connection_and_nothing_else(client_of: Open, client: Client) -> None:
    bad = client_of()
    bad.send(b"\xff" * 64)
    bad.until_heard(GoAway())
    assert client.get("/version").code == 200


def test_the_end_of_the_server_ends_what_is_forwarded(client_of: Open, web: Running) -> None:
    ended = threading.Event()
    client = client_of()
    with listening(lambda connection: told_of_its_end(connection, ended)) as port:
        _, data = pair(client, port)
        assert client.some_of(data, 5) == b"ready"
        web.server.stop()
        client.until_heard(GoAway())
        assert ended.wait(10)


def test_a_client_that_leaves_lets_go_of_everything(client_of: Open) -> None:
    ended: list[bytes] = []

    def program(connection: socket.socket) -> None:
        connection.sendall(b"ready")
        ended.append(everything(connection))

    client = client_of()
    with listening(program) as port:
        for request in range(3):
            _, data = pair(client, port, request)
            assert client.some_of(data, 5) == b"ready"
        client._transport.close()
        until(lambda: len(ended) == 3, "the end of three connections")


def test_a_pod_that_another_has_replaced_is_not_forwarded_to(client_of: Open, web: Running) -> None:
    client = client_of()
    with listening(echo) as port:
        _, data = pair(client, port)
        client.say(data, b"first", ended=True)
        assert client.all_of(data) == b"first"
        web.client.ask("DELETE", f"{PODS}/web-0?gracePeriodSeconds=0&force=true")
        assert web.client.get(f"{PODS}/web-0").code == 404
        run_pod(web, "web-0", "another")
        set_status(web, "web-0", {"podIP": "127.0.0.1"})
        error, _ = pair(client, port, 1)
        assert 'pod not found ("web-0_default")' in client.all_of(error).decode()


def test_a_client_must_speak_of_port_forward(web: Running) -> None:
    with pytest.raises(RefusedError) as refused:
        Raw(web, PATH, "v4.channel.k8s.io", "channel.k8s.io")
    assert (refused.value.code, refused.value.status["reason"]) == (403, "Forbidden")
    assert refused.value.status["message"] == (
        "unable to upgrade: unable to negotiate protocol: "
        "client supports [v4.channel.k8s.io channel.k8s.io], server accepts [portforward.k8s.io]"
    )


def test_the_answer_names_what_was_agreed(web: Running) -> None:
    upgraded = Raw(web, PATH, "x", f"y, {PROTOCOL}", method="GET")
    named = ("Connection", "Upgrade", "X-Stream-Protocol-Version")
    assert [upgraded.headers[name] for name in named] == ["Upgrade", "SPDY/3.1", PROTOCOL]
    upgraded.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_upgrades_to_nothing_is_refused(web: Running, method: str) -> None:
    answered = web.client.ask(method, PATH)
    assert (answered.code, answered.json["reason"]) == (400, "BadRequest")
    assert answered.json["message"].startswith("unable to upgrade: missing upgrade headers in request")


def test_a_pod_that_runs_nowhere_is_told_before_the_upgrade(web: Running, client: Client) -> None:
    client.create(PODS, pod("new"))
    answered = client.ask("POST", f"{PODS}/new/portforward")
    assert (answered.code, answered.json["message"]) == (400, "pod new does not have a host assigned")
    run_pod(web, "web-1")
    for change in ({}, {"podIP": "127.0.0.1", "phase": "Succeeded"}):
        set_status(web, "web-1", change)
        answered = client.ask("POST", f"{PODS}/web-1/portforward")
        assert answered.code == 500
        assert answered.json["message"].endswith(
            'unable to upgrade connection: pod not found ("web-1_default")'
        )
    assert client.ask("POST", f"{PODS}/none/portforward").code == 404


def uid_of(web: Running) -> str:
    uid: str = web.client.get(f"{PODS}/web-0").json["metadata"]["uid"]
    return uid
