"""The columns of kinds that Kubernetes has as custom resources: heading, type and path. Pure.

Kubernetes: additionalPrinterColumns of external-snapshotter's v1 CRDs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.api.ages import since
from minisets.api.column import NAME, Column, at

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object


def _column(heading: str, type_: str, path: str) -> Column:
    """Kubernetes: apiextensions tableconvertor: a time is an age, what is not there has no text at all."""
    found = at(*path.split("."), default=None)

    def age(obj: Object, now: datetime) -> str | None:
        stamp = found(obj, now)
        return since(stamp, now) if stamp else None

    return Column(heading, age if type_ == "date" else found, type_)


CUSTOM: dict[str, tuple[Column, ...]] = {
    "VolumeSnapshot": (
        NAME,
        _column("ReadyToUse", "boolean", "status.readyToUse"),
        _column("SourcePVC", "string", "spec.source.persistentVolumeClaimName"),
        _column("SourceSnapshotContent", "string", "spec.source.volumeSnapshotContentName"),
        _column("RestoreSize", "string", "status.restoreSize"),
        _column("SnapshotClass", "string", "spec.volumeSnapshotClassName"),
        _column("SnapshotContent", "string", "status.boundVolumeSnapshotContentName"),
        _column("CreationTime", "date", "status.creationTime"),
        _column("Age", "date", "metadata.creationTimestamp"),
    ),
    "VolumeSnapshotContent": (
        NAME,
        _column("ReadyToUse", "boolean", "status.readyToUse"),
        _column("RestoreSize", "integer", "status.restoreSize"),
        _column("DeletionPolicy", "string", "spec.deletionPolicy"),
        _column("Driver", "string", "spec.driver"),
        _column("VolumeSnapshotClass", "string", "spec.volumeSnapshotClassName"),
        _column("VolumeSnapshot", "string", "spec.volumeSnapshotRef.name"),
        _column("VolumeSnapshotNamespace", "string", "spec.volumeSnapshotRef.namespace"),
        _column("Age", "date", "metadata.creationTimestamp"),
    ),
    "VolumeSnapshotClass": (
        NAME,
        _column("Driver", "string", "driver"),
        _column("DeletionPolicy", "string", "deletionPolicy"),
        _column("Age", "date", "metadata.creationTimestamp"),
    ),
}
