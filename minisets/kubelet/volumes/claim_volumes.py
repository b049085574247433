"""The Docker volume of a claim that has none yet: recovered by its labels, else made as its class asks.

Held if it is in memory, filled if it begins with a copy. Leaves when a claim gets one, and its PV, to
`provisioner.py`, what a class asks for to `classes.py`, copying to `snapshots/fills.py`. What is not ours is
never touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.engine import labels, names
from minisets.engine.specs import VolumeSpec
from minisets.errors import EngineError, EngineTimeout, EngineUnavailable, MinisetsError
from minisets.kubelet.snapshots.sources import NoSource, source_named
from minisets.kubelet.volumes.classes import Refused, recipe
from minisets.kubelet.volumes.persistent import handle_of, policy_of
from minisets.kubelet.volumes.remote import LOCAL_DRIVER
from minisets.objects.metadata import name_of, namespace_of, ref_of, spec_of, uid_of
from minisets.objects.snapshots import restored_from
from minisets.objects.validation.resources import amount_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.engine.interface import Volume
    from minisets.kubelet.room import Room
    from minisets.kubelet.snapshots.fills import Fills
    from minisets.kubelet.volumes.holders import Holders
    from minisets.objects.kinds import Object

_NAMES_TRIED = 50
_NOT_OF_THE_CLASS = (EngineUnavailable, EngineTimeout)

_ANOTHER_CLASS = "a class's parameters cannot be changed: delete the class and make it anew with others"


class ClaimVolumes:
    """Those of one cluster."""

    def __init__(self, room: Room, holders: Holders, fills: Fills, add: Callable[[str], None]) -> None:
        """Add: looks at a claim again, of which a copy has been put in."""
        self._store = room.store
        self._engine = room.engine
        self._recorder = room.recorder
        self._cluster = room.settings.cluster
        self._holders = holders
        self._fills = fills
        self._add = add

    def volume_for(self, claim: Object, volume_name: str, storage_class: Object) -> Volume | None:
        """The volume, whole; None while a copy is on its way, or where a stranger's is in the way.

        Raises NoSource, and Refused, of which nothing is left. Why anew for what is left of this very claim:
        no PV ever named it, so that nobody has written to it, and who knows how far a killed kubelet came.
        An earlier claim's data stays as it is, if it is whole.
        """
        if spec_of(claim).get("volumeMode") == "Block":
            raise Refused("minisets has no block devices: make another claim, of volumeMode Filesystem")
        left = self._left_behind(claim)
        is_earlier = bool(left) and left[0].labels.get(labels.CLAIM_UID) != uid_of(claim)
        if is_earlier and not self._fills.is_unfinished(left[0].name):
            return self._recovered(claim, left)
        snapshot = restored_from(claim)
        if is_earlier and not snapshot:
            raise Refused(_half_a_copy(left[0].name))
        copy = self._copy_named(snapshot, claim) if snapshot else ""
        found = self._held(left[0] if left else self._new_volume(claim, volume_name, storage_class))
        return self._filled(claim, found, copy) if found and copy else found

    # --- one that is there ---

    def _left_behind(self, claim: Object) -> tuple[Volume, ...]:
        """Volumes of ours with this claim's labels that no PV names; they are never named around (DESIGN 9).

        First the one that is the claim's own, then the newest: the older ones were retained.
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
        found.sort(key=lambda each: _preference(each, uid_of(claim)), reverse=True)
        return tuple(found)

    def _recovered(self, claim: Object, left: tuple[Volume, ...]) -> Volume | None:
        found = self._held(left[0])
        said = f"recovered the Docker volume {left[0].name}, with the data of an earlier claim of this name"
        if others := left[1:]:
            said += f"; older ones are kept: {', '.join(each.name for each in others)}"
        self._recorder.record(claim, "Normal", "VolumeRecovered", said)
        return found

    # --- a new one ---

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

    # --- its contents ---

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

    def _copy_named(self, snapshot: str, claim: Object) -> str:
        """The Docker volume with the copy. Kubernetes: external-provisioner getSnapshotSource."""
        source = source_named(self._store, namespace_of(claim), snapshot)
        asked = int(amount_of(spec_of(claim)["resources"]["requests"]["storage"]) or 0)
        if asked < source.size:
            less = f"requested volume size {asked} is less than the size {source.size}"
            raise NoSource(f"{less} for the source snapshot {snapshot}")
        return source.handle

    def _filled(self, claim: Object, volume: Volume, copy: str) -> Volume | None:
        """With what the copy holds; None while that is on its way."""
        key = str(ref_of(claim))
        which = f"provision {uid_of(claim)} {copy}"
        outcome = self._fills.ask(
            which, copy, volume.name, lambda: self._is_there(claim), lambda: self._add(key)
        )
        if outcome is not None and outcome.failed:
            raise NoSource(outcome.failed)
        return None if outcome is None else volume

    def _is_there(self, claim: Object) -> bool:
        return uid_of(self._store.get(ref_of(claim)) or {}) == uid_of(claim)


def _preference(found: Volume, claim_uid: str) -> tuple[bool, str, str]:
    """The claim's own last, before it the newest. The stamps have one form, so they sort as text."""
    return (
        found.labels.get(labels.CLAIM_UID) == claim_uid,
        found.labels.get(labels.CLAIM_CREATED, ""),
        found.name,
    )


def _half_a_copy(volume: str) -> str:
    return (
        f"the Docker volume {volume} holds only a part of a copy, which was being put in for an earlier "
        "claim of this name: make the claim from the VolumeSnapshot again, or, to begin with an empty "
        f"volume: docker volume rm {volume}"
    )
