"""Rules for volumes and storage classes, and for what they may become (A-79).

Kubernetes: core validation.go ValidatePersistentVolumeSpec, storage validation.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import (
    Causes,
    each_invalid,
    forbidden,
    immutable,
    not_supported,
    one_of,
    required,
    too_long,
)
from minisets.objects.metadata import spec_of
from minisets.objects.validation.changes import changes
from minisets.objects.validation.claims import VOLUME_MODES, check_access_modes
from minisets.objects.validation.paths import check_no_backsteps
from minisets.objects.validation.pod_volumes import check_host_path, check_nfs
from minisets.objects.validation.resources import check_positive

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.objects.kinds import Object

_NO_SOURCE = (
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
)
_PARAMETERS_LIMIT = 256 * 1024


def check_volume(volume: Object) -> Causes:
    """A PersistentVolume's spec."""
    spec = spec_of(volume)
    modes = spec.get("accessModes") or []
    if not modes:
        yield required("spec.accessModes")
    yield from check_access_modes("spec.accessModes", modes)
    yield from _check_capacity(spec.get("capacity") or {})
    reclaim = spec.get("persistentVolumeReclaimPolicy")
    if reclaim and reclaim not in {"Delete", "Recycle", "Retain"}:
        yield not_supported("spec.persistentVolumeReclaimPolicy", reclaim, ("Delete", "Recycle", "Retain"))
    yield from _check_source(spec)
    host_path = (spec.get("hostPath") or {}).get("path") or ""
    if host_path and not host_path.strip("/") and reclaim == "Recycle":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        yield forbidden("spec.persistentVolumeReclaimPolicy", detail)
    if storage_class := spec.get("storageClassName"):
        yield from each_invalid("spec.storageClassName", storage_class, names.dns_subdomain(storage_class))
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        yield not_supported("spec.volumeMode", mode, VOLUME_MODES)


def check_volume_update(new: Object, old: Object) -> Causes:
    """The source and the mode stay."""
    yield from check_volume(new)
    after, before = _source(spec_of(new)), _source(spec_of(old))
    if after != before:
        says = "spec.persistentvolumesource is immutable after creation"
        yield forbidden("spec.persistentvolumesource", f"{says}\n{changes(before, after, 'spec')}")
    yield from immutable("volumeMode", spec_of(new).get("volumeMode"), spec_of(old).get("volumeMode"))
    affinity = spec_of(old).get("nodeAffinity")
    if affinity is not None:
        yield from immutable("nodeAffinity", spec_of(new).get("nodeAffinity"), affinity)


def check_storage_class(storage_class: Object) -> Causes:
    """Provisioner, parameters, policies."""
    if provisioner := storage_class.get("provisioner"):
        complaints = names.qualified_name(provisioner.lower())
        yield from each_invalid("provisioner", provisioner.lower(), complaints)
    else:
        yield required("provisioner")
    parameters = storage_class.get("parameters") or {}
    if sum(len(key) + len(value) for key, value in parameters.items()) > _PARAMETERS_LIMIT:
        yield too_long("parameters", _PARAMETERS_LIMIT)
    reclaim = storage_class.get("reclaimPolicy")
    if reclaim and reclaim not in {"Delete", "Retain"}:
        yield not_supported("reclaimPolicy", reclaim, ("Delete", "Retain"))
    binding = storage_class.get("volumeBindingMode") or ""
    yield from one_of("volumeBindingMode", binding, ("Immediate", "WaitForFirstConsumer"))


def check_storage_class_update(new: Object, old: Object) -> Causes:
    """How volumes are made stays; whether they may grow, and where, may change."""
    yield from check_storage_class(new)
    yield from immutable("parameters", new.get("parameters") or {}, old.get("parameters") or {})
    for field in ("provisioner", "reclaimPolicy", "volumeBindingMode"):
        yield from immutable(field, new.get(field), old.get(field))


def _check_capacity(capacity: Object) -> Causes:
    if not capacity:
        yield required("spec.capacity")
    if set(capacity) != {"storage"}:
        yield not_supported("spec.capacity", capacity, ("storage",))
    for name, amount in capacity.items():
        yield from check_positive(f"spec.capacity[{name}]", amount)


def _check_source(spec: Object) -> Causes:
    given = list(_source(spec))
    for position, name in enumerate(given):
        if position:
            yield forbidden(f"spec.{name}", "may not specify more than 1 volume type")
        elif check := _SOURCES.get(name):
            yield from check(f"spec.{name}", spec[name])
    if "local" in given and not (spec.get("nodeAffinity") or {}).get("required"):
        yield required("spec.nodeAffinity", "Local volume requires node affinity")
    if not given:
        yield required("spec", "must specify a volume type")


def _source(spec: Object) -> Object:
    return {name: value for name, value in spec.items() if name not in _NO_SOURCE and value is not None}


def _check_csi(path: str, source: Object) -> Causes:
    driver = source.get("driver") or ""
    if not driver:
        yield required(f"{path}.driver")
    else:
        if len(driver) > 63:
            yield too_long(f"{path}.driver", 63)
        yield from each_invalid(f"{path}.driver", driver, names.dns_subdomain(driver.lower()))
    if not source.get("volumeHandle"):
        yield required(f"{path}.volumeHandle")


def _check_local(path: str, source: Object) -> Causes:
    target = source.get("path") or ""
    if not target:
        yield required(f"{path}.path")
    yield from check_no_backsteps(f"{path}.path", target)


_SOURCES: dict[str, Callable[[str, Object], Causes]] = {
    "csi": _check_csi,
    "hostPath": check_host_path,
    "local": _check_local,
    "nfs": check_nfs,
}
