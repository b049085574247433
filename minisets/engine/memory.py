"""A container engine that needs no Docker: for tests, and for `minisets daemon --engine memory`.

Containers start at once and run until signalled; images all exist. What differs is scripted: `behave`,
`exit`, `fail_next`, `go_away`, ... (`memory_machine.py`). Mirrors the traps of Docker, to whose behaviour
tests/contracts/engine.py holds it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from minisets.engine.info import EngineInfo
from minisets.engine.interface import Usage
from minisets.engine.memory_attaching import MemoryAttaching
from minisets.engine.memory_containers import KILLED, Command, Record, ends_a_program, signal_name
from minisets.engine.memory_paths import mount_at
from minisets.engine.memory_resources import ROOT, carries
from minisets.engine.memory_streams import Channel, MemoryAttachment, MemoryExecStream
from minisets.errors import EngineConflict, EngineError, EngineNotFound, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from minisets.engine.interface import (
        Container,
        ContainerSummary,
        EngineEvent,
        ExecState,
        Image,
        Network,
        Output,
        PathStat,
        Volume,
    )
    from minisets.engine.specs import ContainerSpec, ExecSpec, Login, LogOptions, NetworkSpec, VolumeSpec

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _call(
    method: Callable[Concatenate[MemoryEngine, Arguments], Result],
) -> Callable[Concatenate[MemoryEngine, Arguments], Result]:
    """One engine call: under the lock, refused while the engine is away or a fault is due."""

    @functools.wraps(method)
    def called(self: MemoryEngine, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with self._lock:
            if self._is_away:
                raise EngineUnavailable("the engine in memory does not answer; is it running?")
            self._scripts.raise_fault_of(method.__name__.lstrip("_"))
            return method(self, *args, **kwargs)

    return called


class MemoryEngine(MemoryAttaching):
    """The engine's calls."""

    @_call
    def info(self) -> EngineInfo:
        """About the engine."""
        return EngineInfo(
            id="memory",
            name="memory",
            version="0",
            api_version=self.api_version,
            architecture="amd64",
            operating_system="memory",
            os_type="linux",
            kernel="0",
            cpus=4,
            memory_bytes=8 * 1024**3,
            rootless=False,
            root=ROOT,
        )

    @_call
    def events(self, labels: Mapping[str, str]) -> Channel[EngineEvent]:
        """Events from now on of containers with these labels; as Docker's, no others tell their labels."""
        channel: Channel[EngineEvent] = Channel()
        self._subscribers.append((dict(labels), channel))
        return channel

    def close(self) -> None:
        """Nothing to release."""

    # --- containers ---

    @_call
    def list_containers(self, labels: Mapping[str, str]) -> tuple[ContainerSummary, ...]:
        """All with these labels, newest first as in Docker."""
        found = [record.as_summary() for record in self._records.values() if carries(record.labels, labels)]
        return tuple(reversed(found))

    @_call
    def inspect_container(self, container: str) -> Container:
        """By id or name."""
        record = self._find(container)
        return record.as_container(self._mounts_of(record))

    @_call
    def stats(self, container: str) -> Usage | None:
        """What it uses: as much of a core as its program is scripted to, since it started."""
        record, now = self._find(container), self._clock.now()
        if not record.is_running or record.started_at is None:
            return None
        told = self._scripts.behaviour_of(record.name, record.spec.image)
        return Usage(
            now, int((now - record.started_at).total_seconds() * told.cores * 1e9), told.memory_bytes
        )

    @_call
    def create_container(self, spec: ContainerSpec) -> str:
        """The new id. Trap, as in Docker: a volume that a mount names and that does not exist is made."""
        self._refuse_taken(spec.name)
        image = self._images.find(spec.image)
        if image is None:
            raise EngineNotFound(f"container {spec.name}: No such image: {spec.image}")
        self._paths.bind(spec)
        spec, own = self._with_volumes(spec)
        labels = {**image.labels, **spec.labels}
        record = Record(self._new_id(), spec.name, spec, labels, image.id, self._clock.now(), own_volumes=own)
        self._records[record.id] = record
        self._say(record, "create")
        return record.id

    @_call
    def start_container(self, container: str) -> None:
        """Start what was created; starting a running one does nothing."""
        record = self._find(container)
        if record.is_running:
            return
        if record.state not in ("created", "exited"):
            raise EngineConflict(f"container {record.name}: cannot be started, it is {record.state}")
        record.addresses = self._joined_or_attached(record)
        self._refuse_taken_ports(record)
        behaviour = self._scripts.behaviour_of(record.spec.name, record.spec.image)
        if behaviour.fails_to_start:
            record.error, record.exit_code = behaviour.fails_to_start, 127
            record.addresses = {}
            raise EngineError(f"container {record.name}: {behaviour.fails_to_start}")
        record.begin(self._clock.now())
        self._say(record, "start")
        for output in behaviour.output:
            record.write(self._clock.now(), output)
        if behaviour.exits_with is not None:
            self._end(record, behaviour.exits_with)
        elif not behaviour.hangs:
            self._help(record)

    @_call
    def signal_container(self, container: str, signal: str = "") -> None:
        """Send a signal; without one the image's stop signal."""
        record = self._find(container)
        self._must_run(record)
        image = self._images.find(record.spec.image)
        stop_signal = image.stop_signal if image else ""
        name = signal_name(signal or stop_signal or "TERM")
        record.signals.append(name)
        behaviour = self._scripts.behaviour_of(record.spec.name, record.spec.image)
        if name == "KILL":
            self._end(record, KILLED)
        elif ends_a_program(name, stop_signal) and not behaviour.ignores_sigterm:
            self._end(record, behaviour.sigterm_exit)

    @_call
    def pause_container(self, container: str) -> None:
        """Freeze it; a paused one stays so."""
        record = self._find(container)
        self._must_run(record)
        if record.state != "paused":
            record.state = "paused"
            self._say(record, "pause")

    @_call
    def unpause_container(self, container: str) -> None:
        """Let it go on; one that is not paused is no error."""
        record = self._find(container)
        if record.state == "paused":
            record.state = "running"
            self._say(record, "unpause")

    @_call
    def rename_container(self, container: str, name: str) -> None:
        """Give it another name."""
        record = self._find(container)
        self._refuse_taken(name)
        record.name = name
        self._say(record, "rename")

    @_call
    def remove_container(self, container: str, *, force: bool = False) -> None:
        """Remove it; a missing one is no error."""
        try:
            record = self._find(container)
        except EngineNotFound:
            return
        if record.is_running and not force:
            raise EngineConflict(f"container {record.name}: You cannot remove a running container")
        if record.is_running:
            self._end(record, KILLED)
        del self._records[record.id]
        for volume in record.own_volumes:
            self._volumes.remove(volume, ())
        self._say(record, "destroy")
        self.execs.forget(record.id)

    @_call
    def logs(self, container: str, options: LogOptions) -> Channel[Output]:
        """The container's log."""
        return self._find(container).log(options)

    def attach_container(self, container: str, *, stdin: bool, tty: bool) -> MemoryAttachment:
        """What it prints from now on, and its input."""
        with self.execs.preparing(container):
            return self._attach_container(container, stdin=stdin, tty=tty)

    @_call
    def _attach_container(self, container: str, *, stdin: bool, tty: bool) -> MemoryAttachment:
        del tty  # as it was created
        record = self._find(container)
        self._refuse_exec(record)
        return self._attached(record, stdin=stdin and record.spec.stdin)

    @_call
    def resize_container(self, container: str, columns: int, rows: int) -> None:
        """Tell its tty its size."""
        record = self._find(container)
        self._must_run(record)
        record.sizes.append((columns, rows))

    @_call
    def put_archive(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive. Trap, as in Docker: a volume in memory that nobody uses stays empty."""
        record = self._find(container)
        mount = mount_at(record, path)
        if mount.read_only if mount else record.spec.read_only_root:
            raise EngineError(f"{path} in container {record.name}: container rootfs is marked read-only")
        if mount is not None and self._paths.stat(record, path) is None:
            raise EngineNotFound(f"{path} in container {record.name}: Could not find the file {path}")
        self._paths.put(record, path, archive)
        self._empty_unused()

    @_call
    def stat_path(self, container: str, path: str) -> PathStat | None:
        """What is at a path."""
        return self._paths.stat(self._find(container), path)

    @_call
    def read_link(self, container: str, path: str) -> str:
        """What a symlink says."""
        return self._paths.read_link(self._find(container), path)

    @_call
    def file_end(self, container: str, path: str, at_most: int) -> bytes | None:
        """The last bytes of a file; None if there is none."""
        found = self.read_file(container, path)
        return None if found is None else found[-at_most:]

    # --- commands in containers ---

    def create_exec(self, container: str, spec: ExecSpec) -> str:
        """Prepare a command."""
        with self.execs.preparing(container):
            exec_id = self._create_exec(container, spec)
            self.execs.prepared(exec_id, container)
        return exec_id

    @_call
    def _create_exec(self, container: str, spec: ExecSpec) -> str:
        record = self._find(container)
        self._refuse_exec(record)
        command = Command(self._new_id(), record.id, spec)
        self._commands[command.id] = command
        return command.id

    def start_exec(self, exec_id: str, spec: ExecSpec) -> MemoryExecStream:
        """Start it and attach. `cat` prints what comes in as it comes; others see their input whole."""
        with self.execs.starting(exec_id):
            return self._start_exec(exec_id, spec)

    @_call
    def _start_exec(self, exec_id: str, spec: ExecSpec) -> MemoryExecStream:
        command = self._command(exec_id)
        record = self._find(command.container)
        self._refuse_exec(record)
        command.pid = next(self._pids)
        stream = record.open_command(
            command,
            functools.partial(self._take_input, command),
            functools.partial(self._run, command),
            reads=self._scripts.behaviour_of(record.spec.name, record.spec.image).reads,
        )
        if not spec.stdin:
            self._run(command)
        return stream

    @_call
    def inspect_exec(self, exec_id: str) -> ExecState:
        """Whether it still runs, and its exit code."""
        command = self._command(exec_id)
        if command.has_begun:
            self.execs.began(exec_id)
        return command.as_state()

    @_call
    def resize_exec(self, exec_id: str, columns: int, rows: int) -> None:
        """Tell a tty its size."""
        self._command(exec_id).sizes.append((columns, rows))

    # --- images, volumes, networks ---

    @_call
    def inspect_image(self, image: str) -> Image | None:
        """The local image, or None."""
        return self._images.find(image)

    @_call
    def pull_image(self, image: str, login: Login | None = None) -> Iterator[str]:
        """Pull as the lines are asked for."""
        return self._images.pull(image, login)

    @_call
    def import_image(self, name: str, root: bytes, changes: tuple[str, ...]) -> str:
        """Make an image; of the changes only LABEL is understood."""
        return self._images.make(name, root, changes)

    @_call
    def list_images(self, labels: Mapping[str, str]) -> tuple[Image, ...]:
        """Images that were made or added, by label."""
        return self._images.matching(labels)

    @_call
    def remove_image(self, image: str) -> None:
        """Remove; a missing one is no error, one in use is."""
        found = self._images.find(image)
        if found and any(record.image_id == found.id for record in self._records.values()):
            raise EngineConflict(f"image {image}: image is being used by a container")
        self._images.remove(image)

    @_call
    def create_volume(self, spec: VolumeSpec) -> Volume:
        """Create, or return whatever has the name."""
        return self._volumes.create(spec)

    @_call
    def inspect_volume(self, name: str) -> Volume | None:
        """The volume of that name, or None."""
        found = self._volumes.records.get(name)
        return found.volume if found else None

    @_call
    def list_volumes(self, labels: Mapping[str, str]) -> tuple[Volume, ...]:
        """Volumes with all of these labels."""
        volumes = (record.volume for record in self._volumes.records.values())
        return tuple(volume for volume in volumes if carries(volume.labels, labels))

    @_call
    def remove_volume(self, name: str) -> None:
        """Remove volume and data; a missing one is no error."""
        self._volumes.remove(name, [record.id[:12] for record in self._users_of(name)])

    @_call
    def create_network(self, spec: NetworkSpec) -> str:
        """The new id."""
        return self._networks.create(spec)

    @_call
    def list_networks(self) -> tuple[Network, ...]:
        """All networks."""
        return self._networks.all()

    @_call
    def remove_network(self, network: str) -> None:
        """Remove; a missing one is no error, one in use is."""
        found = self._networks.find(network)
        if found and any(found.name in record.addresses for record in self._records.values()):
            raise EngineConflict(f"network {network}: network {found.name} has active endpoints")
        self._networks.remove(network)
