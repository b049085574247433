"""What there is at one moment: the API's lists, and what lies in the volumes on disk.

The order counts: volumes, then their contents, then claims. A claim that is listed last was there while its
volume was read, so what was read is what it shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minisets.objects.metadata import finalizers_of, is_being_deleted, name_of, spec_of, status_of, uid_of
from minisets.objects.owners import owners_of
from tests.soak.records import BORN, JOURNAL, Contents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster


@dataclass(frozen=True)
class Seen:
    """contents: of the Docker volumes that a PersistentVolume names and that are there, by their names."""

    volumes: tuple[Object, ...] = ()
    contents: Mapping[str, Contents] = field(default_factory=dict)
    claims: tuple[Object, ...] = ()
    pods: tuple[Object, ...] = ()
    statefulsets: tuple[Object, ...] = ()

    @property
    def claim_by_uid(self) -> dict[str, Object]:
        return {uid_of(claim): claim for claim in self.claims}

    @property
    def volume_by_claim(self) -> dict[str, Object]:
        """By the uid of the claim that has or had it."""
        return {claim_uid_of(volume): volume for volume in self.volumes}

    def statefulset(self, name: str) -> Object | None:
        return next((each for each in self.statefulsets if name_of(each) == name), None)

    def is_used(self, claim: Object) -> bool:
        """Whether a scheduled pod names it: as long it stays, whoever deleted it."""
        return any(spec_of(pod).get("nodeName") and claim_of(pod) == name_of(claim) for pod in self.pods)

    def has_lost_its_owners(self, claim: Object) -> bool:
        """Whether it had any and none is there: it is collected then (A-73)."""
        owners = {owner["uid"] for owner in owners_of(claim)}
        return bool(owners) and not owners & {uid_of(each) for each in (*self.pods, *self.statefulsets)}


def claim_uid_of(volume: Object) -> str:
    return str((spec_of(volume).get("claimRef") or {}).get("uid", ""))


def handle_of(volume: Object) -> str:
    return str(spec_of(volume)["csi"]["volumeHandle"])


def claim_of(pod: Object) -> str:
    """The name of the one claim that it mounts."""
    found = (each.get("persistentVolumeClaim") for each in spec_of(pod).get("volumes") or ())
    return next((str(each["claimName"]) for each in found if each), "")


def is_backing_off(pod: Object) -> bool:
    """Whether its container waits to be started again: up to five minutes."""
    waiting = ((each.get("state") or {}).get("waiting") or {} for each in _statuses(pod))
    return any(each.get("reason") == "CrashLoopBackOff" for each in waiting)


def is_knotted(pod: Object, seen: Seen) -> bool:
    """Whether it waits for its claim to go, and that for it. Kubernetes: only a person unties this."""
    waits = is_being_deleted(pod) and "foregroundDeletion" in finalizers_of(pod)
    return waits and any(is_being_deleted(claim) for claim in seen.claims if name_of(claim) == claim_of(pod))


def _statuses(pod: Object) -> list[Object]:
    return status_of(pod).get("containerStatuses") or []


def look(cluster: Cluster, disk: Path) -> Seen:
    """Raises MinisetsError while nobody answers. disk: where the engine keeps its volumes."""
    with cluster.api() as api:
        volumes = api.list("PersistentVolume").items
        found = {handle: _read(disk / handle / "_data") for handle in map(handle_of, volumes)}
        return Seen(
            volumes=tuple(volumes),
            contents={handle: contents for handle, contents in found.items() if contents is not None},
            claims=tuple(api.list("PersistentVolumeClaim", "default").items),
            pods=tuple(api.list("Pod", "default").items),
            statefulsets=tuple(api.list("StatefulSet", "default").items),
        )


def _read(folder: Path) -> Contents | None:
    """None where there is no such volume. The journal first: it is never older than what began it."""
    if not folder.is_dir():
        return None
    records = _bytes_of(folder / JOURNAL)
    return Contents(_bytes_of(folder / BORN), records)


def _bytes_of(file: Path) -> bytes:
    """None where there is no such file, or no more: the engine may be removing the volume."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
