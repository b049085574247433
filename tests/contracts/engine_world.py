"""What the engines' contract works in: a cluster for each test, its programs, and ways to wait."""

import io
import itertools
import secrets
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from minisets.engine.interface import Container, Engine, ExecState, Output
from minisets.engine.specs import ContainerSpec, ExecSpec, LogOptions, NetworkSpec
from tests import waiting

IMAGE = "minisets.test/busy:1"
PATIENCE = timedelta(seconds=15)
PROGRAMS = {
    "obedient": "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done",
    "stubborn": "trap '' TERM; echo ready; while :; do sleep 0.05; done",
    "reader": "echo ready; while read line; do echo got $line; done; exit 5",
    "reciter": "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end",
    "printer": "trap 'echo two >&2; exit 7' TERM; echo ready; while :; do sleep 0.05; done",
}
SAYS_HELLO = ("echo", "hello")
FAILS = ("sh", "-c", "echo oops >&2; exit 4")
COUNTS = ("wc", "-c")
HANGS = ("sleep", "600")

Item = TypeVar("Item")


@dataclass
class World:
    """One test's cluster on an engine: everything in it carries its label, and is removed with it."""

    engine: Engine
    cluster: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def labels(self) -> dict[str, str]:
        return {"dev.minisets.cluster": self.cluster}

    def name(self, what: str) -> str:
        return f"{self.cluster}-{what}-{next(self._numbers)}"

    def spec(self, program: str = "obedient", **changes: Any) -> ContainerSpec:
        plain = ContainerSpec(
            self.name(program), IMAGE, self.labels, arguments=("sh", "-c", PROGRAMS[program])
        )
        return replace(plain, **changes)

    def create(self, program: str = "obedient", **changes: Any) -> str:
        return self.engine.create_container(self.spec(program, **changes))

    def start(self, program: str = "obedient", **changes: Any) -> str:
        """A container whose program is so far that it knows what to do with signals."""
        container = self.create(program, **changes)
        self.engine.start_container(container)
        until(lambda: b"ready" in self.logged(container))
        return container

    def logged(self, container: str) -> bytes:
        """All that it has printed."""
        return b"".join(data for _, data in drained(self.engine.logs(container, LogOptions())))

    def ended(self, container: str) -> Container:
        until(lambda: self.engine.inspect_container(container).state == "exited")
        return self.engine.inspect_container(container)

    def network(self) -> NetworkSpec:
        third = secrets.randbelow(256)
        return NetworkSpec(
            self.name("net"),
            f"198.18.{third}.0/24",
            f"198.18.{third}.1",
            f"198.18.{third}.192/26",
            self.labels,
        )

    def run(self, container: str, command: tuple[str, ...]) -> tuple[list[Output], ExecState]:
        """A command's output and how it ended."""
        spec = ExecSpec(command)
        exec_id = self.engine.create_exec(container, spec)
        output = drained(self.engine.start_exec(exec_id, spec))
        until(lambda: not self.engine.inspect_exec(exec_id).running)
        return output, self.engine.inspect_exec(exec_id)

    def remove(self) -> None:
        for container in self.engine.list_containers(self.labels):
            self.engine.remove_container(container.id, force=True)
        for network in self.engine.list_networks():
            if network.labels.get("dev.minisets.cluster") == self.cluster:
                self.engine.remove_network(network.id)
        for volume in self.engine.list_volumes(self.labels):
            self.engine.remove_volume(volume.name)


def archive(files: Mapping[str, bytes | str]) -> bytes:
    """Files by path; a text is where a symlink leads."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(data, str):
                member.type, member.linkname, member.mode = tarfile.SYMTYPE, data, 0o777
                tar.addfile(member)
            else:
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def until(happened: Callable[[], Item | None]) -> Item:
    """The first answer that is true."""
    told = waiting.until(happened, "the engine", PATIENCE)
    assert told is not None
    return told


def drained(stream: Iterable[Item]) -> list[Item]:
    """All of a stream that is to end by itself."""
    with collecting(stream) as (items, ended):
        until(ended)
        return items


@contextmanager
def collecting(stream: Iterable[Item]) -> Iterator[tuple[list[Item], Callable[[], bool]]]:
    """What a thread reads from a stream, as it grows, and whether the stream has ended."""
    items: list[Item] = []
    reader = threading.Thread(target=lambda: items.extend(_each(stream, items)), daemon=True)
    reader.start()
    try:
        yield items, lambda: not reader.is_alive()
    finally:
        if reader.is_alive():
            stream.close()  # type: ignore[attr-defined] # every stream of an engine has it
            reader.join(PATIENCE.total_seconds())


def _each(stream: Iterable[Item], items: list[Item]) -> Iterator[Item]:
    for item in stream:
        items.append(item)
        yield from ()
