"""Rules for claims and templates of claims (A-85), and for what a claim may become (A-79).

Kubernetes: core validation.go ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeClaimUpdate.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, forbidden, immutable, not_supported, required
from minisets.objects.metadata import annotations_of, spec_of, status_of
from minisets.objects.validation.changes import changes
from minisets.objects.validation.labels import check_label_selector
from minisets.objects.validation.resources import amount_of, check_not_negative, check_positive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.objects.kinds import Object

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_IMMUTABLE = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName"
    " for bound claims"
)


def check_claim(claim: Object) -> Causes:
    """A claim's spec."""
    yield from check_claim_spec("spec", spec_of(claim))


def check_claim_spec(path: str, spec: Object) -> Causes:
    """What claims and templates have alike."""
    modes = spec.get("accessModes") or []
    if not modes:
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    yield from check_label_selector(f"{path}.selector", spec.get("selector"))
    yield from check_access_modes(f"{path}.accessModes", modes)
    requests = (spec.get("resources") or {}).get("requests") or {}
    if "storage" in requests:
        yield from check_positive(f"{path}.resources[storage]", requests["storage"])
    else:
        yield required(f"{path}.resources[storage]")
    if storage_class := spec.get("storageClassName"):
        where = f"{path}.storageClassName"
        yield from each_invalid(where, storage_class, names.dns_subdomain(storage_class))
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        yield not_supported(f"{path}.volumeMode", mode, VOLUME_MODES)


def check_access_modes(path: str, modes: Sequence[str]) -> Causes:
    """Known modes; ReadWriteOncePod stands alone."""
    for mode in modes:
        if mode not in ACCESS_MODES:
            yield not_supported(path, mode, ACCESS_MODES)
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


def check_claim_update(new: Object, old: Object) -> Causes:
    """Bound claims may grow; volumeName and a missing class may be set once."""
    yield from check_claim(new)
    before, after = annotations_of(old).get(_CLASS_ANNOTATION), annotations_of(new).get(_CLASS_ANNOTATION)
    yield from immutable(f"metadata.annotations.{_CLASS_ANNOTATION}", after or "", before or "")
    wanted, kept = deepcopy(spec_of(new)), deepcopy(spec_of(old))
    for field in ("volumeName", "storageClassName"):
        if not kept.get(field) and (field == "volumeName" or kept.get(field) is None):
            _take_over(kept, wanted, field)
    if status_of(new).get("phase") == "Bound":
        _take_over(kept, wanted, "volumeAttributesClassName")
        _forget_size(wanted)
        _forget_size(kept)
    if wanted != kept:
        yield forbidden("spec", f"{_IMMUTABLE}\n{changes(kept, wanted, 'spec')}")
    yield from _check_size(new, old)
    yield from immutable("volumeMode", spec_of(new).get("volumeMode"), spec_of(old).get("volumeMode"))


def check_claim_status(new: Object, _: Object) -> Causes:
    """Capacities are amounts."""
    for name, amount in (status_of(new).get("capacity") or {}).items():
        yield from check_not_negative(f"status.capacity[{name}]", amount)


def _take_over(kept: Object, wanted: Object, field: str) -> None:
    kept.pop(field, None)
    if field in wanted:
        kept[field] = wanted[field]


def _forget_size(spec: Object) -> None:
    (spec.get("resources") or {}).get("requests", {}).pop("storage", None)


def _check_size(new: Object, old: Object) -> Causes:
    after, before = amount_of(_size(new)), amount_of(_size(old))
    capacity = amount_of((status_of(old).get("capacity") or {}).get("storage", "0"))
    if after is None or before is None or capacity is None:
        return
    if after < before and after <= capacity:
        detail = "field can not be less than status.capacity"
        yield forbidden("spec.resources.requests.storage", detail)


def _size(claim: Object) -> Any:
    return ((spec_of(claim).get("resources") or {}).get("requests") or {}).get("storage", "0")
