"""What commands, logs and forwarded ports leave behind in our server, and what a slow reader costs it."""

from __future__ import annotations

import os
import re
import select
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from minisets.client.requests import trusting
from minisets.cluster import control
from tests.scenarios.cluster import DEADLINE
from tests.scenarios.listeners import ECHO, LOOPBACK, SOURCE
from tests.scenarios.streaming import (
    CLIENTS,
    KUBECTL,
    OFFICIAL,
    OURS,
    SPDY,
    Client,
    execs,
    line,
    listening,
    processes,
    received,
    runs,
    until_only,
)
from tests.scenarios.watched import Held, mib
from tests.waiting import holds, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

EXECS, AT_ONCE, WARMING = 1000, 8, 64
FORWARDED = 48
PATIENCE = timedelta(minutes=10)  # of the whole soak: a minute and a half on a machine of two cores
STANDS_STILL = timedelta(seconds=10)
MUCH = 100 * 1000 * 1000
_MOST_GROWTH = (
    48 << 20
)  # Why: far above what memory does by itself, far below what a fast writer writes meanwhile
# Why any: of threads, and of connections with the engine, a pool keeps as many as were ever busy at
# once; one left by each stream would be far more.
_SPARE = 24
_TRICKLE = 512  # of bytes, about twenty times a second
_STDOUT, _ERROR = 1, 3


@pytest.fixture
def runner(cluster: Cluster, kubectl: str) -> str:
    del kubectl
    if cluster.get("Pod", "runner") is None:
        runs(cluster, "runner")
    return "runner"


# --- a thousand commands ---


def test_a_thousand_commands_leave_no_process_no_socket_and_no_thread(
    cluster: Cluster, runner: str, measured: Callable[[str], None]
) -> None:
    """They end well, fail, are fed, or lose their client: before they begin, while they run, by a kill -9."""
    quiet = processes(cluster, runner)
    server = cluster.control_plane()

    def begins(number: int) -> bool:
        try:
            command(cluster, runner, number)
        except NotBegunError:
            return False
        return True

    def soak(numbers: range) -> int:
        """How many the engine began only when it was asked again, one by one."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            begun = list(pool.map(begins, numbers, timeout=PATIENCE.total_seconds()))
        late = [number for number, has_begun in zip(numbers, begun, strict=True) if not has_begun]
        for number in late:
            until(partial(begins, number), f"command {number} to be begun", DEADLINE)
        until_only(cluster, runner, quiet)
        until(lambda: not execs(cluster, runner), "the engine to count no command", DEADLINE)
        return len(late)

    soak(range(WARMING))
    before = until(lambda: Held.settled(server), "the server to settle")
    assert before is not None
    began = time.monotonic()
    late = soak(range(EXECS))
    took = time.monotonic() - began
    no_more_than(before, server)
    no_mistake(cluster)
    after = Held.by(server)
    measured(
        f"{EXECS} execs, {AT_ONCE} at once, in {took:.0f} s, {late} of them begun late: "
        f"the server had {before}, then {after}"
    )
    assert after.resident < before.resident + _MOST_GROWTH


class NotBegunError(Exception):
    """The engine gave up before the command ran. Docker 20.10 does so now and then, on a busy machine."""

    SAID = b"context deadline exceeded"


def command(cluster: Cluster, pod: str, number: int) -> None:
    match number % 8:
        case 0 | 1:
            with executing(cluster, pod, f"echo {number}") as channels:
                assert ended(channels) == (b"%d\n" % number, "")
        case 2:
            with executing(cluster, pod, f"exit {number % 100 + 1}") as channels:
                assert ended(channels) == (b"", str(number % 100 + 1))
        case 3:
            with executing(cluster, pod, "", "/there/is/none") as channels:
                assert ended(channels)[1] in ("126", "127")
        case 4:
            with executing(cluster, pod, "wc -c", stdin="true") as channels:
                channels.send(b"\0" + bytes(number))
                channels.send(b"\xff\0")
                assert ended(channels) == (b"%d\n" % number, "")
        case 5:
            with executing(cluster, pod, "sleep 8000") as channels:
                vanish(channels)
        case 6:
            with executing(cluster, pod, "echo begun; sleep 8001") as channels:
                assert output(channels) == b"begun\n"
                vanish(channels)
        case _ if number % 64 == 7:  # seldom: a process costs more
            killed(Client(cluster, CLIENTS[number // 64 % len(CLIENTS)]), pod)
        case _:
            with executing(cluster, pod, "while :; do echo on and on; done") as channels:
                assert output(channels).startswith(b"on and on\n")
                vanish(channels)


def killed(client: Client, pod: str) -> None:
    with client.started("exec", pod, "--", "sh", "-c", "echo begun; exec sleep 8002") as process:
        first = line(process)
        if NotBegunError.SAID in first:
            raise NotBegunError(first)
        assert first == b"begun\n"
        process.kill()


def executing(cluster: Cluster, pod: str, script: str, *words: str, **options: str) -> ClientConnection:
    access = control.running(cluster.places)
    query = {"stdout": "true", "stderr": "true", "command": words or ("sh", "-c", script), **options}
    url = access.url.replace("https", "wss", 1)
    return connect(
        f"{url}/api/v1/namespaces/default/pods/{pod}/exec?{urlencode(query, doseq=True)}",
        ssl=trusting(access),
        subprotocols=[Subprotocol("v5.channel.k8s.io")],
        additional_headers={"Authorization": f"Bearer {access.token}"},
        open_timeout=DEADLINE.total_seconds(),
        compression=None,
    )


def output(channels: ClientConnection) -> bytes:
    """The next that comes on standard output."""
    while True:
        message = channels.recv(DEADLINE.total_seconds())
        assert isinstance(message, bytes)
        if NotBegunError.SAID in message:
            raise NotBegunError(message)
        if message[0] == _STDOUT and len(message) > 1:
            return message[1:]


def ended(channels: ClientConnection) -> tuple[bytes, str]:
    """What it printed, and the exit code that is told; empty for success."""
    printed, status = b"", b""
    with suppress(ConnectionClosed):
        while True:
            message = channels.recv(DEADLINE.total_seconds())
            assert isinstance(message, bytes)
            printed += message[1:] if message[0] == _STDOUT else b""
            status += message[1:] if message[0] == _ERROR else b""
    if NotBegunError.SAID in printed + status:
        raise NotBegunError(printed + status)
    code = re.search(r'"reason": ?"ExitCode", ?"message": ?"(\d+)"', status.decode())
    assert code or '"Success"' in status.decode(), status
    return printed, code.group(1) if code else ""


def vanish(channels: ClientConnection) -> None:
    """As a killed process does: no farewell of the protocol's, the kernel says that nobody is there."""
    channels.socket.close()


def test_forwarded_connections_leave_nothing_however_they_end(
    cluster: Cluster, kubectl: str, measured: Callable[[str], None]
) -> None:
    """Half by a process in the pod's sandbox, to its loopback; half are open when the client is killed."""
    del kubectl
    listener = listening(cluster, "source")
    sandbox = f"{listener}_sandbox"
    quiet = processes(cluster, sandbox)
    server = cluster.control_plane()

    def forward(name: str) -> None:
        with Client(cluster, name).forwarding(listener, ECHO, LOOPBACK) as forwarding, ExitStack() as opened:
            for number in range(FORWARDED):
                connection = opened.enter_context(forwarding.connect((ECHO, LOOPBACK)[number % 2], DEADLINE))
                connection.sendall(b"said")
                assert received(connection, 4) == b"said"
                if number % 4 < 2:
                    connection.close()
            forwarding.process.kill()

    forward(KUBECTL)
    until_only(cluster, sandbox, quiet)
    before = until(lambda: Held.settled(server), "the server to settle")
    assert before is not None
    for name in (KUBECTL, SPDY, OFFICIAL, OURS):
        forward(name)
    until_only(cluster, sandbox, quiet)
    no_more_than(before, server)
    no_mistake(cluster)
    measured(f"{4 * FORWARDED} forwarded connections: the server had {before}, then {Held.by(server)}")


def no_mistake(cluster: Cluster) -> None:
    """Whatever clients did, the server has taken none of it for a mistake of its own."""
    log = bytes(cluster.engine.containers.get(cluster.name).logs()).decode(errors="replace")
    assert "Traceback" not in log, log


def no_more_than(before: Held, server: int) -> None:
    def is_so() -> bool:
        now = Held.by(server)
        return (
            now.clients <= before.clients
            and max(now.files - before.files, now.engine - before.engine, now.threads - before.threads)
            <= _SPARE
        )

    try:
        until(is_so, "the server to let go", DEADLINE)
    except TimeoutError:
        raise AssertionError(f"the server had {before}, and still has {Held.by(server)}") from None


# --- readers that stand still ---


def test_who_does_not_read_a_fast_log_costs_no_memory(
    cluster: Cluster, kubectl: str, measured: Callable[[str], None]
) -> None:
    del kubectl
    container = {"resources": {"limits": {"cpu": "200m", "memory": "32Mi"}}}
    runs(cluster, "fast", f"exec yes {'fast ' * 100}", container=container)
    readers = [Client(cluster, name) for name in (KUBECTL, OURS)]
    with ExitStack() as opened:
        started = [opened.enter_context(reader.started("logs", "-f", "fast")) for reader in readers]
        stand_still(cluster, "logs -f", [process.stdout for process in started], measured)
        for process in started:
            assert process.stdout is not None
            assert read(process.stdout, MUCH // 10) >= MUCH // 10, "it catches up"
        cluster.kubectl("delete", "pod", "fast", "--grace-period=0", "--force").succeeded()
        for process in started:
            process.communicate(timeout=2 * DEADLINE.total_seconds())
            assert process.returncode == 0


def test_who_does_not_read_a_fast_command_costs_no_memory_and_gets_it_all(
    cluster: Cluster, runner: str, measured: Callable[[str], None]
) -> None:
    script = f"yes {'fast ' * 100} | head -c {MUCH}; sleep 0.1; echo the end"
    readers = [Client(cluster, name) for name in CLIENTS if name in (KUBECTL, SPDY, OURS)]
    with ExitStack() as opened:
        started = [
            opened.enter_context(reader.started("exec", runner, "--", "sh", "-c", script))
            for reader in readers
        ]
        taken = stand_still(cluster, "exec", [process.stdout for process in started], measured)
        for process, already in zip(started, taken, strict=True):
            rest, _ = process.communicate(timeout=2 * DEADLINE.total_seconds())
            assert (already + len(rest), rest[-8:], process.returncode) == (MUCH + 8, b"the end\n", 0)


def test_who_does_not_read_a_forwarded_port_costs_no_memory_and_gets_it_all(
    cluster: Cluster, kubectl: str, measured: Callable[[str], None]
) -> None:
    del kubectl
    listening(cluster, "source")
    readers = [Client(cluster, name) for name in (KUBECTL, SPDY, OURS)]
    with ExitStack() as opened:
        forwardings = [opened.enter_context(reader.forwarding("source", SOURCE)) for reader in readers]
        connections = [opened.enter_context(each.connect(SOURCE, 2 * DEADLINE)) for each in forwardings]
        for connection in connections:
            connection.sendall(b"%d\n" % MUCH)
        files: list[IO[bytes]] = [
            opened.enter_context(connection.makefile("rb")) for connection in connections
        ]
        taken = stand_still(cluster, "port-forward", files, measured)
        for file, already in zip(files, taken, strict=True):
            assert already + read(file) == MUCH


def read(file: IO[bytes], enough: int = sys.maxsize) -> int:
    """To the end, or until it is enough; how much that was."""
    count = 0
    while count < enough:
        assert select.select([file], [], [], DEADLINE.total_seconds())[0], (
            f"nothing comes after {count} bytes"
        )
        if not (data := os.read(file.fileno(), 1 << 16)):
            break
        count += len(data)
    return count


def stand_still(
    cluster: Cluster, what: str, outputs: list[Any], measured: Callable[[str], None]
) -> list[int]:
    """Take next to nothing for a while, the server's memory in view; how much was taken of each."""
    server = cluster.control_plane()
    before = Held.by(server)
    taken = [0] * len(outputs)
    most = before.resident

    def is_bounded() -> bool:
        nonlocal most
        for number, output in enumerate(outputs):
            if select.select([output], [], [], 0)[0]:
                taken[number] += len(os.read(output.fileno(), _TRICKLE))
        most = max(most, Held.by(server).resident)
        return most < before.resident + _MOST_GROWTH

    holds(
        is_bounded,
        f"at most {mib(_MOST_GROWTH)} above {mib(before.resident)}; it became {mib(most)}",
        STANDS_STILL,
    )
    assert all(taken), f"of {what} came {taken}"
    measured(
        f"{len(outputs)} slow readers of {what}: the server had {mib(before.resident)}, at most {mib(most)}"
    )
    return taken
