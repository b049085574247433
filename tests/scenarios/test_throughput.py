"""How fast exec and port-forward are beside the engine's own ways, in one run, printed and never asserted."""

from __future__ import annotations

import socket
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.cluster import DEADLINE
from tests.scenarios.listeners import SOURCE
from tests.scenarios.streaming import COMMAND_LINES, Client, listening, runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

MUCH = 100 * 1000 * 1000
REPEATS = 2
OUTWARD = ("head", "-c", str(MUCH), "/dev/zero")
INWARD = ("wc", "-c")


def test_exec_beside_docker_exec(
    cluster: Cluster, kubectl: str, measured: Callable[[str], None], tmp_path: Path
) -> None:
    del kubectl
    runs(cluster, "fast")
    given = tmp_path / "much"
    given.write_bytes(bytes(MUCH))

    def docker(*words: str, stdin: Path | None = None) -> bytes:
        with (stdin or Path("/dev/null")).open("rb") as file:
            return subprocess.run(
                ["docker", "--host", cluster.address, "exec", *words],
                stdin=file, capture_output=True, check=True, timeout=2 * DEADLINE.total_seconds(),
            ).stdout  # fmt: skip

    def out_and_in(client: Client) -> tuple[float, float]:
        succeeds = partial(client.succeeds, within=2 * DEADLINE)
        return (
            best(lambda: len(succeeds("exec", "fast", "--", *OUTWARD))),
            best(lambda: int(succeeds("exec", "-i", "fast", "--", *INWARD, given=given))),
        )

    direct_out = best(lambda: len(docker(cluster.named("fast"), *OUTWARD)))
    direct_in = best(lambda: int(docker("-i", cluster.named("fast"), *INWARD, stdin=given)))
    measured(f"docker exec: {rate(direct_out)} out, {rate(direct_in)} in")
    for name in COMMAND_LINES:
        out, into = out_and_in(Client(cluster, name))
        ratios = f"{direct_out / out:.2f} and {direct_in / into:.2f} of docker exec"
        measured(f"exec by {name}: {rate(out)} out, {rate(into)} in; {ratios}")


def test_port_forward_beside_a_direct_connection(
    cluster: Cluster, kubectl: str, measured: Callable[[str], None]
) -> None:
    del kubectl
    address = cluster.address_of(listening(cluster, "source"))

    def drawn(connection: socket.socket) -> int:
        with connection, connection.makefile("rb", buffering=0) as file:
            connection.sendall(b"%d\n" % MUCH)
            return sum(len(data) for data in iter(lambda: file.read(1 << 18), b""))

    within = 2 * DEADLINE.total_seconds()

    def forwarded(client: Client) -> float:
        with client.forwarding("source", SOURCE) as forwarding:
            return best(lambda: drawn(forwarding.connect(SOURCE, 2 * DEADLINE)))

    direct = best(lambda: drawn(socket.create_connection((address, SOURCE), within)))
    measured(f"a direct connection to a pod: {rate(direct)}")
    for name in COMMAND_LINES:
        took = forwarded(Client(cluster, name))
        measured(f"port-forward by {name}: {rate(took)}, {direct / took:.2f} of a direct connection")


def best(act: Callable[[], int]) -> float:
    """Seconds of the fastest of some runs; each must have moved it all."""
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        assert act() == MUCH
        took.append(time.perf_counter() - began)
    return min(took)


def rate(seconds: float) -> str:
    return f"{MUCH / seconds / 1e6:.0f} MB/s"
