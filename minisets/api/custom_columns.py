"""The columns of kinds that Kubernetes has as custom resources: heading, type and path. Facts only.

Kubernetes: additionalPrinterColumns of external-snapshotter's v1 CRDs.
"""

CUSTOM_COLUMNS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "VolumeSnapshot": (
        ("ReadyToUse", "boolean", "status.readyToUse"),
        ("SourcePVC", "string", "spec.source.persistentVolumeClaimName"),
        ("SourceSnapshotContent", "string", "spec.source.volumeSnapshotContentName"),
        ("RestoreSize", "string", "status.restoreSize"),
        ("SnapshotClass", "string", "spec.volumeSnapshotClassName"),
        ("SnapshotContent", "string", "status.boundVolumeSnapshotContentName"),
        ("CreationTime", "date", "status.creationTime"),
        ("Age", "date", "metadata.creationTimestamp"),
    ),
    "VolumeSnapshotContent": (
        ("ReadyToUse", "boolean", "status.readyToUse"),
        ("RestoreSize", "integer", "status.restoreSize"),
        ("DeletionPolicy", "string", "spec.deletionPolicy"),
        ("Driver", "string", "spec.driver"),
        ("VolumeSnapshotClass", "string", "spec.volumeSnapshotClassName"),
        ("VolumeSnapshot", "string", "spec.volumeSnapshotRef.name"),
        ("VolumeSnapshotNamespace", "string", "spec.volumeSnapshotRef.namespace"),
        ("Age", "date", "metadata.creationTimestamp"),
    ),
    "VolumeSnapshotClass": (
        ("Driver", "string", "driver"),
        ("DeletionPolicy", "string", "deletionPolicy"),
        ("Age", "date", "metadata.creationTimestamp"),
    ),
}
