"""What goes into a control image, as a tar archive: this package and what its server needs.

Two ways: the distributions that are installed here, where the base's Python can load them; else the locked
wheels for the base's platform, downloaded here and checked by their hashes. Leaves the engine to `image.py`.
"""

from __future__ import annotations

import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Self

import minisets
from minisets.cluster.content import WRITTEN_DOWN, source_files
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = "opt/minisets"
"""Where it lies in the image, without the leading slash."""
_CLIENTS_ONLY = frozenset({"rich", "pygments", "markdown-it-py", "mdurl", "websockets"})
"""What no server imports; the image is tried before it is used."""
_DOWNLOADED_WITHIN = timedelta(minutes=5)
_GLIBC, _OLDEST_GLIBC = "glibc", 5
_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Python:
    """A Python, as it tells of itself.

    abi: of extension modules, with machine and C library (`cpython-311-x86_64-linux-gnu`); libc: `glibc` and
    its version, such as 2.36, or `musl`.
    """

    abi: str
    version: tuple[int, int]
    machine: str
    libc: str
    libc_version: tuple[int, int] = (0, 0)


ASK = """
import json, os, platform, sys, sysconfig
name, version = platform.libc_ver()
if name != 'glibc':
    name, version = 'musl', '1.2'
print(json.dumps({'abi': sysconfig.get_config_var('SOABI') or '', 'version': list(sys.version_info[:2]),
    'machine': platform.machine(), 'libc': name, 'libc_version': [int(n) for n in version.split('.')[:2]],
    'implementation': sys.implementation.name}))
"""
"""A program that prints what `python_told` reads: for any Python 3."""


def python_told(facts: dict[str, object]) -> Python:
    """From what `ASK` printed, as JSON. KeyError, TypeError or ValueError where it is something else."""
    if facts["implementation"] != "cpython":
        raise ValueError(f"{facts['implementation']} is not CPython")
    return Python(
        str(facts["abi"]),
        _pair(facts["version"]),
        str(facts["machine"]),
        str(facts["libc"]),
        _pair(facts["libc_version"]),
    )


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError(f"{value!r} is no version")
    return int(value[0]), int(value[1])


# --- the first way: what is installed here ---


def fits(base: Python) -> bool:
    """Whether what is installed here can be loaded there: the same Python, machine and C library."""
    return sys.platform == "linux" and bool(base.abi) and base.abi == sysconfig.get_config_var("SOABI")


def installed(content: str) -> bytes:
    """The archive of this package and of the distributions that it needs, as they are installed here.

    LookupError where one of them is not installed as a distribution, and so cannot be told from others.
    """
    with _Archive() as archive:
        archive.own(content)
        for found in needed():
            for file in found.files or ():
                path = Path(str(found.locate_file(file)))
                # Why the dots: scripts lie beside the packages, at ../../../bin.
                if ".." not in file.parts and path.is_file():
                    archive.add(file.as_posix(), path)
        return archive.closed()


def needed() -> list[Distribution]:
    """The installed distributions that the server needs, by name, this one left out."""
    found: dict[str, Distribution] = {}

    def take(name: str) -> None:
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            if name == "minisets":
                raise LookupError("minisets itself is not installed") from None
            return  # Why: required under a condition that does not hold here; the image is tried before use
        for requirement in found[name].requires or ():
            wanted = canonical(requirement)
            if "extra ==" not in requirement and wanted not in found and wanted not in _CLIENTS_ONLY:
                take(wanted)

    take("minisets")
    del found["minisets"]
    return [found[name] for name in sorted(found)]


def canonical(requirement: str) -> str:
    """The name that a requirement begins with, as indexes write it."""
    begin = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", begin.group()).lower() if begin else ""


# --- the second way: wheels for another platform ---


def downloaded(base: Python, lock: str, content: str) -> bytes:
    """The archive of this package and of the locked wheels for the base. MinisetsError says why not."""
    pip = _pip()
    with tempfile.TemporaryDirectory(prefix="minisets-wheels-") as folder:
        target, requirements = Path(folder) / "wheels", Path(folder) / "requirements.txt"
        requirements.write_text(for_linux(lock))
        words = [
            *pip,
            "install",
            *_pip_options(base),
            "--target",
            str(target),
            "--requirement",
            str(requirements),
        ]
        try:
            ran = subprocess.run(  # noqa: S603 - pip, with our own arguments
                words,
                stdin=subprocess.DEVNULL,
                # Why: a person's settings for their own installations would forbid this one.
                env={**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"},
                capture_output=True,
                text=True,
                timeout=_DOWNLOADED_WITHIN.total_seconds(),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MinisetsError(f"pip did not finish within {_DOWNLOADED_WITHIN.seconds} s") from error
        if ran.returncode:
            said = [line for line in ran.stderr.splitlines() if line.startswith("ERROR: ")]
            raise MinisetsError(
                f"pip could not get them: {(said or ['it said nothing'])[-1].removeprefix('ERROR: ')}"
            )
        with _Archive() as archive:
            archive.own(content)
            for path in source_files(target):
                archive.add(path.relative_to(target).as_posix(), path)
            return archive.closed()


def for_linux(lock: str) -> str:
    """The locked requirements of a server on Linux, each with its hashes; markers taken off.

    Why: pip evaluates markers for the Python that it runs in, which is not the one that is meant. What only
    an older Python needs does no harm in a newer one.
    """
    kept = []
    for block in re.split(r"\n(?=\S)", lock):
        head, *hashes = block.splitlines()
        requirement, _, marker = head.removesuffix("\\").partition(";")
        if (
            head.startswith("#")
            or "sys_platform == 'win32'" in marker
            or canonical(head) in _CLIENTS_ONLY
            or "==" not in head
        ):
            continue
        kept += [f"{requirement.strip()} \\", *(line for line in hashes if "--hash" in line)]
    return "\n".join(kept) + "\n"


def _pip_options(base: Python) -> Iterator[str]:
    yield from ("--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--no-compile")
    yield from ("--only-binary", ":all:", "--require-hashes", "--implementation", "cp")
    major, minor = base.version
    yield from ("--python-version", f"{major}.{minor}")
    for abi in (f"cp{major}{minor}", "abi3", "none"):
        yield from ("--abi", abi)
    for platform in platforms(base):
        yield from ("--platform", platform)


def platforms(base: Python) -> list[str]:
    """The tags of wheels that run there, the newest first. PEP 600, PEP 656."""
    if base.libc != _GLIBC:
        return [f"musllinux_1_{minor}_{base.machine}" for minor in (2, 1)]
    newest = base.libc_version[1]
    tags = [f"manylinux_2_{minor}_{base.machine}" for minor in range(newest, _OLDEST_GLIBC - 1, -1)]
    older = [f"manylinux{year}_{base.machine}" for year in ("2014", "2010", "1")]
    return [*tags, *(older if base.machine == "x86_64" else older[:1])]


def _pip() -> Sequence[str]:
    """Any pip can do it; this Python's own is preferred."""
    if importlib.util.find_spec("pip"):
        return (sys.executable, "-m", "pip")
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            return (found,)
    raise MinisetsError("there is no pip here to get them with: install pip")


# --- the archive ---


class _Archive:
    """A tar below `ROOT`, owned by root; times are kept, for compiled files name them."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w")  # noqa: SIM115 - closed by __exit__
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def own(self, content: str) -> None:
        """This package, with what Python has compiled of it, and which one it is."""
        package = Path(minisets.__file__).parent
        files: Iterable[Path] = package.rglob("*")
        for path in sorted(files):
            if path.is_file():
                self.add(path.relative_to(package.parent).as_posix(), path)
        entry = tarfile.TarInfo(f"{ROOT}/{WRITTEN_DOWN}")
        entry.size, entry.mode = len(content), 0o644
        self._tar.addfile(entry, io.BytesIO(content.encode()))

    def add(self, name: str, path: Path) -> None:
        if name in self._seen:
            return
        self._seen.add(name)
        entry = tarfile.TarInfo(f"{ROOT}/{name}")
        status = path.stat()
        entry.size, entry.mtime, entry.mode = status.st_size, int(status.st_mtime), 0o644
        with path.open("rb") as file:
            self._tar.addfile(entry, file)

    def closed(self) -> bytes:
        self._tar.close()
        return self._buffer.getvalue()
