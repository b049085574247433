"""Claims and volumes: their protection, the default class, and when a volume's phase changed.

Leaves binding to `controllers/volumes.py`, which also gives an old claim the default class.
Kubernetes: pkg/registry/core/persistentvolume{,claim}, plugin/pkg/admission/storage.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, meta, name_of, ref_of, spec_of, status_of, timestamp
from minisets.objects.validation.resources import amount_of
from minisets.registry import refusals
from minisets.registry.strategies.base import Context, Strategy

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.store.interface import Reader

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_NO_RESIZE = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
    "support resize"
)
IS_DEFAULT = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


class ClaimStrategy(Strategy):
    """A claim waits for the pods that use it (A-142)."""

    protection: ClassVar[str] = "kubernetes.io/pvc-protection"

    def prepare_create(self, obj: Object, context: Context) -> None:
        """A claim that names no class gets the default one (A-139); `""` names none on purpose."""
        super().prepare_create(obj, context)
        _say_source_twice(obj["spec"])
        if obj["spec"].get("storageClassName") is None and CLASS_ANNOTATION not in annotations_of(obj):
            chosen = default_class(context.reader)
            if chosen is not None:
                obj["spec"]["storageClassName"] = name_of(chosen)

    def prepare_update(self, new: Object, old: Object, context: Context) -> None:
        """A claim may ask for more only where its class says so. Kubernetes: admission storage/…/resize."""
        super().prepare_update(new, old, context)
        grown = _size(new) > _size(old) and status_of(old).get("phase") == "Bound"
        if grown and not _may_grow(old, context.reader):
            raise refusals.forbidden(ref_of(old), _NO_RESIZE)


class VolumeStrategy(Strategy):
    """A volume waits for the claim that it is bound to (A-142)."""

    protection: ClassVar[str] = "kubernetes.io/pv-protection"

    def prepare_create(self, obj: Object, context: Context) -> None:
        """The phase begins now."""
        super().prepare_create(obj, context)
        obj["status"] = {**status_of(obj), "lastPhaseTransitionTime": timestamp(context.now)}

    def prepare_status_update(self, new: Object, old: Object, context: Context) -> None:
        """Another phase begins now; the writer need not say so."""
        super().prepare_status_update(new, old, context)
        if status_of(new).get("phase") != status_of(old).get("phase"):
            new["status"] = {**status_of(new), "lastPhaseTransitionTime": timestamp(context.now)}


def _say_source_twice(spec: dict[str, Any]) -> None:
    """`dataSource` and `dataSourceRef` say the same. Kubernetes: pvcutil.NormalizeDataSources."""
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not ref:
        spec["dataSourceRef"] = dict(source)
    elif ref and not source and not ref.get("namespace"):
        spec["dataSource"] = dict(ref)


def _size(claim: Object) -> Decimal:
    requests = (spec_of(claim).get("resources") or {}).get("requests") or {}
    return amount_of(requests.get("storage", "0")) or Decimal(0)


def _may_grow(claim: Object, reader: Reader) -> bool:
    named = class_of(claim)
    found = reader.get(Ref("StorageClass", "", named)) if named else None
    return found is not None and bool(found.get("allowVolumeExpansion"))


def class_of(obj: Object) -> str:
    """The class of a claim or volume; empty for none. Kubernetes: GetPersistentVolumeClaimClass."""
    annotated = annotations_of(obj).get(CLASS_ANNOTATION)
    return annotated if annotated is not None else str(spec_of(obj).get("storageClassName") or "")


def default_class(reader: Reader) -> Object | None:
    """The class that claims without one get: the newest of those that say they are it."""
    found = [item for item in reader.list("StorageClass").items if is_default(item)]
    by_name = sorted(found, key=name_of)
    return max(by_name, key=lambda item: str(meta(item).get("creationTimestamp")), default=None)


def is_default(storage_class: Object) -> bool:
    """Whether the class is annotated as the default one."""
    annotations = annotations_of(storage_class)
    return any(annotations.get(key) == "true" for key in IS_DEFAULT)
