"""What a process of this machine holds: files, sockets, threads, memory. The kernel's figures."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Held:
    """What the process of the control plane has open and in memory; on this machine's engine only."""

    files: int
    sockets: int
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
            sockets=sum(target.startswith("socket:") for target in targets),
            threads=int(told["Threads"]),
            resident=int(told["VmRSS"].split()[0]) * 1024,
        )

    @classmethod
    def settled(cls, process: int) -> Self | None:
        """Once two looks, some time apart, find as many files and threads."""
        first = cls.by(process)
        time.sleep(0.5)
        second = cls.by(process)
        return second if (first.files, first.threads) == (second.files, second.threads) else None

    def __str__(self) -> str:
        return f"{self.files} files ({self.sockets} sockets), {self.threads} threads, {mib(self.resident)}"


def mib(size: float) -> str:
    return f"{size / (1 << 20):.0f} MiB"
