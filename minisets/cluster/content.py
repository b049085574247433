"""Which minisets this is, as a short hash of its own files: what tells one control image from another.

Leaves out what it depends on: the lock ships among the files, and says what was tested. Cheap enough for
every command: in an image it is written down, and of an installed wheel the list of hashes is read.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import minisets

_LAYOUT = "1"
"""Of the image: a new number makes every image anew."""
_DIGITS = 12
WRITTEN_DOWN = "minisets.content"
"""The file beside the package that has it, in an image."""


@cache
def own_content() -> str:
    """The hash of the package that runs."""
    package = Path(minisets.__file__).parent
    try:
        return (package.parent / WRITTEN_DOWN).read_text().strip()
    except OSError:
        record = package.parent / f"minisets-{minisets.__version__}.dist-info" / "RECORD"
        return content_of(package, record)


def content_of(package: Path, record: Path) -> str:
    """Of the files that the wheel's record lists with their hashes, else of the files in the folder."""
    digest = hashlib.sha256(_LAYOUT.encode())
    listed = _listed(record)
    if listed:
        digest.update("\n".join(listed).encode())
    else:
        for file in source_files(package):
            digest.update(f"\n{file.relative_to(package).as_posix()}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:_DIGITS]


def source_files(package: Path) -> list[Path]:
    """The package's files, in order, without what Python made of them."""
    found = []
    for folder, folders, files in os.walk(package):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [path for name in files if (path := Path(folder) / name).is_file()]
    return sorted(found)


def _listed(record: Path) -> list[str]:
    """Lines such as `minisets/loop.py,sha256=...,8233`; what installers add has no hash."""
    try:
        lines = record.read_text().splitlines()
    except OSError:
        return []
    return sorted(line for line in lines if line.startswith("minisets/") and ",sha256=" in line)
