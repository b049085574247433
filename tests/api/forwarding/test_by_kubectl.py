"""`kubectl port-forward`, over WebSockets and over SPDY."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from subprocess import Popen

import pytest

from tests.api.forwarding.listening import count, echo, everything, listening
from tests.api.kubectl import NEEDS_KUBECTL, Kubectl
from tests.api.serving import PODS, Running, set_status
from tests.waiting import until

pytestmark = NEEDS_KUBECTL


class Forwarding:
    """A running `kubectl port-forward`."""

    def __init__(self, process: Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        assert process.stdout is not None
        self._reading = threading.Thread(target=self.lines.extend, args=(process.stdout,))
        self._reading.start()

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def ports(self, count: int = 1) -> list[int]:
        """Where it listens, for each port of the pod."""
        wanted = r"Forwarding from 127.0.0.1:(\d+)"
        found = until(
            lambda: len(ports := re.findall(wanted, self.said)) == count and ports, f"ports in {self.said}"
        )
        return [int(port) for port in found or ()]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports()[0]), 20)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


Forward = Callable[..., Forwarding]


@pytest.fixture(params=["websocket", "spdy"])
def forward(request: pytest.FixtureRequest, kubectl: Kubectl) -> Iterator[Forward]:
    opened: list[Forwarding] = []
    over_websocket = {"KUBECTL_PORT_FORWARD_WEBSOCKETS": str(request.param == "websocket").lower()}
    by = replace(kubectl, environment={**kubectl.environment, **over_websocket})

    def start(*arguments: str) -> Forwarding:
        opened.append(Forwarding(by.start("port-forward", *arguments)))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_a_connection_is_carried_both_ways(web: Running, forward: Forward) -> None:
    del web
    with listening(echo) as port, forward("pod/web-0", f":{port}").connect() as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"


def test_a_half_closed_connection_gets_its_answer(web: Running, forward: Forward) -> None:
    del web
    with listening(count) as port, forward("pod/web-0", f":{port}").connect() as connection:
        connection.sendall(b"x" * 3_000_000)
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == b"3000000"


def test_fifty_connections_at_once(web: Running, forward: Forward) -> None:
    del web
    with listening(echo) as port:
        forwarding = forward("pod/web-0", f":{port}")
        connections = [forwarding.connect() for _ in range(50)]
        for number, connection in enumerate(connections):
            connection.sendall(str(number).encode())
        for number, connection in enumerate(connections):
            assert connection.recv(100) == str(number).encode()
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b""
            connection.close()
        with forwarding.connect() as connection:
            connection.sendall(b"one more")
            assert connection.recv(100) == b"one more"
        assert "error" not in forwarding.said


def test_several_ports_of_a_service_s_pod(web: Running, forward: Forward, kubectl: Kubectl) -> None:
    set_status(web, "web-0", {"conditions": [{"type": "Ready", "status": "True"}]})
    kubectl("label", "pod", "web-0", "app=web")
    with listening(echo) as one, listening(count) as other:
        kubectl("create", "service", "clusterip", "web", f"--tcp=80:{one}", f"--tcp=81:{other}")
        ports = forward("service/web", ":80", ":81").ports(2)
        for port, answer in zip(ports, (b"abc", b"3"), strict=True):
            with socket.create_connection(("127.0.0.1", port), 20) as connection:
                connection.sendall(b"abc")
                connection.shutdown(socket.SHUT_WR)
                assert everything(connection) == answer


def test_a_port_where_nobody_listens_ends_it_with_the_reason(web: Running, forward: Forward) -> None:
    forwarding = forward("pod/web-0", ":1")
    with forwarding.connect() as connection:
        assert connection.recv(100) == b""
    assert forwarding.process.wait(20) == 1
    uid = web.client.get(f"{PODS}/web-0").json["metadata"]["uid"]
    until(lambda: "lost connection to pod" in forwarding.said, "the last word")
    assert (
        f"error forwarding port 1 to pod web-0, uid {uid}: dial tcp 127.0.0.1:1: connect: connection refused"
        in forwarding.said
    )


def test_a_pod_that_does_not_run_is_told(web: Running, forward: Forward) -> None:
    set_status(web, "web-0", {"phase": "Succeeded"})
    forwarding = forward("pod/web-0", ":80")
    assert forwarding.process.wait(20) == 1
    until(lambda: "pod is not running. Current status=Succeeded" in forwarding.said, "the reason")


def test_the_end_of_the_server_is_told(web: Running, forward: Forward) -> None:
    with listening(echo) as port:
        forwarding = forward("pod/web-0", f":{port}")
        with forwarding.connect() as connection:
            connection.sendall(b"hello")
            assert connection.recv(100) == b"hello"
            web.server.stop()
            assert connection.recv(100) == b""
        assert forwarding.process.wait(20) == 1
        until(lambda: "lost connection to pod" in forwarding.said, "the last word")


def test_it_is_a_subresource_that_one_may_use(web: Running, kubectl: Kubectl) -> None:
    del web
    assert kubectl("auth", "can-i", "create", "pods/portforward") == "yes\n"
    assert kubectl("auth", "can-i", "get", "pods", "--subresource=portforward") == "yes\n"
