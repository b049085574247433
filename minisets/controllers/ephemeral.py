"""Makes the claims of pods' ephemeral volumes: `<pod>-<volume>`, owned by the pod, so that they go with it.

Leaves binding to `volumes/`, removing to `garbage.py`, a claim of that name that is not the pod's to the
kubelet, which will not mount it. Kubernetes: pkg/controller/volume/ephemeral/controller.go.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from minisets.controllers.volumes.usage import users_of
from minisets.errors import AlreadyExists
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_being_deleted, key_of, meta, spec_of
from minisets.objects.owners import owner_reference
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

_CLAIM = "PersistentVolumeClaim"


class EphemeralVolumes:
    """The controller: keys are `namespace/name` of pods."""

    name = "ephemeral-volumes"
    kinds = ("Pod", _CLAIM)

    def __init__(self, reader: Reader, registry: Registry) -> None:
        self._reader = reader
        self._registry = registry

    def keys(self, change: Change) -> Iterable[str]:
        """A claim that is gone concerns the pods that want it."""
        if change.ref.kind == "Pod":
            yield key_of(change.object)
        elif change.type is ChangeType.DELETED:
            pods = self._reader.list("Pod", change.ref.namespace).items
            yield from map(key_of, users_of(change.object, pods))

    def reconcile(self, key: str) -> timedelta | None:
        """Make the claims that are not there."""
        namespace, _, name = key.partition("/")
        pod = self._reader.get(Ref("Pod", namespace, name))
        if pod is None or is_being_deleted(pod):
            return None
        for volume in spec_of(pod).get("volumes") or ():
            claim = f"{name}-{volume['name']}"
            if volume.get("ephemeral") and self._reader.get(Ref(_CLAIM, namespace, claim)) is None:
                body = _claim(pod, claim, volume["ephemeral"]["volumeClaimTemplate"])
                with suppress(AlreadyExists):
                    self._registry.create(_CLAIM, namespace, body)
        return None


def _claim(pod: Object, name: str, template: dict[str, Any]) -> Object:
    """With the template's labels and annotations; nothing else of its metadata counts."""
    kept = {key: meta(template)[key] for key in ("labels", "annotations") if meta(template).get(key)}
    metadata = {**kept, "name": name, "ownerReferences": [owner_reference(pod)]}
    return {"metadata": metadata, "spec": template["spec"]}
