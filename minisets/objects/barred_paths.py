"""Which paths of the engine's machine no pod may reach, whether one does, and which a volume's options name.

Pure: where links lead is found out by `kubelet/volumes/host_paths.py`, which also knows what this engine says
of itself. Here: the places that every engine has, and those that it has where nobody chose others.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SOCKET = "the engine's socket"
DATA = "the engine's data"
_PROCESS = re.compile(r"/proc/(?:[0-9]+|self|thread-self)(?=/|$)")
_FOLDERS = ("lowerdir", "lowerdir+", "datadir+", "upperdir", "workdir")
_BINDS = {"bind", "rbind"}
_PART, _FOLDER = re.compile(r"(?:\\.|[^\\,])+"), re.compile(r"(?:\\.|[^\\:])+")


@dataclass(frozen=True)
class Barred:
    """A path that no pod may reach, and what lies there."""

    path: str
    what: str


# Why both: which of the two is a link to the other differs between systems.
_RUN = {
    "docker.sock": SOCKET,
    "docker": "the engine's own sockets",
    "containerd": "the engine's own sockets",
    "podman": SOCKET,
}
EVERYWHERE = (
    *(Barred(f"{run}/{name}", what) for run in ("/run", "/var/run") for name, what in _RUN.items()),
    Barred("/var/lib/containerd", DATA),
)
USUALLY = (Barred("/var/lib/docker", DATA), *EVERYWHERE)


def reached(path: str, barred: Iterable[Barred]) -> Barred | None:
    """The first that the path is, lies in or contains.

    Why processes: /proc/PID/root and its like are links that say nothing of where they lead.
    """
    path = posixpath.normpath(path)
    if found := _PROCESS.match(path):
        return Barred(found[0], "what a process sees")
    return next((one for one in barred if is_within(path, one.path) or is_within(one.path, path)), None)


def is_within(path: str, outer: str) -> bool:
    """Whether it is `outer`, or lies below it."""
    return f"{path.rstrip('/')}/".startswith(f"{outer.rstrip('/')}/")


def relation(path: str, barred: Barred) -> str:
    """`lies in /var/lib/docker, the engine's data`."""
    verb = "is" if path == barred.path else "lies in" if is_within(path, barred.path) else "contains"
    return f"{verb} {barred.path}, {barred.what}"


def named_in(options: Mapping[str, str]) -> tuple[str, ...]:
    """The paths of the machine that a Docker volume's options name.

    Kubernetes has none of this. Trap: the engine mounts with `/` as its own folder, so that a bind's device
    needs no slash; an overlay names folders in its `o`, and reads what follows a backslash as it stands,
    commas and colons too, where others read on: both readings count.
    """
    text = options.get("o", "")
    asked = [part.partition("=") for part in (*text.split(","), *_PART.findall(text))]
    paths = [value for key, value in options.items() if key != "o" and value.startswith("/")]
    if any(key.strip() in _BINDS for key, _, _ in asked) or options.get("type") in _BINDS:
        paths.append(options.get("device", ""))
    for key, _, value in asked:
        pieces = [re.sub(r"\\(.)", r"\1", one) for one in (*value.split(":"), *_FOLDER.findall(value))]
        paths += [piece for piece in pieces if piece.startswith("/") or (piece and key in _FOLDERS)]
    return tuple(dict.fromkeys(posixpath.join("/", path) for path in paths))
