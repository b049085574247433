"""`-f FILE|DIR|- ...` into manifests, one document at a time, as often as they are asked for."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minisets.errors import ManifestError, UsageError
from minisets.objects.manifests import Manifest, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENDINGS = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Files:
    """The files that were named; iterating reads them anew each time."""

    sources: tuple[tuple[str, Path], ...]

    def __iter__(self) -> Iterator[Manifest]:
        """Every manifest, in order; raises ManifestError at the first that cannot be read."""
        found = False
        for name, path in self.sources:
            try:
                with path.open(encoding="utf-8") as stream:
                    for manifest in read(stream, name):
                        found = True
                        yield manifest
            except OSError as error:
                raise ManifestError(f"{name}: cannot be read: {error.strerror}") from error
        if not found:
            names = ", ".join(name for name, _ in self.sources)
            raise ManifestError(f"{names}: no objects in it; write at least one document with a kind")


@contextmanager
def opened(names: Sequence[str]) -> Iterator[Files]:
    """The files behind the names; standard input is kept in a temporary file, for it is read twice."""
    with tempfile.TemporaryDirectory(prefix="minisets-") as folder:
        sources: list[tuple[str, Path]] = []
        for name in names:
            if name == "-":
                copy = Path(folder) / "stdin"
                with copy.open("wb") as file:
                    shutil.copyfileobj(sys.stdin.buffer, file)
                sources.append(("stdin", copy))
            else:
                sources += _below(Path(name))
        yield Files(tuple(sources))


def _below(path: Path) -> Iterator[tuple[str, Path]]:
    if not path.exists():
        raise UsageError(f'the path "{path}" does not exist')
    if not path.is_dir():
        yield str(path), path
        return
    inside = sorted(entry for entry in path.iterdir() if entry.suffix in _ENDINGS and entry.is_file())
    if not inside:
        raise UsageError(f'the folder "{path}" has no .yaml, .yml or .json files')
    for entry in inside:
        yield str(entry), entry
