"""Where a path of the machine leads: followed as the kernel does, one component after the other. Pure.

Leaves seeing what is there to whoever hands in `look`, judging where it leads to `objects/barred_paths.py`.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from minisets.kubelet.failures import NotYet
from minisets.objects.barred_paths import reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Look = Callable[[str], str | None]
    """Of a path whose folder has no links: what a link says, empty for a folder, None for the rest."""

_LINKS_AT_MOST = 40  # the kernel's own number


def ways(path: str, look: Look) -> Iterator[str]:
    """The path as it reads after each link that was followed; last without links.

    It ends early where nothing is that could be gone through: what follows is not there. And within /proc,
    at a process: its links do not say where they lead.
    """
    at, left, links = "/", _reversed(path), 0
    while left:
        name = left.pop()
        if name == "..":
            at = posixpath.dirname(at)
            continue
        here = posixpath.join(at, name)
        said = None if reached(here, ()) else look(here)
        if said is None:
            at, left = _whole(here, left), []
        elif not said:
            at = here
        else:
            links += 1
            if links > _LINKS_AT_MOST:
                raise NotYet(f"stat {path}: too many levels of symbolic links", "FailedMount")
            at = "/" if said.startswith("/") else at
            left += _reversed(said)
            yield _whole(at, left)
    yield at


def real_path(path: str, look: Look) -> str:
    """The path without links."""
    *_, last = ways(path, look)
    return last


def _reversed(path: str) -> list[str]:
    """Its components, the first one last."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _whole(at: str, left: list[str]) -> str:
    return posixpath.normpath(posixpath.join(at, *reversed(left)))
