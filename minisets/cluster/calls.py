"""The engine calls that only the control container and its image need, on top of `engine/docker.py`.

One method, one call. Decides nothing; what is created is `container.py`'s, when is `control.py`'s.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
from typing import TYPE_CHECKING, Any

from minisets.engine.docker import DockerEngine
from minisets.engine.docker_errors import translated
from minisets.errors import EngineNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

Json = dict[str, Any]


class ControlCalls(DockerEngine):
    """A Docker Engine, connected: `ControlCalls.connect()`."""

    def about(self) -> tuple[Json, Json]:
        """What the engine says of itself (`/info`) and of its parts (`/version`)."""
        with translated(f"the engine at {self.address}"):
            return self._client.info(), self._client.version()

    def find(self, container: str) -> Json | None:
        """A container's inspection, by its whole name; None if there is none."""
        try:
            found = self._inspect(container)
        except EngineNotFound:
            return None
        # Why the name: the engine also finds by the beginning of an id, and "cafe" may be one.
        return found if found["Name"] == f"/{container}" else None

    def create(self, name: str, body: Mapping[str, Any]) -> str:
        """Create a container from a whole body; its id. EngineConflict: the name is taken."""
        with translated(f"container {name or '(unnamed)'}"):
            return str(self._raw.create_container_from_config(dict(body), name or None)["Id"])

    def stop(self, container: str, within: timedelta) -> None:
        """SIGTERM, and SIGKILL after the time; waits. One that does not run, or is gone, is no error."""
        seconds = int(within.total_seconds())
        with contextlib.suppress(EngineNotFound), translated(f"container {container}"):
            self._client.stop(container, timeout=seconds)

    def wait(self, container: str, within: timedelta) -> int:
        """The exit code, once it has ended; EngineTimeout if it has not by then."""
        with translated(f"container {container}"):
            return int(self._client.wait(container, timeout=int(within.total_seconds()))["StatusCode"])

    def output(self, container: str, tail: int | None = None) -> str:
        """What a container without a terminal has printed, both outputs in turn."""
        with translated(f"log of container {container}"):
            printed: bytes = self._client.logs(container, tail="all" if tail is None else tail)
        return printed.decode(errors="replace")

    def files_in(self, container: str, folder: str) -> dict[str, bytes]:
        """The files right below a folder of a container, running or not; none where there is no folder."""
        try:
            with translated(f"{folder} in container {container}"):
                pieces, _ = self._client.get_archive(container, folder)
                archive = b"".join(pieces)
        except EngineNotFound:
            return {}
        found = {}
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for entry in tar:
                held = tar.extractfile(entry) if entry.isfile() else None
                if held is not None and entry.name.count("/") == 1:
                    found[entry.name.rpartition("/")[2]] = held.read()
        return found

    def commit(self, container: str, repository: str, tag: str, changes: Json) -> str:
        """An image of the container as it is now, with another configuration; its id."""
        with translated(f"image {repository}:{tag}"):
            made = self._raw.commit(container, repository=repository, tag=tag, conf=changes)
        return str(made["Id"])
