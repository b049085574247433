"""Defaults of claims, volumes and storage classes (A-91).

Kubernetes: core/v1 defaults.go SetDefaults_PersistentVolume*, storage/v1 SetDefaults_StorageClass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.defaulting.fields import fill

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


def default_claim(claim: Object) -> None:
    """`volumeMode` and a status that is Pending."""
    default_claim_spec(claim.setdefault("spec", {}))
    fill(fill(claim, status={})["status"], phase="Pending")


def default_claim_spec(spec: Object) -> None:
    """What claims and templates of claims get alike."""
    fill(spec, volumeMode="Filesystem")


def default_volume(volume: Object) -> None:
    """Retain unless said otherwise: a volume made by hand must not lose its data."""
    spec = volume.setdefault("spec", {})
    fill(spec, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    default_host_path(spec)
    fill(fill(volume, status={})["status"], phase="Pending")


def default_host_path(holder: Object) -> None:
    """HostPath's type is written out as empty, in pods and in volumes."""
    host_path = holder.get("hostPath")
    if host_path is not None and host_path.get("type") is None:
        host_path["type"] = ""


def default_storage_class(storage_class: Object) -> None:
    """Delete and Immediate: what is made on demand goes with its claim."""
    fill(storage_class, reclaimPolicy="Delete", volumeBindingMode="Immediate")
