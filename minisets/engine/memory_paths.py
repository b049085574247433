"""Where a path of a container in memory lies: in a volume, on the machine, or in the container itself.

The machine has a directory at every path of which a test says nothing else. Called under the engine's lock.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from minisets.engine.interface import PathStat
from minisets.engine.memory_files import DIRECTORY, File, unpack
from minisets.errors import EngineError

if TYPE_CHECKING:
    from minisets.engine.interface import PathKind
    from minisets.engine.memory_containers import Record
    from minisets.engine.memory_resources import Volumes
    from minisets.engine.specs import ContainerSpec, Mount

_LINKS_AT_MOST = 8
_FOLDER_MODE = 0o755
_LINK_MODE = 0o777
_GROUP_OF_FOLDER, _GROUP_OF_FILE = 0o2770, 0o660

Place = tuple[dict[str, File], str]
"""Files, and the path among them."""


class Paths:
    """Of all containers."""

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes
        self._host: dict[str, File] = {}
        self._kinds: dict[str, PathKind | None] = {}

    # --- the machine ---

    def set_on_host(self, path: str, kind: PathKind | None) -> None:
        """What is at a path of the machine; None: nothing."""
        self._kinds[path.strip("/")] = kind

    def kind_on_host(self, path: str) -> PathKind | None:
        """What is at a path of the machine."""
        path = self._real(path)
        found = self._host.get(path)
        if found is not None:
            return "directory" if found.is_directory else "file"
        return self._kinds.get(path, "directory")

    def link_on_host(self, path: str, target: str) -> None:
        """A symlink at a path of the machine."""
        self._host[path.strip("/")] = File(link=target)

    def _real(self, path: str) -> str:
        """A path of the machine without links, and without its first slash."""
        path = posixpath.normpath(f"/{path}").strip("/")
        for _ in range(_LINKS_AT_MOST):
            heads = (path[:end] for end in (*(at for at, one in enumerate(path) if one == "/"), len(path)))
            link = next((head for head in heads if head in self._host and self._host[head].link), None)
            if link is None:
                break
            target = posixpath.join(f"/{posixpath.dirname(link)}", self._host[link].link)
            path = posixpath.normpath(f"{target}{path[len(link) :]}").strip("/")
        return path

    def bind(self, spec: ContainerSpec) -> None:
        """What a create call does about paths of the machine: some are made, others have to be there."""
        for mount in spec.mounts:
            if mount.kind == "bind" and self.kind_on_host(mount.source) is None:
                if not mount.is_made:
                    raise EngineError(
                        f'container {spec.name}: invalid mount config for type "bind": '
                        f"bind source path does not exist: {mount.source}"
                    )
                self._kinds[self._real(mount.source)] = "directory"

    # --- in containers ---

    def place(self, record: Record, path: str) -> Place:
        """Where it lies, links not followed."""
        mount = mount_at(record, path)
        if mount is None:
            return record.files, path.strip("/")
        below = path[len(mount.target) :].strip("/")
        if mount.kind == "volume":
            return self._volumes.records[mount.source].files, _joined(mount.sub_path, below)
        if mount.kind == "tmpfs":
            return record.files, path.strip("/")
        for volume in self._volumes.records.values():
            if f"{mount.source}/".startswith(root := f"{volume.volume.mountpoint}/"):
                return volume.files, _joined(mount.source[len(root) :], below)
        return self._host, _joined(self._real(mount.source), below)

    def followed(self, record: Record, path: str) -> str:
        """The path without links, as the container sees it; as far as it goes, if there are too many."""
        path = posixpath.normpath(path)
        for _ in range(_LINKS_AT_MOST):
            parts = path.strip("/").split("/")
            for count in range(1, len(parts) + 1):
                head = "/" + "/".join(parts[:count])
                found = self.file(record, head)
                if found is not None and found.link:
                    target = posixpath.join(posixpath.dirname(head), found.link, *parts[count:])
                    path = posixpath.normpath(target)
                    break
            else:
                break
        return path

    def file(self, record: Record, path: str) -> File | None:
        """What was put there, links not followed."""
        files, below = self.place(record, path)
        return files.get(below)

    def read_link(self, record: Record, path: str) -> str:
        """What a symlink says; links on the way there are followed."""
        head, _, name = posixpath.normpath(path).rpartition("/")
        found = self.file(record, f"{self.followed(record, head or '/').rstrip('/')}/{name}")
        return found.link if found else ""

    def stat(self, record: Record, path: str) -> PathStat | None:
        """What is at a path; links on the way there are followed."""
        head, _, name = posixpath.normpath(path).rpartition("/")
        path = f"{self.followed(record, head or '/').rstrip('/')}/{name}"
        files, below = self.place(record, path)
        found = files.get(below)
        if found is not None and found.link:
            return PathStat("symlink", _LINK_MODE, self.followed(record, path))
        if found is not None:
            return PathStat("directory" if found.is_directory else "file", found.mode)
        if files is self._host:
            kind = self.kind_on_host(below)
            return PathStat(kind, _FOLDER_MODE) if kind else None
        seen = [*files, *(mount.target.strip("/") for mount in record.spec.mounts if files is record.files)]
        is_folder = not below or any(each.startswith(f"{below}/") for each in seen)
        return PathStat("directory", _FOLDER_MODE) if is_folder else None

    def put(self, record: Record, path: str, archive: bytes) -> None:
        """Unpack below a path; an entry may lie in a volume that is mounted there."""
        for name, file in unpack(archive).items():
            files, below = self.place(record, f"{path.rstrip('/')}/{name}")
            files[below] = file

    # --- what our own program does ---

    def swap(self, record: Record, directory: str, target: str) -> None:
        """`pause swap DIR NEW`."""
        files, root = self.place(record, directory)
        prefix = f"{root}/" if root else ""
        files[f"{prefix}..data"] = File(link=target)
        below = f"{prefix}{target}/"
        fresh = {each[len(below) :].partition("/")[0] for each in files if each.startswith(below)}
        if not fresh and f"{prefix}{target}" not in files:
            return
        for name in fresh:
            files.setdefault(f"{prefix}{name}", File(link=f"..data/{name}"))
        for each in list(files):
            head = each[len(prefix) :].partition("/")[0]
            if each.startswith(prefix) and head not in ("", "..data", target, *fresh):
                del files[each]

    def own(self, record: Record, directory: str, group: int, *, unless_owned: bool) -> None:
        """`pause own DIR GID`, `pause match DIR GID`."""
        files, root = self.place(record, directory)
        top = files.setdefault(root, replace(DIRECTORY, mode=_FOLDER_MODE))
        if unless_owned and top.group == group and top.mode & _GROUP_OF_FOLDER == _GROUP_OF_FOLDER:
            return
        for each, file in list(files.items()):
            if each == root or not root or each.startswith(f"{root}/"):
                more = _GROUP_OF_FOLDER if file.is_directory else _GROUP_OF_FILE
                files[each] = replace(file, group=group, mode=file.mode if file.link else file.mode | more)

    def copy(self, record: Record, source: str, target: str) -> int:
        """`pause copy FROM TO`: how many bytes."""
        files, root = self.place(record, source)
        there, below = self.place(record, target)
        prefix = f"{root}/" if root else ""
        found = {
            each[len(prefix) :]: file
            for each, file in files.items()
            if each.startswith(prefix) and each != root
        }
        for each in [each for each in there if not below or each.startswith(f"{below}/")]:
            del there[each]
        there[below] = files.get(root, DIRECTORY)
        there |= {f"{below}/{each}" if below else each: file for each, file in found.items()}
        return sum(len(file.data) for file in found.values())


def mount_at(record: Record, path: str) -> Mount | None:
    """The innermost mount that holds a path of the container."""
    inside = [m for m in record.spec.mounts if f"{path}/".startswith(f"{m.target.rstrip('/')}/")]
    return max(inside, key=lambda mount: len(mount.target), default=None)


def _joined(*parts: str) -> str:
    return "/".join(filter(None, (part.strip("/") for part in parts)))
