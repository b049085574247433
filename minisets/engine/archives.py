"""Tar archives as `put_archive` takes them: what is in one is made here, and is root's.

Leaves what to put where to whoever calls.
"""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Entry = tuple[tarfile.TarInfo, bytes]
_ANYBODY = 0o777


def archive(entries: Iterable[Entry]) -> bytes:
    """A tar of these, in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry, content in entries:
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def folder(name: str, mode: int, group: int | None = None) -> Entry:
    """A folder; those above it are made where they are not there."""
    return _entry(name, tarfile.DIRTYPE, mode, group)


def file(name: str, mode: int, content: bytes = b"", group: int | None = None) -> Entry:
    """A file."""
    return _entry(name, tarfile.REGTYPE, mode, group, content)


def link(name: str, target: str, group: int | None = None) -> Entry:
    """A symlink."""
    entry, content = _entry(name, tarfile.SYMTYPE, _ANYBODY, group)
    entry.linkname = target
    return entry, content


def _entry(name: str, kind: bytes, mode: int, group: int | None, content: bytes = b"") -> Entry:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.gid = kind, mode, len(content), group or 0
    return entry, content
