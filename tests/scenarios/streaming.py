"""Those who speak pods/exec, attach and portforward as command lines, and what runs in a pod.

Input and output are bytes: a file, or a pipe that the test holds.
"""

from __future__ import annotations

import hashlib
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from minisets.objects.metadata import is_true
from tests.scenarios.bare import made, pod, running
from tests.scenarios.cluster import DEADLINE, SOON
from tests.scenarios.listeners import ECHO
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta
    from io import FileIO

    from tests.scenarios.cluster import Cluster

KUBECTL, SPDY, OFFICIAL, OURS = "kubectl", "kubectl by SPDY", "the Python client", "minisets"
CLIENTS = (KUBECTL, SPDY, OFFICIAL, OURS)
PYTHON = "python:3.11-slim"
COMMAND_LINES = (KUBECTL, SPDY, OURS)
_SPDY_ONLY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}
_WEBSOCKETS = dict.fromkeys(_SPDY_ONLY, "true")  # Kubernetes: the default since 1.30 and 1.31
_FORWARDING = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)")
_OFFICIAL = Path(__file__).parent / "official.py"


@dataclass(frozen=True)
class Done:
    """A client that has ended."""

    code: int
    out: bytes
    err: str


class Client:
    """One of CLIENTS on a cluster."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.name = cluster, name

    def words(self, *words: str) -> tuple[str, ...]:
        match self.name:
            case "kubectl" | "kubectl by SPDY":
                return ("kubectl", *words)
            case "the Python client":
                return (sys.executable, "-P", str(_OFFICIAL), *words)
            case _:
                return (*self.cluster.command, *words)

    @property
    def environment(self) -> dict[str, str]:
        return {**self.cluster.environment, **(_SPDY_ONLY if self.name == SPDY else _WEBSOCKETS)}

    def run(self, *words: str, given: Path | bytes | None = None, within: timedelta = DEADLINE) -> Done:
        """To its end. Without input it has none at all."""
        with self.started(*words, given=given) as process:
            out, err = process.communicate(None, within.total_seconds())
        return Done(process.returncode, out, err.decode(errors="replace"))

    def succeeds(self, *words: str, given: Path | bytes | None = None, within: timedelta = DEADLINE) -> bytes:
        """What it prints on standard output."""
        done = self.run(*words, given=given, within=within)
        assert done.code == 0, f"{self.name} {' '.join(words)}: {done}"
        return done.out

    @contextmanager
    def started(
        self,
        *words: str,
        given: Path | bytes | None = None,
        pipe: bool = False,
        complaints: IO[bytes] | int = subprocess.PIPE,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """It runs until it ends or the block does. pipe: standard input is the test's to write and close."""
        with _input(given) as stdin:
            process = subprocess.Popen(
                self.words(*words),
                stdin=subprocess.PIPE if pipe else stdin,
                stdout=subprocess.PIPE,
                stderr=complaints,
                bufsize=0,  # Why: `line` looks at what the kernel has
                env=self.environment,
                cwd=self.cluster.code,
                start_new_session=True,
            )
        with process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def at_a_terminal(self, *words: str, columns: int, rows: int) -> Iterator[Terminal]:
        """It runs at a terminal of the test's."""
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "r+b", buffering=0) as master, os.fdopen(theirs) as slave:
            termios.tcsetwinsize(master.fileno(), (rows, columns))
            process = subprocess.Popen(
                self.words(*words),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env={**self.environment, "TERM": "xterm"},
                cwd=self.cluster.code,
                start_new_session=True,
            )
            with process:
                try:
                    yield Terminal(process, master)
                finally:
                    process.kill()

    @contextmanager
    def forwarding(self, pod: str, *ports: int) -> Iterator[Forwarding]:
        """port-forward of each port from a free one of this machine."""
        with (
            tempfile.TemporaryFile() as complaints,
            self.started(
                "port-forward", pod, *(f":{port}" for port in ports), complaints=complaints
            ) as process,
        ):
            found: dict[int, int] = {}
            while len(found) < len(ports) and (told := line(process).decode()):
                found |= {int(far): int(near) for near, far in _FORWARDING.findall(told)}
            forwarding = Forwarding(process, found, complaints)
            assert len(found) == len(ports), f"{self.name} forwards only {found}: {forwarding.complaints()}"
            yield forwarding


class Terminal:
    """What a person has before them: it prints, is typed at, and changes its size."""

    def __init__(self, process: subprocess.Popen[bytes], master: FileIO) -> None:
        self._process, self._master = process, master
        self._printed = b""

    def until_printed(self, text: str, within: timedelta = SOON) -> None:
        """What came before is not looked at again."""
        wanted = text.encode()
        try:
            until(lambda: wanted in self._read(), text, within)
        except TimeoutError as error:
            raise AssertionError(f"{error}; it printed {self._printed!r}") from None
        self._printed = self._printed.partition(wanted)[2]

    def type(self, keys: str) -> None:
        self._master.write(keys.encode())

    def resize(self, *, columns: int, rows: int) -> None:
        termios.tcsetwinsize(self._master.fileno(), (rows, columns))
        self._process.send_signal(signal.SIGWINCH)  # the kernel tells only whose controlling terminal it is

    def ended(self, within: timedelta = SOON) -> int:
        """How; what it prints last is read meanwhile."""

        def has_ended() -> bool:
            self._read()
            return self._process.poll() is not None

        until(has_ended, "the end of the client", within)
        assert self._process.returncode is not None
        return self._process.returncode

    def _read(self) -> bytes:
        """What it has printed that nobody has waited for yet."""
        while select.select([self._master], [], [], 0)[0]:
            self._printed += self._master.read(4096) or b""
        return self._printed


@dataclass(frozen=True)
class Forwarding:
    """A port-forward that runs; `ports` by the pod's ports."""

    process: subprocess.Popen[bytes]
    ports: dict[int, int]
    told: IO[bytes]

    def complaints(self) -> str:
        """What it has printed on standard error so far."""
        return os.pread(self.told.fileno(), 1 << 20, 0).decode(errors="replace")

    def connect(self, port: int, within: timedelta = SOON) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[port]), within.total_seconds())


@contextmanager
def _input(given: Path | bytes | None) -> Iterator[IO[bytes] | int]:
    """A file to read from. Why never a pipe: a client that ends early would let nobody write to its end."""
    if given is None:
        yield subprocess.DEVNULL
    elif isinstance(given, Path):
        with given.open("rb") as file:
            yield file
    else:
        reading = os.memfd_create("given")
        with os.fdopen(reading, "r+b") as file:
            file.write(given)
            file.seek(0)
            yield file


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def line(process: subprocess.Popen[bytes], within: timedelta = DEADLINE) -> bytes:
    """The next that it prints, which it prints whole; raises where none comes in time."""
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], within.total_seconds())[0]:
        raise AssertionError(f"{process.args!r} printed no line within {within.total_seconds():g} s")
    return process.stdout.readline()


@contextmanager
def sending(connection: socket.socket, data: bytes) -> Iterator[None]:
    """Beside what the block reads."""
    thread = threading.Thread(target=connection.sendall, args=(data,))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def received(connection: socket.socket, count: int = -1) -> bytes:
    """That many bytes, or all until the other side ends."""
    parts, left = [], count
    while left != 0 and (data := connection.recv(65536 if left < 0 else min(left, 65536))):
        parts.append(data)
        left -= len(data) if left > 0 else 0
    return b"".join(parts)


# --- what runs in a container ---


def runs(cluster: Cluster, name: str, script: str = "", **spec: object) -> None:
    """A pod, made and running."""
    made(cluster, pod(name, script, **spec))
    running(cluster, name)


def listening(cluster: Cluster, name: str) -> str:
    """A pod that runs `listeners.py`, once it listens."""
    program = ["python3", "-c", (Path(__file__).parent / "listeners.py").read_text()]
    probe = {"tcpSocket": {"port": ECHO}, "periodSeconds": 1}
    made(cluster, pod(name, container={"image": PYTHON, "command": program, "readinessProbe": probe}))
    until(lambda: is_true(cluster.pod(name), "Ready"), f"{name} to listen", DEADLINE)
    return name


def processes(cluster: Cluster, name: str) -> list[str]:
    """The command lines of all processes of the pod's container, whoever started them."""
    top = cluster.engine.api.top(cluster.named(name), "-eo pid,args")
    return sorted(str(process[-1]) for process in top["Processes"] or ())


def until_runs(cluster: Cluster, name: str, command: str, within: timedelta = SOON) -> None:
    until(lambda: command in processes(cluster, name), f"{command} in {name}", within)


def until_ended(cluster: Cluster, name: str, command: str, within: timedelta = SOON) -> None:
    until(lambda: command not in processes(cluster, name), f"the end of {command} in {name}", within)


def until_only(cluster: Cluster, name: str, quiet: list[str], within: timedelta = DEADLINE) -> None:
    """Wait until nothing runs in the pod but what ran when it was quiet."""
    try:
        until(lambda: processes(cluster, name) == quiet, "all commands to be gone", within)
    except TimeoutError as error:
        left = Counter(processes(cluster, name)) - Counter(quiet)
        raise AssertionError(f"{error}; still running: {dict(left)}") from None


def execs(cluster: Cluster, name: str) -> Sequence[str]:
    """The commands that the engine still counts as running in the pod's container."""
    return list(cluster.inspected(name)["ExecIDs"] or ())
