"""Files in the engine in memory: just enough to put archives in and to tell what a container would see."""

from __future__ import annotations

import io
import posixpath
import tarfile
from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file, a symlink where `link` is set, or a directory that was put there in so many words."""

    data: bytes = b""
    link: str = ""
    mode: int = 0o644
    user: int = 0
    group: int = 0
    is_directory: bool = False


DIRECTORY = File(is_directory=True)


def unpack(archive: bytes) -> dict[str, File]:
    """What is in a tar archive, by path."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if not (member.isfile() or member.issym() or member.isdir()):
                continue
            content = tar.extractfile(member) if member.isfile() else None
            found[posixpath.normpath(member.name).lstrip("/")] = File(
                content.read() if content else b"",
                member.linkname if member.issym() else "",
                member.mode,
                member.uid,
                member.gid,
                member.isdir(),
            )
    return found
