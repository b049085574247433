"""`kubectl port-forward`, over WebSockets and over SPDY."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from subprocess import Popen

import pytest

from tests.api.forwarding.listening import echo, listening
from tests.api.kubectl import NEEDS_KUBECTL, Kubectl
from tests.api.serving import Running
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

    def port(self) -> int:
        """Where it listens."""
        found = until(lambda: re.findall(r"Forwarding from 127.0.0.1:(\d+)", self.said), "the port")
        return int(found[0])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port()), 10)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(params=["websocket", "spdy"])
def forward(request: pytest.FixtureRequest, kubectl: Kubectl) -> Iterator[Callable[..., Forwarding]]:
    opened: list[Forwarding] = []
    over_websocket = {"KUBECTL_PORT_FORWARD_WEBSOCKETS": str(request.param == "websocket").lower()}
    by = replace(kubectl, environment={**kubectl.environment, **over_websocket})

    def start(*arguments: str) -> Forwarding:
        opened.append(Forwarding(by.start("port-forward", *arguments)))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_a_connection_is_carried_both_ways(web: Running, forward: Callable[..., Forwarding]) -> None:
    del web
    with listening(echo) as port, forward("pod/web-0", f":{port}").connect() as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"
