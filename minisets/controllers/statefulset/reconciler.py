"""Carries a plan out: one registry call an action, no policy. The room's only writer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, assert_never

from minisets.controllers.statefulset.actions import (
    Action,
    AdoptPod,
    AdoptRevision,
    Batch,
    CreateClaim,
    CreatePod,
    CreateRevision,
    DeletePod,
    DeleteRevision,
    OwnClaim,
    Plan,
    RaiseRevision,
    Refuse,
    ReleasePod,
    RepairPod,
    Verb,
    Warn,
)
from minisets.controllers.statefulset.observe import observe
from minisets.controllers.statefulset.plan import plan
from minisets.errors import AlreadyExists, ApiError, Conflict, MinisetsError, NotFound
from minisets.objects.metadata import (
    is_being_deleted,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    ref_of,
    spec_of,
    uid_of,
)
from minisets.objects.owners import controller_of, owner_reference
from minisets.objects.selectors import LabelSelector
from minisets.registry.registry import DeleteOptions, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import timedelta

    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.events import Recorder
    from minisets.store.interface import Change


class StatefulSets:
    """The controller: keys are `namespace/name` of statefulsets."""

    name = "statefulset"
    kinds = ("StatefulSet", "Pod")

    def __init__(self, reader: Reader, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._reader = reader
        self._registry = registry
        self._recorder = recorder
        self._clock = clock

    def keys(self, change: Change) -> Iterable[str]:
        """Which statefulsets a change concerns (A-1); a pod's controllers before and after it count."""
        if change.ref.kind == "StatefulSet":
            yield key_of(change.object)
            return
        for pod in (change.object, change.previous):
            if pod is not None:
                yield from self._statefulsets_of(pod)

    def _statefulsets_of(self, pod: Object) -> Iterable[str]:
        namespace = namespace_of(pod)
        controller = controller_of(pod)
        if controller is not None:
            if controller.get("kind") == "StatefulSet":
                yield f"{namespace}/{controller['name']}"
            return
        for statefulset in self._reader.list("StatefulSet", namespace).items:
            if LabelSelector.of(spec_of(statefulset).get("selector")).matches(labels_of(pod)):
                yield key_of(statefulset)

    def reconcile(self, key: str) -> timedelta | None:
        """Observe, plan, apply. Raises what the registry raised, after the status is written (A-2)."""
        namespace, _, name = key.partition("/")
        observed = observe(self._reader, namespace, name, self._clock.now())
        if observed is None:
            return None
        todo = plan(observed)
        try:
            for batch in todo.batches:
                self._run(observed.statefulset, batch)
        finally:
            self._finish(observed.statefulset, todo)
        return todo.recheck_after

    def _run(self, statefulset: Object, batch: Batch) -> None:
        """Try every group; raises what failed once all have been tried (A-5)."""
        failures: list[MinisetsError] = []
        for group in batch:
            try:
                for action in group:
                    self._apply(statefulset, action)
            except MinisetsError as error:
                failures.append(error)
        if failures:
            raise failures[0] if len(failures) == 1 else MinisetsError("; ".join(map(str, failures)))

    def _finish(self, statefulset: Object, todo: Plan) -> None:
        if todo.status is not None:
            self._write_status(statefulset, todo.status)
        for trim in todo.trims:
            self._apply(statefulset, trim)

    def _write_status(self, statefulset: Object, status: dict[str, Any]) -> None:
        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(statefulset):
                return None
            return {**current, "status": status}

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(statefulset), edit, subresource="status")

    def _apply(self, statefulset: Object, action: Action) -> None:  # noqa: PLR0912 - one row an action
        match action:
            case AdoptPod(pod=pod):
                self._adopt(statefulset, pod)
            case AdoptRevision(revision=revision):
                self._adopt(statefulset, revision)
            case ReleasePod(pod=pod):
                self._edit(pod, _without_owner(uid_of(statefulset)))
            case CreateRevision(revision=revision):
                self._registry.create("ControllerRevision", namespace_of(statefulset), revision)
            case RaiseRevision(revision=revision, number=number):
                self._edit(revision, lambda current: {**current, "revision": number})
            case DeleteRevision(revision=revision):
                self._delete(revision)
            case CreateClaim():
                self._create_claim(statefulset, action)
            case OwnClaim(claim=claim, owners=owners):
                self._edit(claim, _with_metadata("ownerReferences", list(owners)))
            case CreatePod(pod=pod):
                self._create_pod(statefulset, pod)
            case RepairPod(pod=pod, repaired=repaired):
                self._repair(statefulset, pod, repaired)
            case DeletePod(pod=pod):
                self._delete_pod(statefulset, pod)
            case Refuse(pod=name, cause=cause, verb=verb):
                self._tell_failure(statefulset, verb, name, cause)
                raise MinisetsError(cause)
            case Warn(reason=reason, cause=cause):
                self._recorder.record(statefulset, "Warning", reason, cause)
            case _:
                assert_never(action)

    def _adopt(self, statefulset: Object, obj: Object) -> None:
        """Only while the statefulset, read afresh, is still this one and stays (A-66)."""
        fresh = self._reader.get(ref_of(statefulset))
        if fresh is None or uid_of(fresh) != uid_of(statefulset) or is_being_deleted(fresh):
            raise Conflict(f"{name_of(statefulset)} is gone or going: {name_of(obj)} is not adopted")
        owner = owner_reference(statefulset)

        def edit(current: Object) -> Object:
            owners = [*(current["metadata"].get("ownerReferences") or []), owner]
            return _with_metadata("ownerReferences", owners)(current)

        self._edit(obj, edit)

    def _edit(self, obj: Object, edit: Callable[[Object], Object]) -> None:
        """Change an object if it is still the one that was observed; one that is gone is no error.

        One without a uid was made by this plan: whichever is there now is meant.
        """

        def guarded(current: Object) -> Object | None:
            return edit(current) if uid_of(obj) in ("", uid_of(current)) else None

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(obj), guarded)

    def _delete(self, obj: Object) -> None:
        with contextlib.suppress(NotFound):
            self._registry.delete(ref_of(obj), DeleteOptions(uid=uid_of(obj)))

    def _create_pod(self, statefulset: Object, pod: Object) -> None:
        """Kubernetes: a name that is taken is tried again and again, and no Event says so."""
        with self._reported(statefulset, "create", name_of(pod)):
            self._registry.create("Pod", namespace_of(statefulset), pod)

    def _delete_pod(self, statefulset: Object, pod: Object) -> None:
        with self._reported(statefulset, "delete", name_of(pod)):
            self._delete(pod)

    def _repair(self, statefulset: Object, pod: Object, repaired: Object) -> None:
        def edit(current: Object) -> Object:
            labelled = _with_metadata("labels", dict(repaired["metadata"]["labels"]))(current)
            return {**labelled, "spec": repaired["spec"]}

        with self._reported(statefulset, "update", name_of(pod)):
            self._edit(pod, edit)

    def _create_claim(self, statefulset: Object, action: CreateClaim) -> None:
        """An existing claim is somebody else's quick work, and silent (A-101)."""
        claim, pod = action.claim, action.pod
        if self._reader.get(ref_of(claim)) is not None:
            return
        try:
            self._registry.create("PersistentVolumeClaim", namespace_of(claim), claim)
        except AlreadyExists:
            return
        except ApiError as error:
            what = f"create Claim {name_of(claim)} for Pod {pod} in StatefulSet {name_of(statefulset)}"
            self._recorder.record(statefulset, "Warning", "FailedCreate", f"{what} failed error: {error}")
            cause = f"failed to create PVC {name_of(claim)}: {error}"
            self._tell_failure(statefulset, action.verb, pod, cause)
            raise MinisetsError(cause) from error
        what = f"create Claim {name_of(claim)} Pod {pod} in StatefulSet {name_of(statefulset)}"
        self._recorder.record(statefulset, "Normal", "SuccessfulCreate", f"{what} success")

    @contextlib.contextmanager
    def _reported(self, statefulset: Object, verb: Verb, pod: str) -> Iterator[None]:
        """An Event for the outcome of a pod's write, in upstream's words (A-100)."""
        try:
            yield
        except AlreadyExists:
            raise
        except ApiError as error:
            self._tell_failure(statefulset, verb, pod, str(error))
            raise
        message = f"{verb} Pod {pod} in StatefulSet {name_of(statefulset)} successful"
        self._recorder.record(statefulset, "Normal", f"Successful{verb.title()}", message)

    def _tell_failure(self, statefulset: Object, verb: Verb, pod: str, why: str) -> None:
        if verb:
            message = f"{verb} Pod {pod} in StatefulSet {name_of(statefulset)} failed error: {why}"
            self._recorder.record(statefulset, "Warning", f"Failed{verb.title()}", message)


def _with_metadata(field: str, value: Any) -> Callable[[Object], Object]:
    def edit(current: Object) -> Object:
        metadata = {**current["metadata"], field: value}
        if not value:
            del metadata[field]
        return {**current, "metadata": metadata}

    return edit


def _without_owner(uid: str) -> Callable[[Object], Object]:
    def edit(current: Object) -> Object:
        owners = [owner for owner in current["metadata"].get("ownerReferences") or [] if owner["uid"] != uid]
        return _with_metadata("ownerReferences", owners)(current)

    return edit
