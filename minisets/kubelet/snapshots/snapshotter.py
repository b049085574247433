"""Contents of our driver: taken when their group is due, checked if they were there before, removed.

Keys are names of contents. One that failed says why and is not taken again. Leaves how a group is taken to
`taking.py`. Kubernetes: external-snapshotter pkg/sidecar-controller/snapshot_controller.go.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.engine import labels
from minisets.errors import (
    EngineConflict,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    NotFound,
)
from minisets.kubelet.snapshots.copying import CopyFailed, PauseLasts, Stopping
from minisets.kubelet.snapshots.groups import due_group
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    annotations_of,
    finalizers_of,
    is_being_deleted,
    moment,
    name_of,
    ref_of,
    spec_of,
    status_of,
    timestamp,
    uid_of,
)
from minisets.objects.snapshots import (
    BEING_DELETED,
    CONTENT_BOUND,
    COPIED,
    PAUSED_FOR,
    SNAPSHOT,
    SNAPSHOT_CONTENT,
    content_name,
    error_of,
    is_content_of,
    is_ready,
    snapshot_ref,
)
from minisets.objects.validation.resources import amount_of
from minisets.settings import PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.engine.interface import Volume
    from minisets.kubelet.lanes import Lane
    from minisets.kubelet.room import Room
    from minisets.kubelet.snapshots.groups import Group
    from minisets.kubelet.snapshots.taking import Taken, Taker
    from minisets.objects.kinds import Object
    from minisets.store.interface import Change

_LOOK_AGAIN = timedelta(seconds=5)
_AT_ONCE = timedelta(0)
_TRY_AGAIN = (EngineUnavailable, EngineTimeout, PauseLasts, Stopping)

_log = logging.getLogger(__name__)


class Snapshotter:
    """The controller; `add_after` wakes a key."""

    name = "snapshotter"
    kinds = (SNAPSHOT, SNAPSHOT_CONTENT)

    def __init__(
        self, room: Room, taker: Taker, lane: Lane, add_after: Callable[[str, timedelta], None]
    ) -> None:
        self._store = room.store
        self._registry = room.registry
        self._engine = room.engine
        self._recorder = room.recorder
        self._clock = room.clock
        self._cluster = room.settings.cluster
        self._taker = taker
        self._lane = lane
        self._add_after = add_after
        self._lock = threading.Lock()
        self._active: dict[str, frozenset[str]] = {}

    def keys(self, change: Change) -> Iterable[str]:
        """The content; a snapshot stands for its content."""
        is_content = change.ref.kind == SNAPSHOT_CONTENT
        yield change.ref.name if is_content else content_name(change.object)

    def reconcile(self, key: str) -> timedelta | None:
        """What one content wants."""
        content = self._store.get(Ref(SNAPSHOT_CONTENT, "", key))
        if content is None or spec_of(content).get("driver") != PROVISIONER:
            return None
        if self._is_active(key):
            return _LOOK_AGAIN
        if is_being_deleted(content):
            return self._end(content)
        if is_ready(content) or error_of(content):
            return None
        handle = (spec_of(content).get("source") or {}).get("snapshotHandle")
        if handle:
            self._check(content, str(handle))
            return None
        snapshot = self._store.get(snapshot_ref(content))
        if snapshot is None:
            return None
        contents = {name_of(one): one for one in self._store.list(SNAPSHOT_CONTENT).items}
        group = due_group(
            snapshot, self._store.list(SNAPSHOT, snapshot_ref(content).namespace).items, contents
        )
        if group is not None:
            self._begin(group)
        return None

    # --- taking ---

    def _is_active(self, name: str) -> bool:
        with self._lock:
            return any(name in names for names in self._active.values())

    def _begin(self, group: Group) -> None:
        names = frozenset(name_of(one.content) for one in group.members)
        with self._lock:
            if group.key in self._active:
                return
            self._active[group.key] = names
        self._lane.submit(lambda: self._take(group, names))

    def _take(self, group: Group, names: frozenset[str]) -> None:
        again = _LOOK_AGAIN
        try:
            taken = self._taker.take(group)
            for one, copy in zip(group.members, taken, strict=True):
                self._write(one.content, copy)
            again = _AT_ONCE
        except _TRY_AGAIN as error:
            _log.warning("a snapshot is taken again: %s", error)
        except (CopyFailed, EngineError) as error:
            for one in group.members:
                why = f'failed to take snapshot of the volume {one.handle}: "{error}"'
                self._fail(one.content, f"Failed to check and update snapshot content: {why}")
        finally:
            with self._lock:
                self._active.pop(group.key, None)
            for name in names:
                self._add_after(name, again)

    def _write(self, content: Object, copy: Taken) -> None:
        """The annotations first: whoever sees it ready sees them."""
        told = {COPIED: str(copy.copied), PAUSED_FOR: f"{copy.paused:g}s"}

        def annotated(current: Object) -> Object:
            current["metadata"]["annotations"] = {**annotations_of(current), **told}
            return current

        self._change(content, annotated)
        self._set_status(content, _status(copy))

    def _fail(self, content: Object, message: str) -> None:
        error = {"message": message, "time": timestamp(self._clock.now())}
        self._set_status(content, {"error": error, "readyToUse": False})
        self._recorder.record(content, "Warning", "SnapshotContentCheckandUpdateFailed", message)
        snapshot = self._store.get(snapshot_ref(content))
        if snapshot is not None:
            # Differs: told about the snapshot too; a content's events are nowhere a person looks.
            self._recorder.record(snapshot, "Warning", "SnapshotContentCheckandUpdateFailed", message)

    # --- one that was there before ---

    def _check(self, content: Object, handle: str) -> None:
        """Whether the Docker volume that it names is a copy of ours, and whole."""
        found = self._engine.inspect_volume(handle)
        if found is None or not labels.is_snapshot(found.labels, self._cluster):
            self._fail(content, f"the Docker volume {handle} is no copy of this cluster")
            return
        copy = self._taker.mark_of(found)
        if copy is None:
            self._fail(content, f"the copy in the Docker volume {handle} is not whole")
            return
        self._write(content, copy)

    # --- the end ---

    def _end(self, content: Object) -> timedelta | None:
        """The data first, if it is to go; the object last. Kubernetes: shouldDelete."""
        snapshot = self._store.get(snapshot_ref(content))
        is_wanted = snapshot is not None and is_content_of(content, snapshot)
        if is_wanted and annotations_of(content).get(BEING_DELETED) != "yes":
            return None
        if spec_of(content).get("deletionPolicy") == "Delete":
            for volume in self._copies(content):
                try:
                    self._engine.remove_volume(volume.name)
                except EngineConflict as error:
                    said = f"Failed to delete snapshot: {error}"
                    self._recorder.record(content, "Warning", "SnapshotDeleteError", said)
                    return _LOOK_AGAIN
        self._change(content, _let_go)
        return None

    def _copies(self, content: Object) -> list[Volume]:
        """Those that were made for it, and the one that it names; of ours only, and no other content's."""
        found = {volume.name: volume for volume in self._taker.copies_of(content)}
        handle = _handle(content)
        named = self._engine.inspect_volume(handle) if handle else None
        if named is not None and labels.is_snapshot(named.labels, self._cluster):
            found[named.name] = named
        others = {
            _handle(one) for one in self._store.list(SNAPSHOT_CONTENT).items if uid_of(one) != uid_of(content)
        }
        return [volume for name, volume in sorted(found.items()) if name not in others]

    # --- writing ---

    def _set_status(self, content: Object, status: dict[str, Any]) -> None:
        self._change(content, lambda it: {**it, "status": status}, "status")

    def _change(
        self, content: Object, edit: Callable[[Object], Object | None], subresource: str = ""
    ) -> None:
        def same(current: Object) -> Object | None:
            return edit(current) if uid_of(current) == uid_of(content) else None

        with suppress(NotFound):
            self._registry.change(ref_of(content), same, subresource=subresource)


def _handle(content: Object) -> str:
    """The Docker volume with the copy, as far as anybody has said it."""
    source = spec_of(content).get("source") or {}
    return str(status_of(content).get("snapshotHandle") or source.get("snapshotHandle") or "")


def _status(copy: Taken) -> dict[str, Any]:
    """Times are nanoseconds in a content, sizes bytes: what a claim must ask for at least."""
    return {
        "snapshotHandle": copy.handle,
        "creationTime": int(moment(copy.taken).timestamp()) * 10**9,
        "restoreSize": int(amount_of(copy.capacity) or 0),
        "readyToUse": True,
    }


def _let_go(content: Object) -> Object:
    left = [one for one in finalizers_of(content) if one != CONTENT_BOUND]
    content["metadata"]["finalizers"] = left
    return content
