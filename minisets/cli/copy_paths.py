"""What `cp` copies where: its arguments, the paths in a container, and names in its archives. Pure.

Kubernetes: kubectl pkg/cmd/cp `extractFileSpec`, `remotePath`, `stripPathShortcuts`.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from minisets.errors import UsageError

_FORM = "filespec must match the canonical format: [[namespace/]pod:]file/path"
_NO_TAR = (126, 127)
"""What a shell, and the engine, answer for a program that is not there or cannot be run."""


@dataclass(frozen=True)
class Place:
    """A path on this machine, or in a pod where one is named."""

    pod: str
    namespace: str
    path: str


def place(text: str, namespace: str) -> Place:
    """What an argument says; UsageError where it says nothing."""
    head, colon, path = text.partition(":")
    if not colon:
        return _named("", "", text)
    pieces = head.split("/")
    if not head or len(pieces) > 2:
        raise UsageError(_FORM)
    return _named(pieces[-1], pieces[0] if len(pieces) == 2 else namespace, path)


def _named(pod: str, namespace: str, path: str) -> Place:
    if not path:
        raise UsageError("filepath can not be empty")
    return Place(pod, namespace, path)


def refuse_both_ends(source: Place, destination: Place) -> None:
    """One of them must be in a pod, and only one."""
    if source.pod and destination.pod:
        raise UsageError("one of src or dest must be a local file specification")
    if not source.pod and not destination.pod:
        raise UsageError("one of src or dest must be a remote file specification")


def cleaned(path: str) -> str:
    """Without what says nothing: `a//b/../c/` is `a/c`."""
    clean = posixpath.normpath(path)
    return clean[1:] if clean.startswith("//") else clean


def in_archive(path: str) -> str:
    """How an archive names what it was made of: nothing leads up or to the root; empty for the root."""
    clean = cleaned(path).lstrip("/")
    while clean == ".." or clean.startswith("../"):
        clean = clean[3:]
    return "" if clean == "." else clean


def below(name: str, top: str) -> str | None:
    """A member's name from the top on, empty for the top itself; None where it is elsewhere."""
    clean = in_archive(name)
    if not top or clean == top:
        return "" if clean == top else clean
    return clean[len(top) + 1 :] if clean.startswith(f"{top}/") else None


def put_into(directory: str, local: str) -> str:
    """The path of a local file that is copied into a directory of a container."""
    name = posixpath.basename(posixpath.normpath(local))
    return cleaned(directory) if name in ("", ".", "..") else cleaned(posixpath.join(directory, name))


def unpacking(path: str, *, preserve: bool) -> tuple[tuple[str, ...], str]:
    """The command that makes what it reads into `path`, and the name that it must have in the archive."""
    clean = cleaned(path)
    folder, name = posixpath.split(clean)
    keep = () if preserve else ("--no-same-permissions", "--no-same-owner")
    return ("tar", *keep, "-xmf", "-", "-C", folder or "."), name or "."


def packing(path: str, offset: int = 0) -> tuple[str, ...]:
    """The command that prints an archive of `path`, from the offset on."""
    if not offset:
        return ("tar", "cf", "-", path)
    # Why the words after it: so no path can be taken for a piece of the script.
    return ("sh", "-c", 'tar cf - "$1" | tail -c +"$2"', "sh", path, str(offset + 1))


def is_no_tar(code: int) -> bool:
    """Whether a command ended as one does that is not there."""
    return code in _NO_TAR
