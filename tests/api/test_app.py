"""The server as a whole: starting, stopping, and clients that misbehave."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from minisets.api.app import ApiServer, Backend, told_of
from minisets.api.lanes import STREAMS, Lanes
from minisets.clock import SystemClock
from minisets.cluster.credentials import Credentials
from minisets.errors import TooManyRequests, UsageError
from minisets.settings import Settings
from tests.api.serving import CONFIGMAPS, Client, Json, Running, Watch, configmap

ASKED = b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


def test_a_port_that_is_taken_is_told_in_one_line(running: Running) -> None:
    settings = Settings(port=running.server.port)
    backend = Backend(running.store, running.registry, running.engine, SystemClock())
    server = ApiServer(backend, settings, running.credentials)
    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{running.server.port}"):
        server.start()
    server.stop()


def test_stopping_ends_watches_cleanly_and_leaves_no_thread(
    running: Running, watch: Callable[..., Watch]
) -> None:
    events = [watch(f"{CONFIGMAPS}?watch=true") for _ in range(5)]
    running.client.create(CONFIGMAPS, configmap("a"))
    assert {one.told() for one in events} == {("ADDED", "a")}
    running.server.stop()
    assert all(one.has_ended() for one in events)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("minisets-api")]
    running.server.stop()


def test_a_server_that_never_started_can_be_stopped(keys: Credentials, running: Running) -> None:
    backend = Backend(running.store, running.registry, running.engine, SystemClock())
    ApiServer(backend, Settings(), keys).stop()


def test_nothing_reaches_a_client_after_the_handshake_that_it_did_not_ask_for(running: Running) -> None:
    """A session ticket would: read on one thread while another one writes, it made `exec` hang."""
    raw = socket.create_connection(("127.0.0.1", running.server.port))
    with running.client.context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        assert connection.version() == "TLSv1.3"
        connection.settimeout(5)
        connection.sendall(b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in connection.recv(4096)
        assert connection.session is not None
        assert not connection.session.has_ticket


def test_clients_that_say_nothing_or_half_a_request_hold_up_nobody(running: Running) -> None:
    address = ("127.0.0.1", running.server.port)
    silent = [socket.create_connection(address) for _ in range(20)]
    halves = []
    for _ in range(20):
        raw = socket.create_connection(address)
        half = running.client.context.wrap_socket(raw, server_hostname="127.0.0.1")
        half.sendall(
            b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer " + running.client.token.encode() + b"\r\nContent-Length: 99\r\n\r\n{"
        )
        halves.append(half)
    assert running.client.create(CONFIGMAPS, configmap("a"))
    for one in (*silent, *halves):
        one.close()
    assert running.client.create(CONFIGMAPS, configmap("b"))


@pytest.fixture
def impatient(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of a server that does not wait long for a request; a slow machine sends one in that time."""
    monkeypatch.setattr("minisets.api.app._SILENCE", timedelta(seconds=2))
    backend = Backend(running.store, running.registry, running.engine, SystemClock())
    server = ApiServer(backend, Settings(), running.credentials).start()
    client = Client(server.port, running.credentials)
    yield client
    client.close()
    server.stop()


def heard(client: Client, sent: bytes) -> bytes:
    """What comes on a connection until the server closes it."""
    raw = socket.create_connection(("127.0.0.1", client.port), timeout=10)
    with client.context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.parametrize("sent", [b"GET /version HTTP/1.1\r\nHost: local", ASKED])
def test_a_connection_on_which_no_whole_request_comes_is_closed_in_time(
    impatient: Client, sent: bytes
) -> None:
    assert heard(impatient, sent).startswith(b"HTTP/1.1 200") is (sent == ASKED)


def test_a_quiet_watch_is_no_such_connection(impatient: Client, running: Running) -> None:
    events = Watch(impatient, f"{CONFIGMAPS}?watch=true")
    assert heard(impatient, b"") == b"", "it was opened later, and closed in time"
    running.client.create(CONFIGMAPS, configmap("a"))
    assert events.told() == ("ADDED", "a")
    events.close()


def test_a_watcher_that_does_not_read_is_dropped_and_holds_up_nobody(
    running: Running, watch: Callable[..., Watch]
) -> None:
    stuck, awake = watch(f"{CONFIGMAPS}?watch=true"), watch(f"{CONFIGMAPS}?watch=true")
    large = configmap("a") | {"data": {"a": "x" * 500_000}}
    running.client.create(CONFIGMAPS, large)
    for number in range(20):
        patch = {"data": {"b": str(number)}}
        headers = {"Content-Type": "application/merge-patch+json"}
        assert running.client.ask("PATCH", f"{CONFIGMAPS}/a", patch, headers).code == 200
    seen = [awake.next()["object"]["data"].get("b") for _ in range(21)]
    assert seen == [None, *(str(number) for number in range(20))]
    stuck.close()


def test_requests_are_answered_side_by_side(running: Running) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        client = Client(running.server.port, running.credentials)
        try:
            for ordinal in range(10):
                client.create(CONFIGMAPS, configmap(f"c-{number}-{ordinal}"))
                assert client.ask("GET", CONFIGMAPS, headers=TABLE).json["kind"] == "Table"
        except Exception as error:  # noqa: BLE001 - told below, in the test's own thread
            failures.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(running.client.get(CONFIGMAPS).json["items"]) == 80


class Refilling(asyncio.Protocol):
    """Writes on as soon as there is room; by then its peer is gone."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self.transport: asyncio.Transport | None = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(0)

    def resume_writing(self) -> None:
        self._peer.close()
        assert self.transport is not None
        self.transport.write(b"more")

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.ended.set()


class Mistaken(asyncio.Protocol):
    """Has a mistake of its own at its end."""

    def connection_lost(self, exc: Exception | None) -> None:
        exc.no_such_name()  # type: ignore[union-attr] # that is the mistake


async def refill() -> None:
    asyncio.get_running_loop().set_exception_handler(told_of)
    ours, peer = socket.socketpair()
    _, protocol = await asyncio.get_running_loop().create_connection(lambda: Refilling(peer), sock=ours)
    assert protocol.transport is not None
    while not protocol.transport.get_write_buffer_size():
        protocol.transport.write(b"x" * 4096)
    peer.setblocking(False)
    while not protocol.ended.is_set():
        with contextlib.suppress(OSError):
            peer.recv(1_000_000)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    ours, peer = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(Mistaken, sock=ours)
    transport.close()
    peer.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_a_client_that_resets_what_it_is_sent_is_no_mistake_and_ours_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        asyncio.run(refill())
    (told,) = caplog.records
    assert told.exc_info is not None
    assert "no_such_name" in str(told.exc_info[1])


def test_streams_have_a_bounded_number_of_places() -> None:
    lanes = Lanes()
    held = [lanes.slot() for _ in range(STREAMS)]
    for slot in held:
        slot.__enter__()
    with pytest.raises(TooManyRequests) as refused, lanes.slot():
        pass
    assert refused.value.retry_after == 1
    held[0].__exit__(None, None, None)
    with lanes.slot():
        pass
    lanes.close()


def test_a_table_of_a_list_is_what_a_terminal_shows(client: Client) -> None:
    client.create(CONFIGMAPS, configmap("a", app="x"))
    table: Json = client.ask("GET", CONFIGMAPS, headers=TABLE).json
    assert [row["cells"][:2] for row in table["rows"]] == [["a", 1]]
    assert int(table["metadata"]["resourceVersion"]) > 1000
    assert table["rows"][0]["object"]["metadata"]["labels"] == {"app": "x"}
    whole = client.ask("GET", f"{CONFIGMAPS}?includeObject=Object", headers=TABLE).json
    assert whole["rows"][0]["object"]["data"] == {"a": "1"}
    assert client.ask("GET", f"{CONFIGMAPS}?includeObject=Half", headers=TABLE).code == 400
    partial = client.get(
        f"{CONFIGMAPS}/a", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    ).json
    assert (partial["kind"], "data" in partial) == ("PartialObjectMetadata", False)
    listed = client.get(CONFIGMAPS, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").json
    assert (listed["kind"], len(listed["items"])) == ("PartialObjectMetadataList", 1)
