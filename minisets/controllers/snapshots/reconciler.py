"""Observes a snapshot, and carries out what is decided: one registry call an action, no policy."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, assert_never

from minisets.controllers.snapshots.plan import (
    Action,
    BindContent,
    CreateContent,
    DeleteContent,
    Fail,
    Observed,
    SetClass,
    SetFinalizers,
    SetStatus,
    Tell,
    plan_snapshot,
)
from minisets.errors import AlreadyExists, NotFound
from minisets.objects.kinds import SNAPSHOTS, Ref
from minisets.objects.metadata import (
    finalizers_of,
    key_of,
    namespace_of,
    ref_of,
    spec_of,
    status_of,
    timestamp,
    uid_of,
)
from minisets.objects.snapshots import (
    AS_SOURCE,
    BEING_DELETED,
    BOUND,
    CONTENT_BOUND,
    IS_DEFAULT,
    SNAPSHOT,
    SNAPSHOT_CLASS,
    SNAPSHOT_CONTENT,
    content_name,
    error_of,
    snapshot_ref,
    source_claim,
)
from minisets.registry.registry import DeleteOptions
from minisets.settings import DEFAULT_CLASS, PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

    _Edit = Callable[[Object], Object | None]

_OURS = (AS_SOURCE, BOUND)


def ensure_default_snapshot_class(registry: Registry) -> None:
    """Create the class unless there is one of its name: a person may have made it otherwise."""
    body = {
        "apiVersion": f"{SNAPSHOTS}/v1",
        "kind": SNAPSHOT_CLASS,
        "metadata": {"name": DEFAULT_CLASS, "annotations": {IS_DEFAULT: "true"}},
        "driver": PROVISIONER,
        "deletionPolicy": "Delete",
    }
    with suppress(AlreadyExists):
        registry.create(SNAPSHOT_CLASS, "", body)


class Snapshots:
    """The controller; keys are `namespace/name` of snapshots."""

    name = "snapshots"
    kinds = (SNAPSHOT, SNAPSHOT_CONTENT, SNAPSHOT_CLASS, "PersistentVolumeClaim")

    def __init__(self, reader: Reader, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._reader = reader
        self._registry = registry
        self._recorder = recorder
        self._clock = clock

    def keys(self, change: Change) -> Iterable[str]:
        """The snapshot itself, a content's, and those that wait for a claim or a class."""
        if change.ref.kind == SNAPSHOT:
            yield key_of(change.object)
        elif change.ref.kind == SNAPSHOT_CONTENT:
            ref = snapshot_ref(change.object)
            yield f"{ref.namespace}/{ref.name}"
        else:
            namespace = change.ref.namespace
            for snapshot in self._reader.list(SNAPSHOT, namespace).items:
                is_waiting = not status_of(snapshot).get("boundVolumeSnapshotContentName")
                if is_waiting and (not namespace or source_claim(snapshot) == change.ref.name):
                    yield key_of(snapshot)

    def reconcile(self, key: str) -> timedelta | None:
        """The next steps; what they change brings the next look."""
        namespace, _, name = key.partition("/")
        snapshot = self._reader.get(Ref(SNAPSHOT, namespace, name))
        if snapshot is not None:
            for action in plan_snapshot(self._observed(snapshot)):
                with suppress(NotFound):
                    self._carry_out(snapshot, action)
        return None

    def _observed(self, snapshot: Object) -> Observed:
        claim = self._reader.get(Ref("PersistentVolumeClaim", namespace_of(snapshot), source_claim(snapshot)))
        bound = str(spec_of(claim).get("volumeName") or "") if claim else ""
        return Observed(
            snapshot,
            self._reader.get(Ref(SNAPSHOT_CONTENT, "", content_name(snapshot))),
            claim,
            self._reader.get(Ref("PersistentVolume", "", bound)) if bound else None,
            tuple(self._reader.list(SNAPSHOT_CLASS).items),
        )

    def _carry_out(self, snapshot: Object, action: Action) -> None:
        match action:
            case SetFinalizers():
                self._change(snapshot, lambda it: _with_finalizers(it, action.finalizers))
            case SetClass():
                self._change(snapshot, lambda it: _with_class(it, action.name))
            case CreateContent():
                with suppress(AlreadyExists):
                    self._registry.create(SNAPSHOT_CONTENT, "", action.body)
            case BindContent():
                ref = Ref(SNAPSHOT_CONTENT, "", action.name)
                self._registry.change(ref, lambda it: _bound(it, snapshot))
            case DeleteContent():
                ref = Ref(SNAPSHOT_CONTENT, "", action.name)
                # Why first: who has the data goes by it. Kubernetes: setAnnVolumeSnapshotBeingDeleted.
                self._registry.change(ref, _told_of_the_end)
                self._registry.delete(ref, DeleteOptions())
            case SetStatus():
                self._change(snapshot, lambda it: {**it, "status": action.status}, "status")
            case Fail():
                self._fail(snapshot, action)
            case Tell():
                self._recorder.record(snapshot, "Normal", action.reason, action.message)
            case _:
                assert_never(action)

    def _fail(self, snapshot: Object, action: Fail) -> None:
        """Kubernetes: updateSnapshotErrorStatusWithEvent: the same error is told once."""
        if error_of(snapshot) == action.message:
            return
        error = {"message": action.message, "time": timestamp(self._clock.now())}

        def failed(current: Object) -> Object:
            return {**current, "status": {**status_of(current), "error": error, "readyToUse": False}}

        self._change(snapshot, failed, "status")
        self._recorder.record(snapshot, "Warning", action.reason, action.message)

    def _change(self, snapshot: Object, edit: _Edit, subresource: str = "") -> None:
        def same(current: Object) -> Object | None:
            return edit(current) if uid_of(current) == uid_of(snapshot) else None

        self._registry.change(ref_of(snapshot), same, subresource=subresource)


def _with_finalizers(snapshot: Object, wanted: tuple[str, ...]) -> Object:
    others = [one for one in finalizers_of(snapshot) if one not in _OURS]
    snapshot["metadata"]["finalizers"] = [*others, *wanted]
    return snapshot


def _with_class(snapshot: Object, name: str) -> Object:
    snapshot["spec"].setdefault("volumeSnapshotClassName", name)
    return snapshot


def _bound(content: Object, snapshot: Object) -> Object:
    content["spec"]["volumeSnapshotRef"] = {
        **content["spec"]["volumeSnapshotRef"],
        "uid": uid_of(snapshot),
    }
    content["metadata"]["finalizers"] = sorted({*finalizers_of(content), CONTENT_BOUND})
    return content


def _told_of_the_end(content: Object) -> Object:
    content["metadata"].setdefault("annotations", {})[BEING_DELETED] = "yes"
    return content
