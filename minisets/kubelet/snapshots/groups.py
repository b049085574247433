"""Which snapshots are taken together, and whether they are all there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.objects.metadata import is_being_deleted, name_of, namespace_of, spec_of, uid_of
from minisets.objects.snapshots import (
    content_name,
    error_of,
    group_of,
    is_content_of,
    is_ready,
    source_claim,
)
from minisets.settings import PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minisets.objects.kinds import Object


@dataclass(frozen=True)
class Member:
    """One snapshot of a claim, and its content."""

    snapshot: Object
    content: Object

    @property
    def handle(self) -> str:
        """The Docker volume that is to be copied."""
        return str((spec_of(self.content).get("source") or {}).get("volumeHandle") or "")


@dataclass(frozen=True)
class Group:
    """Snapshots of one moment. name: empty for one that is taken alone."""

    name: str
    members: tuple[Member, ...]

    @property
    def key(self) -> str:
        """What tells it from every other."""
        return ",".join(sorted(uid_of(one.content) for one in self.members))


def due_group(snapshot: Object, snapshots: Iterable[Object], contents: Mapping[str, Object]) -> Group | None:
    """The group of a snapshot, if all of it are there, wanted, and not all ready; None: not now.

    A group of which one failed is not taken again: its pods would stand still again.
    """
    name, size = group_of(snapshot)
    found = [one for one in snapshots if name and _is_of(one, snapshot, name)] if name else [snapshot]
    members = []
    for one in sorted(found, key=name_of):
        content = contents.get(content_name(one))
        if is_being_deleted(one) or content is None or not is_copied_for(content, one):
            return None
        members.append(Member(one, content))
    if len(members) < size or all(is_ready(one.content) for one in members):
        return None
    return None if any(error_of(one.content) for one in members) else Group(name, tuple(members))


def is_copied_for(content: Object, snapshot: Object) -> bool:
    """Whether the content is the snapshot's, and made by copying a claim's Docker volume."""
    spec = spec_of(content)
    is_ours = spec.get("driver") == PROVISIONER and bool((spec.get("source") or {}).get("volumeHandle"))
    bound = (spec.get("volumeSnapshotRef") or {}).get("uid") == uid_of(snapshot)
    return is_ours and bound and is_content_of(content, snapshot) and not is_being_deleted(content)


def _is_of(one: Object, other: Object, name: str) -> bool:
    same_place = namespace_of(one) == namespace_of(other)
    return same_place and bool(source_claim(one)) and group_of(one)[0] == name
