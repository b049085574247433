"""The annotation of `kubectl apply` on an object that kubectl applies on the server from now on.

Decides which fields the annotation speaks for, and what it says after an apply.
Kubernetes: apimachinery pkg/util/managedfields/internal lastappliedmanager.go, lastappliedupdater.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.applying import LAST_APPLIED, as_go, last_applied
from minisets.objects.jsonvalues import copied
from minisets.objects.managed.fieldsets import Fields, difference
from minisets.objects.managed.fitting import misfits
from minisets.objects.managed.owning import compared, fields_in
from minisets.objects.metadata import annotations_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.objects.managed.shapes import Shape

_MOST = 256 * 1024
"""Kubernetes: TotalAnnotationSizeLimitB."""


def is_told(obj: Object) -> bool:
    """Whether the object has the annotation."""
    return bool(annotations_of(obj).get(LAST_APPLIED))


def fields_told(shape: Shape, api_version: str, live: Object) -> Fields:
    """The fields of the annotation that live as it says."""
    told = last_applied(live)
    if told.get("apiVersion") != api_version or misfits(shape, told):
        return {}
    return difference(fields_in(shape, told), compared(shape, told, live).touched)


def retold(obj: Object, config: Object) -> Object:
    """The object whose annotation says what was applied last; it goes where it would be too large."""
    plain: Object = copied(config)
    annotations = dict(annotations_of(plain))
    if annotations.pop(LAST_APPLIED, None) is not None:
        plain["metadata"]["annotations"] = annotations
    kept = {**annotations_of(obj), LAST_APPLIED: as_go(plain) + "\n"}
    if sum(len(text.encode()) for pair in kept.items() for text in pair) > _MOST:
        del kept[LAST_APPLIED]
    return {**obj, "metadata": {**obj["metadata"], "annotations": kept}}
