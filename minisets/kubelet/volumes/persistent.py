"""A claim's PersistentVolume: the object, and what of it tells whose it is. Pure.

Leaves when one is made to `provisioner.py`, when it is removed to `reclaiming.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.engine import labels
from minisets.objects.metadata import (
    annotations_of,
    is_being_deleted,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.registry.strategies.storage import class_of
from minisets.settings import PROVISIONED_BY, PROVISIONER, PROVISIONERS

if TYPE_CHECKING:
    from minisets.engine.interface import Volume
    from minisets.objects.kinds import Object

RECOVERED_FROM = "docker.minisets.dev/recovered-from"
"""On a PV whose Docker volume was there before it: the PV that this one's labels name."""

FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
"""Kubernetes: HonorPVReclaimPolicy. A PV that a person deletes waits for its data to go first."""

ASKED = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")


def is_asked_for(claim: Object) -> bool:
    """Whether the controller handed the claim to this provisioner, and it has no volume yet."""
    asked = any(annotations_of(claim).get(key) in PROVISIONERS for key in ASKED)
    return asked and not spec_of(claim).get("volumeName") and not is_being_deleted(claim)


def is_to_be_removed(volume: Object) -> bool:
    """Whether the volume was made here, its claim is gone, and its data is to go with it."""
    return (
        annotations_of(volume).get(PROVISIONED_BY) in PROVISIONERS
        and bool(handle_of(volume))
        and status_of(volume).get("phase") in ("Released", "Failed")
        and spec_of(volume).get("persistentVolumeReclaimPolicy") == "Delete"
    )


def handle_of(volume: Object) -> str:
    """The Docker volume that a PV of ours names; empty for any other."""
    csi = spec_of(volume).get("csi") or {}
    return str(csi.get("volumeHandle") or "") if csi.get("driver") == PROVISIONER else ""


def policy_of(storage_class: Object) -> str:
    """What becomes of its volumes' data."""
    return str(storage_class.get("reclaimPolicy") or "Delete")


def volume_object(claim: Object, name: str, found: Volume, storage_class: Object) -> Object:
    """The PV, bound to its claim from the beginning; data that was promised to be retained still is."""
    spec, reclaim = spec_of(claim), policy_of(storage_class)
    annotations = {PROVISIONED_BY: str(storage_class.get("provisioner"))}
    read = labels.read_claim_volume(found.labels)
    if read is not None and read.volume != name:
        annotations[RECOVERED_FROM] = read.volume
        reclaim = "Retain" if read.reclaim == "Retain" else reclaim
    wanted: dict[str, Any] = {
        "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        "accessModes": list(spec.get("accessModes") or ()),
        "persistentVolumeReclaimPolicy": reclaim,
        "storageClassName": class_of(claim),
        "volumeMode": spec.get("volumeMode") or "Filesystem",
        "csi": {"driver": PROVISIONER, "volumeHandle": found.name},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": namespace_of(claim),
            "name": name_of(claim),
            "uid": uid_of(claim),
        },
    }
    if storage_class.get("mountOptions"):
        wanted["mountOptions"] = list(storage_class["mountOptions"])
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": annotations, "finalizers": [FINALIZER]},
        "spec": wanted,
    }
