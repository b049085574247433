"""Files in the engine in memory: just enough to put archives in and to read what a container would see."""

from __future__ import annotations

import io
import posixpath
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINKS_AT_MOST = 8


@dataclass(frozen=True)
class File:
    """A file, or a symlink where `link` is set."""

    data: bytes = b""
    link: str = ""
    mode: int = 0o644
    user: int = 0
    group: int = 0


def unpack(archive: bytes) -> dict[str, File]:
    """What is in a tar archive, by path; folders are left out."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if not (member.isfile() or member.issym()):
                continue
            content = tar.extractfile(member) if member.isfile() else None
            found[posixpath.normpath(member.name).lstrip("/")] = File(
                content.read() if content else b"",
                member.linkname if member.issym() else "",
                member.mode,
                member.uid,
                member.gid,
            )
    return found


def resolve(files: Mapping[str, File], path: str) -> File | None:
    """The file at a path below the root of `files`, following relative symlinks; None if there is none."""
    path = posixpath.normpath(path)
    for _ in range(_LINKS_AT_MOST):
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            head = "/".join(parts[:count])
            if head in files and files[head].link:
                target = posixpath.join(posixpath.dirname(head), files[head].link)
                path = posixpath.normpath(posixpath.join(target, *parts[count:]))
                break
        else:
            return files.get(path)
    return None
