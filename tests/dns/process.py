"""Process 1 as a test starts it, and control planes of a few lines for it to run."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from minisets.dns.feed import zone_of
from minisets.dns.zone import Records, Zone
from tests.dns.resolver import answers, ask
from tests.dns.zones import NGINX, SETTINGS, endpoint, service, slice_of
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

REPOSITORY = Path(__file__).parents[2]
MODULE = (sys.executable, "-m", "minisets.dns")
LOOPBACK = ("--address", "127.0.0.1", "--port", "0")
WITHIN = timedelta(seconds=20)
NAMESPACE = ("unshare", "--pid", "--mount-proc", "--fork", "--kill-child")
ONE, TWO = "10.213.64.1", "10.213.64.2"
SERVFAIL = "rcode 2"
_PLANE = """
import os, pathlib, signal, sys
from minisets.dns.handover import handed_over
from tests.dns.process import ONE, TWO, crowd, zone
from tests.waiting import until
folder = pathlib.Path(sys.argv[1])
with (folder / "lives").open("a") as lives:
    print(os.getpid(), file=lives)
life = len((folder / "lives").read_text().split())
zones = handed_over(os.environ)
"""


def zone(version: int, *pods: str) -> Zone:
    """nginx with these pods' addresses, at a version."""
    return Zone(names={NGINX: Records(addresses=pods)}, version=version)


def crowd(size: int) -> Zone:
    """nginx with as many pods as the zone of a large cluster has, each with its names and its port."""
    pods = [endpoint(f"10.213.{64 + n // 250}.{n % 250 + 1}", f"web-{n}") for n in range(size)]
    slices = [slice_of("nginx", *pods[start : start + 100]) for start in range(0, size, 100)]
    return zone_of([service("nginx")], slices, SETTINGS, 1)


def plane(folder: Path, does: str) -> tuple[str, ...]:
    """A control plane: Python that knows `zones`, `folder` and its `life`, 1 for the first."""
    return (sys.executable, "-c", _PLANE + does, str(folder))


def addresses(port: int) -> list[str]:
    """What nginx is answered with, sorted, or how it fails."""
    reply = ask(port, NGINX)
    return sorted(line.split()[-1] for line in answers(reply)) or [f"rcode {reply.header.rcode}"]


def children(pid: int) -> list[int]:
    """The processes that this one's main thread has started, and that are not reaped yet."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Process1:
    """A running process 1, ended with the block; whatever it or its child leave behind fails the test."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        *options: str,
        inside: Sequence[str] = (),
        module: Sequence[str] = MODULE,
    ) -> None:
        self._file = folder / "log"
        with self._file.open("w") as log:
            self._started = subprocess.Popen(
                [*inside, *module, *LOOPBACK, *options, "--", *command],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._is_inside = bool(inside)
        self._code: int | None = None

    def __enter__(self) -> Self:
        try:
            self.port = int(self.said(r"answers DNS at 127\.0\.0\.1:(\d+)")[0])
            self.pid = children(self._started.pid)[0] if self._is_inside else self._started.pid
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._code is None and error is None:
                self.terminate()
                self.ended()
        finally:
            is_left = self._kill()
        assert error or not is_left, "a process of process 1's group is left"

    @property
    def log(self) -> str:
        return self._file.read_text()

    def said(self, pattern: str, times: int = 1) -> list[str]:
        """What the pattern finds in the log, once it is there so many times."""

        def found() -> list[str]:
            seen = re.findall(pattern, self.log)
            return seen if len(seen) >= times else []

        return until(found, f"{pattern} in the log, {times} times", WITHIN)

    def answers(self, *wanted: str) -> None:
        """Wait until nginx is answered with these addresses."""
        until(lambda: addresses(self.port) == [*wanted], f"the answer {wanted}", WITHIN)

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> None:
        os.kill(self.pid, number)

    def ended(self) -> int:
        """Its exit code."""
        self._code = self._started.wait(WITHIN.total_seconds())
        return self._code

    def _kill(self) -> bool:
        """Whether there was anybody in its process group who did not end by himself."""
        is_left = True
        try:
            os.killpg(self._started.pid, signal.SIGKILL)
        except ProcessLookupError:
            is_left = False
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._started.wait(WITHIN.total_seconds())
        return is_left
