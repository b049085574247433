"""Ports of pods on this machine: by each client that people use, on a real engine."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.cluster import DEADLINE, MANIFESTS, SOON
from tests.scenarios.listeners import DIGEST, ECHO, LOOPBACK
from tests.scenarios.streaming import (
    CLIENTS,
    COMMAND_LINES,
    KUBECTL,
    SPDY,
    Client,
    listening,
    received,
    sending,
    sha256,
)
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster
    from tests.scenarios.streaming import Forwarding

pytestmark = pytest.mark.docker

CONNECTIONS = 50
NOBODY = 9999
REDIS = 6379
MUCH = 20 * 1000 * 1000
NEEDS_REDIS = pytest.mark.skipif(
    shutil.which("redis-cli") is None, reason="no redis-cli on this machine: scripts/setup tests"
)
by_command_lines = pytest.mark.parametrize("client", COMMAND_LINES, indirect=True)


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, cluster: Cluster, kubectl: str) -> Client:
    del kubectl
    return Client(cluster, request.param)


@pytest.fixture(scope="module")
def listener(cluster: Cluster) -> str:
    return listening(cluster, "listener")


def test_fifty_connections_at_once_are_told_apart(client: Client, listener: str) -> None:
    """Half of them reach what listens on the pod's loopback only."""
    said = [random.Random(number).randbytes(20_000 + number) for number in range(CONNECTIONS)]
    with client.forwarding(listener, ECHO, LOOPBACK) as forwarding, ExitStack() as opened:
        connections = [
            opened.enter_context(forwarding.connect((ECHO, LOOPBACK)[number % 2], within=DEADLINE))
            for number in range(CONNECTIONS)
        ]
        for connection, data in zip(connections, said, strict=True):
            connection.sendall(data)
        for connection, data in reversed(list(zip(connections, said, strict=True))):
            assert received(connection, len(data)) == data
        connections[7].close()
        connections[11].sendall(b"still there")
        assert received(connections[11], 11) == b"still there"


def test_much_passes_both_ways_at_once_unharmed(client: Client, listener: str) -> None:
    data = random.Random(CONNECTIONS).randbytes(MUCH)
    with (
        client.forwarding(listener, ECHO) as forwarding,
        forwarding.connect(ECHO, DEADLINE) as connection,
        sending(connection, data),
    ):
        heard = received(connection, len(data))
    assert sha256(heard) == sha256(data)


@by_command_lines
def test_what_is_sent_to_the_end_is_still_answered(client: Client, listener: str) -> None:
    """The Python client's form of forwarding knows no such end."""
    data = random.Random(DIGEST).randbytes(1_000_000)
    with client.forwarding(listener, DIGEST) as forwarding, forwarding.connect(DIGEST) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        assert received(connection).decode() == sha256(data)


def test_a_port_that_refuses_is_told_and_the_connection_ends(client: Client, listener: str) -> None:
    with client.forwarding(listener, NOBODY, ECHO) as forwarding:
        with forwarding.connect(NOBODY) as connection:
            assert is_over(connection)
        until(lambda: "refused" in forwarding.complaints(), "who refused to be told", SOON)
        if client.name in (KUBECTL, SPDY):  # Kubernetes: it takes one refusal for the end of the pod
            assert forwarding.process.wait(SOON.total_seconds()) == 1
        else:
            with forwarding.connect(ECHO) as connection:
                connection.sendall(b"the other one")
                assert received(connection, 13) == b"the other one"


def is_over(connection: socket.socket) -> bool:
    try:
        return received(connection) == b""
    except ConnectionError:
        return True


@NEEDS_REDIS
@by_command_lines
def test_redis_in_a_sets_pod_is_spoken_to_from_here(client: Client) -> None:
    """It listens on its pod's loopback only; what is written is in that pod and in no other."""
    cluster = client.cluster
    cluster.minisets("up", "-f", MANIFESTS / "redis.yaml", within=2 * DEADLINE).succeeded()
    with client.forwarding("redis-1", REDIS) as forwarding:
        assert redis(forwarding, "set", "who", client.name) == "OK"
        assert redis(forwarding, "get", "who") == client.name
        many = "".join(f"set key-{number} {number}\n" for number in range(2000))
        assert redis(forwarding, given=many).split() == ["OK"] * 2000
    assert cluster.inside("redis-1", "redis-cli get who").strip() == client.name
    assert cluster.inside("redis-0", "redis-cli exists who").strip() == "0"


def redis(forwarding: Forwarding, *words: str, given: str = "") -> str:
    ended = subprocess.run(
        ["redis-cli", "-h", "127.0.0.1", "-p", str(forwarding.ports[REDIS]), *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=DEADLINE.total_seconds(),
        check=False,
    )
    assert ended.returncode == 0, ended
    return ended.stdout.strip()
