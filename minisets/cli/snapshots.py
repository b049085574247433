"""Snapshots of whole statefulsets, read out of VolumeSnapshots: which belong together, how they are. Pure.

    VolumeSnapshot <name>-<claim>   label minisets.dev/snapshot-group=<name>, annotation ...-size=<how many>

One that was made without that label stands alone, under its own name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.identity import claim_for, claim_templates, replicas_of
from minisets.errors import MinisetsError, UsageError
from minisets.objects import names
from minisets.objects.kinds import SNAPSHOTS
from minisets.objects.metadata import (
    annotations_of,
    labels_of,
    meta,
    name_of,
    namespace_of,
    spec_of,
    status_of,
)
from minisets.objects.snapshots import (
    COPIED,
    GROUP,
    GROUP_SIZE,
    PAUSED_FOR,
    SNAPSHOT,
    as_source,
    error_of,
    group_of,
    is_content_of,
    is_ready,
    restored_from,
    source_claim,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minisets.objects.kinds import Object

OF = "minisets.dev/statefulset"
"""A label, on a VolumeSnapshot: the statefulset whose claims its group is of."""

RESTORING = "minisets.dev/restoring"
"""An annotation, on a statefulset: what it is to be again once its claims were put back."""


@dataclass(frozen=True)
class Part:
    """One claim's share. copied: bytes, None where nobody has said it."""

    claim: str
    snapshot: str
    is_ready: bool = False
    error: str = ""
    copied: int | None = None
    volume: str = ""
    paused: str = ""


@dataclass(frozen=True)
class SetSnapshot:
    """One snapshot, of a statefulset or alone. size: how many parts it is to have."""

    namespace: str
    name: str
    statefulset: str
    size: int
    created: str
    parts: tuple[Part, ...]

    @property
    def is_ready(self) -> bool:
        """Whether all of it can be put back."""
        return len(self.parts) >= self.size and all(part.is_ready for part in self.parts)

    @property
    def error(self) -> str:
        """Why it will not be; empty if nothing went wrong."""
        return next((part.error for part in self.parts if part.error and not part.is_ready), "")

    @property
    def copied(self) -> int | None:
        """Bytes in all."""
        known = [part.copied for part in self.parts if part.copied is not None]
        return sum(known) if known and len(known) == len(self.parts) else None

    @property
    def paused(self) -> str:
        """For how long its pods stood still, as `0.412s`."""
        return next((part.paused for part in self.parts if part.paused), "")

    @property
    def in_claims(self) -> str:
        """How many they are, in words."""
        return "1 claim" if len(self.parts) == 1 else f"{len(self.parts)} claims"

    def as_json(self) -> dict[str, Any]:
        """The form of `-o json`."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "statefulset": self.statefulset,
            "ready": self.is_ready,
            "error": self.error,
            "copied": self.copied,
            "paused": self.paused,
            "created": self.created,
            "claims": [
                {
                    "claim": part.claim,
                    "volumeSnapshot": part.snapshot,
                    "volume": part.volume,
                    "copied": part.copied,
                    "ready": part.is_ready,
                    "error": part.error,
                }
                for part in self.parts
            ],
        }


def set_snapshots(snapshots: Iterable[Object], contents: Iterable[Object]) -> list[SetSnapshot]:
    """By namespace and age, oldest first."""
    by_name = {name_of(content): content for content in contents}
    grouped: dict[tuple[str, str, bool], list[Object]] = {}
    for snapshot in sorted(snapshots, key=name_of):
        group, _ = group_of(snapshot)
        key = (namespace_of(snapshot), group or name_of(snapshot), bool(group))
        grouped.setdefault(key, []).append(snapshot)
    found = [_set_snapshot(key[1], members, by_name) for key, members in grouped.items()]
    return sorted(found, key=lambda one: (one.namespace, one.created, one.name))


def _set_snapshot(name: str, members: list[Object], contents: Mapping[str, Object]) -> SetSnapshot:
    first = members[0]
    return SetSnapshot(
        namespace_of(first),
        name,
        labels_of(first).get(OF, ""),
        max(group_of(one)[1] for one in members),
        min(str(meta(one).get("creationTimestamp") or "") for one in members),
        tuple(_part(one, contents) for one in members),
    )


def _part(snapshot: Object, contents: Mapping[str, Object]) -> Part:
    bound = str(status_of(snapshot).get("boundVolumeSnapshotContentName") or "")
    content = contents.get(bound)
    if content is None or not is_content_of(content, snapshot):
        return Part(source_claim(snapshot), name_of(snapshot), error=error_of(snapshot))
    copied = annotations_of(content).get(COPIED, "")
    return Part(
        source_claim(snapshot),
        name_of(snapshot),
        is_ready(snapshot),
        error_of(snapshot),
        int(copied) if copied.isdecimal() else None,
        str(status_of(content).get("snapshotHandle") or ""),
        annotations_of(content).get(PAUSED_FOR, ""),
    )


# --- to be saved ---


def check_name(name: str) -> None:
    """UsageError for a name that no snapshot can have."""
    for complaint in names.dns_label(name):
        raise UsageError(f'"{name}" cannot be a snapshot\'s name: {complaint}')


def claims_to_save(statefulset: Object, claims: Iterable[Object]) -> list[str]:
    """All claims of the statefulset that there are, those of ordinals beyond its replicas among them.

    MinisetsError where there are none, or one has no volume yet.
    """
    word = f"statefulset/{name_of(statefulset)}"
    found = sorted((claim for claim in claims if ordinal_of_claim(statefulset, claim)), key=name_of)
    if not found:
        raise MinisetsError(f"{word} has no claims: there is nothing to save")
    for claim in found:
        if status_of(claim).get("phase") != "Bound":
            said = f"claim {name_of(claim)} of {word} has no volume yet: nothing was saved"
            raise MinisetsError(f"{said}. See `describe pvc {name_of(claim)}`")
    return [name_of(claim) for claim in found]


def ordinal_of_claim(statefulset: Object, claim: Object) -> tuple[dict[str, Any], int] | None:
    """Of which template, and which ordinal's; None for a claim that is not the statefulset's."""
    if namespace_of(claim) != namespace_of(statefulset):
        return None
    for template in claim_templates(statefulset):
        start = f"{name_of(template)}-{name_of(statefulset)}-"
        ordinal = name_of(claim).removeprefix(start)
        if ordinal != name_of(claim) and ordinal.isdecimal() and str(int(ordinal)) == ordinal:
            return template, int(ordinal)
    return None


def snapshot_of_claim(name: str, statefulset: Object, claim: str, size: int) -> dict[str, Any]:
    """One member of the group."""
    return {
        "apiVersion": f"{SNAPSHOTS}/v1",
        "kind": SNAPSHOT,
        "metadata": {
            "name": f"{name}-{claim}",
            "labels": {GROUP: name, OF: name_of(statefulset)},
            "annotations": {GROUP_SIZE: str(size)},
        },
        "spec": {"source": {"persistentVolumeClaimName": claim}},
    }


def still_to_save(name: str, statefulset: Object, found: SetSnapshot | None, claims: list[str]) -> list[str]:
    """The claims whose snapshots are to be made: all, or the rest of a command that was killed.

    MinisetsError where the name is taken.
    """
    if found is None:
        return claims
    remove = f"remove it first (minisets snapshot rm {name}), or choose another name"
    if found.error:
        raise MinisetsError(f"snapshot {name} was tried before and failed: {found.error}; {remove}")
    rest = [claim for claim in claims if claim not in {part.claim for part in found.parts}]
    is_begun = found.statefulset == name_of(statefulset) and len(found.parts) < found.size
    if not is_begun or len(found.parts) + len(rest) != found.size:
        raise MinisetsError(f"there is a snapshot {name} already: {remove}")
    return rest


# --- to be restored ---


def refuse_unready(found: SetSnapshot) -> None:
    """MinisetsError for one that is not whole."""
    if found.error:
        raise MinisetsError(f"snapshot {found.name} failed, and cannot be put back: {found.error}")
    if not found.is_ready:
        have = sum(part.is_ready for part in found.parts)
        raise MinisetsError(f"snapshot {found.name} is not ready: {have} of {found.size} claims are copied")


def missing_claim(statefulset: Object, part: Part) -> Object:
    """The claim of a part that has none any more: made from its template, beginning with the copy."""
    stub = {"metadata": {"name": part.claim, "namespace": namespace_of(statefulset)}}
    found = ordinal_of_claim(statefulset, stub)
    if found is None:
        raise MinisetsError(
            f"claim {part.claim} is gone, and statefulset/{name_of(statefulset)} has no template for it: "
            f"nothing was put back. Make it yourself from the volumesnapshot {part.snapshot} (its dataSource)"
        )
    template, ordinal = found
    claim = claim_for(template, statefulset, ordinal)
    claim["spec"] = {**spec_of(claim), "dataSource": as_source(part.snapshot)}
    return claim


def is_made_from(claim: Object, part: Part) -> bool:
    """Whether its volume will begin with the copy, but is not there yet: by a restore that was killed."""
    return not spec_of(claim).get("volumeName") and restored_from(claim) == part.snapshot


def stopped(statefulset: Object, snapshot: str, remembered: Mapping[str, Any] | None) -> dict[str, Any]:
    """The patch that ends its pods and remembers what it was; whenScaled must not take the claims along."""
    policy = spec_of(statefulset).get("persistentVolumeClaimRetentionPolicy") or {}
    before = remembered or {
        "replicas": replicas_of(statefulset),
        "whenScaled": policy.get("whenScaled") or "Retain",
    }
    return {
        "metadata": {"annotations": {RESTORING: _as_text({**before, "snapshot": snapshot})}},
        "spec": {"replicas": 0, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}},
    }


def started(remembered: Mapping[str, Any]) -> dict[str, Any]:
    """The patch that makes it what it was."""
    return {
        "metadata": {"annotations": {RESTORING: None}},
        "spec": {
            "replicas": int(remembered["replicas"]),
            "persistentVolumeClaimRetentionPolicy": {"whenScaled": remembered["whenScaled"]},
        },
    }


def remembered_in(statefulset: Object) -> dict[str, Any] | None:
    """What a restore that was killed has left on record; None if there was none."""
    text = annotations_of(statefulset).get(RESTORING)
    if text is None:
        return None
    try:
        found = json.loads(text)
        return {
            "snapshot": str(found["snapshot"]),
            "replicas": int(found["replicas"]),
            "whenScaled": str(found["whenScaled"]),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise MinisetsError(
            f"the annotation {RESTORING} of statefulset/{name_of(statefulset)} cannot be read: take it away, "
            "say how many replicas it is to have, and type the same again"
        ) from error


def _as_text(remembered: Mapping[str, Any]) -> str:
    return json.dumps(remembered, sort_keys=True)
