"""One container of the engine in memory: record, log, commands. Called under the engine's lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minisets.engine.interface import Container, ContainerSummary, ExecState
from minisets.engine.memory_streams import Channel, MemoryAttachment, MemoryExecStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from minisets.engine.interface import Output, State
    from minisets.engine.memory_files import File
    from minisets.engine.specs import ContainerSpec, ExecSpec, LogOptions

KILLED, HUNG_UP = 137, 129
_NUMBERS = {"1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "15": "TERM"}
_ENDING = {"TERM", "INT", "QUIT"}


@dataclass
class Command:
    """A command in a container."""

    id: str
    container: str
    spec: ExecSpec
    stream: MemoryExecStream | None = None
    stdin: bytes = b""
    exit_code: int | None = None
    is_seen_to_begin: bool = True
    pid: int = 0
    sizes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Started and not ended."""
        return self.stream is not None and self.exit_code is None

    @property
    def has_begun(self) -> bool:
        """Whether the engine tells that it has, or had, a process."""
        return self.exit_code is not None or (self.stream is not None and self.is_seen_to_begin)

    def as_state(self) -> ExecState:
        """What an inspect tells."""
        pid = self.pid if self.is_running and self.has_begun else 0
        return ExecState(self.is_running, self.exit_code, self.has_begun, pid)

    def end(self, exit_code: int, *, leaves_open: bool = False) -> None:
        """End it, if it runs; its output may stay open, as when a child of it holds that."""
        if self.stream is not None and self.exit_code is None:
            self.exit_code = exit_code
            if not leaves_open:
                self.stream.end()


@dataclass
class Record:
    """A container. `files`: what was put below its own root, by path without the first slash."""

    id: str
    name: str
    spec: ContainerSpec
    labels: dict[str, str]
    image_id: str
    created_at: datetime
    state: State = "created"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    addresses: dict[str, str] = field(default_factory=dict)
    signals: list[str] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    own_volumes: tuple[str, ...] = ()
    stdin: bytes = b""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    attached: list[MemoryAttachment] = field(default_factory=list)
    _log: list[tuple[datetime, Output]] = field(default_factory=list)
    _followers: list[tuple[LogOptions, Channel[Output]]] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Whether it has a program, frozen or not."""
        return self.state in ("running", "paused")

    def as_container(self, mounts: Mapping[str, str]) -> Container:
        """What an inspect tells."""
        return Container(
            id=self.id,
            name=self.name,
            image=self.spec.image,
            image_id=self.image_id,
            state=self.state,
            labels=dict(self.labels),
            created_at=self.created_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            exit_code=self.exit_code,
            oom_killed=self.oom_killed,
            error=self.error,
            addresses=dict(self.addresses),
            mounts=mounts,
        )

    def as_summary(self) -> ContainerSummary:
        """What a list tells."""
        return ContainerSummary(self.id, self.name, self.state, dict(self.labels))

    def attributes(self) -> dict[str, str]:
        """What Docker says of a container in its events: its labels among others."""
        return {**self.labels, "image": self.spec.image, "name": self.name, "exitCode": str(self.exit_code)}

    def begin(self, now: datetime) -> None:
        """Its program runs."""
        self.state, self.started_at, self.finished_at = "running", now, None
        self.exit_code, self.oom_killed, self.error = 0, False, ""

    def end(self, now: datetime, exit_code: int, *, oom_killed: bool = False) -> None:
        """Its program has left; commands die with it, and logs end."""
        self.state, self.finished_at = "exited", now
        self.exit_code, self.oom_killed = exit_code, oom_killed
        self.addresses.clear()
        for command in self.commands:
            command.end(KILLED)
        for _, follower in self._followers:
            follower.end()
        self._followers.clear()
        for stream in self.attached:
            stream.end()
        self.attached.clear()

    def attach(self, on_input: Callable[[bytes], None], on_end: Callable[[], None]) -> MemoryAttachment:
        """Somebody sees what it prints from now on."""
        self.attached.append(MemoryAttachment(on_input, on_end))
        return self.attached[-1]

    def write(self, now: datetime, output: Output) -> None:
        """Its program prints; one entry a line, as in Docker's log."""
        stream, data = output
        for attached in self.attached:
            attached.put(("stdout" if self.spec.tty else stream, data))
        for line in data.splitlines(keepends=True):
            entry = (now, (stream, line))
            self._log.append(entry)
            for options, follower in self._followers:
                follower.put(_shown(entry, options))

    def log(self, options: LogOptions) -> Channel[Output]:
        """The part of the log that is asked for, and with `follow` what comes after it."""
        past = [entry for entry in self._log if options.since is None or entry[0] >= options.since]
        if options.tail is not None:
            past = past[max(0, len(past) - options.tail) :]
        channel = Channel([_shown(entry, options) for entry in past])
        if options.follow and self.is_running:
            self._followers.append((options, channel))
        else:
            channel.end()
        return channel

    def open_command(
        self, command: Command, on_input: Callable[[bytes], None], on_end: Callable[[], None], *, reads: bool
    ) -> MemoryExecStream:
        """A command begins."""
        command.stream = MemoryExecStream(on_input, on_end, reads=reads)
        self.commands.append(command)
        return command.stream


def signal_name(signal: str) -> str:
    """`SIGTERM`, `TERM` and `15` as `TERM`."""
    bare = signal.upper().removeprefix("SIG")
    return _NUMBERS.get(bare, bare)


def ends_a_program(name: str, stop_signal: str) -> bool:
    """Whether a program that has not been told otherwise leaves on this signal."""
    return name in _ENDING or name == signal_name(stop_signal or "TERM")


def _shown(entry: tuple[datetime, Output], options: LogOptions) -> Output:
    moment, (stream, line) = entry
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode() if options.timestamps else b""
    return stream, stamp + line
