"""Archives that pass through: made of files as they are read, unpacked into files as they come.

Decides what of an archive may be written where: nothing outside the destination, no device, no link that
leads out of it. Leaves where the bytes come from and go to to `cp.py`.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from minisets.cli.copy_paths import below
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

_CHUNK = 1024 * 1024
_MODES = 0o755
"""As of a file that somebody else made: nobody but its owner may write it."""


def pack(source: Path, name: str, sink: BinaryIO, tell: Callable[[str], None]) -> None:
    """Write an archive in which `source` is called `name`.

    Kubernetes: kubectl pkg/cmd/cp `recursiveTar`: only empty directories have an entry of their own, so that
    a directory that is there already stays as it is.
    """
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.GNU_FORMAT, bufsize=_CHUNK) as archive:
        for path in _files(source):
            member = PurePosixPath(name, *path.relative_to(source).parts)
            _forget(archive)
            with _reading(path):
                info = archive.gettarinfo(path, str(member))
            if info is None or not (info.isreg() or info.isdir() or info.issym()):
                tell(f"warning: skipping {path}: it is no file, directory or symlink")
            else:
                _add(archive, path, info)


def _add(archive: tarfile.TarFile, path: Path, info: tarfile.TarInfo) -> None:
    if not info.isreg():
        archive.addfile(info)
        return
    with _reading(path):
        file = path.open("rb")
    with file:
        archive.addfile(info, file)


def _files(path: Path) -> Iterator[Path]:
    """What has an entry: everything but directories that hold something."""
    waiting = [path]
    while waiting:
        one = waiting.pop()
        with _reading(one):
            inside = sorted(one.iterdir(), reverse=True) if one.is_dir() and not one.is_symlink() else []
        if inside:
            waiting += inside
        else:
            yield one


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MinisetsError(f"cannot read {path}: {error.strerror}") from error


def _forget(archive: tarfile.TarFile) -> None:
    """What was: `tarfile` keeps all members, and has the second name of a file as a link to the first.

    Kubernetes: kubectl copies each name as a file.
    """
    archive.members.clear()  # type: ignore[attr-defined] # typeshed has neither
    archive.inodes.clear()  # type: ignore[attr-defined]


class _Header(tarfile.TarInfo):
    """Trap: `tarfile` takes a header that is cut, or none, for the archive's end; what follows is lost."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        """As its; MinisetsError where the archive goes on otherwise, or ends without its end."""
        try:
            return super().fromtarfile(tarfile)
        except _BROKEN as error:
            raise MinisetsError(f"the archive that came is not whole: {error}") from error


_BROKEN = (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError, tarfile.EmptyHeaderError)  # type: ignore[attr-defined] # typeshed has none of them


class Unpacker:
    """Makes files of an archive below a destination. `written`: how many."""

    def __init__(self, destination: Path, top: str, tell: Callable[[str], None]) -> None:
        """top: what was asked for, as the archive names it; it becomes the destination."""
        self._destination = destination
        self._top = top
        self._tell = tell
        self._fence = Path(os.path.realpath(destination))  # Why now: no member may move it
        self.written = 0

    def unpack(self, source: BinaryIO) -> None:
        """Until the archive's end; MinisetsError where it is cut or not one."""
        try:
            with tarfile.open(fileobj=source, mode="r|", bufsize=_CHUNK, tarinfo=_Header) as archive:
                for member in archive:
                    _forget(archive)
                    self._take(archive, member)
            while source.read(_CHUNK):
                pass  # Why: who writes the archive would fail at its last block
        except tarfile.TarError as error:
            raise MinisetsError(f"the archive that came is not whole: {error}") from error
        except (ValueError, OverflowError) as error:  # a name or a time that no file can have
            raise MinisetsError(f"tar contents corrupted: {error}") from error
        except OSError as error:
            raise MinisetsError(
                f"cannot write {error.filename or self._destination}: {error.strerror}"
            ) from error

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = below(member.name, self._top)
        if name is None:
            raise MinisetsError(f'tar contents corrupted: "{member.name}" is not what was asked for')
        path = self._destination / name if name else self._top_path(member)
        if name and not self._is_inside(path.parent):
            self._tell(f'warning: file "{path}" is outside target destination, skipping')
        elif member.isdir():
            path.mkdir(parents=True, exist_ok=True)
        elif member.issym():
            self._link(path, member.linkname)
        elif member.islnk():
            self._same(path, member.linkname)
        elif member.isreg():
            self._write(archive, member, path)
        else:
            self._tell(f'warning: skipping "{path}": it is no file, directory or symlink')

    def _top_path(self, member: tarfile.TarInfo) -> Path:
        """Where what was asked for goes: into a directory that is there, unless it is one itself.

        Through a link of the user's own, as kubectl writes. Differs: kubectl refuses a file for which the
        destination is a directory, and copies nothing, without an error, where a symlink was asked for.
        """
        if member.issym():
            raise MinisetsError(
                f'"{self._top}" is a symlink in the container, to "{member.linkname}": copy what it leads to'
            )
        if member.isdir():
            return self._destination
        if self._destination.is_dir():
            return self._destination / PurePosixPath(self._top).name
        is_special = self._destination.exists() and not self._destination.is_file()
        return self._destination if is_special else self._fence

    def _is_inside(self, path: Path) -> bool:
        """Whether it is below the destination, whatever links lead there."""
        return Path(os.path.realpath(path)).is_relative_to(self._fence)

    def _write(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
        content = archive.extractfile(member)
        if content is None:
            raise MinisetsError(f'tar contents corrupted: "{member.name}" has no content')
        self._make_room(path)
        with path.open("wb") as file:
            shutil.copyfileobj(content, file, _CHUNK)
        if path.is_file():  # Why: a device or a pipe of the machine stays as it is
            path.chmod(member.mode & _MODES | 0o600)
            os.utime(path, (member.mtime, member.mtime))
        self.written += 1

    def _link(self, path: Path, target: str) -> None:
        """Differs: kubectl skips every symlink; those that stay inside do no harm."""
        base = Path(os.path.realpath(path.parent))
        # Why no `..` but at the beginning: what a link to be made later leads to is not known yet.
        parts = PurePosixPath(target).parts
        plain = parts[next((at for at, part in enumerate(parts) if part != ".."), len(parts)) :]
        if PurePosixPath(target).is_absolute() or ".." in plain or not self._is_inside(base / target):
            out = f"it leads out of {self._destination}"
            self._tell(f'warning: skipping symlink: "{path}" -> "{target}": {out}')
            return
        self._make_room(path)
        path.symlink_to(target)
        self.written += 1

    def _same(self, path: Path, target: str) -> None:
        """A second name of a file that the archive had before."""
        name = below(target, self._top)
        first = None if name is None else self._destination / name
        if first is None or not self._is_inside(first) or not first.is_file():
            self._tell(f'warning: skipping "{path}": it is the same as "{target}", which is not copied')
        elif first.is_symlink():
            self._link(path, str(first.readlink()))  # Why: from here it may lead elsewhere
        elif not (path.exists() and path.samefile(first)):
            self._make_room(path)
            path.hardlink_to(first)
            self.written += 1

    def _make_room(self, path: Path) -> None:
        """Its directory, and no link or file in its place: what is written must not go through one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.is_file():
            path.unlink()
