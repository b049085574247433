"""A cluster of a test's own on the suite's engine: our command line, kubectl, its objects, its containers.

Its files lie in a folder of the test; nothing of the person's is read (no kubeconfig, no Docker context).
Every command has a deadline. `close` ends it as a person would, and asserts that nothing of it is left.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from docker.errors import NotFound

from minisets.client.requests import ApiClient
from minisets.cluster import control, endpoint
from minisets.cluster.places import Places
from minisets.engine import labels
from minisets.engine.names import container_name
from minisets.errors import MinisetsError
from minisets.kubelet import endings
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import is_true, spec_of, status_of
from tests import leftovers
from tests.engines import engine_address
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import docker

ROOT = Path(__file__).parents[2]
MANIFESTS = Path(__file__).parent / "manifests"
ARTICLE = ROOT / "examples/article/web.yaml"
DEADLINE = timedelta(seconds=60)
SOON = timedelta(seconds=60)
# Why below half a minute: so long is a pod's grace, and a kubelet looks again only then at what is held up.
PROMPTLY = timedelta(seconds=25)
_END_OF_LOG = 60


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"$ {' '.join(self.words)}\n(exit {self.code})\n{self.out}{self.err}"

    def succeeded(self) -> Self:
        assert self.code == 0, str(self)
        return self

    def failed(self, code: int = 1) -> Self:
        """It failed, and said why in so many words: no traceback."""
        assert self.code == code, str(self)
        assert "Traceback" not in self.out + self.err, str(self)
        return self

    def rows(self) -> list[dict[str, str]]:
        """A printed table: a row by its column's headings."""
        lines = [re.split(r" {2,}", line.rstrip()) for line in self.out.splitlines() if line]
        return [dict(zip(lines[0], line, strict=False)) for line in lines[1:]]


class Running:
    """A command that runs on; what it prints goes into a file, so that nobody has to read along."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.words = tuple(words)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            self._out, self._err = os.dup(out.fileno()), os.dup(err.fileno())
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def printed(self) -> str:
        """What it has printed so far, on either stream."""
        return self._read(self._out) + self._read(self._err)

    def lines(self) -> list[str]:
        """The lines that it has printed so far; without one that it is just printing."""
        return self._read(self._out).rpartition("\n")[0].splitlines()

    def until_printed(self, text: str, within: timedelta = DEADLINE) -> None:
        try:
            until(lambda: text in self.printed() or self._process.poll() is not None, text, within)
        except TimeoutError as error:
            raise AssertionError(f"{error}; it printed:\n{self.printed()}") from None
        assert text in self.printed(), f"it ended without {text!r}:\n{self.printed()}"

    def interrupt(self) -> None:
        """Ctrl-C: a terminal sends it to the whole process group."""
        os.killpg(self.pid, signal.SIGINT)

    def ended(self, within: timedelta = DEADLINE) -> Ended:
        code = self._process.wait(within.total_seconds())
        return Ended(self.words, code, self._read(self._out), self._read(self._err))

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        for file in (self._out, self._err):
            os.close(file)

    @staticmethod
    def _read(file: int) -> str:
        return os.pread(file, 1 << 24, 0).decode(errors="replace")


class Cluster:
    """One cluster: commands on it, what it stores, what it has on the engine."""

    def __init__(
        self,
        name: str,
        home: Path,
        engine: docker.DockerClient,
        address: str = "",
        prefix: Sequence[str] = (),
    ) -> None:
        """address: of another engine than the suite's; prefix: what every command is run by."""
        self.code = ROOT  # the folder whose `minisets` the commands are
        self.command: tuple[str, ...] = (sys.executable, "-m", "minisets")
        self.name = name
        self.home = home
        self.engine = engine
        self.address = address or engine_address()
        self.places = Places(name, home / "minisets" / name, home / "minisets" / name / "kubeconfig.yaml")
        self._prefix = tuple(prefix)
        self._running: list[Running] = []

    # --- commands ---

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(self.command[0]).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "MINISETS_HOME": str(self.home / "minisets"),
            "MINISETS_CLUSTER": self.name,
            "DOCKER_HOST": self.address,
            "KUBECONFIG": str(self.places.kubeconfig),
            "LANG": "C.UTF-8",
        }

    def minisets(self, *words: str | Path, given: str = "", within: timedelta = DEADLINE) -> Ended:
        """Our command line; `given` is its standard input."""
        return self._run(self._ours(words), self.environment, given, within)

    def kubectl(self, *words: str | Path, given: str = "", within: timedelta = DEADLINE) -> Ended:
        """kubectl, which knows of the cluster by KUBECONFIG and nothing else."""
        names = ("PATH", "HOME", "KUBECONFIG")
        environment = {name: self.environment[name] for name in names}
        return self._run((*self._prefix, "kubectl", *map(str, words)), environment, given, within)

    def shell(self, script: str, within: timedelta = DEADLINE, shell: str = "sh") -> Ended:
        """A line as a person types it; `minisets` and `kubectl` are on the path."""
        return self._run((*self._prefix, shell, "-c", script), self.environment, "", within)

    def running(self, *words: str | Path) -> Running:
        """Our command line, going on beside the test."""
        return self._start(self._ours(words))

    def kubectl_running(self, *words: str | Path) -> Running:
        return self._start((*self._prefix, "kubectl", *map(str, words)))

    def start(self) -> None:
        """The control container, and nothing else."""
        self.minisets("up").succeeded()

    def serve(self, *options: str) -> Running:
        """The server as a process of the host, in the foreground."""
        server = self.running("daemon", *options)
        server.until_printed("export KUBECONFIG=")
        return server

    def _start(self, words: Sequence[str]) -> Running:
        running = Running(words, self.environment, self.code)
        self._running.append(running)
        return running

    def _ours(self, words: Sequence[str | Path]) -> tuple[str, ...]:
        return (*self._prefix, *self.command, *map(str, words))

    def file(self, path: Path) -> Path:
        """The file where the person can read it."""
        return path

    def _run(
        self, words: Sequence[str], environment: Mapping[str, str], given: str, within: timedelta
    ) -> Ended:
        try:
            ended = subprocess.run(
                words,
                env=environment,
                input=given,
                capture_output=True,
                text=True,
                timeout=within.total_seconds(),
                check=False,
                cwd=self.code,
            )
        except subprocess.TimeoutExpired as error:
            printed = b"".join(filter(None, (error.stdout, error.stderr))).decode(errors="replace")
            raise AssertionError(
                f"$ {' '.join(words)}\nnot done within {within.total_seconds():g} s; it printed:\n{printed}"
            ) from None
        return Ended(tuple(words), ended.returncode, ended.stdout, ended.stderr)

    # --- what is stored ---

    def api(self) -> closing[ApiClient]:
        return closing(ApiClient(control.running(self.places)))

    def get(self, kind: str, name: str, namespace: str = "default") -> Object | None:
        with self.api() as api:
            return api.get(Ref(kind, namespace, name))

    def list(self, kind: str, namespace: str = "") -> tuple[Object, ...]:
        with self.api() as api:
            return tuple(api.select(kind, namespace).items)

    def pod(self, name: str, namespace: str = "default") -> Object:
        found = self.get("Pod", name, namespace)
        assert found is not None, f"pod {name} is not there"
        return found

    def address_of(self, pod: str) -> str:
        return str(status_of(self.pod(pod))["podIP"])

    def has_event(self, name: str, *texts: str, reason: str = "") -> bool:
        """Whether one event on an object of that name says all of it."""
        return any(
            event["involvedObject"]["name"] == name
            and all(text in event.get("message", "") for text in texts)
            and reason in ("", event.get("reason"))
            for event in self.list("Event")
        )

    # --- what is on the engine ---

    def containers(self) -> dict[str, dict[str, Any]]:
        """Every container of the cluster's pods, by name, as the engine lists it."""
        found = self.engine.api.containers(all=True, filters={"label": [self._label, labels.POD]})
        return {each["Names"][0].lstrip("/"): each for each in found}

    def volumes(self) -> set[str]:
        """Of claims and pods; the control container's and those of sandboxes alone are not among them."""
        found = self.engine.api.volumes(filters={"label": self._label})["Volumes"] or []
        others = (each for each in found if each["Labels"].get(labels.POD_VOLUME) != endings.VOLUME)
        return {str(each["Name"]) for each in others if each["Labels"][labels.KIND] != "state"}

    def control(self) -> dict[str, Any]:
        """The control container, inspected. docker.errors.NotFound if there is none."""
        found: dict[str, Any] = self.engine.api.inspect_container(self.name)
        assert labels.is_control(found["Config"]["Labels"], self.name)
        return found

    def inside_control(self, *words: str) -> tuple[int, str]:
        """A command in the control container: its exit code and output."""
        code, output = self.engine.containers.get(self.name).exec_run(list(words))
        assert isinstance(output, bytes)
        return int(code or 0), output.decode()

    def everything(self) -> Sequence[str]:
        """Whatever has the cluster's label on the engine, a line each."""
        return [str(each) for each in leftovers.of_test_clusters(self.engine) if each.cluster == self.name]

    def networks(self) -> set[str]:
        return {str(each["Name"]) for each in self.engine.api.networks(filters={"label": self._label})}

    def named(self, plain: str, namespace: str = "default") -> str:
        """`web-0`, `web-0_sandbox` or `www-web-0` as it is called in this cluster."""
        return container_name(self.name, namespace, plain)

    def inspected(self, plain: str, namespace: str = "default") -> dict[str, Any]:
        found: dict[str, Any] = self.engine.api.inspect_container(self.named(plain, namespace))
        return found

    def started(self, plain: str) -> datetime:
        """When the engine started that container."""
        return datetime.fromisoformat(self.inspected(plain)["State"]["StartedAt"])

    def volume_of(self, claim: str, namespace: str = "default") -> str:
        """The Docker volume that holds the claim's data, by its PersistentVolume."""
        found = self.get("PersistentVolumeClaim", claim, namespace)
        assert found is not None, f"claim {claim} is not there"
        volume = self.get("PersistentVolume", spec_of(found)["volumeName"], "")
        assert volume is not None, f"the volume of claim {claim} is not there"
        return str(spec_of(volume)["csi"]["volumeHandle"])

    @property
    def _label(self) -> str:
        return f"{labels.CLUSTER}={self.name}"

    def inside(self, pod: str, script: str, container: str = "", within: timedelta = DEADLINE) -> str:
        """What a shell in the pod's container prints; in its default one where none is named."""
        named = ["-c", container] if container else []
        return self.minisets("exec", *named, pod, "--", "sh", "-c", script, within=within).succeeded().out

    # --- its end ---

    def control_plane(self) -> int:
        """The process, as the host numbers it, that process 1 of the control container has started."""

        def child() -> int | None:
            first = self.control()["State"]["Pid"]
            try:
                children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
            except OSError:
                return None
            return int(children[0]) if children else None

        found = until(child, "a control plane below process 1")
        assert found is not None
        return found

    def kill_control_plane(self) -> None:
        """kill -9 of process 1's child, and wait until the kernel has buried it."""
        process = self.control_plane()
        os.kill(process, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{process}").exists(), "the control plane's death")

    def kill_server(self) -> None:
        """kill -9 of a server that is a process of the host, and wait until the kernel has buried it."""
        serving = endpoint.serving(self.places)
        assert serving is not None, "no server runs"
        os.kill(serving.pid, signal.SIGKILL)
        until(lambda: endpoint.serving(self.places) is None, "the server's death")

    def close(self) -> None:
        """End it as a person would: nothing of it may be left."""
        try:
            ended = self.minisets("down", "--volumes", "--yes")
            assert ended.code == 0, f"{ended}\n{self.story()}"
        finally:
            for running in self._running:
                running.close()
            self._end_server()
        left = self.everything()
        assert not left, f"down --volumes left {', '.join(left)}"
        assert not self.places.state.exists(), f"down --volumes left {list(self.places.state.iterdir())}"
        shutil.rmtree(self.home)

    def _end_server(self) -> None:
        """What `down` could not end."""
        if (serving := endpoint.serving(self.places)) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(serving.pid, signal.SIGKILL)

    def story(self) -> str:
        """What a person would look at after a failure."""
        parts = []
        with contextlib.suppress(NotFound):
            log = bytes(self.engine.containers.get(self.name).logs(tail=_END_OF_LOG))
            parts += ["--- the end of the control container's log", log.decode(errors="replace")]
        parts += [f"--- what the server at {each.words} printed\n{each.printed()}" for each in self._running]
        parts.append("--- on the engine")
        for name, container in sorted(self.containers().items()):
            parts.append(f"{name}  {container['Image']}  {container['Status']}")
        parts += sorted(f"volume {name}" for name in self.volumes())
        parts.append(str(self.minisets("get", "all,pvc,pv", "-A", within=SOON)))
        for pod in self._unready():
            parts.append(str(self.minisets("describe", "pod", pod, within=SOON)))
        return "\n".join(parts)

    def _unready(self) -> Iterable[str]:
        try:
            pods = self.list("Pod")
        except MinisetsError:
            return ()
        return [pod["metadata"]["name"] for pod in pods if not is_true(pod, "Ready")]
