"""Containers as this program needs them: the values that cross, and one method for each engine call.

Leaves every Kubernetes decision to `kubelet/`. Implementations: `docker.py`, `memory.py`; both pass
tests/contracts/engine.py. Errors are `errors.EngineError` and its leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from minisets.engine.gate import ExecGate
    from minisets.engine.info import EngineInfo
    from minisets.engine.specs import ContainerSpec, ExecSpec, Login, LogOptions, NetworkSpec, VolumeSpec

State = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]


@dataclass(frozen=True)
class ContainerSummary:
    """What a list tells; everything else wants `inspect_container`."""

    id: str
    name: str
    state: State
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Container:
    """One container as the engine sees it now. `addresses`: network name -> address.

    mounts: target -> where what it sees there lies on the engine's machine.
    """

    id: str
    name: str
    image: str
    image_id: str
    state: State
    labels: Mapping[str, str]
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """What a running container has used so far (CPU) and holds now (memory that cannot be taken back).

    at: when the engine looked. Kubernetes: the kubelet's `usageCoreNanoSeconds` and `workingSetBytes`.
    """

    at: datetime
    cpu_nanoseconds: int
    memory_bytes: int


@dataclass(frozen=True)
class Image:
    """A local image. `digests`: `name@sha256:...` of where it was pulled from."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    labels: Mapping[str, str]
    architecture: str
    stop_signal: str = ""
    user: str = ""


PathKind = Literal["file", "directory", "symlink", "socket", "character device", "block device", "pipe"]


@dataclass(frozen=True)
class PathStat:
    """What lies at a path of a container. link: where a symlink leads to in the end, as seen in there."""

    kind: PathKind
    mode: int
    link: str = ""


@dataclass(frozen=True)
class Volume:
    """A volume as the engine sees it."""

    name: str
    labels: Mapping[str, str]
    driver: str
    options: Mapping[str, str]
    mountpoint: str

    @property
    def is_in_memory(self) -> bool:
        """Whether it is empty again when the last container that mounts it stops."""
        return self.driver == "local" and self.options.get("type") == "tmpfs"


@dataclass(frozen=True)
class Network:
    """A network as the engine sees it; subnet and gateway are empty where it has none."""

    id: str
    name: str
    labels: Mapping[str, str]
    subnet: str
    gateway: str


@dataclass(frozen=True)
class EngineEvent:
    """Something happened. kind: container, volume, network, image; action: start, die, destroy, ..."""

    kind: str
    action: str
    id: str
    labels: Mapping[str, str]
    time: datetime


@dataclass(frozen=True)
class ExecState:
    """Whether a command runs; exit_code is None until it has ended, also before it has begun.

    has_begun: it has its process, or had it, or could not be begun; not while the engine is about to.
    pid: its process as the engine's machine counts them, while it runs; 0 until it has begun.
    """

    running: bool
    exit_code: int | None
    has_begun: bool = field(default=True, compare=False)
    pid: int = field(default=0, compare=False)


OutputName = Literal["stdout", "stderr"]
Output = tuple[OutputName, bytes]


class Stream(Protocol):
    """Output as it comes; iterating ends with the command, the log or `close`."""

    def __iter__(self) -> Iterator[Output]:
        """Blocks until there is more. With a tty everything is `stdout`."""

    def close(self) -> None:
        """Ends the iteration from any thread."""


class ExecStream(Stream, Protocol):
    """A running command's output and input."""

    def write(self, data: bytes) -> None:
        """To the command's stdin."""

    def close_stdin(self) -> None:
        """End of input; output goes on."""


class EventStream(Protocol):
    """Events as they come; iterating ENDS, without an error, when the engine goes away or at `close`."""

    def __iter__(self) -> Iterator[EngineEvent]:
        """Blocks until there is more."""

    def close(self) -> None:
        """Ends the iteration from any thread."""


class Engine(Protocol):
    """A container engine. One method = one engine call; everything is found by label."""

    @property
    def execs(self) -> ExecGate:
        """Where every command passes; it waits there while its container is paused for a snapshot."""

    def info(self) -> EngineInfo:
        """About the engine; raises EngineUnavailable where none answers."""

    def list_containers(self, labels: Mapping[str, str]) -> tuple[ContainerSummary, ...]:
        """All containers, running or not, with all of these labels (an empty value = has the label)."""

    def inspect_container(self, container: str) -> Container:
        """By id or name; EngineNotFound if there is none."""

    def stats(self, container: str) -> Usage | None:
        """What it uses, asked once and answered at once; None unless it runs. EngineNotFound: none such."""

    def create_container(self, spec: ContainerSpec) -> str:
        """The new id. EngineConflict: the name is taken. EngineNotFound: no such image locally."""

    def start_container(self, container: str) -> None:
        """Start what was created; starting a running one does nothing."""

    def signal_container(self, container: str, signal: str = "") -> None:
        """Send a signal (`SIGTERM`); empty = the image's stop signal. Not running: EngineConflict."""

    def pause_container(self, container: str) -> None:
        """Freeze all that runs in it; a paused one stays so. Not running: EngineConflict.

        Trap: a signal that would end it, and its removal by force, wake it first.
        """

    def unpause_container(self, container: str) -> None:
        """Let it go on; one that is not paused, or has ended, is no error."""

    def rename_container(self, container: str, name: str) -> None:
        """EngineConflict: the name is taken."""

    def remove_container(self, container: str, *, force: bool = False) -> None:
        """Removes container and anonymous volumes; a missing one is no error. Force kills first."""

    def logs(self, container: str, options: LogOptions) -> Stream:
        """The container's log; with stamps, one stands before each line, however long that is."""

    def attach_container(self, container: str, *, stdin: bool, tty: bool) -> ExecStream:
        """What it prints from now on, and its input if it was created with one. tty: as it was created.

        The end of the input ends a program's made with `stdin_once` and no tty, else only this stream.
        EngineConflict: it does not run.
        """

    def resize_container(self, container: str, columns: int, rows: int) -> None:
        """Tell its tty its size."""

    def create_exec(self, container: str, spec: ExecSpec) -> str:
        """Prepare a command; EngineConflict if the container does not run."""

    def start_exec(self, exec_id: str, spec: ExecSpec) -> ExecStream:
        """Start it and attach."""

    def inspect_exec(self, exec_id: str) -> ExecState:
        """Whether it still runs, and its exit code."""

    def resize_exec(self, exec_id: str, columns: int, rows: int) -> None:
        """Tell a tty its size."""

    def put_archive(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive below a directory of a container that runs, or was only made.

        A volume in memory keeps what is put in only while a container that mounts it runs.
        """

    def stat_path(self, container: str, path: str) -> PathStat | None:
        """What is at a path, links on the way there followed; of a container that was only made too."""

    def read_link(self, container: str, path: str) -> str:
        """What a symlink says, word for word; empty if there is something else at the path."""

    def file_end(self, container: str, path: str, at_most: int) -> bytes | None:
        """The last bytes of a file, seen as the container does or did, running or ended; None: no file."""

    def inspect_image(self, image: str) -> Image | None:
        """The local image of that name, digest or id, or None."""

    def pull_image(self, image: str, login: Login | None = None) -> Iterator[str]:
        """Pull, yielding one line of progress at a time; raises EngineError when it fails."""

    def import_image(self, name: str, root: bytes, changes: tuple[str, ...]) -> str:
        """Make an image from a tar of its root file system and Dockerfile lines; returns its id."""

    def list_images(self, labels: Mapping[str, str]) -> tuple[Image, ...]:
        """Local images with all of these labels; a list tells no architecture, stop signal or user."""

    def remove_image(self, image: str) -> None:
        """Remove by id or name; a missing one is no error, one in use EngineConflict."""

    def create_volume(self, spec: VolumeSpec) -> Volume:
        """Create, or return the one that has the name: compare its labels with the spec's.

        EngineNotFound: no such driver. EngineConflict: the name is another driver's volume.
        """

    def inspect_volume(self, name: str) -> Volume | None:
        """The volume of that name, or None."""

    def list_volumes(self, labels: Mapping[str, str]) -> tuple[Volume, ...]:
        """Volumes with all of these labels."""

    def remove_volume(self, name: str) -> None:
        """Remove volume and data; a missing one is no error, one in use EngineConflict."""

    def create_network(self, spec: NetworkSpec) -> str:
        """The new id. EngineConflict: name taken or subnet overlaps."""

    def list_networks(self) -> tuple[Network, ...]:
        """All networks, ours or not."""

    def remove_network(self, network: str) -> None:
        """Remove; a missing one is no error, one in use EngineConflict."""

    def events(self, labels: Mapping[str, str]) -> EventStream:
        """Events from now on of containers that carry these labels; the engine says nothing of volumes'."""

    def close(self) -> None:
        """Release connections."""
