"""Paths of the machine, which the kubelet cannot see: it looks through containers that bind them.

Such a container is made, never started and removed; it carries no pod's labels, so that its end wakes nobody.
Kubernetes: pkg/volume/hostpath checkTypeInternal; a missing path of no type is the engine's to make.
"""

from __future__ import annotations

import posixpath
import secrets
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.engine.archives import archive, file, folder
from minisets.engine.interface import ContainerSpec, Mount
from minisets.errors import (
    EngineConflict,
    EngineError,
    EngineNotFound,
    EngineTimeout,
    EngineUnavailable,
    MinisetsError,
)
from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes.mounts import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.engine.interface import Engine, PathKind
    from minisets.kubelet.images.sandbox_image import SandboxImage

INSIDE = "/x"
_KINDS: dict[str, tuple[PathKind, str]] = {
    "DirectoryOrCreate": ("directory", "a directory"),
    "Directory": ("directory", "a directory"),
    "FileOrCreate": ("file", "a file"),
    "File": ("file", "a file"),
    "Socket": ("socket", "a socket file"),
    "CharDevice": ("character device", "a character device"),
    "BlockDevice": ("block device", "a block device"),
}
_MISSING = ("does not exist", "no such file or directory")
_NOT_OF_THE_PATH = (EngineConflict, EngineNotFound, EngineTimeout, EngineUnavailable)


class HostPathMissing(MinisetsError):
    """The machine has nothing at a path."""


class HostPaths:
    """The machine of one engine, for one cluster. Safe from any thread."""

    def __init__(self, engine: Engine, image: SandboxImage, cluster: str) -> None:
        self._engine = engine
        self._image = image
        self._cluster = cluster
        self._lock = threading.Lock()
        self._in_use: set[str] = set()

    def check(self, path: str, kind: str) -> None:
        """Whether a path is what a hostPath's type says, once it is made where the type says that too.

        NotYet says, in Kubernetes' words, that it is not.
        """
        if kind not in (*_KINDS, LOCAL):
            return
        found = self._kind_of(path)
        if kind == LOCAL:
            if found is None:
                raise NotYet(f'path "{path}" does not exist', "FailedMount")
            return
        wanted, words = _KINDS[kind]
        if found is None and kind.endswith("OrCreate"):
            self._make(path, wanted)
        elif found != wanted:
            raise NotYet(f"hostPath type check failed: {path} is not {words}", "FailedMount")

    @contextmanager
    def opened(self, path: str, *, read_only: bool = False) -> Iterator[str]:
        """A container that has the path at INSIDE; HostPathMissing if the machine has nothing there."""
        name = f"{self._cluster}__look-{secrets.token_hex(6)}"
        with self._lock:
            self._in_use.add(name)
        try:
            yield self._made(name, path, read_only=read_only)
        finally:
            self._engine.remove_container(name, force=True)
            with self._lock:
                self._in_use.discard(name)

    def sweep(self) -> None:
        """Remove what a kubelet left that was killed while it looked."""
        for one in self._engine.list_containers(labels.look_labels(self._cluster)):
            with self._lock:
                is_left = one.name not in self._in_use
            if is_left:
                self._engine.remove_container(one.id, force=True)

    def _made(self, name: str, path: str, *, read_only: bool) -> str:
        mount = Mount("bind", INSIDE, path, read_only=read_only)
        own = labels.look_labels(self._cluster)
        try:
            return self._engine.create_container(
                ContainerSpec(name, self._image.ensured(), own, mounts=(mount,))
            )
        except _NOT_OF_THE_PATH:
            raise
        except EngineError as error:
            if any(words in str(error) for words in _MISSING):
                raise HostPathMissing(path) from error
            raise

    def _kind_of(self, path: str) -> PathKind | None:
        if posixpath.normpath(path) == "/":  # Why: to look into it would bind the whole machine for that
            return "directory"
        try:
            with self.opened(path, read_only=True) as container:
                found = self._engine.stat_path(container, INSIDE)
        except HostPathMissing:
            return None
        return found.kind if found else None

    def _make(self, path: str, kind: PathKind) -> None:
        """An empty file in a folder that is there, or a folder with all those above it."""
        parent, name = posixpath.split(posixpath.normpath(path))
        try:
            with self.opened(parent) as container:
                made = folder(name, 0o755) if kind == "directory" else file(name, 0o644)
                self._engine.put_archive(container, INSIDE, archive([made]))
        except HostPathMissing as error:
            if kind != "directory" or parent == "/":
                raise NotYet(f"open {path}: no such file or directory", "FailedMount") from error
            self._make(parent, kind)
            self._make(path, kind)
