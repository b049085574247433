"""The provisioner of `docker.minisets.dev`, as an external CSI one would be: claims to Docker volumes to PVs.

    claim marked by the controller -> Docker volume (made, or recovered by its labels) -> PV that names it
    PV Released, reclaim Delete -> Docker volume removed -> PV removed

Leaves binding, phases and choosing a class to `controllers/volumes`. What is not ours is never touched.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.engine import labels, names
from minisets.engine.interface import VolumeSpec
from minisets.errors import AlreadyExists, Conflict, EngineConflict, MinisetsError, NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    annotations_of,
    is_being_deleted,
    name_of,
    namespace_of,
    ref_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.registry.registry import DeleteOptions
from minisets.settings import PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.engine.interface import Engine, Volume
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.settings import Settings
    from minisets.store.interface import Change, Store

ASKED = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
LOOK_AGAIN = timedelta(seconds=15)
_NAMES_TRIED = 50


class Provisioner:
    """The controller; keys are `str(Ref)` of claims and volumes."""

    name = "provisioner"
    kinds = ("PersistentVolumeClaim", "PersistentVolume")

    def __init__(
        self, store: Store, registry: Registry, engine: Engine, recorder: Recorder, settings: Settings
    ) -> None:
        self._store = store
        self._registry = registry
        self._engine = engine
        self._recorder = recorder
        self._cluster = settings.cluster

    def keys(self, change: Change) -> Iterable[str]:
        """What changed; and the claim that may wait for a volume's name."""
        yield str(change.ref)

    def reconcile(self, key: str) -> timedelta | None:
        """Provision a claim, or remove a volume."""
        kind, _, name = key.partition(" ")
        namespace, _, name = name.rpartition("/")
        obj = self._store.get(Ref(kind, namespace, name))
        if obj is None:
            return None
        return self._provision(obj) if kind == "PersistentVolumeClaim" else self._reclaim(obj)

    # --- a claim ---

    def _provision(self, claim: Object) -> timedelta | None:
        volume_name = f"pvc-{uid_of(claim)}"
        if not is_asked_for(claim) or self._store.get(Ref("PersistentVolume", "", volume_name)) is not None:
            return None
        storage_class = self._store.get(
            Ref("StorageClass", "", str(spec_of(claim).get("storageClassName") or ""))
        )
        if storage_class is None:
            return None
        reclaim = str(storage_class.get("reclaimPolicy") or "Delete")
        found = self._docker_volume(claim, volume_name, reclaim)
        if found is None:
            return LOOK_AGAIN
        body = volume_object(claim, volume_name, found.name, reclaim)
        try:
            self._registry.create("PersistentVolume", "", body)
        except AlreadyExists:
            return None
        said = f"Successfully provisioned volume {volume_name}"
        self._recorder.record(claim, "Normal", "ProvisioningSucceeded", said)
        return None

    def _docker_volume(self, claim: Object, volume_name: str, reclaim: str) -> Volume | None:
        """The volume that holds, or will hold, the claim's data; None where a stranger's is in the way."""
        wanted = labels.volume_labels(self._cluster, claim, volume_name, reclaim=reclaim)
        for attempt in range(_NAMES_TRIED):
            name = names.volume_name(self._cluster, namespace_of(claim), name_of(claim), attempt)
            # Trap: the engine hands out whatever has the name, so the labels decide whose it is.
            found = self._engine.create_volume(VolumeSpec(name, wanted))
            whose = self._whose(found, claim)
            if whose == "strange":
                self._refuse(claim, name)
                return None
            if whose == "this":
                if dict(found.labels) != wanted and labels.read_claim_volume(found.labels) is not None:
                    self._say_recovered(claim, found, wanted)
                return found
        raise MinisetsError(f"every name for the volume of claim {name_of(claim)} is taken")

    def _whose(self, found: Volume, claim: Object) -> str:
        """`this` claim's (by uid, or by name without a PV: DESIGN 9), an`other` one's, or `strange`."""
        read = labels.read_claim_volume(found.labels)
        if read is None or read.cluster != self._cluster:
            return "strange"
        if read.claim_uid == uid_of(claim):
            return "this"
        same = (read.namespace, read.claim) == (namespace_of(claim), name_of(claim))
        return "this" if same and not self._is_referred_to(found.name) else "other"

    def _is_referred_to(self, volume: str) -> bool:
        return any(handle_of(each) == volume for each in self._store.list("PersistentVolume").items)

    def _refuse(self, claim: Object, name: str) -> None:
        self._recorder.record(
            claim,
            "Warning",
            "ProvisioningFailed",
            f"the Docker volume {name} exists and is not minisets': it is neither used nor touched. "
            f"If its data is not needed, remove it: docker volume rm {name}; "
            "else copy the data elsewhere first, or use another name for the claim",
        )

    def _say_recovered(self, claim: Object, found: Volume, wanted: dict[str, str]) -> None:
        if found.labels.get(labels.CLAIM_UID) != wanted[labels.CLAIM_UID]:
            said = f"recovered the Docker volume {found.name}, with the data of an earlier claim of this name"
            self._recorder.record(claim, "Normal", "VolumeRecovered", said)

    # --- a volume ---

    def _reclaim(self, volume: Object) -> timedelta | None:
        """The data first: a PV without it is removed later, data without a PV would be recovered."""
        if not is_to_be_removed(volume):
            return None
        handle = handle_of(volume)
        found = self._engine.inspect_volume(handle)
        if found is not None and not self._is_of(found, volume):
            said = f"the Docker volume {handle} is not this volume's: it is not touched"
            self._recorder.record(volume, "Warning", "VolumeFailedDelete", said)
            return None
        try:
            self._engine.remove_volume(handle)
        except EngineConflict as error:
            self._recorder.record(volume, "Warning", "VolumeFailedDelete", str(error))
            return LOOK_AGAIN
        try:
            self._registry.delete(ref_of(volume), DeleteOptions(uid=uid_of(volume)))
        except (NotFound, Conflict):
            return None
        return None

    def _is_of(self, found: Volume, volume: Object) -> bool:
        """Ours, and of the claim that this PV was made for (a recovered one names its first PV)."""
        read = labels.read_claim_volume(found.labels)
        claim = spec_of(volume).get("claimRef") or {}
        return (
            read is not None
            and read.cluster == self._cluster
            and (read.namespace, read.claim) == (claim.get("namespace"), claim.get("name"))
        )


def is_asked_for(claim: Object) -> bool:
    """Whether the controller handed the claim to this provisioner, and it has no volume yet."""
    asked = any(annotations_of(claim).get(key) == PROVISIONER for key in ASKED)
    return asked and not spec_of(claim).get("volumeName") and not is_being_deleted(claim)


def is_to_be_removed(volume: Object) -> bool:
    """Whether the volume was made here, its claim is gone, and its data is to go with it."""
    return (
        annotations_of(volume).get(PROVISIONED_BY) == PROVISIONER
        and bool(handle_of(volume))
        and status_of(volume).get("phase") in ("Released", "Failed")
        and spec_of(volume).get("persistentVolumeReclaimPolicy") == "Delete"
    )


def handle_of(volume: Object) -> str:
    """The Docker volume that a PV of ours names; empty for any other."""
    csi = spec_of(volume).get("csi") or {}
    return str(csi.get("volumeHandle") or "") if csi.get("driver") == PROVISIONER else ""


def volume_object(claim: Object, name: str, docker_volume: str, reclaim: str) -> Object:
    """The PV, bound to its claim from the beginning."""
    spec = spec_of(claim)
    wanted: dict[str, Any] = {
        "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        "accessModes": list(spec.get("accessModes") or ()),
        "persistentVolumeReclaimPolicy": reclaim,
        "storageClassName": spec.get("storageClassName") or "",
        "volumeMode": spec.get("volumeMode") or "Filesystem",
        "csi": {"driver": PROVISIONER, "volumeHandle": docker_volume},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": namespace_of(claim),
            "name": name_of(claim),
            "uid": uid_of(claim),
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": wanted,
    }
