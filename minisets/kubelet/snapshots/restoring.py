"""Claims that are to be put back: the annotation RESTORE_FROM, until the volume holds what the copy holds.

Pods that use such a claim do not start (`held_back`). Leaves the copying to `fills.py`, and asking for it,
with the pods out of the way, to people and to `minisets snapshot restore`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.errors import NotFound
from minisets.kubelet.snapshots.sources import NoSource, source_named
from minisets.kubelet.volumes.mounts import claim_name, volumes
from minisets.kubelet.volumes.persistent import handle_of
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    annotations_of,
    is_being_deleted,
    key_of,
    name_of,
    namespace_of,
    ref_of,
    spec_of,
    uid_of,
)
from minisets.objects.snapshots import RESTORE_FAILED, RESTORE_FROM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.kubelet.room import Room
    from minisets.kubelet.snapshots.fills import Fills
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.store.interface import Change

_CLAIM = "PersistentVolumeClaim"
_LOOK_AGAIN = timedelta(seconds=5)


class Restorer:
    """The controller; keys are `namespace/name` of claims. `add` wakes a key."""

    name = "restorer"
    kinds = (_CLAIM, "Pod")

    def __init__(self, room: Room, fills: Fills, add: Callable[[str], None]) -> None:
        self._store = room.store
        self._registry = room.registry
        self._engine = room.engine
        self._recorder = room.recorder
        self._cluster = room.settings.cluster
        self._fills = fills
        self._add = add

    def keys(self, change: Change) -> Iterable[str]:
        """The claim itself; those that a pod used that is out of the way now."""
        if change.ref.kind == _CLAIM:
            yield key_of(change.object)
        elif change.type == "DELETED":
            for claim in _claims_of(change.object, self._store):
                if RESTORE_FROM in annotations_of(claim):
                    yield key_of(claim)

    def reconcile(self, key: str) -> timedelta | None:
        """Put one back, or look how that goes."""
        namespace, _, name = key.partition("/")
        claim = self._store.get(Ref(_CLAIM, namespace, name))
        if claim is None:
            return None
        which = f"restore {uid_of(claim)}"
        snapshot = annotations_of(claim).get(RESTORE_FROM)
        if snapshot is None or is_being_deleted(claim):
            self._fills.forget(which)
            return None
        try:
            source, target = source_named(self._store, namespace, snapshot), self._target(claim)
        except NoSource as error:
            return self._fail(claim, snapshot, str(error))
        outcome = self._fills.ask(
            which,
            source.handle,
            target,
            lambda: self._is_asked_for(claim, snapshot),
            lambda: self._add(key),
        )
        if outcome is None:
            return _LOOK_AGAIN
        if outcome.failed:
            return self._fail(claim, snapshot, outcome.failed)
        self._change(claim, lambda it: _without(it, snapshot))
        said = f"the volume holds what snapshot {snapshot} holds"
        self._recorder.record(claim, "Normal", "Restored", said)
        return None

    def _is_asked_for(self, claim: Object, snapshot: str) -> bool:
        now = self._store.get(ref_of(claim)) or {}
        return uid_of(now) == uid_of(claim) and annotations_of(now).get(RESTORE_FROM) == snapshot

    def _target(self, claim: Object) -> str:
        """The claim's Docker volume; NoSource where there is none that may be emptied."""
        bound = str(spec_of(claim).get("volumeName") or "")
        volume = self._store.get(Ref("PersistentVolume", "", bound)) if bound else None
        handle = handle_of(volume) if volume else ""
        if not handle:
            raise NoSource(f"claim {name_of(claim)} has no Docker volume of its own")
        found = self._engine.inspect_volume(handle)
        if found is None or not labels.is_data(found.labels, self._cluster):
            raise NoSource(
                f"the Docker volume {handle} is not minisets' own, and nothing in it is replaced: "
                "make another claim from the snapshot (its dataSource)"
            )
        return handle

    def _fail(self, claim: Object, snapshot: str, why: str) -> timedelta:
        """It is said in an annotation, too: whoever waits for it sees that. Tried again."""

        def told(current: Object) -> Object | None:
            if annotations_of(current).get(RESTORE_FROM) != snapshot:
                return None
            current["metadata"]["annotations"][RESTORE_FAILED] = why
            return current

        if annotations_of(claim).get(RESTORE_FAILED) != why:
            self._change(claim, told)
            said = f"the volume was not put back from snapshot {snapshot}: {why}"
            self._recorder.record(claim, "Warning", "RestoreFailed", said)
        return _LOOK_AGAIN

    def _change(self, claim: Object, edit: Callable[[Object], Object | None]) -> None:
        def same(current: Object) -> Object | None:
            return edit(current) if uid_of(current) == uid_of(claim) else None

        with suppress(NotFound):
            self._registry.change(ref_of(claim), same)


def held_back(pod: Object, reader: Reader) -> tuple[str, ...]:
    """Why the pod may not have its volumes now; empty where no claim of it is being put back."""
    return tuple(
        f'claim "{name_of(claim)}" is being put back from snapshot "{annotations_of(claim)[RESTORE_FROM]}"'
        for claim in _claims_of(pod, reader)
        if RESTORE_FROM in annotations_of(claim)
    )


def _claims_of(pod: Object, reader: Reader) -> list[Object]:
    names = [claim_name(pod, volume) for volume in volumes(pod).values()]
    found = [reader.get(Ref(_CLAIM, namespace_of(pod), name)) for name in names if name]
    return [claim for claim in found if claim is not None]


def _without(claim: Object, snapshot: str) -> Object | None:
    """Done, unless another snapshot was asked for meanwhile."""
    annotations = claim["metadata"].get("annotations") or {}
    if annotations.get(RESTORE_FROM) != snapshot:
        return None
    for key in (RESTORE_FROM, RESTORE_FAILED):
        annotations.pop(key, None)
    return claim
