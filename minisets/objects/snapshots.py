"""Reading snapshots, their contents, and what minisets says in annotations about them. Pure.

    VolumeSnapshot -> VolumeSnapshotContent -> (status.snapshotHandle) the Docker volume with the copy
    a group: snapshots of one namespace that carry the label GROUP; taken together once there are GROUP_SIZE

Kubernetes: kubernetes-csi/external-snapshotter pkg/utils.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.kinds import SNAPSHOTS, Ref
from minisets.objects.metadata import (
    annotations_of,
    labels_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
)

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

SNAPSHOT, SNAPSHOT_CONTENT, SNAPSHOT_CLASS = "VolumeSnapshot", "VolumeSnapshotContent", "VolumeSnapshotClass"

GROUP = "minisets.dev/snapshot-group"
"""A label, on a VolumeSnapshot: the others of its namespace that have it are taken at the same moment."""

GROUP_SIZE = "minisets.dev/snapshot-group-size"
"""An annotation: how many snapshots the group has; none is taken before all are there."""

COPIED = "minisets.dev/copied-bytes"
PAUSED_FOR = "minisets.dev/paused-for"
"""Annotations, on a VolumeSnapshotContent: bytes in its files, and for how long its pods stood still."""

RESTORE_FROM = "minisets.dev/restore-from"
"""An annotation, on a claim: put back what this VolumeSnapshot holds. Taken away once that is done.

While it is there no pod that uses the claim starts.
"""

RESTORE_FAILED = "minisets.dev/restore-failed"
"""An annotation, on a claim that has RESTORE_FROM: why it was not put back; it is tried again."""

BOUND = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"
AS_SOURCE = "snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection"
CONTENT_BOUND = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
IS_DEFAULT = "snapshot.storage.kubernetes.io/is-default-class"


def content_name(snapshot: Object) -> str:
    """What a snapshot's content is called: one that is there already where its source names it."""
    return str(_source(snapshot).get("volumeSnapshotContentName") or f"snapcontent-{uid_of(snapshot)}")


def source_claim(snapshot: Object) -> str:
    """The claim that the snapshot is taken of; empty where its content is there already."""
    return str(_source(snapshot).get("persistentVolumeClaimName") or "")


def snapshot_ref(content: Object) -> Ref:
    """Whose content it is."""
    ref = spec_of(content).get("volumeSnapshotRef") or {}
    return Ref(SNAPSHOT, str(ref.get("namespace") or ""), str(ref.get("name") or ""))


def is_content_of(content: Object, snapshot: Object) -> bool:
    """Whether the two name each other. Kubernetes: IsSnapshotBound, IsVolumeSnapshotRefSet."""
    ref = spec_of(content).get("volumeSnapshotRef") or {}
    named = snapshot_ref(content)
    is_named = (named.namespace, named.name) == (namespace_of(snapshot), snapshot["metadata"]["name"])
    return is_named and ref.get("uid") in (None, "", uid_of(snapshot))


def is_ready(obj: Object) -> bool:
    """Whether a snapshot or a content can be restored from."""
    return status_of(obj).get("readyToUse") is True


def error_of(obj: Object) -> str:
    """Why a snapshot or a content is not ready; empty if nothing went wrong."""
    return str((status_of(obj).get("error") or {}).get("message") or "")


def group_of(snapshot: Object) -> tuple[str, int]:
    """The group's name and size; ("", 1) for a snapshot that is taken alone."""
    name, size = labels_of(snapshot).get(GROUP, ""), annotations_of(snapshot).get(GROUP_SIZE, "")
    return (name, int(size)) if name and size.isdecimal() and int(size) > 0 else ("", 1)


def restored_from(claim: Object) -> str:
    """The snapshot that a claim's volume is to begin with; empty: with nothing."""
    spec = spec_of(claim)
    for field in ("dataSourceRef", "dataSource"):
        source = spec.get(field) or {}
        is_near = source.get("namespace") in (None, "", namespace_of(claim))
        if (source.get("apiGroup"), source.get("kind")) == (SNAPSHOTS, SNAPSHOT) and is_near:
            return str(source.get("name") or "")
    return ""


def as_source(snapshot: str) -> dict[str, str]:
    """A claim's `dataSource` that names the snapshot."""
    return {"apiGroup": SNAPSHOTS, "kind": SNAPSHOT, "name": snapshot}


def _source(snapshot: Object) -> dict[str, Any]:
    return spec_of(snapshot).get("source") or {}
