"""The provisioner of our classes, as an external CSI one would be: claims to Docker volumes to PVs.

    claim marked by the controller -> Docker volume (`claim_volumes.py`) -> PV that names it
    claim that is bound -> grown (`resizing.py`);  PV -> held, or removed with its data (`reclaiming.py`)

Decides when, and what is said and tried again. Leaves binding and phases to `controllers/volumes`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.errors import (
    AlreadyExists,
    MinisetsError,
)
from minisets.kubelet.snapshots.sources import NoSource
from minisets.kubelet.volumes.claim_volumes import ClaimVolumes
from minisets.kubelet.volumes.classes import Refused
from minisets.kubelet.volumes.holders import Holders
from minisets.kubelet.volumes.persistent import (
    handle_of,
    is_asked_for,
    volume_object,
)
from minisets.kubelet.volumes.reclaiming import Reclaiming
from minisets.kubelet.volumes.resizing import Resizing
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    name_of,
    ref_of,
    spec_of,
    uid_of,
)
from minisets.objects.snapshots import SNAPSHOT, restored_from
from minisets.registry.strategies.storage import class_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.engine.interface import Volume
    from minisets.engine.sandbox_image import SandboxImage
    from minisets.kubelet.room import Room
    from minisets.kubelet.snapshots.fills import Fills
    from minisets.objects.kinds import Object
    from minisets.store.interface import Change

RELIST = "*"
RELIST_EVERY = timedelta(minutes=5)
LOOK_AGAIN = timedelta(seconds=15)
# Kubernetes: what sig-storage-lib-external-provisioner retries a claim with.
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=1), timedelta(minutes=5)


class Provisioner:
    """The controller; keys are `str(Ref)` of claims and volumes, or RELIST: all of our volumes."""

    name = "provisioner"
    kinds = ("StorageClass", "PersistentVolumeClaim", "PersistentVolume", SNAPSHOT)

    def __init__(self, room: Room, image: SandboxImage, fills: Fills, add: Callable[[str], None]) -> None:
        """Add: hands a key to the worker, of a relist, or of a claim of which a copy has been put in."""
        self._add = add
        self._store = room.store
        self._registry = room.registry
        self._recorder = room.recorder
        holders = Holders(room.engine, image, room.settings.cluster)
        self._volumes = ClaimVolumes(room, holders, fills, add)
        self._reclaiming = Reclaiming(room, holders)
        self._resizing = Resizing(room.registry, room.engine, room.recorder, room.clock)
        self._failures: dict[str, int] = {}

    def keys(self, change: Change) -> Iterable[str]:
        """What changed; of a class or a snapshot, the claims that wait for it to be another one."""
        if change.ref.kind not in ("StorageClass", SNAPSHOT):
            yield str(change.ref)
            return
        for claim in self._store.list("PersistentVolumeClaim", change.ref.namespace).items:
            waits_for = class_of(claim) if change.ref.kind == "StorageClass" else restored_from(claim)
            if is_asked_for(claim) and waits_for == change.ref.name:
                yield str(ref_of(claim))

    def reconcile(self, key: str) -> timedelta | None:
        """Provision a claim or grow it, hold a volume or remove it."""
        if key == RELIST:
            return self._relist()
        kind, _, name = key.partition(" ")
        namespace, _, name = name.rpartition("/")
        obj = self._store.get(Ref(kind, namespace, name))
        if obj is None:
            self._failures.pop(key, None)
            return None
        if kind != "PersistentVolumeClaim":
            return self._reclaiming.reclaim(obj)
        if spec_of(obj).get("volumeName"):
            self._resizing.resize(obj)
            return None
        return self._provision(obj)

    def _relist(self) -> timedelta:
        """Holders end with the engine, and by a person's hand."""
        for volume in self._store.list("PersistentVolume").items:
            if handle_of(volume):
                self._add(str(ref_of(volume)))
        return RELIST_EVERY

    # --- a claim ---

    def _provision(self, claim: Object) -> timedelta | None:
        volume_name = f"pvc-{uid_of(claim)}"
        if not is_asked_for(claim) or self._store.get(Ref("PersistentVolume", "", volume_name)) is not None:
            return None
        storage_class = self._store.get(Ref("StorageClass", "", class_of(claim)))
        if storage_class is None:
            return None
        try:
            found = self._volumes.volume_for(claim, volume_name, storage_class)
        except NoSource as error:
            self._say_failed(claim, storage_class, error)
            return LOOK_AGAIN
        except Refused as error:
            return self._failed(claim, storage_class, error)
        self._failures.pop(str(ref_of(claim)), None)
        if found is None:
            return LOOK_AGAIN
        try:
            self._registry.create(
                "PersistentVolume", "", volume_object(claim, volume_name, found, storage_class)
            )
        except AlreadyExists:
            return None
        said = f"Successfully provisioned volume {volume_name}"
        self._recorder.record(claim, "Normal", "ProvisioningSucceeded", said)
        if found.is_in_memory:
            self._recorder.record(claim, "Normal", "VolumeInMemory", _in_memory(claim, found))
        return None

    def _say_failed(self, claim: Object, storage_class: Object, error: MinisetsError) -> None:
        said = f'failed to provision volume with StorageClass "{name_of(storage_class)}": {error}'
        self._recorder.record(claim, "Warning", "ProvisioningFailed", said)

    def _failed(self, claim: Object, storage_class: Object, error: Refused) -> timedelta:
        """Kubernetes: sig-storage-lib-external-provisioner, which retries with back-off, for ever."""
        self._say_failed(claim, storage_class, error)
        key = str(ref_of(claim))
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        return min(FIRST_RETRY * (1 << min(failures, 16)), LONGEST_RETRY)


def _in_memory(claim: Object, found: Volume) -> str:
    size = spec_of(claim)["resources"]["requests"]["storage"]
    return (
        f"the contents of the Docker volume {found.name} are in memory, at most {size}; "
        "they are lost when the engine restarts or the cluster is taken down"
    )
