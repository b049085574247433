"""`-f FILE|DIR|- ...` into manifests, one document at a time, as often as they are asked for."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

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
    """The files behind the names; what can be read only once is kept in a temporary file meanwhile."""
    if names.count("-") > 1:
        raise UsageError("standard input cannot be used for several arguments: write `-f -` once")
    with tempfile.TemporaryDirectory(prefix="minisets-") as folder:
        sources: list[tuple[str, Path]] = []
        for place, name in enumerate(names):
            if name == "-":
                sources.append(("stdin", _kept(sys.stdin.buffer, Path(folder) / str(place))))
            else:
                sources += _behind(Path(name), Path(folder) / str(place))
        yield Files(tuple(sources))


def _kept(stream: BinaryIO, copy: Path) -> Path:
    with copy.open("wb") as file:
        shutil.copyfileobj(stream, file)
    return copy


def _behind(path: Path, copy: Path) -> Iterator[tuple[str, Path]]:
    """The files that a name means; `copy` is where a pipe (`-f <(command)`) may be kept."""
    try:
        if path.is_dir():
            yield from _inside(path)
        elif path.is_file():
            yield str(path), path
        elif path.exists():
            with path.open("rb") as stream:
                yield str(path), _kept(stream, copy)
        else:
            raise UsageError(f'the path "{path}" does not exist')
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror}") from error


def _inside(folder: Path) -> Iterator[tuple[str, Path]]:
    """Kubernetes: cli-runtime pkg/resource `ExpandPathsToFileVisitors`: the folder's own files, by name."""
    inside = sorted(entry for entry in folder.iterdir() if entry.suffix in _ENDINGS and entry.is_file())
    if not inside:
        raise UsageError(f'the folder "{folder}" has no .yaml, .yml or .json files')
    for entry in inside:
        yield str(entry), entry
