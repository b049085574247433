"""Archives that pass through: made of files as they are read, unpacked into files as they come.

Decides what of an archive may be written where: nothing outside the destination, no device, no link that
leads out of it. Leaves where the bytes come from and go to to `cp.py`.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

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
            info = archive.gettarinfo(path, str(member))
            if info is None or not (info.isreg() or info.isdir() or info.issym()):
                tell(f"warning: skipping {path}: it is no file, directory or symlink")
            else:
                _add(archive, path, info)


def _add(archive: tarfile.TarFile, path: Path, info: tarfile.TarInfo) -> None:
    if not info.isreg():
        archive.addfile(info)
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise MinisetsError(f"cannot read {path}: {error.strerror}") from error
    with file:
        archive.addfile(info, file)


def _files(path: Path) -> Iterator[Path]:
    """What has an entry: everything but directories that hold something."""
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    inside = sorted(path.iterdir())
    if not inside:
        yield path
    for one in inside:
        yield from _files(one)


class Unpacker:
    """Makes files of an archive below a destination. `written`: how many."""

    def __init__(self, destination: Path, top: str, tell: Callable[[str], None]) -> None:
        """top: what was asked for, as the archive names it; it becomes the destination."""
        self._destination = destination
        self._top = top
        self._tell = tell
        self._root = destination
        self.written = 0

    def unpack(self, source: BinaryIO) -> None:
        """Until the archive's end; MinisetsError where it is cut or not one."""
        try:
            with tarfile.open(fileobj=source, mode="r|", bufsize=_CHUNK) as archive:
                for member in archive:
                    self._take(archive, member)
            while source.read(_CHUNK):
                pass  # Why: who writes the archive would fail at its last block
        except tarfile.TarError as error:
            raise MinisetsError(f"the archive that came is not whole: {error}") from error
        except OSError as error:
            raise MinisetsError(
                f"cannot write {error.filename or self._destination}: {error.strerror}"
            ) from error

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = below(member.name, self._top)
        if name is None:
            raise MinisetsError(f'tar contents corrupted: "{member.name}" is not what was asked for')
        path = self._path(name, is_directory=member.isdir())
        if not self._is_inside(path.parent if name else path):
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

    def _path(self, name: str, *, is_directory: bool) -> Path:
        """Where a member goes: what was asked for into a directory that is there, unless it is one itself.

        Differs: kubectl refuses a file for which the destination is a directory.
        """
        if name:
            return self._destination / name
        if not is_directory and self._destination.is_dir():
            self._root = self._destination
            return self._destination / PurePosixPath(self._top).name
        self._root = self._destination if is_directory else self._destination.parent
        return self._destination

    def _is_inside(self, path: Path) -> bool:
        """Whether it is below the destination, whatever links lead there."""
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self._root))

    def _write(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
        content = archive.extractfile(member)
        if content is None:
            raise MinisetsError(f'tar contents corrupted: "{member.name}" has no content')
        self._make_room(path)
        with path.open("wb") as file:
            shutil.copyfileobj(content, file, _CHUNK)
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
            self._tell(f'warning: skipping symlink: "{path}" -> "{target}": it leads out of {self._root}')
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
            return
        self._make_room(path)
        path.hardlink_to(first)
        self.written += 1

    def _make_room(self, path: Path) -> None:
        """Its directory, and no link or file in its place: what is written must not go through one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.is_file():
            path.unlink()
