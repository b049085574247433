"""Parts of volumes: what a mount's subPath names, and whether it stays inside. Pure but for `find`.

Every link on the way is looked at, and what leads out of the volume is refused; what is not there is made.
Leaves the mount itself to `mounts.py`, making folders to `mounting.py`.
Kubernetes: pkg/kubelet makeMounts, pkg/volume/util/subpath.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.kubelet.environment import expand, references
from minisets.kubelet.failures import NotYet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from minisets.engine.interface import PathStat


@dataclass(frozen=True)
class Part:
    """A path below a volume, without links; `missing`: the folders at its end that are not there."""

    found: tuple[str, ...]
    missing: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Empty: the whole volume."""
        return "/".join((*self.found, *self.missing))


def sub_path_of(mount: dict[str, Any], env: Mapping[str, str]) -> str:
    """What a mount asks for, empty for the whole volume; NotYet if that can be no part of it."""
    text = str(mount.get("subPath") or "")
    if expression := mount.get("subPathExpr"):
        for name in references(str(expression)):
            if name not in env:
                raise NotYet(f'missing value for "{name}"')
        text = expand(str(expression), env)
    if text.startswith("/"):
        raise NotYet(f"error SubPath `{text}` must not be an absolute path")
    if ".." in text.split("/"):
        raise NotYet(f"unable to provision SubPath `{text}`: must not contain '..'")
    return text


def part_of(root: str, sub_path: str, find: Callable[[str], PathStat | None]) -> Part:
    """Where below `root`, a path of the container that `find` looks into, a sub-path leads.

    ValueError: it leads out of the volume, or through what is no folder; FileNotFoundError: it leads nowhere.
    """
    wanted = [name for name in sub_path.split("/") if name not in ("", ".")]
    found: tuple[str, ...] = ()
    for count, name in enumerate(wanted):
        path = "/".join((root, *found, name))
        seen = find(path)
        if seen is None:
            return Part(found, tuple(wanted[count:]))
        if seen.kind == "symlink":
            found = _inside(root, path, seen.link)
            seen = find("/".join((root, *found)))
            if seen is None or seen.kind == "symlink":
                raise FileNotFoundError(f"the link {path.removeprefix(root)} leads nowhere")
        else:
            found = (*found, name)
        if seen.kind != "directory" and count < len(wanted) - 1:
            raise ValueError(f"{path.removeprefix(root)} is not a directory")
    return Part(found)


def _inside(root: str, path: str, link: str) -> tuple[str, ...]:
    """Where a link leads, below the root. The engine has followed it to its end, as from inside."""
    if link != root and not link.startswith(f"{root}/"):
        raise ValueError(f"the link {path.removeprefix(root)} leads out of the volume")
    return tuple(link[len(root) :].strip("/").split("/")) if link != root else ()
