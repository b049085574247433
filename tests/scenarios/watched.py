"""What a process of this machine holds: files, sockets, threads, memory. The kernel's figures."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

_INODE_OF_TCP, _INODE_OF_UNIX = 9, 6


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
        """Once two looks, some time apart, find as many files and threads."""
        first = cls.by(process)
        time.sleep(0.5)
        second = cls.by(process)
        return second if replace(first, resident=0) == replace(second, resident=0) else None

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
