"""The provisioner of our classes, as an external CSI one would be: claims to Docker volumes to PVs.

    claim marked by the controller -> Docker volume (made, or recovered by its labels) -> PV that names it
    PV Released, reclaim Delete -> Docker volume removed -> PV removed;  any other PV in memory -> held

Leaves binding and phases to `controllers/volumes`, what a class asks for to `classes.py`, growing to
`resizing.py`. What is not ours is never touched.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import labels, names
from minisets.engine.interface import VolumeSpec
from minisets.errors import (
    AlreadyExists,
    Conflict,
    EngineConflict,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    MinisetsError,
    NotFound,
)
from minisets.kubelet.snapshots.sources import NoSource, source_named
from minisets.kubelet.volumes.classes import Refused, recipe
from minisets.kubelet.volumes.holders import Holders
from minisets.kubelet.volumes.persistent import (
    FINALIZER,
    RECOVERED_FROM,
    class_of,
    handle_of,
    is_asked_for,
    is_to_be_removed,
    policy_of,
    volume_object,
)
from minisets.kubelet.volumes.remote import LOCAL_DRIVER
from minisets.kubelet.volumes.resizing import Resizing
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
from minisets.objects.snapshots import SNAPSHOT, restored_from
from minisets.objects.validation.resources import amount_of
from minisets.registry.registry import DeleteOptions
from minisets.settings import ADOPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.engine.interface import Volume
    from minisets.kubelet.images.sandbox_image import SandboxImage
    from minisets.kubelet.snapshots.fills import Fills
    from minisets.kubelet.snapshots.room import Room
    from minisets.objects.kinds import Object
    from minisets.store.interface import Change

RELIST = "*"
RELIST_EVERY = timedelta(minutes=5)
LOOK_AGAIN = timedelta(seconds=15)
# Kubernetes: what sig-storage-lib-external-provisioner retries a claim with.
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=1), timedelta(minutes=5)
_NAMES_TRIED = 50
_UNUSED = ("Available", "Released", "Failed")
_NOT_OF_THE_CLASS = (EngineUnavailable, EngineTimeout)

_ANOTHER_CLASS = "a class's parameters cannot be changed: delete the class and make it anew with others"

_log = logging.getLogger(__name__)


class Provisioner:
    """The controller; keys are `str(Ref)` of claims and volumes, or RELIST: all that are in memory."""

    name = "provisioner"
    kinds = ("StorageClass", "PersistentVolumeClaim", "PersistentVolume", SNAPSHOT)

    def __init__(self, room: Room, image: SandboxImage, fills: Fills, add: Callable[[str], None]) -> None:
        """Add: looks at a claim again, of which a copy has been put in."""
        self._fills = fills
        self._add = add
        self._store = room.store
        self._registry = room.registry
        self._engine = room.engine
        self._recorder = room.recorder
        self._cluster = room.settings.cluster
        self._holders = Holders(room.engine, image, self._cluster)
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
            return self._reclaim(obj)
        if spec_of(obj).get("volumeName"):
            self._resizing.resize(obj)
            return None
        return self._provision(obj)

    def _relist(self) -> timedelta:
        """Holders end with the engine, and by a person's hand; one that fails is in no other's way."""
        wait = RELIST_EVERY
        for volume in self._store.list("PersistentVolume").items:
            try:
                self._reclaim(volume)
            except EngineError as error:
                _log.warning("volume %s: %s", name_of(volume), error)
                wait = LOOK_AGAIN
        return wait

    # --- a claim ---

    def _provision(self, claim: Object) -> timedelta | None:
        volume_name = f"pvc-{uid_of(claim)}"
        if not is_asked_for(claim) or self._store.get(Ref("PersistentVolume", "", volume_name)) is not None:
            return None
        storage_class = self._store.get(Ref("StorageClass", "", class_of(claim)))
        if storage_class is None:
            return None
        try:
            found = self._volume_for(claim, volume_name, storage_class)
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

    def _volume_for(self, claim: Object, volume_name: str, storage_class: Object) -> Volume | None:
        """The Docker volume, held if it is in memory. Raises Refused, of which nothing is left."""
        if spec_of(claim).get("volumeMode") == "Block":
            raise Refused("minisets has no block devices: make another claim, of volumeMode Filesystem")
        return self._filled(claim, self._left_behind(claim), volume_name, storage_class)

    def _held(self, found: Volume | None) -> Volume | None:
        """Why before it is filled: what no container has mounted any more is empty, if it is in memory."""
        if found is None or not found.is_in_memory:
            return found
        try:
            self._holders.hold(found.name)
        except _NOT_OF_THE_CLASS:
            raise
        except EngineError as error:
            # Why removed: what cannot be mounted holds nothing, and its options could never be mended.
            self._holders.end(found.name)
            self._engine.remove_volume(found.name)
            raise Refused(f"{error}; {_ANOTHER_CLASS}") from error
        return found

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

    def _new_volume(self, claim: Object, volume_name: str, storage_class: Object) -> Volume | None:
        """A volume for the claim's data; None where a stranger's is in the way."""
        asked = recipe(storage_class, claim)
        reclaim = policy_of(storage_class)
        wanted = labels.volume_labels(self._cluster, claim, volume_name, reclaim=reclaim)
        for attempt in range(_NAMES_TRIED):
            name = names.volume_name(self._cluster, namespace_of(claim), name_of(claim), attempt)
            # Trap: the engine hands out whatever has the name, so the labels decide whose it is.
            found = self._created(VolumeSpec(name, wanted, asked.driver, asked.options))
            if dict(found.labels) == wanted:
                return found
            if found.labels.get(labels.CLUSTER) != self._cluster:
                self._refuse(claim, name)
                return None
        raise MinisetsError(f"every name for the volume of claim {name_of(claim)} is taken")

    def _created(self, spec: VolumeSpec) -> Volume:
        """As asked, or whatever has the name; Refused in the engine's words."""
        try:
            return self._engine.create_volume(spec)
        except _NOT_OF_THE_CLASS:
            raise
        except EngineError as error:
            # Why looked at: one of that name, of another driver, is a conflict.
            if found := self._engine.inspect_volume(spec.name):
                return found
            hint = f"see `docker plugin ls` for the drivers that the engine has; {_ANOTHER_CLASS}"
            raise Refused(f"{error}; {hint if spec.driver != LOCAL_DRIVER else _ANOTHER_CLASS}") from error

    # --- a claim that begins with a copy ---

    def _filled(
        self, claim: Object, left: Volume | None, volume_name: str, storage_class: Object
    ) -> Volume | None:
        """The claim's volume, with what its snapshot holds; None while that is on its way.

        Why anew for what is left of this very claim: no PV ever named it, so that nobody has written to it,
        and who knows how far a killed kubelet came. An earlier claim's data stays as it is, if it is whole.
        """
        snapshot = restored_from(claim)
        if not snapshot:
            return self._held(left or self._new_volume(claim, volume_name, storage_class))
        is_own = left is not None and left.labels.get(labels.CLAIM_UID) == uid_of(claim)
        if left is not None and not is_own and not self._fills.is_unfinished(left.name):
            return self._held(left)
        source = source_named(self._store, namespace_of(claim), snapshot)
        _refuse_too_small(claim, snapshot, source.size)
        found = self._held(left or self._new_volume(claim, volume_name, storage_class))
        if found is None:
            return None
        which = f"provision {uid_of(claim)} {source.handle}"
        key = str(ref_of(claim))
        outcome = self._fills.ask(which, source.handle, found.name, lambda: self._add(key))
        if outcome is not None and outcome.failed:
            raise NoSource(outcome.failed)
        return None if outcome is None else found

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
            else:
                self._hold(volume)
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
                self._holders.end(handle)
                self._engine.remove_volume(handle)
            except EngineConflict as error:
                self._recorder.record(volume, "Warning", "VolumeFailedDelete", str(error))
                return LOOK_AGAIN
        with suppress(NotFound, Conflict):
            self._registry.delete(ref_of(volume), DeleteOptions(uid=uid_of(volume)))
        self._let_go(volume)
        return None

    def _hold(self, volume: Object) -> None:
        """What is ours and in memory has a holder from its making to its end; lost contents are told of."""
        handle = handle_of(volume)
        found = self._engine.inspect_volume(handle) if handle else None
        read = labels.read_claim_volume(found.labels) if found and found.is_in_memory else None
        if found is None or read is None or read.cluster != self._cluster or self._holders.is_held(handle):
            return
        if not self._holders.is_kept_by_a_pod(found):
            self._tell_of_loss(volume, handle)
        self._holders.hold(handle)

    def _tell_of_loss(self, volume: Object, handle: str) -> None:
        ref = spec_of(volume).get("claimRef") or {}
        claim = self._store.get(Ref("PersistentVolumeClaim", ref.get("namespace", ""), ref.get("name", "")))
        is_its = claim is not None and uid_of(claim) == ref.get("uid")
        said = (
            f"the contents of the Docker volume {handle} were in memory and are lost: what held them ended "
            "(the engine was restarted, or the cluster was down); the volume is empty now"
        )
        self._recorder.record(claim if claim and is_its else volume, "Warning", "VolumeContentsLost", said)

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


def _in_memory(claim: Object, found: Volume) -> str:
    size = spec_of(claim)["resources"]["requests"]["storage"]
    return (
        f"the contents of the Docker volume {found.name} are in memory, at most {size}; "
        "they are lost when the engine restarts or the cluster is taken down"
    )


def _preference(found: Volume, claim_uid: str) -> tuple[bool, str, str]:
    """The claim's own last, before it the newest. The stamps have one form, so they sort as text."""
    return (
        found.labels.get(labels.CLAIM_UID) == claim_uid,
        found.labels.get(labels.CLAIM_CREATED, ""),
        found.name,
    )


def _refuse_too_small(claim: Object, snapshot: str, size: int) -> None:
    """Kubernetes: external-provisioner getSnapshotSource."""
    asked = int(amount_of(spec_of(claim)["resources"]["requests"]["storage"]) or 0)
    if asked < size:
        less = f"requested volume size {asked} is less than the size {size}"
        raise NoSource(f"{less} for the source snapshot {snapshot}")
