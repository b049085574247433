"""Paths of the machine, which the kubelet cannot see: it looks through containers that bind them.

Every path is first followed, link by link (`links.py`): one that leads to the engine's own is refused.
Such a container is made, never started and removed; it carries no pod's labels, so that its end wakes nobody.
Kubernetes: pkg/volume/hostpath checkTypeInternal; a missing path of no type is the engine's to make.
"""

from __future__ import annotations

import posixpath
import secrets
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.engine.archives import archive, file, folder
from minisets.engine.specs import ContainerSpec, Mount
from minisets.errors import (
    EngineConflict,
    EngineError,
    EngineNotFound,
    EngineTimeout,
    EngineUnavailable,
    MinisetsError,
)
from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes.links import real_path, ways
from minisets.kubelet.volumes.mounts import LOCAL
from minisets.objects.barred_paths import DATA, EVERYWHERE, SOCKET, Barred, is_within, reached, relation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.engine.interface import Engine, PathKind
    from minisets.engine.sandbox_image import SandboxImage
    from minisets.settings import Settings

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
_STATE = "the state of minisets"
_ADVICE = (
    "no pod may reach that, not even to read, because every volume and the state of minisets lie there or "
    "behind it; name a path outside of it"
)
_MISSING = ("does not exist", "no such file or directory")
_NOT_OF_THE_PATH = (EngineConflict, EngineNotFound, EngineTimeout, EngineUnavailable)


class HostPathMissing(MinisetsError):
    """The machine has nothing at a path."""


class HostPaths:
    """The machine of one engine, for one cluster. Safe from any thread."""

    def __init__(self, engine: Engine, image: SandboxImage, settings: Settings) -> None:
        self._engine = engine
        self._image = image
        self._settings = settings
        self._cluster = settings.cluster
        self._lock = threading.Lock()
        self._in_use: set[str] = set()

    def check(self, path: str, kind: str) -> None:
        """Whether a path is what a hostPath's type says, once it is made where the type says that too.

        NotYet says, in Kubernetes' words, that it is not; or that no pod may reach where it leads.
        """
        self.refuse(path)
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

    def refuse(self, *paths: str) -> None:
        """NotYet says which path leads to what no pod may reach.

        `Differs:` a kubelet mounts all that it is told to. Of what is kept here nothing is remembered: a link
        is looked at anew each time, and between that and the mount it can still be changed.
        """
        own = self._own()
        for path in paths:
            _refuse_one(path, posixpath.normpath(path), (*own, *EVERYWHERE))
        with self.opened("/", read_only=True) as container:
            look = cache(partial(self._seen, container))
            for path in paths:
                for way in ways(path, look):
                    _refuse_one(path, way, (*own, *EVERYWHERE))
            real = tuple(replace(one, path=real_path(one.path, look)) for one in own)
            for path in paths if real != own else ():
                _refuse_one(path, real_path(path, look), real)

    def _own(self) -> tuple[Barred, ...]:
        """What this engine and this cluster say of themselves: the engine's data, its socket, our state.

        Why not what is barred everywhere: to follow a link takes the engine longer than all else here.
        """
        info = self._engine.info()
        data = (Barred(info.root, DATA),) if info.root else ()
        known = (*data, *EVERYWHERE)
        more = (one for one in self._behind_us(info.socket) if one.path.startswith("/"))
        return (*data, *(one for one in more if not any(is_within(one.path, each.path) for each in known)))

    def _behind_us(self, socket: str) -> list[Barred]:
        """Where on the machine lies what the control container mounts; without one we are on the machine."""
        try:
            control = self._engine.inspect_container(self._cluster)
        except EngineNotFound:
            control = None
        if control is not None and labels.is_control(control.labels, self._cluster):
            mounted = control.mounts.items()
            return [Barred(source, SOCKET if to.endswith(".sock") else _STATE) for to, source in mounted]
        if self._settings.engine == "memory":
            return []
        return [Barred(socket, SOCKET), Barred(str(self._settings.state.absolute()), _STATE)]

    def _seen(self, container: str, path: str) -> str | None:
        """What stands at a path, as `ways` asks for it."""
        inside = f"{INSIDE}{path}"
        found = self._engine.stat_path(container, inside)
        if found is not None and found.kind == "symlink":
            # Why the rest: Podman shows what a link leads to for the link; where that is it tells.
            return self._engine.read_link(container, inside) or found.link.removeprefix(INSIDE)
        return "" if found is not None and found.kind == "directory" else None

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


def _refuse_one(path: str, way: str, barred: tuple[Barred, ...]) -> None:
    found = reached(way, barred)
    if found is None:
        return
    if way == posixpath.normpath(path):
        where = f'path "{path}" {relation(way, found)}'
    elif way == found.path:
        where = f'path "{path}" leads to {found.path}, {found.what}'
    else:
        where = f'path "{path}" leads to {way}, which {relation(way, found)}'
    raise NotYet(f"{where}: {_ADVICE}", "FailedMount")
