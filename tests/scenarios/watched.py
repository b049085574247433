"""What a process of this machine holds: files, sockets, threads, memory. The kernel's figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from tests.waiting import holds

_INODE_OF_TCP, _INODE_OF_UNIX = 9, 6
_SETTLED_AFTER = timedelta(milliseconds=500)


@dataclass(frozen=True)
class Held:
    """What the process of the control plane has open and in memory; on this machine's engine only."""

    files: int
    clients: int
    engine: int
    threads: int
    resident: int

    @classmethod
    def by(cls, process: int) -> Self:
        root = Path(f"/proc/{process}")
        targets = []
        for entry in (root / "fd").iterdir():
            try:
                targets.append(str(entry.readlink()))
            except FileNotFoundError:
                continue  # closed meanwhile
        told = dict(line.split(":", 1) for line in (root / "status").read_text().splitlines())
        return cls(
            files=len(targets),
            clients=_sockets(root, targets, "tcp", _INODE_OF_TCP)
            + _sockets(root, targets, "tcp6", _INODE_OF_TCP),
            engine=_sockets(root, targets, "unix", _INODE_OF_UNIX),
            threads=int(told["Threads"]),
            resident=int(told["VmRSS"].split()[0]) * 1024,
        )

    @classmethod
    def settled(cls, process: int) -> Self | None:
        """Once there are as many files and threads for a while."""
        first = replace(cls.by(process), resident=0)
        try:
            holds(lambda: replace(cls.by(process), resident=0) == first, str(first), _SETTLED_AFTER)
        except AssertionError:
            return None
        return cls.by(process)

    def __str__(self) -> str:
        return (
            f"{self.files} files ({self.clients} connections of the network, {self.engine} of the machine), "
            f"{self.threads} threads, {mib(self.resident)}"
        )


def _sockets(root: Path, targets: list[str], kind: str, column: int) -> int:
    """How many of these files are sockets of that kind."""
    lines = (root / "net" / kind).read_text().splitlines()[1:]
    known = {f"socket:[{line.split()[column]}]" for line in lines}
    return sum(target in known for target in targets)


def mib(size: float) -> str:
    return f"{size / (1 << 20):.0f} MiB"
