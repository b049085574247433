"""Docker Engines for tests: the suite's own, and private ones that a test may break.

The suite's engine is never restarted; it is found as the docker command finds it (DOCKER_HOST, then the
context). A private one is a dockerd in namespaces of its own: network (or it would rewrite the first one's
iptables chains), mounts and processes. These outlive a killed dockerd, so that its containers run on and the
next start meets them, as on a real machine; ending the namespaces ends everything in them, mounts included.
"""

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import docker
from docker.errors import DockerException

from minisets.engine import pause
from tests.waiting import until

START_DEADLINE = timedelta(seconds=30)
STOP_DEADLINE = timedelta(seconds=30)
NAMESPACES = [
    *("setpriv", "--pdeathsig", "KILL"),  # should the tests be killed, everything in the namespaces goes too
    *("unshare", "--net", "--mount", "--propagation", "private", "--pid", "--mount-proc"),
    *("--fork", "--kill-child"),
]
CGROUPS = Path("/sys/fs/cgroup")


def engine_address() -> str:
    """Where the suite's engine listens."""
    if address := os.environ.get("DOCKER_HOST"):
        return address
    asked = subprocess.run(
        ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return asked.stdout.strip() or "unix:///var/run/docker.sock"


@contextlib.contextmanager
def connected(address: str, timeout: timedelta = timedelta(seconds=60)) -> Iterator[docker.DockerClient]:
    """A client of the engine there, closed at the end; raises DockerException when none answers."""
    _knock(address)
    client = docker.DockerClient(base_url=address, timeout=int(timeout.total_seconds()))
    try:
        client.ping()
        yield client
    finally:
        client.close()


def _knock(address: str) -> None:
    """Why: the SDK leaves a socket open for each refused connection, and a warning fails the suite."""
    scheme, _, path = address.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knock:
            try:
                knock.connect(path)
            except OSError as error:
                raise DockerException(f"cannot connect to {address}: {error}") from error


class PrivateEngine:
    """A dockerd that belongs to one test: `with PrivateEngine() as engine: ...` starts it and leaves nothing.

    Needs Linux, root and the packages of scripts/setup. Its containers reach no other network. Open it in
    a thread that outlives it: the kernel ends the namespaces together with the thread that made them.
    """

    def __init__(self, *options: str) -> None:
        """options: of dockerd, such as `--live-restore`."""
        self._options = options
        self.home = Path(tempfile.mkdtemp(prefix="minisets-engine-"))
        self.address = f"unix://{self.home}/docker.sock"
        self.log = self.home / "dockerd.log"
        self._cgroup = self.home.name
        self._namespaces: subprocess.Popen[bytes] | None = None
        self._dockerd: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._open_namespaces()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- a life ---

    def start(self) -> None:
        """Start dockerd and wait until it answers; again after `kill` or `stop`, over the same data."""
        self._pidfile.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._dockerd = subprocess.Popen(
                self.inside(*self._command(), mounts_and_processes=True),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            until(self._answers, f"a private dockerd to answer at {self.address}", START_DEADLINE)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{_end_of(self.log)}") from None

    def kill(self) -> None:
        """Kill dockerd with SIGKILL; its containers run on."""
        self._end("KILL")

    def stop(self) -> None:
        """End dockerd with SIGTERM; it stops its containers first."""
        self._end("TERM")

    def load(self, *images: str) -> None:
        """Copy images from the suite's engine."""
        with subprocess.Popen(
            ["docker", "--host", engine_address(), "save", *images], stdout=subprocess.PIPE
        ) as save:
            subprocess.run(
                ["docker", "--host", self.address, "load", "--quiet"],
                stdin=save.stdout,
                capture_output=True,
                timeout=120,
                check=True,
            )
        if save.returncode:
            raise RuntimeError(
                f"docker save {' '.join(images)} failed; scripts/images makes the images of tests"
            )

    def close(self) -> None:
        """End everything in the namespaces and remove the data; never raises for what is already gone."""
        if self._namespaces is not None:
            self._namespaces.kill()
            self._namespaces.wait(timeout=10)
        if self._dockerd is not None:
            self._dockerd.wait(timeout=10)
        with contextlib.suppress(TimeoutError):
            until(self._remove_cgroups, "the engine's cgroups to empty", timedelta(seconds=10))
        shutil.rmtree(self.home, ignore_errors=True)

    # --- ways in ---

    def connected(self) -> contextlib.AbstractContextManager[docker.DockerClient]:
        """A client of this engine."""
        return connected(self.address)

    def inside(self, *command: str, mounts_and_processes: bool = False) -> Sequence[str]:
        """The command as it runs in the engine's network, where its containers can be reached."""
        spaces = ["--net", "--mount", "--pid"] if mounts_and_processes else ["--net"]
        return ["nsenter", "--target", str(self._anchor()), *spaces, "--", *command]

    # --- how ---

    @property
    def _pidfile(self) -> Path:
        return self.home / "dockerd.pid"

    def _command(self) -> list[str]:
        places = {
            "host": self.address,
            "data-root": self.home / "data",
            "exec-root": self.home / "exec",
            "pidfile": self._pidfile,
            "containerd-namespace": "tests",
            "containerd-plugins-namespace": "tests-plugins",
            "cgroup-parent": f"/{self._cgroup}",
        }
        return ["dockerd", *(f"--{name}={value}" for name, value in places.items()), *self._options]

    def _open_namespaces(self) -> None:
        """Start process 1 of the namespaces: our own pause, which reaps what a killed dockerd leaves."""
        program = self.home / "pause"
        program.write_bytes(pause.binary(platform.machine()))
        program.chmod(0o755)
        ready = self.home / "ready"
        # Why not plain pause: as process 1 it would write resolv.conf if the environment asked for it.
        script = 'ip link set lo up && touch "$1" && exec env -i "$2"'
        self._namespaces = subprocess.Popen(
            [*NAMESPACES, "sh", "-c", script, "sh", str(ready), str(program)],
            stdin=subprocess.DEVNULL,
        )
        until(ready.exists, "namespaces for a private dockerd")

    def _anchor(self) -> int:
        """The host's pid of process 1 in the namespaces: the only child of unshare."""
        assert self._namespaces is not None, "the engine's namespaces are open only inside its with block"
        unshare = self._namespaces.pid
        return int(Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()[0])

    def _answers(self) -> bool:
        if self._dockerd is not None and self._dockerd.poll() is not None:
            raise RuntimeError(f"a private dockerd ended at its start:\n{_end_of(self.log)}")
        try:
            with connected(self.address, timeout=timedelta(seconds=2)):
                return True
        except (DockerException, OSError):  # Why both: the SDK lets requests' own errors through
            return False

    def _end(self, signal: str) -> None:
        assert self._dockerd is not None, "the engine was never started"
        kill = self.inside("kill", "-s", signal, self._pidfile.read_text(), mounts_and_processes=True)
        subprocess.run(kill, timeout=10, check=True)
        self._dockerd.wait(timeout=STOP_DEADLINE.total_seconds())

    def _remove_cgroups(self) -> bool:
        """Whether its cgroups are gone: removed deepest first, once their processes have died."""
        tops = [*CGROUPS.glob(self._cgroup), *CGROUPS.glob(f"*/{self._cgroup}")]
        for top in tops:
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()
        return not any(top.exists() for top in tops)


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else "(no log)"
