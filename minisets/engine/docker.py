"""The Docker Engine as `interface.Engine`: one method, one call, translated both ways.

Here are containers and what runs in them; images, volumes and networks are in `docker_resources.py`, the
connection in `docker_calls.py`. Leaves JSON to `docker_translate.py`, long answers to `docker_streams.py`,
errors to `docker_errors.py`. Any number of threads may share one.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minisets.engine import docker_translate as translate
from minisets.engine.docker_errors import checked, translated
from minisets.engine.docker_resources import DockerResources
from minisets.engine.docker_streams import (
    DockerEvents,
    DockerExecStream,
    DockerStream,
    Wire,
    end_of_file,
    link_in,
)
from minisets.errors import EngineConflict, EngineError, EngineNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.engine.info import EngineInfo
    from minisets.engine.interface import Container, ContainerSummary, ExecState, PathStat, Usage
    from minisets.engine.specs import ContainerSpec, ExecSpec, LogOptions

# Why: each exec of a probe makes four events more, which nobody waits for.
_EVENTS = [
    "create",
    "start",
    "die",
    "oom",
    "destroy",
    "rename",
    "pause",
    "unpause",
    "remove",
    "delete",
    "tag",
]

# Why: the engine watches a terminal's input for these, by default ctrl-p first, and keeps that key until the
# next one: a shell's history would lag by a key. Kubernetes knows no such keys; these nobody types.
_DETACH_KEYS = "ctrl-^,ctrl-_,ctrl-^,ctrl-_,ctrl-^,ctrl-_"


class DockerEngine(DockerResources):
    """A Docker Engine, connected: `DockerEngine.connect()`."""

    def info(self) -> EngineInfo:
        """About the engine; raises EngineUnavailable where none answers."""
        with translated(f"the engine at {self.address}"):
            found = translate.info(self._client.info(), self._client.api_version)
        return replace(found, socket=str(self.address.socket or ""))

    # --- containers ---

    def list_containers(self, labels: Mapping[str, str]) -> tuple[ContainerSummary, ...]:
        """All containers, running or not, with all of these labels."""
        with translated("containers"):
            found = self._client.containers(all=True, filters=translate.label_filters(labels))
        return tuple(
            translate.summary(body)
            for body in found
            if translate.carries(body, labels) and not translate.is_a_copy(self._with_its_network(body))
        )

    def _with_its_network(self, listed: dict[str, Any]) -> dict[str, Any]:
        """Why: Podman's list says nothing of it; Docker's does, and costs no further call."""
        if listed.get("HostConfig") is not None or not translate.joins_a_sandbox(listed):
            return listed
        with contextlib.suppress(EngineNotFound):
            return {**listed, "HostConfig": self._inspect(listed["Id"])["HostConfig"]}
        return listed

    def inspect_container(self, container: str) -> Container:
        """By id or name."""
        return translate.container(self._inspect(container))

    def stats(self, container: str) -> Usage | None:
        """What it uses. Why one-shot: without it the engine takes a second sample a second later."""
        try:
            with translated(f"container {container}"):
                found = self._raw.stats(container, stream=False, one_shot=True)
        except EngineConflict:  # Podman's answer for one that does not run
            return None
        return translate.usage(found)

    def create_container(self, spec: ContainerSpec) -> str:
        """The new id. Trap: a volume that a mount names and that does not exist is made, without labels."""
        with translated(f"container {spec.name}"):
            made = self._raw.create_container_from_config(translate.container_config(spec), spec.name)
        return str(made["Id"])

    def start_container(self, container: str) -> None:
        """Start what was created; starting a running one does nothing."""
        with translated(f"container {container}"):
            self._client.start(container)

    def signal_container(self, container: str, signal: str = "") -> None:
        """Send a signal; without one the container's stop signal, which takes an inspect to know."""
        wanted = signal or self._inspect(container)["Config"].get("StopSignal") or "SIGTERM"
        with translated(f"container {container}"):
            self._client.kill(container, wanted)

    def pause_container(self, container: str) -> None:
        """Freeze all that runs in it; a paused one stays so."""
        try:
            with translated(f"container {container}"):
                self._client.pause(container)
        except EngineError as error:
            if "already paused" not in str(error):
                raise

    def unpause_container(self, container: str) -> None:
        """Let it go on. Why by its words: Docker says 500 of one that is not paused, later ones 409."""
        try:
            with translated(f"container {container}"):
                self._client.unpause(container)
        except EngineError as error:
            if not any(said in str(error) for said in ("is not paused", "is not running")):
                raise

    def rename_container(self, container: str, name: str) -> None:
        """Give it another name."""
        with translated(f"container {container}"):
            self._client.rename(container, name)

    def remove_container(self, container: str, *, force: bool = False) -> None:
        """Remove it and its anonymous volumes; one that is gone or on its way out is no error."""
        with contextlib.suppress(EngineNotFound):
            try:
                with translated(f"container {container}"):
                    self._client.remove_container(container, v=True, force=force)
            except EngineConflict as error:
                if "already in progress" not in str(error):
                    raise
        self.execs.forget(container)

    def logs(self, container: str, options: LogOptions) -> DockerStream:
        """The log. An inspect comes first: only it tells whether the two outputs are framed."""
        tty = bool(self._inspect(container)["Config"].get("Tty"))
        query = {
            "stdout": 1,
            "stderr": 1,
            "follow": int(options.follow),
            "timestamps": int(options.timestamps),
            "tail": "all" if options.tail is None else options.tail,
        }
        if options.since is not None:
            query["since"] = f"{options.since.astimezone(UTC).timestamp():.6f}"
        with translated(f"log of container {container}"):
            wire = self._open("GET", f"containers/{quote(container)}/logs", query)
        return DockerStream(wire, tty=tty, stamped=options.timestamps)

    def attach_container(self, container: str, *, stdin: bool, tty: bool) -> DockerExecStream:
        """What it prints from now on, and its input. Why an inspect: one that has ended is attached to, too.

        Trap: without an input of its own, the end of ours would end the output.
        """
        with self.execs.preparing(container), translated(f"container {container}"):
            found = self._inspect(container)
            if not found["State"].get("Running"):
                raise EngineConflict(f"container {container[:12]}: it is not running")
            asked = {
                "stream": 1,
                "stdin": int(stdin and found["Config"].get("OpenStdin", False)),
                "stdout": 1,
                "stderr": 1,
                "detachKeys": _DETACH_KEYS,
            }
            wire = self._open("POST", f"containers/{quote(container)}/attach", asked, upgraded=True)
        return DockerExecStream(wire, tty=tty)

    def resize_container(self, container: str, columns: int, rows: int) -> None:
        """Tell its tty its size."""
        with translated(f"container {container}"):
            self._client.resize(container, height=rows, width=columns)

    def put_archive(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive below a directory of a container that runs, or was only made."""
        with translated(f"{path} in container {container}"):
            self._client.put_archive(container, path, archive)

    def stat_path(self, container: str, path: str) -> PathStat | None:
        """What is at a path. Why not the SDK: its `get_archive` reads the files themselves."""
        url = self._url(f"containers/{quote(container)}/archive")
        try:
            with translated(f"{path} in container {container}"):
                answer = checked(self._client.head(url, params={"path": path}, timeout=self._client.timeout))
        except EngineNotFound:
            self._inspect(container)  # raises if it is the container that is not there
            return None
        return translate.path_stat(answer.headers["X-Docker-Container-Path-Stat"])

    def read_link(self, container: str, path: str) -> str:
        """What a symlink says. Why not what `stat_path` does: that is where it leads in the container."""
        with translated(f"{path} in container {container}"):
            wire = self._archive(container, path)
        with contextlib.closing(wire):
            return link_in(wire)

    def file_end(self, container: str, path: str, at_most: int) -> bytes | None:
        """The last bytes of a file; None if nothing is there, or something that is no file."""
        try:
            with translated(f"{path} in container {container}"):
                wire = self._archive(container, path)
        except EngineNotFound:
            self._inspect(container)  # Why: the one answer stands for a missing file and a missing container
            return None
        with contextlib.closing(wire):
            return end_of_file(wire, at_most)

    def _archive(self, container: str, path: str) -> Wire:
        """What is at a path, as a tar archive that is not packed."""
        plain = {"Accept-Encoding": "identity"}
        return self._open("GET", f"containers/{quote(container)}/archive", {"path": path}, headers=plain)

    def _inspect(self, container: str) -> dict[str, Any]:
        with translated(f"container {container}"):
            found: dict[str, Any] = self._client.inspect_container(container)
        return found

    # --- commands in containers ---

    def create_exec(self, container: str, spec: ExecSpec) -> str:
        """Prepare a command."""
        with self.execs.preparing(container), translated(f"container {container}"):
            made = self._client.exec_create(
                container, list(spec.command), stdin=spec.stdin, tty=spec.tty, detach_keys=_DETACH_KEYS
            )
            self.execs.prepared(made["Id"], container)
        return str(made["Id"])

    def start_exec(self, exec_id: str, spec: ExecSpec) -> DockerExecStream:
        """Start it and attach. A missing program is text on stdout and exit code 126 or 127."""
        with self.execs.starting(exec_id), translated(f"command {spec.command[0]}"):
            how = {"Detach": False, "Tty": spec.tty}
            wire = self._open("POST", f"exec/{exec_id}/start", body=how, upgraded=True)
        return DockerExecStream(wire, tty=spec.tty)

    def inspect_exec(self, exec_id: str) -> ExecState:
        """Whether it still runs, and its exit code."""
        with translated(f"command {exec_id}"):
            found = self._client.exec_inspect(exec_id)
        state = translate.exec_state(found)
        if state.has_begun:
            self.execs.began(exec_id)
        return state

    def resize_exec(self, exec_id: str, columns: int, rows: int) -> None:
        """Tell a tty its size."""
        with translated(f"command {exec_id}"):
            self._client.exec_resize(exec_id, height=rows, width=columns)

    # --- the rest ---

    def events(self, labels: Mapping[str, str]) -> DockerEvents:
        """Events from now on of containers and images with these labels (volumes' events tell no labels)."""
        filters = {**translate.label_filters(labels), "event": _EVENTS}
        with translated("events"):
            return DockerEvents(self._open("GET", "events", {"filters": json.dumps(filters)}))
