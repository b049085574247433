"""Copies volumes into volumes through a helper container: the sandbox's program, as `pause copy`.

Waits for it, so that only lanes call this. Leaves what is copied and when to `taking.py` and `fills.py`.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.engine.specs import ContainerSpec, LogOptions, Mount
from minisets.errors import EngineError, EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from minisets.clock import Clock
    from minisets.engine.interface import ContainerSummary, Engine
    from minisets.engine.sandbox_image import SandboxImage

MARK = ".minisets-copy"
"""What `pause copy` has in a folder that is not whole yet."""

_LOOK_EVERY = timedelta(milliseconds=20)
# What `pause copy` does as root: owners, modes, special files, and what nobody else may read.
_RIGHTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETFCAP")


class CopyFailed(MinisetsError):
    """It could not be copied; the message says why."""


class TookTooLong(CopyFailed):
    """It was not done in time."""


class Stopping(MinisetsError):
    """The kubelet ends; whoever comes next begins anew."""


class PauseLasts(MinisetsError):
    """The engine would not let a container go on; its helper stays, and with it who it is."""


@dataclass(frozen=True)
class Pair:
    """Docker volumes, and a folder in each; empty: all of it."""

    source: str
    target: str
    source_folder: str = ""
    target_folder: str = ""


class Copier:
    """Helpers of one cluster. Safe from any thread."""

    def __init__(self, engine: Engine, image: SandboxImage, clock: Clock, cluster: str) -> None:
        self._engine = engine
        self._image = image
        self._clock = clock
        self._cluster = cluster
        self._changed = threading.Condition()
        self._in_use: set[str] = set()
        self._copying: list[Sequence[Pair]] = []
        self._stopping = False

    def stop(self) -> None:
        """Wait for nothing any more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    @contextmanager
    def helper(self, pairs: Sequence[Pair], paused: Iterable[str] = ()) -> Iterator[str]:
        """A container that is ready to copy; gone after the block, unless a pause could not be ended.

        Waits for those that write what it is to read, or have what it is to write. Stopping.
        """
        mounts = [Mount("volume", f"/s/{at}", pair.source, read_only=True) for at, pair in enumerate(pairs)]
        mounts += [Mount("volume", f"/t/{at}", pair.target) for at, pair in enumerate(pairs)]
        words = [word for at, pair in enumerate(pairs) for word in _words(at, pair)]
        with self._apart(pairs), self._made(mounts, ("copy", *words), paused) as container:
            yield container

    @contextmanager
    def looking(self, volume: str) -> Iterator[str]:
        """A container that has the volume at /s/0, and is never started."""
        with self._made([Mount("volume", "/s/0", volume, read_only=True)], (), ()) as container:
            yield container

    def run(self, container: str, within: timedelta | None = None) -> tuple[int, ...]:
        """Bytes of each pair's files. CopyFailed, TookTooLong, Stopping."""
        began = self._clock.elapsed()
        self._engine.start_container(container)
        while (seen := self._engine.inspect_container(container)).state != "exited":
            with self._changed:
                if self._stopping:
                    raise Stopping("the kubelet ends")
                if within is not None and self._clock.elapsed() - began > within:
                    raise TookTooLong(f"it was not copied within {within.total_seconds():g} s")
                self._clock.wait(self._changed, _LOOK_EVERY)
        said = self._said(container)
        if seen.exit_code != 0:
            raise CopyFailed(said.strip() or f"the copying container ended with {seen.exit_code}")
        return tuple(int(line) for line in said.split() if line.isdecimal())

    def let_go(self) -> None:
        """What a kubelet left that was killed while it copied: whoever it had paused goes on.

        Of all of it, whatever happens to one; what the engine said last is raised.
        """
        failed: MinisetsError | None = None
        for one in self._left():
            try:
                self.unpause(_paused_by(one))
                self._engine.remove_container(one.id, force=True)
            except MinisetsError as error:
                failed = error
        if failed is not None:
            raise failed

    def end_fills(self) -> None:
        """Those of a killed kubelet: they write on. Who paused somebody only reads claims: see `let_go`."""
        for one in self._left():
            if not _paused_by(one):
                self._engine.remove_container(one.id, force=True)

    def _left(self) -> list[ContainerSummary]:
        found = self._engine.list_containers(labels.copy_labels(self._cluster))
        with self._changed:
            return [one for one in found if one.name not in self._in_use]

    def unpause(self, containers: Iterable[str]) -> None:
        """All of them, whatever happens to one; what the engine said last is raised."""
        failed: EngineError | None = None
        for one in containers:
            try:
                with suppress(EngineNotFound):
                    self._engine.unpause_container(one)
            except EngineError as error:
                failed = error
        if failed is not None:
            raise PauseLasts(str(failed)) from failed

    @contextmanager
    def _apart(self, pairs: Sequence[Pair]) -> Iterator[None]:
        """Why: the copy of what was put back meanwhile is neither the one nor the other."""
        with self._changed:
            while not self._stopping and any(_meet(pairs, others) for others in self._copying):
                self._clock.wait(self._changed, None)
            if self._stopping:
                raise Stopping("the kubelet ends")
            self._copying.append(pairs)
        try:
            yield
        finally:
            with self._changed:
                self._copying.remove(pairs)
                self._changed.notify_all()

    @contextmanager
    def _made(self, mounts: list[Mount], words: tuple[str, ...], paused: Iterable[str]) -> Iterator[str]:
        name = f"{self._cluster}__copy-{secrets.token_hex(6)}"
        with self._changed:
            self._in_use.add(name)
        try:
            yield self._engine.create_container(
                ContainerSpec(
                    name,
                    self._image.ensured(),
                    labels.copy_labels(self._cluster, paused),
                    arguments=words,
                    mounts=tuple(mounts),
                    cap_drop=("ALL",),
                    cap_add=_RIGHTS,
                    no_new_privileges=True,
                    read_only_root=True,
                )
            )
        except PauseLasts:
            # Why it stays: its label is what the next one goes by.
            with self._changed:
                self._in_use.discard(name)
            raise
        except BaseException:
            self._drop(name)
            raise
        self._drop(name)

    def _drop(self, name: str) -> None:
        try:
            self._engine.remove_container(name, force=True)
        finally:
            with self._changed:
                self._in_use.discard(name)

    def _said(self, container: str) -> str:
        with closing(self._engine.logs(container, LogOptions())) as lines:
            return b"".join(data for _, data in lines).decode(errors="replace")


def _paused_by(helper: ContainerSummary) -> list[str]:
    return [word for word in helper.labels.get(labels.PAUSED, "").split(",") if word]


def _meet(some: Sequence[Pair], others: Sequence[Pair]) -> bool:
    """Whether one of the two writes what the other one has."""
    return any(
        one.target in (other.source, other.target) or other.target == one.source
        for one in some
        for other in others
    )


def _words(at: int, pair: Pair) -> tuple[str, str]:
    return f"/s/{at}/{pair.source_folder}".rstrip("/"), f"/t/{at}/{pair.target_folder}".rstrip("/")
