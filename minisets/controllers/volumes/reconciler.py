"""Observes a claim or a volume, and carries out what is decided: one registry call an action, no policy."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, assert_never

from minisets.controllers.keys import key_for, ref_from
from minisets.controllers.volumes.actions import (
    Action,
    AskProvisioner,
    FreeVolume,
    PointClaim,
    ReserveVolume,
    SetClaimStatus,
    SetClass,
    SetVolumePhase,
    Tell,
    Unprotect,
)
from minisets.controllers.volumes.binding import annotate, free, point, reserve
from minisets.controllers.volumes.claims import (
    PROVISIONER,
    PROVISIONER_BETA,
    SELECTED_NODE,
    ObservedClaim,
    plan_claim,
)
from minisets.controllers.volumes.matching import claim_ref, class_of
from minisets.controllers.volumes.release import plan_volume
from minisets.controllers.volumes.usage import claim_names, users_of
from minisets.errors import NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    annotations_of,
    name_of,
    namespace_of,
    ref_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.registry.strategies.storage import default_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change


class Volumes:
    """The controller; its keys carry the kind, see `controllers/keys.py`."""

    name = "volumes"
    kinds = ("StorageClass", "PersistentVolume", "PersistentVolumeClaim", "Pod")

    def __init__(self, reader: Reader, registry: Registry, recorder: Recorder) -> None:
        self._reader = reader
        self._registry = registry
        self._recorder = recorder

    def keys(self, change: Change) -> Iterable[str]:
        """Which claims and volumes a change concerns."""
        match change.ref.kind:
            case "PersistentVolumeClaim":
                yield key_for(change.ref)
                for volume in self._reader.list("PersistentVolume").items:
                    if _names(volume, change.ref) or name_of(volume) == spec_of(change.object).get(
                        "volumeName"
                    ):
                        yield key_for(ref_of(volume))
            case "PersistentVolume":
                yield key_for(change.ref)
                yield from self._claims_that_may_want(change.object)
            case "StorageClass":
                yield from self._unbound_claims()
            case _:
                for pod in (change.object, change.previous or {}):
                    for name in claim_names(pod):
                        yield key_for(Ref("PersistentVolumeClaim", change.ref.namespace, name))

    def reconcile(self, key: str) -> timedelta | None:
        """Observe, plan, apply. Raises Conflict where another claim was quicker."""
        ref = ref_from(key)
        obj = self._reader.get(ref)
        if obj is None:
            return None
        if ref.kind == "PersistentVolume":
            actions = plan_volume(obj, self._claim_of(obj))
        else:
            actions = plan_claim(self._observe(obj))
        for action in actions:
            self._apply(action)
        return None

    def _claims_that_may_want(self, volume: Object) -> Iterable[str]:
        if ref := claim_ref(volume):
            yield key_for(Ref("PersistentVolumeClaim", ref.get("namespace", ""), ref.get("name", "")))
        for claim in self._reader.list("PersistentVolumeClaim").items:
            if spec_of(claim).get("volumeName") == name_of(volume):
                yield key_for(ref_of(claim))
        if ref is None:
            yield from self._unbound_claims()

    def _unbound_claims(self) -> Iterable[str]:
        for claim in self._reader.list("PersistentVolumeClaim").items:
            if not spec_of(claim).get("volumeName"):
                yield key_for(ref_of(claim))

    def _claim_of(self, volume: Object) -> Object | None:
        ref = claim_ref(volume)
        if ref is None:
            return None
        claim = self._reader.get(Ref("PersistentVolumeClaim", ref.get("namespace", ""), ref.get("name", "")))
        return claim if claim is not None and uid_of(claim) == ref.get("uid") else None

    def _observe(self, claim: Object) -> ObservedClaim:
        selected = annotations_of(claim).get(SELECTED_NODE, "")
        return ObservedClaim(
            claim=claim,
            volumes=self._reader.list("PersistentVolume").items,
            storage_class=self._reader.get(Ref("StorageClass", "", class_of(claim))),
            default_class=default_class(self._reader),
            users=tuple(users_of(claim, self._reader.list("Pod", namespace_of(claim)).items)),
            node=self._reader.get(Ref("Node", "", selected)) if selected else None,
        )

    def _apply(self, action: Action) -> None:
        match action:
            case SetClass(claim=claim, storage_class=storage_class):
                self._edit(claim, lambda current: current["spec"].update(storageClassName=storage_class))
            case ReserveVolume(volume=volume, claim=claim, chosen=chosen):
                self._edit(volume, lambda current: reserve(current, claim, chosen=chosen))
            case PointClaim(claim=claim, volume=volume, chosen=chosen):
                self._edit(claim, lambda current: point(current, volume, chosen=chosen))
            case SetVolumePhase(volume=volume, phase=phase, message=message):
                self._edit(volume, lambda current: _phase(current, phase, message), "status")
            case SetClaimStatus(claim=claim, status=status):
                self._edit(claim, lambda current: current.update(status=status), "status")
            case AskProvisioner(claim=claim, provisioner=provisioner):
                asked = {PROVISIONER: provisioner, PROVISIONER_BETA: provisioner}
                self._edit(claim, lambda current: annotate(current, asked))
            case FreeVolume(volume=volume):
                self._edit(volume, free)
            case Unprotect(obj=obj, finalizer=finalizer):
                self._edit(obj, lambda current: current["metadata"]["finalizers"].remove(finalizer))
            case Tell(obj=obj, type=kind, reason=reason, cause=message):
                self._recorder.record(obj, kind, reason, message)
            case _:
                assert_never(action)

    def _edit(self, obj: Object, edit: Callable[[Object], None], subresource: str = "") -> None:
        """Edit an object in place if it is still the one that was observed; one that is gone is no error."""

        def guarded(current: Object) -> Object | None:
            if uid_of(current) != uid_of(obj):
                return None
            edit(current)
            return current

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(obj), guarded, subresource=subresource)


def _names(volume: Object, claim: Ref) -> bool:
    ref = claim_ref(volume) or {}
    return (ref.get("namespace"), ref.get("name")) == (claim.namespace, claim.name)


def _phase(volume: Object, phase: str, message: str) -> None:
    kept = {key: value for key, value in status_of(volume).items() if key != "message"}
    volume["status"] = {**kept, "phase": phase, **({"message": message} if message else {})}
