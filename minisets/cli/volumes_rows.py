"""What `minisets volumes` lists: a row for each claim, and for each volume of ours that has none. Pure.

Kubernetes' claims do not name their statefulset: whose one was is told by its name, as the controller does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.identity import claim_templates, ordinals_of
from minisets.controllers.volumes.usage import users_of
from minisets.engine import labels
from minisets.errors import MinisetsError
from minisets.objects.metadata import meta, name_of, namespace_of, spec_of, status_of, uid_of
from minisets.objects.pods import is_terminal
from minisets.settings import PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from minisets.engine.interface import Volume
    from minisets.objects.kinds import Object

NO_CLAIM = "no claim"
STATEFULSET_IS_GONE = "its statefulset is gone"
_OF_A_STATEFULSET = re.compile(r".+-.+-[0-9]+")
_UNITS = ("", "Ki", "Mi", "Gi", "Ti")


@dataclass(frozen=True)
class Row:
    """A claim, or a volume without one: then `claim` is the name of the one that it was made for.

    volume: the Docker volume; persistent_volume: the object; used: bytes, None where nobody could tell.
    orphan: why nobody wants it; empty for all others.
    """

    namespace: str
    claim: str
    volume: str = ""
    persistent_volume: str = ""
    phase: str = ""
    capacity: str = ""
    created: str = ""
    pods: tuple[str, ...] = ()
    used: int | None = None
    orphan: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form of `-o json`."""
        return {
            "namespace": self.namespace,
            "claim": self.claim,
            "pods": list(self.pods),
            "volume": self.volume,
            "persistentVolume": self.persistent_volume,
            "phase": self.phase,
            "capacity": self.capacity,
            "used": self.used,
            "created": self.created,
            "orphan": self.orphan,
        }


@dataclass(frozen=True)
class Seen:
    """What rows are made of; `docker` and `sizes` are empty where the engine was not asked."""

    claims: Iterable[Object] = ()
    volumes: Iterable[Object] = ()
    pods: Iterable[Object] = ()
    statefulsets: Iterable[Object] = ()
    docker: Iterable[Volume] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)


def rows(seen: Seen) -> list[Row]:
    """By namespace and claim; a claim before what is left of its predecessors."""
    found = [*_claims(seen), *_without_claim(seen), *_without_object(seen)]
    return sorted(found, key=lambda row: (row.namespace, row.claim, row.orphan == NO_CLAIM, row.volume))


def handle_of(volume: Object) -> str:
    """The Docker volume that a PV names; empty where something else is behind it."""
    csi = spec_of(volume).get("csi") or {}
    return str(csi.get("volumeHandle") or "") if csi.get("driver") == PROVISIONER else ""


def users(claim: Object, pods: Iterable[Object]) -> tuple[str, ...]:
    """The pods that use it now, or are about to."""
    return tuple(name_of(pod) for pod in users_of(claim, pods) if not is_terminal(pod))


def in_words(size: int | None) -> str:
    """Bytes for people: `20.1Mi`."""
    if size is None:
        return "<unknown>"
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f}{_UNITS[unit]}" if unit else str(size)


def removable(found: Iterable[Row], word: str, namespace: str) -> Row:
    """The one orphaned volume that the word names; MinisetsError says why there is none such."""
    named = [row for row in found if word in (row.volume, row.persistent_volume)]
    named = named or [row for row in found if (row.namespace, row.claim) == (namespace, word)]
    if not named:
        raise MinisetsError(
            f'"{word}" is no claim, and no volume of one, in this cluster: nothing is removed'
        )
    for row in named:
        if row.orphan != NO_CLAIM:
            raise MinisetsError(
                f'"{word}" holds the data of the claim {row.namespace}/{row.claim}, which exists: nothing is '
                f"removed. Delete that first: minisets -n {row.namespace} delete pvc {row.claim}"
            )
    if len(named) > 1:
        which = ", ".join(row.volume for row in named)
        raise MinisetsError(f'"{word}" is the claim of several volumes: name one of {which}')
    return named[0]


def _claims(seen: Seen) -> Iterator[Row]:
    by_name = {name_of(volume): volume for volume in seen.volumes}
    for claim in seen.claims:
        bound = by_name.get(spec_of(claim).get("volumeName") or "")
        handle = handle_of(bound) if bound else ""
        pods = users(claim, seen.pods)
        yield Row(
            namespace=namespace_of(claim),
            claim=name_of(claim),
            volume=handle,
            persistent_volume=name_of(bound) if bound else "",
            phase=str(status_of(claim).get("phase") or "Pending"),
            capacity=str((status_of(claim).get("capacity") or {}).get("storage") or ""),
            created=str(meta(claim).get("creationTimestamp") or ""),
            pods=pods,
            used=seen.sizes.get(handle),
            orphan="" if pods else unwanted(claim, seen.statefulsets),
        )


def unwanted(claim: Object, statefulsets: Iterable[Object]) -> str:
    """Why no statefulset wants a claim; empty if one does, or it never was one's."""
    why = STATEFULSET_IS_GONE if _OF_A_STATEFULSET.fullmatch(name_of(claim)) else ""
    for each in statefulsets:
        if namespace_of(each) != namespace_of(claim):
            continue
        for template in claim_templates(each):
            start = f"{name_of(template)}-{name_of(each)}-"
            ordinal = name_of(claim).removeprefix(start)
            if ordinal == name_of(claim) or not ordinal.isdecimal():
                continue
            if int(ordinal) in ordinals_of(each):
                return ""
            why = f"beyond the replicas of statefulset/{name_of(each)}"
    return why


def _without_claim(seen: Seen) -> Iterator[Row]:
    """PersistentVolumes of ours that no claim has."""
    claims = list(seen.claims)
    uids = {uid_of(claim) for claim in claims}
    bound = {spec_of(claim).get("volumeName") for claim in claims}
    for volume in seen.volumes:
        ref = spec_of(volume).get("claimRef") or {}
        handle = handle_of(volume)
        if handle and name_of(volume) not in bound and ref.get("uid") not in uids:
            yield Row(
                namespace=str(ref.get("namespace") or ""),
                claim=str(ref.get("name") or ""),
                volume=handle,
                persistent_volume=name_of(volume),
                phase=str(status_of(volume).get("phase") or "Pending"),
                capacity=str((spec_of(volume).get("capacity") or {}).get("storage") or ""),
                created=str(meta(volume).get("creationTimestamp") or ""),
                used=seen.sizes.get(handle),
                orphan=NO_CLAIM,
            )


def _without_object(seen: Seen) -> Iterator[Row]:
    """Docker volumes of ours that no PersistentVolume names."""
    named = {handle_of(volume) for volume in seen.volumes}
    for each in seen.docker:
        read = labels.read_claim_volume(each.labels)
        if read is not None and each.name not in named:
            yield Row(
                namespace=read.namespace,
                claim=read.claim,
                volume=each.name,
                capacity=read.capacity,
                created=each.labels.get(labels.CLAIM_CREATED, ""),
                used=seen.sizes.get(each.name),
                orphan=NO_CLAIM,
            )
