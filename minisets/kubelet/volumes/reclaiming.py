"""What becomes of a PV's Docker volume: held while it is in memory, removed once its claim is gone.

    PV Released, reclaim Delete -> Docker volume removed -> PV removed;  any other PV in memory -> held

Leaves when to look to `provisioner.py`, phases to `controllers/volumes`. What is not ours is never touched.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.errors import Conflict, EngineConflict, NotFound
from minisets.kubelet.volumes.persistent import (
    FINALIZER,
    RECOVERED_FROM,
    handle_of,
    is_to_be_removed,
)
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    annotations_of,
    finalizers_of,
    is_being_deleted,
    name_of,
    ref_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.registry.registry import DeleteOptions
from minisets.settings import ADOPTED

if TYPE_CHECKING:
    from minisets.kubelet.room import Room
    from minisets.kubelet.volumes.holders import Holders
    from minisets.objects.kinds import Object

TRY_AGAIN = timedelta(seconds=15)
_UNUSED = ("Available", "Released", "Failed")


class Reclaiming:
    """The volumes of one cluster."""

    def __init__(self, room: Room, holders: Holders) -> None:
        self._store = room.store
        self._registry = room.registry
        self._engine = room.engine
        self._recorder = room.recorder
        self._cluster = room.settings.cluster
        self._holders = holders

    def reclaim(self, volume: Object) -> timedelta | None:
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
                return TRY_AGAIN
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
