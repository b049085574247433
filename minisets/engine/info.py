"""What an engine says of itself and its machine, and what follows from it: which it is, what it can do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineInfo:
    """What the engine says of itself and of its machine. root: where it keeps its data.

    socket: where it answers us, as we see it; empty where that is no Unix socket.
    """

    id: str
    name: str
    version: str
    api_version: str
    architecture: str
    operating_system: str
    os_type: str
    kernel: str
    cpus: int
    memory_bytes: int
    rootless: bool
    root: str = ""
    socket: str = ""

    @property
    def has_sub_paths(self) -> bool:
        """Whether it mounts a part of a volume, and sees to it that nothing else is seen."""
        return self._knows(1, 45)

    @property
    def has_recursion(self) -> bool:
        """Whether it can be told how far read-only reaches."""
        return self._knows(1, 44)

    def _knows(self, *version: int) -> bool:
        return tuple(int(part) for part in self.api_version.split(".")) >= version

    @property
    def identity(self) -> str:
        """Tells the engines of one machine apart. Why not the id: Podman makes one for each question."""
        return f"{self.name}:{self.root}"
