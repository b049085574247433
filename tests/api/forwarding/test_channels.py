"""Forwarding over a WebSocket's channels, raw and by Kubernetes' own Python client."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes
from kubernetes import config
from kubernetes.stream import portforward
from websockets.asyncio import client as asynchronous
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import Event
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from minisets.client.access import kubeconfig
from tests.api.forwarding.listening import count, echo, everything, listening
from tests.api.kubectl import access
from tests.api.serving import PODS, Running
from tests.waiting import holds, until

V4 = "v4.channel.k8s.io"
Dial = Callable[..., ClientConnection]


@pytest.fixture
def dial(web: Running) -> Iterator[Dial]:
    opened = ExitStack()

    def open_(query: str, *protocols: str) -> ClientConnection:
        return opened.enter_context(connect(
            f"wss://127.0.0.1:{web.server.port}{PODS}/web-0/portforward{query}",
            ssl=web.client.context,
            additional_headers={"Authorization": f"Bearer {web.client.token}"},
            subprotocols=[Subprotocol(protocol) for protocol in protocols] or None,
            max_size=None,
        ))  # fmt: skip

    with opened:
        yield open_


def heard(connection: ClientConnection) -> tuple[dict[int, bytes], int | None]:
    """What came on each channel, its port included, and how the connection was closed."""
    channels: dict[int, bytes] = {}
    try:
        while True:
            message = connection.recv(timeout=10)
            assert isinstance(message, bytes)
            channels[message[0]] = channels.get(message[0], b"") + message[1:]
    except ConnectionClosed as closed:
        return channels, closed.rcvd.code if closed.rcvd else None


def little(port: int) -> bytes:
    return port.to_bytes(2, "little")


@pytest.mark.parametrize("protocols", [(V4,), ("v5.channel.k8s.io", V4), ()])
def test_each_port_has_two_channels_that_begin_with_it(dial: Dial, protocols: tuple[str, ...]) -> None:
    with listening(echo) as one, listening(count) as other:
        connection = dial(f"?ports={one},{other}", *protocols)
        assert connection.subprotocol == (V4 if protocols else None)
        for channel, said in ((0, b"hello"), (2, b"12345"), (2, b""), (0, b""), (1, b"?"), (9, b"?")):
            connection.send(bytes([channel]) + said)
        assert heard(connection) == (
            {0: little(one) + b"hello", 1: little(one), 2: little(other) + b"5", 3: little(other)},
            1000,
        )


def test_a_port_where_nobody_listens_is_told_on_its_channel_of_errors(dial: Dial) -> None:
    with listening(lambda connection: connection.sendall(b"here")) as port:
        channels, code = heard(dial(f"?ports=1&ports={port}", V4))
    assert (channels[0], channels[2], channels[3], code) == (
        little(1),
        little(port) + b"here",
        little(port),
        1000,
    )
    assert channels[1].startswith(little(1) + b"error forwarding port 1 to pod web-0, uid ")
    assert channels[1].endswith(b": dial tcp 127.0.0.1:1: connect: connection refused")


def test_a_pod_that_reads_nothing_takes_nothing_from_the_client(dial: Dial) -> None:
    going_on, total = threading.Event(), 30_000_000

    def program(connection: socket.socket) -> None:
        assert going_on.wait(20)
        count(connection)

    def send(connection: ClientConnection) -> None:
        for _ in range(0, total, 100_000):
            connection.send(b"\0" + b"x" * 100_000)
        connection.send(b"\0")

    with listening(program) as port:
        connection = dial(f"?ports={port}", V4)
        sending = threading.Thread(target=send, args=(connection,))
        sending.start()
        holds(sending.is_alive, "the client waits", timedelta(seconds=0.5))
        going_on.set()
        assert heard(connection)[0][0] == little(port) + str(total).encode()
        sending.join()


class Pinged(asynchronous.ClientConnection):
    """Knows whether it was. Asynchronous: Python's TLS connections are not for two threads at once."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.pinged = asyncio.Event()

    def process_event(self, event: Event) -> None:
        super().process_event(event)
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pinged.set()


def test_a_client_whose_input_is_pushed_back_is_pinged(web: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minisets.api.forwarding.channels._PING_EVERY", timedelta(milliseconds=20))
    going_on = threading.Event()

    def program(connection: socket.socket) -> None:
        assert going_on.wait(60)
        everything(connection)

    async def send(client: Pinged) -> None:
        for _ in range(300):
            await client.send(b"\0" * 100_000)

    async def push(port: int) -> None:
        async with asynchronous.connect(
            f"wss://127.0.0.1:{web.server.port}{PODS}/web-0/portforward?ports={port}",
            create_connection=Pinged,
            ssl=web.client.context,
            additional_headers={"Authorization": f"Bearer {web.client.token}"},
            subprotocols=[Subprotocol(V4)],
            ping_interval=None,
        ) as client:
            assert isinstance(client, Pinged)
            sending = asyncio.create_task(send(client))
            await asyncio.wait_for(client.pinged.wait(), 60)
            going_on.set()
            await sending

    with listening(program) as port:
        asyncio.run(push(port))


def test_a_client_that_leaves_lets_go_of_the_pod(dial: Dial) -> None:
    ended = threading.Event()

    def program(connection: socket.socket) -> None:
        connection.sendall(b"ready")
        everything(connection)
        ended.set()

    with listening(program) as port:
        connection = dial(f"?ports={port}", V4)
        until(lambda: connection.recv(timeout=10) == b"\0ready", "the pod's word")
        connection.close()
        assert ended.wait(10)


def test_the_end_of_the_server_ends_it(dial: Dial, web: Running) -> None:
    with listening(echo) as port:
        connection = dial(f"?ports={port}", V4)
        connection.send(b"\0hello")
        until(lambda: connection.recv(timeout=10) == b"\0hello", "the answer")
        web.server.stop()
        assert heard(connection) == ({}, 1000)


@pytest.mark.parametrize(("query", "protocol", "says"), [
    ("", V4, "ports"),
    ("?ports=", V4, "no port"),
    ("?ports=80,x", V4, 'parsing "x"'),
    ("?ports=0", V4, "no port"),
    ("?ports=65536", V4, "no port"),
    ("?ports=" + ",".join(["80"] * 65), V4, "at most 64"),
    ("?ports=80", "v5.channel.k8s.io", f"offer SPDY/3.1+portforward.k8s.io or {V4}"),
])  # fmt: skip
def test_nonsense_is_refused_before_the_upgrade(dial: Dial, query: str, protocol: str, says: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        dial(query, protocol)
    status = json.loads(refused.value.response.body)
    assert (status["code"], says in status["message"]) == (400, True), status


def test_the_python_client_forwards_a_connection(web: Running) -> None:
    def program(connection: socket.socket) -> None:
        assert connection.recv(100) == b"GET / HTTP/1.0\r\n\r\n"
        connection.sendall(b"x" * 500_000)

    with kubernetes.ApiClient(_configured(web)) as api, listening(program) as port:
        get = kubernetes.CoreV1Api(api).connect_get_namespaced_pod_portforward
        forwarded = portforward(get, "web-0", "default", ports=f"{port},1")
        connection = forwarded.socket(port)
        connection.settimeout(10)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert everything(connection) == b"x" * 500_000
        assert "connection refused" in until(lambda: forwarded.error(1), "the reason")
        forwarded.close()
        forwarded.websocket.shutdown()


def _configured(web: Running) -> kubernetes.Configuration:
    given, configuration = yaml.safe_load(kubeconfig(access(web), "minisets")), kubernetes.Configuration()
    config.load_kube_config_from_dict(given, client_configuration=configuration)
    return configuration
