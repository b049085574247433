"""`-f FILE|DIR|- ...` into manifests, one document at a time, as often as they are asked for."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING

from minisets.errors import ManifestError, UsageError
from minisets.objects.manifests import Manifest, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENDINGS = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Files:
    """The files that were named; iterating reads them anew each time."""

    sources: tuple[tuple[str, Path | IO[bytes]], ...]

    def __iter__(self) -> Iterator[Manifest]:
        """Every manifest, in order; raises ManifestError at the first that cannot be read."""
        found = False
        for manifest in chain.from_iterable(self.each()):
            found = True
            yield manifest
        if self.sources and not found:
            raise self.nothing()

    def each(self) -> Iterator[Iterator[Manifest]]:
        """The manifests of each file by itself: who goes on after a broken one has those of the next."""
        return (_manifests(name, source) for name, source in self.sources)

    def nothing(self) -> ManifestError:
        """What is said of files without any object."""
        names = ", ".join(name for name, _ in self.sources)
        return ManifestError(f"{names}: no objects in it; write at least one document with a kind")


def _manifests(name: str, source: Path | IO[bytes]) -> Iterator[Manifest]:
    try:
        with _text(source) as stream:
            yield from read(stream, name)
    except OSError as error:
        raise ManifestError(f"{name}: cannot be read: {error.strerror}") from error


@contextmanager
def _text(source: Path | IO[bytes]) -> Iterator[IO[str]]:
    """The text from its beginning."""
    if isinstance(source, Path):
        with source.open(encoding="utf-8") as stream:
            yield stream
        return
    source.seek(0)
    kept = io.TextIOWrapper(source, encoding="utf-8")
    try:
        yield kept
    finally:
        kept.detach()


@contextmanager
def opened(names: Sequence[str]) -> Iterator[Files]:
    """The files behind the names; what can be read only once is kept meanwhile."""
    if names.count("-") > 1:
        raise UsageError("standard input cannot be used for several arguments: write `-f -` once")
    with ExitStack() as copies:
        sources: list[tuple[str, Path | IO[bytes]]] = []
        for name in names:
            if name == "-":
                sources.append(("stdin", _kept(sys.stdin.buffer, copies)))
            else:
                sources += _behind(Path(name), copies)
        yield Files(tuple(sources))


def _kept(stream: IO[bytes], copies: ExitStack) -> IO[bytes]:
    """A copy. Why one without a name: it may hold Secrets, and who is killed cannot remove it."""
    copy = copies.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(stream, copy)
    return copy


def _behind(path: Path, copies: ExitStack) -> Iterator[tuple[str, Path | IO[bytes]]]:
    """The files that a name means; a pipe (`-f <(command)`) is kept."""
    try:
        if path.is_dir():
            yield from _inside(path)
        elif path.is_file():
            yield str(path), path
        elif path.exists():
            with path.open("rb") as stream:
                yield str(path), _kept(stream, copies)
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
