"""Claims' volumes from a person's machine: how large they are, and what is in them, as a tar archive.

What is in a volume goes through a container of ours that is made and never started; an archive is never held
whole. Decides nothing about whose a volume is or who uses it: `cli/volumes_*.py`.
"""

from __future__ import annotations

import io
import secrets
import tarfile
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from minisets.cluster.calls import ControlCalls
from minisets.engine import labels
from minisets.engine.docker_errors import checked, translated
from minisets.engine.specs import ContainerSpec, Mount, VolumeSpec
from minisets.errors import EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from minisets.engine.interface import Volume

INSIDE = "/x"
_ROOT_OF_IT = f"{INSIDE}/."  # Why the dot: the archive's names then begin at the volume, not with `x/`
_READ_AT_MOST = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)
_ABANDONED_AFTER = timedelta(days=1)


class VolumeCalls(ControlCalls):
    """A Docker Engine, connected: `VolumeCalls.connect()`."""

    def sizes(self) -> dict[str, int]:
        """Bytes in each volume, by name. The engine walks through every file: costly."""
        with translated("the sizes of volumes"):
            answer = self._client.get(
                self._url("system/df"), params={"type": "volume"}, timeout=self._client.timeout
            )
            found: dict[str, Any] = checked(answer).json()
        sizes = {
            str(each["Name"]): int((each.get("UsageData") or {}).get("Size", -1))
            for each in found.get("Volumes") or ()
        }
        return {name: size for name, size in sizes.items() if size >= 0}

    def archive(self, container: str, path: str) -> Generator[bytes]:
        """What is at a path, as pieces of a tar archive. Trap: one that is cut short just ends."""
        with translated(f"{path} in container {container}"):
            yield from self._open(
                "GET",
                f"containers/{quote(container)}/archive",
                {"path": path},
                headers={"Accept-Encoding": "identity"},
            )

    def unpack(self, container: str, path: str, archive: Iterable[bytes]) -> None:
        """Unpack a tar archive that comes in pieces."""
        with translated(f"{path} in container {container}"):
            self._raw.put_archive(container, path, iter(archive))


@contextmanager
def opened(calls: VolumeCalls, image: str, cluster: str, volume: str) -> Iterator[str]:
    """A container that has the volume at INSIDE, for as long as the block runs."""
    _remove_abandoned(calls, cluster)
    # Why inspected: a mount makes a volume that is not there.
    if calls.inspect_volume(volume) is None:
        raise MinisetsError(f"the Docker volume {volume} is gone")
    name = f"{cluster}__transfer-{secrets.token_hex(6)}"
    mount = Mount("volume", INSIDE, volume)
    container = calls.create_container(
        ContainerSpec(name, image, labels.transfer_labels(cluster), mounts=(mount,))
    )
    try:
        yield container
    finally:
        calls.remove_container(container, force=True)


def _remove_abandoned(calls: VolumeCalls, cluster: str) -> None:
    """Those of commands that were killed."""
    now = datetime.now(UTC)
    for each in calls.list_containers(labels.transfer_labels(cluster)):
        with suppress(EngineNotFound):
            if now - calls.inspect_container(each.id).created_at > _ABANDONED_AFTER:
                calls.remove_container(each.id, force=True)


def content(calls: VolumeCalls, container: str) -> Iterator[bytes]:
    """The volume as a tar archive, in pieces. MinisetsError if the engine stopped before its end."""
    end = b""
    for piece in calls.archive(container, _ROOT_OF_IT):
        end = (end + piece)[-len(_END) :]
        yield piece
    if end != _END:
        raise MinisetsError("the engine stopped before the end of the archive: what was written is not whole")


def is_empty(calls: VolumeCalls, container: str) -> bool:
    """Whether there is nothing in the volume but its root."""
    with closing(calls.archive(container, _ROOT_OF_IT)) as pieces:
        source: Any = io.BufferedReader(_Pieces(pieces))
        with tarfile.open(fileobj=source, mode="r|") as tar:
            tar.next()
            return tar.next() is None


def fill(calls: VolumeCalls, container: str, archive: Archive) -> None:
    """Unpack into the volume; modes and owners are the archive's."""
    calls.unpack(container, INSIDE, archive.pieces)
    if archive.root is not None:
        # Why apart: the engine passes over an archive's `.`, so the volume's own mode and owner come so.
        calls.put_archive(container, "/", _as_inside(archive.root))


def _as_inside(root: tarfile.TarInfo) -> bytes:
    root.name = INSIDE.strip("/")
    return root.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape") + _END


def emptied(calls: VolumeCalls, volume: Volume) -> None:
    """The volume made anew, of the same name and labels. EngineConflict: something uses it; it stays."""
    calls.remove_volume(volume.name)
    calls.create_volume(VolumeSpec(volume.name, volume.labels, volume.driver, volume.options))


@dataclass(frozen=True)
class Archive:
    """A tar archive, to be read once; root: its first entry, if that is the folder that all is in."""

    root: tarfile.TarInfo | None
    pieces: Iterator[bytes]


def archive_in(file: BinaryIO) -> Archive:
    """MinisetsError if what is in the file does not begin as a tar archive."""
    begun = first = file.read(_BLOCK)
    try:
        entry = tarfile.TarInfo.frombuf(first, "utf-8", "surrogateescape")
        if entry.type in (tarfile.XHDTYPE, tarfile.XGLTYPE) and entry.size <= _READ_AT_MOST:
            first = file.read(-(-entry.size // _BLOCK) * _BLOCK + _BLOCK)
            begun += first
            entry = tarfile.TarInfo.frombuf(first[-_BLOCK:], "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise MinisetsError(f"what is to be read is no tar archive ({error}), or it is compressed") from error
    is_root = entry.isdir() and entry.name.rstrip("/") == "."
    return Archive(entry if is_root else None, _pieces(begun, file))


def _pieces(begun: bytes, file: BinaryIO) -> Iterator[bytes]:
    yield begun
    while piece := file.read(_READ_AT_MOST):
        yield piece


class _Pieces(io.RawIOBase):
    """Pieces, to be read as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next(self._pieces, b"")
        length = min(len(buffer), len(self._left))
        buffer[:length], self._left = self._left[:length], self._left[length:]
        return length
