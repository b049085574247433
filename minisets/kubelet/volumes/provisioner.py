"""The provisioner of `docker.minisets.dev`, as an external CSI one would be: claims to Docker volumes to PVs.

    claim marked by the controller -> Docker volume (made, or recovered by its labels) -> PV that names it
    PV Released, reclaim Delete -> Docker volume removed -> PV removed

Leaves binding, phases and choosing a class to `controllers/volumes`. What is not ours is never touched.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.engine import labels, names
from minisets.engine.interface import VolumeSpec
from minisets.errors import AlreadyExists, Conflict, EngineConflict, MinisetsError, NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    annotations_of,
    finalizers_of,
    is_being_deleted,
    name_of,
    namespace_of,
    ref_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.registry.registry import DeleteOptions
from minisets.settings import ADOPTED, PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.engine.interface import Engine, Volume
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.settings import Settings
    from minisets.store.interface import Change, Store

RECOVERED_FROM = "docker.minisets.dev/recovered-from"
"""On a PV whose Docker volume was there before it: the PV that this one's labels name."""

FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
"""Kubernetes: HonorPVReclaimPolicy. A PV that a person deletes waits for its data to go first."""

ASKED = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
LOOK_AGAIN = timedelta(seconds=15)
_NAMES_TRIED = 50
_UNUSED = ("Available", "Released", "Failed")


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
        found = self._left_behind(claim) or self._new_volume(claim, volume_name, reclaim)
        if found is None:
            return LOOK_AGAIN
        body = volume_object(claim, volume_name, found, reclaim)
        try:
            self._registry.create("PersistentVolume", "", body)
        except AlreadyExists:
            return None
        said = f"Successfully provisioned volume {volume_name}"
        self._recorder.record(claim, "Normal", "ProvisioningSucceeded", said)
        return None

    def _left_behind(self, claim: Object) -> Volume | None:
        """The volume of ours with this claim's labels that no PV names; it is never named around (DESIGN 9).

        Of several the one that is the claim's own, else the newest: the older ones were retained.
        """
        selector = {
            **labels.cluster_selector(self._cluster),
            labels.KIND: "volume",
            labels.NAMESPACE: namespace_of(claim),
            labels.CLAIM: name_of(claim),
        }
        named = {handle_of(each) for each in self._store.list("PersistentVolume").items}
        found = [each for each in self._engine.list_volumes(selector) if each.name not in named]
        found = [each for each in found if labels.read_claim_volume(each.labels) is not None]
        found.sort(key=lambda each: _preference(each, uid_of(claim)))
        if not found:
            return None
        newest, *others = reversed(found)
        if newest.labels.get(labels.CLAIM_UID) != uid_of(claim):
            said = (
                f"recovered the Docker volume {newest.name}, with the data of an earlier claim of this name"
            )
            if others:
                said += f"; older ones are kept: {', '.join(each.name for each in others)}"
            self._recorder.record(claim, "Normal", "VolumeRecovered", said)
        return newest

    def _new_volume(self, claim: Object, volume_name: str, reclaim: str) -> Volume | None:
        """A volume for the claim's data; None where a stranger's is in the way."""
        wanted = labels.volume_labels(self._cluster, claim, volume_name, reclaim=reclaim)
        for attempt in range(_NAMES_TRIED):
            name = names.volume_name(self._cluster, namespace_of(claim), name_of(claim), attempt)
            # Trap: the engine hands out whatever has the name, so the labels decide whose it is.
            found = self._engine.create_volume(VolumeSpec(name, wanted))
            if dict(found.labels) == wanted:
                return found
            if found.labels.get(labels.CLUSTER) != self._cluster:
                self._refuse(claim, name)
                return None
        raise MinisetsError(f"every name for the volume of claim {name_of(claim)} is taken")

    def _refuse(self, claim: Object, name: str) -> None:
        self._recorder.record(
            claim,
            "Warning",
            "ProvisioningFailed",
            f"the Docker volume {name} exists and is not minisets': it is neither used nor touched. "
            f"To take it in with its data: minisets volumes adopt {name}; "
            f"if its data is not needed, remove it: docker volume rm {name}; "
            "else use another name for the claim",
        )

    # --- a volume ---

    def _reclaim(self, volume: Object) -> timedelta | None:
        """The data first: a PV without it is removed later, data without a PV would be recovered."""
        if not is_to_be_removed(volume):
            if is_being_deleted(volume) and status_of(volume).get("phase") in _UNUSED:
                self._let_go(volume)
            return None
        handle = handle_of(volume)
        found = self._engine.inspect_volume(handle)
        read = labels.read_claim_volume(found.labels) if found else None
        if ADOPTED in annotations_of(volume):
            read = None  # Why: the person's own; only the object goes
        elif found is not None and (read is None or read.cluster != self._cluster):
            said = f"the Docker volume {handle} is not minisets': it is not touched"
            self._recorder.record(volume, "Warning", "VolumeFailedDelete", said)
            return None
        # Why: its own may be gone already, and a new claim of its name may have one of that name.
        if read is not None and self._is_of(read, handle, volume):
            try:
                self._engine.remove_volume(handle)
            except EngineConflict as error:
                self._recorder.record(volume, "Warning", "VolumeFailedDelete", str(error))
                return LOOK_AGAIN
        with suppress(NotFound, Conflict):
            self._registry.delete(ref_of(volume), DeleteOptions(uid=uid_of(volume)))
        self._let_go(volume)
        return None

    def _let_go(self, volume: Object) -> None:
        def without_finalizer(current: Object) -> Object | None:
            if uid_of(current) != uid_of(volume) or FINALIZER not in finalizers_of(current):
                return None
            current["metadata"]["finalizers"].remove(FINALIZER)
            return current

        with suppress(NotFound):
            self._registry.change(ref_of(volume), without_finalizer)

    def _is_of(self, read: labels.ClaimVolume, handle: str, volume: Object) -> bool:
        """Whether it was made, or recovered, for this PV, and no other one names it."""
        others = (
            each for each in self._store.list("PersistentVolume").items if uid_of(each) != uid_of(volume)
        )
        if any(handle_of(each) == handle for each in others):
            return False
        return read.volume in (name_of(volume), annotations_of(volume).get(RECOVERED_FROM))


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


def _preference(found: Volume, claim_uid: str) -> tuple[bool, str, str]:
    """The claim's own last, before it the newest. The stamps have one form, so they sort as text."""
    return (
        found.labels.get(labels.CLAIM_UID) == claim_uid,
        found.labels.get(labels.CLAIM_CREATED, ""),
        found.name,
    )


def volume_object(claim: Object, name: str, found: Volume, reclaim: str) -> Object:
    """The PV, bound to its claim from the beginning; data that was promised to be retained still is."""
    spec = spec_of(claim)
    read = labels.read_claim_volume(found.labels)
    recovered = read is not None and read.volume != name
    if read is not None and recovered and read.reclaim == "Retain":
        reclaim = "Retain"
    annotations = {PROVISIONED_BY: PROVISIONER}
    if read is not None and recovered:
        annotations[RECOVERED_FROM] = read.volume
    wanted: dict[str, Any] = {
        "capacity": {"storage": spec["resources"]["requests"]["storage"]},
        "accessModes": list(spec.get("accessModes") or ()),
        "persistentVolumeReclaimPolicy": reclaim,
        "storageClassName": spec.get("storageClassName") or "",
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
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": annotations, "finalizers": [FINALIZER]},
        "spec": wanted,
    }
