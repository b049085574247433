"""The players in the world of one statefulset, `web`: people, the kubelet, the claims' protection.

And the registry that its controller writes through, which notes what becomes of pods and can crash.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import (
    finalizers_of,
    is_being_deleted,
    name_of,
    ref_of,
    spec_of,
    timestamp,
    uid_of,
)
from minisets.registry.registry import DeleteOptions, Registry
from minisets.settings import Settings
from minisets.store.transaction import copied
from tests.controllers.house import House
from tests.models.statefulset_seen import NAME, SELECTED, claim_names, is_broken, is_ready, phase_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from minisets.objects.kinds import Object, Ref

STRANGERS = {"web-x": SELECTED, "db-0": SELECTED, "web-99": {"app": "other"}}
"""Pods that are not ours: by their name, by their name, and by their labels (A-3)."""

_PROTECTION = "kubernetes.io/pvc-protection"
_NO_GRACE = timedelta(0)


class Crash(Exception):
    """The process ends here."""


class Fragile(Registry):
    """What the controller writes through: notes what became of pods; crashes before its n-th write."""

    def __init__(self, house: House) -> None:
        super().__init__(house.store, house.clock, Settings())
        self.begin(None)

    def begin(self, writes: int | None) -> None:
        """writes: how many there may be before the crash; None: no crash."""
        self._left = writes
        self.created: list[Object] = []
        self.deleted: list[Object] = []

    def _count(self) -> None:
        if self._left == 0:
            raise Crash
        if self._left is not None:
            self._left -= 1

    def create(self, kind: str, *args: Any, **kwargs: Any) -> Any:
        self._count()
        outcome = super().create(kind, *args, **kwargs)
        if kind == "Pod":
            self.created.append(outcome.object)
        return outcome

    def change(self, *args: Any, **kwargs: Any) -> Any:
        self._count()
        return super().change(*args, **kwargs)

    def delete(self, ref: Ref, *args: Any, **kwargs: Any) -> Any:
        self._count()
        before = self.store.get(ref)
        outcome = super().delete(ref, *args, **kwargs)
        if ref.kind == "Pod" and before is not None:
            self.deleted.append(before)
        return outcome


class Players:
    """Each does one thing at a time, when it is asked to."""

    def __init__(self) -> None:
        self.house = House()

    @property
    def statefulset(self) -> Object | None:
        return self.house.find("StatefulSet", NAME)

    def pods(self) -> list[Object]:
        """All that somebody may play with."""
        return [pod for pod in self.house.store.list("Pod").items if name_of(pod) not in STRANGERS]

    def claims(self) -> list[Object]:
        return list(self.house.store.list("PersistentVolumeClaim").items)

    # The kubelet.

    def play(self) -> None:
        """Every pod becomes what its image lets it, every terminating one ends."""
        for pod in self.pods():
            if is_being_deleted(pod):
                self.end(pod)
            elif phase_of(pod) == "Pending":
                self.set_phase(pod, "Running", ready=not is_broken(pod))
            elif phase_of(pod) == "Running" and not is_ready(pod) and not is_broken(pod):
                self.set_phase(pod, "Running", ready=True)

    def set_phase(self, pod: Object, phase: str, *, ready: bool = False) -> None:
        """Give it a node first, if it still may get one."""
        if not spec_of(pod).get("nodeName"):
            if is_being_deleted(pod):
                return
            self.house.registry.bind(ref_of(pod), "minisets-0")
        since = timestamp(self.house.clock.now())
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": since}
        self.house.set_status("Pod", name_of(pod), phase=phase, conditions=[condition])

    def end(self, pod: Object) -> None:
        """Its containers are gone; finalizers may hold it still."""
        self.house.registry.delete(ref_of(pod), DeleteOptions(grace=_NO_GRACE, uid=uid_of(pod)))

    # People.

    def make(self, spec: dict[str, Any]) -> None:
        self.house.create("StatefulSet", NAME, spec=spec)

    def make_strangers(self) -> None:
        for name, labels in STRANGERS.items():
            self.house.pod(name, labels=labels)

    def edit(self, **fields: Any) -> None:
        """Top-level fields of the spec."""
        self.house.edit("StatefulSet", NAME, lambda obj: obj["spec"].update(copied(fields)))

    def set_image(self, image: str) -> None:
        self.edit(template=template(image))

    def delete(self, obj: Object, **options: Any) -> None:
        self.house.registry.delete(ref_of(obj), DeleteOptions(**options))

    def let_go(self, obj: Object) -> None:
        """Take its finalizers away."""
        self.house.registry.change(
            ref_of(obj), lambda current: without_finalizers(current, finalizers_of(obj))
        )

    # The claims' protection.

    def protect(self) -> None:
        """A claim that is being deleted goes when no scheduled pod uses it (A-142)."""
        used = {
            name
            for pod in self.house.store.list("Pod").items
            if spec_of(pod).get("nodeName")
            for name in claim_names(pod).values()
        }
        for claim in self.claims():
            if is_being_deleted(claim) and _PROTECTION in finalizers_of(claim) and name_of(claim) not in used:
                self.house.registry.change(
                    ref_of(claim), lambda current: without_finalizers(current, [_PROTECTION])
                )


def template(image: str) -> dict[str, Any]:
    return {"metadata": {"labels": SELECTED}, "spec": {"containers": [{"name": "nginx", "image": image}]}}


def without_finalizers(obj: Object, gone: Collection[str]) -> Object:
    kept = [each for each in finalizers_of(obj) if each not in gone]
    metadata = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
    return {**obj, "metadata": {**metadata, **({"finalizers": kept} if kept else {})}}
