"""What the engine in memory is made of, what a test may say about it, and what happens inside.

Leaves the engine's calls to `memory.py`. Script names take `*`; every method may be called from any thread.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from minisets.engine.gate import ExecGate
from minisets.engine.interface import EngineEvent
from minisets.engine.memory_containers import HUNG_UP, KILLED, Command, Record
from minisets.engine.memory_files import DIRECTORY, File
from minisets.engine.memory_paths import Paths
from minisets.engine.memory_resources import Images, Networks, Volumes, carries
from minisets.engine.memory_scripts import Scripts
from minisets.engine.specs import VolumeSpec
from minisets.errors import EngineConflict, EngineError, EngineNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from minisets.clock import Clock
    from minisets.engine.interface import Image, PathKind, State
    from minisets.engine.memory_streams import Channel
    from minisets.engine.specs import ContainerSpec, PublishedPort


class MemoryMachine:
    """The things of the engine, under one lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self.execs = ExecGate(clock)
        self._scripts = Scripts()
        self._is_away = False
        self._records: dict[str, Record] = {}
        self._commands: dict[str, Command] = {}
        self._images = Images()
        self._volumes = Volumes()
        self._paths = Paths(self._volumes)
        self.api_version = "1.41"
        self._networks = Networks()
        self._subscribers: list[tuple[Mapping[str, str], Channel[EngineEvent]]] = []
        self._numbers = itertools.count(1)
        self._pids = itertools.count(2)

    # --- scripting: what a test says ---

    def behave(self, which: str, **changes: Any) -> None:
        """Fields of `memory_scripts.Behaviour`, for containers of that name or image."""
        with self._lock:
            self._scripts.behave(which, changes)

    def fail_next(self, method: str, error: Exception, times: int = 1) -> None:
        """The next calls of that method of the engine raise the error, and do nothing."""
        if not hasattr(self, method):
            raise AttributeError(f"an engine has no method {method}")
        with self._lock:
            self._scripts.fail_next(method, error, times)

    def go_away(self) -> None:
        """The engine dies: calls fail, event streams end; containers run on."""
        with self._lock:
            self._is_away = True
            for _, channel in self._subscribers:
                channel.end()
            self._subscribers.clear()

    def come_back(self) -> None:
        """It answers again."""
        with self._lock:
            self._is_away = False

    def exit(self, container: str, code: int = 1, *, oom_killed: bool = False) -> None:
        """The container's program leaves by itself."""
        with self._lock:
            self._end(self._find(container), code, oom_killed=oom_killed)

    def tell_oom(self, container: str) -> None:
        """The event, which Docker has now and then only after the end; its inspect never tells it then."""
        with self._lock:
            self._say(self._find(container), "oom")

    def set_state(self, container: str, state: State) -> None:
        """A state that is hard to get: dead, removing, paused."""
        with self._lock:
            self._find(container).state = state

    def write_log(self, container: str, data: bytes, stream: Literal["stdout", "stderr"] = "stdout") -> None:
        """The container's program prints."""
        with self._lock:
            self._find(container).write(self._clock.now(), (stream, data))

    def miss_image(self, image: str) -> None:
        """There is no such image until it is pulled."""
        with self._lock:
            self._images.miss(image)

    def refuse_pull(self, image: str, complaint: str) -> None:
        """There is no such image, and pulling it fails; until `allow_pull`."""
        with self._lock:
            self._images.refuse(image, complaint)

    def lock_image(self, image: str, username: str, password: str) -> None:
        """There is no such image, and only this user may pull it."""
        with self._lock:
            self._images.lock(image, username, password)

    def allow_pull(self, image: str) -> None:
        """Pulling it works (again)."""
        with self._lock:
            self._images.allow(image)

    def add_image(self, image: Image) -> None:
        """An image with whatever a test wants it to have."""
        with self._lock:
            self._images.add(image)

    def spec_of(self, container: str) -> ContainerSpec:
        """What was said when the container was created."""
        with self._lock:
            return self._find(container).spec

    def signals_of(self, container: str) -> tuple[str, ...]:
        """The signals that it got, as `TERM`."""
        with self._lock:
            return tuple(self._find(container).signals)

    def sizes_of(self, exec_id: str) -> tuple[tuple[int, int], ...]:
        """Columns and rows that a command's tty was told."""
        with self._lock:
            return tuple(self._command(exec_id).sizes)

    def read_file(self, container: str, path: str) -> bytes | None:
        """What the container would read at a path, through mounts and symlinks; None if nothing is there."""
        with self._lock:
            record = self._find(container)
            found = self._paths.file(record, self._paths.followed(record, path))
            return found.data if found and not found.is_directory else None

    def write_file(self, container: str, path: str, data: bytes) -> None:
        """The container's program writes a file, through its mounts."""
        with self._lock:
            files, below = self._paths.place(self._find(container), path)
            files[below] = File(data)

    def files_of(self, volume: str) -> dict[str, File]:
        """The files and links in a volume, by path."""
        with self._lock:
            files = self._volumes.records[volume].files
            return {path: file for path, file in files.items() if not file.is_directory}

    def root_of(self, volume: str) -> File:
        """The owner and mode that a volume's root was given."""
        with self._lock:
            return self._volumes.records[volume].files.get("", DIRECTORY)

    def set_on_host(self, path: str, kind: PathKind | None) -> None:
        """What the machine has at a path; None: nothing. Of a path not told of it has a directory."""
        with self._lock:
            self._paths.set_on_host(path, kind)

    def link_on_host(self, path: str, target: str) -> None:
        """A symlink at a path of the machine, and what it says."""
        with self._lock:
            self._paths.link_on_host(path, target)

    def kind_on_host(self, path: str) -> PathKind | None:
        """What the machine has at a path."""
        with self._lock:
            return self._paths.kind_on_host(path)

    # --- how ---

    def _new_id(self) -> str:
        return hashlib.sha256(str(next(self._numbers)).encode()).hexdigest()

    def _find(self, container: str) -> Record:
        found = self._records.get(container) or self._named(container)
        if found is None:
            raise EngineNotFound(f"container {container}: No such container: {container}")
        return found

    def _named(self, name: str) -> Record | None:
        return next((record for record in self._records.values() if record.name == name), None)

    def _command(self, exec_id: str) -> Command:
        if exec_id not in self._commands:
            raise EngineNotFound(f"command {exec_id}: No such exec instance: {exec_id}")
        return self._commands[exec_id]

    @staticmethod
    def _must_run(record: Record) -> None:
        if not record.is_running:
            raise EngineConflict(f"container {record.name}: Container {record.id[:12]} is not running")

    def _refuse_exec(self, record: Record) -> None:
        if record.state == "paused":
            said = "is paused, unpause the container before exec"
            raise EngineConflict(f"container {record.name}: Container {record.id[:12]} {said}")
        self._must_run(record)

    def _refuse_taken(self, name: str) -> None:
        holder = self._named(name)
        if holder is not None:
            raise EngineConflict(
                f'container {name}: Conflict. The container name "/{name}" is already in use by container '
                f'"{holder.id[:12]}"'
            )

    def _refuse_taken_ports(self, record: Record) -> None:
        """Trap, as in Docker: a port of the machine is found to be taken only at the start."""
        for other in self._records.values():
            if other.is_running and (taken := _common_port(record.spec, other.spec)):
                raise EngineError(
                    f"container {record.name}: Bind for {taken.host_address}:{taken.host_port} failed: "
                    "port is already allocated"
                )

    def _with_volumes(self, spec: ContainerSpec) -> tuple[ContainerSpec, tuple[str, ...]]:
        """With a volume behind each mount that wants one, and the names of those that are its alone."""
        mounts, own = [], []
        for mount in spec.mounts:
            if mount.kind == "volume":
                name = mount.source or self._new_id()
                own += [] if mount.source else [name]
                self._volumes.create(VolumeSpec(name, dict(mount.labels)))
                mounts.append(replace(mount, source=name))
            else:
                mounts.append(mount)
        return replace(spec, mounts=tuple(mounts)), tuple(own)

    def _mounts_of(self, record: Record) -> dict[str, str]:
        """Where on the machine lies what the container sees: target -> path."""
        return {
            mount.target: self._volumes.records[mount.source].volume.mountpoint
            if mount.kind == "volume"
            else mount.source
            for mount in record.spec.mounts
        }

    def _users_of(self, volume: str) -> list[Record]:
        return [
            record
            for record in self._records.values()
            if any(mount.kind == "volume" and mount.source == volume for mount in record.spec.mounts)
        ]

    def _say(self, record: Record, action: str) -> None:
        event = EngineEvent("container", action, record.id, record.attributes(), self._clock.now())
        for labels, channel in self._subscribers:
            if carries(record.labels, labels):
                channel.put(event)

    def _joined_or_attached(self, record: Record) -> dict[str, str]:
        """The addresses that the container gets; raises if what it joins is not there or does not run."""
        spec = record.spec
        if spec.joins:
            why_not = "cannot join network of a non running container: {}"
            self._must_run_for(record, spec.joins, EngineConflict, why_not)
        if spec.joins_pid:
            self._must_run_for(record, spec.joins_pid, EngineError, "container {} is not running")
        if spec.joins:
            return {}
        if spec.attachment is None:
            return {}
        name = spec.attachment.network
        taken = {other.addresses[name] for other in self._records.values() if name in other.addresses}
        address = self._networks.address(name, spec.attachment.address, taken)
        return {name: address} if address else {}

    def _must_run_for(self, record: Record, container: str, error: type[EngineError], why_not: str) -> None:
        """Raise if whose namespace a container is to join does not run; as in Docker, that is on record."""
        joined = self._find(container)
        if not joined.is_running:
            record.error, record.exit_code = why_not.format(joined.id), 128
            raise error(f"container {record.name}: {record.error}")

    def _end(self, record: Record, exit_code: int, *, oom_killed: bool = False) -> None:
        """The program leaves; with it the programs of those who share its process ids."""
        if not record.is_running:
            return
        record.end(self._clock.now(), exit_code, oom_killed=oom_killed)
        self._say(record, "die")
        for other in list(self._records.values()):
            if other.spec.joins_pid in (record.id, record.name):
                self._end(other, KILLED)
        self._empty_unused()

    def _empty_unused(self) -> None:
        """A volume in memory is empty when nobody who runs mounts it."""
        for name, volume in self._volumes.records.items():
            if volume.is_in_memory and not any(user.is_running for user in self._users_of(name)):
                volume.files.clear()

    def _run_pause(self, record: Record, words: tuple[str, ...]) -> bytes:
        """Why it could not be done; empty if it was."""
        _, verb, directory, what = words
        if self._paths.stat(record, directory) is None:
            return f"pause: cannot open {directory}: error 2\n".encode()
        if verb == "swap":
            self._paths.swap(record, directory, what)
        else:
            self._paths.own(record, directory, int(what), unless_owned=verb == "match")
        return b""

    def _help(self, record: Record) -> None:
        """What our own `pause` does in a helper, at once; one that hangs goes on until `exit`."""
        verb, *words = record.spec.arguments or ("",)
        if verb == "copy":
            self._copy(record, words)
        elif verb == "end":
            self._end_command(record, *words)

    def _end_command(self, record: Record, pid: str, container: str) -> None:
        """`pause end PID CONTAINER`: a command of that container, and no other's."""
        for command in self._find(container).commands:
            if str(command.as_state().pid) == pid:
                command.end(HUNG_UP)
        self._end(record, 0)

    def _copy(self, record: Record, words: Sequence[str]) -> None:
        """`pause copy FROM TO...`."""
        for source, target in zip(words[::2], words[1::2], strict=True):
            if self._paths.stat(record, source) is None:
                record.write(
                    self._clock.now(), ("stderr", f"pause: cannot open {source}: error 2\n".encode())
                )
                self._end(record, 1)
                return
            size = self._paths.copy(record, source, target)
            record.write(self._clock.now(), ("stdout", f"{size}\n".encode()))
        self._end(record, 0)

    def _take_input(self, command: Command, data: bytes) -> None:
        with self._lock:
            if command.spec.command == ("cat",) and command.stream is not None:
                command.stream.put(("stdout", data))
            else:
                command.stdin += data

    def _run(self, command: Command) -> None:
        """Do what the script says, or what `cat` and our own `pause` do, and end."""
        with self._lock:
            if not command.is_running or command.stream is None:
                return
            record = self._find(command.container)
            words = command.spec.command
            if words == ("cat",):
                command.end(0)
                return
            if len(words) == 4 and words[1] in ("swap", "own", "match"):
                said = self._run_pause(record, words)
                if said:
                    command.stream.put(("stderr", said))
                command.end(1 if said else 0)
                return
            result = self._scripts.behaviour_of(record.spec.name, record.spec.image).run(words, command.stdin)
            if result.stdout:
                command.stream.put(("stdout", result.stdout))
            if result.stderr:
                command.stream.put(("stdout" if command.spec.tty else "stderr", result.stderr))
            command.is_seen_to_begin = result.begins
            if not result.hangs:
                command.end(result.exit_code, leaves_open=result.leaves_open)


def _common_port(one: ContainerSpec, other: ContainerSpec) -> PublishedPort | None:
    """The first port of the machine that both want."""
    taken = {(port.protocol, port.host_port) for port in other.ports}
    return next((port for port in one.ports if (port.protocol, port.host_port) in taken), None)
