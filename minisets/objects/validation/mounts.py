"""Rules for what a container mounts: the volume exists, the path is there and is its own.

Kubernetes: core validation.go ValidateVolumeMounts, ValidateVolumeDevices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.causes import Causes, forbidden, invalid, not_found, not_supported, required
from minisets.objects.validation.paths import check_descending

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from minisets.objects.kinds import Object

_NO_CLAIM = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")


def check_mounts(path: str, container: Object, volumes: Mapping[str, bool]) -> Causes:
    """`volumeMounts` and `volumeDevices` of a container; volumes by name: whether a claim is behind."""
    taken: set[str] = set()
    devices = container.get("volumeDevices") or []
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here = f"{path}.volumeMounts[{index}]"
        yield from _check_volume(here, mount, volumes)
        target = mount.get("mountPath") or ""
        if not target:
            yield required(f"{here}.mountPath")
        if target in taken:
            yield invalid(f"{here}.mountPath", target, "must be unique")
        taken.add(target)
        if any(device.get("name") == mount.get("name") for device in devices):
            yield invalid(f"{here}.name", mount.get("name"), "must not already exist in volumeDevices")
        yield from _check_sub_path(path, here, mount)
        yield from _check_propagation(path, mount, container)
    yield from _check_devices(f"{path}.volumeDevices", container, volumes)


def _check_devices(path: str, container: Object, volumes: Mapping[str, bool]) -> Causes:
    mounted = {mount.get("name") for mount in container.get("volumeMounts") or ()}
    names: set[str] = set()
    targets: set[str] = set()
    for index, device in enumerate(container.get("volumeDevices") or ()):
        here, name, target = f"{path}[{index}]", device.get("name") or "", device.get("devicePath") or ""
        if name in names:
            yield invalid(f"{here}.name", name, "must be unique")
        if volumes.get(name) is False:
            yield invalid(f"{here}.name", name, _NO_CLAIM)
        yield from _check_volume(here, device, volumes)
        if not target:
            yield required(f"{here}.devicePath")
        if target in targets:
            yield invalid(f"{here}.devicePath", target, "must be unique")
        if ".." in target.split("/"):
            yield invalid(f"{here}.devicePath", target, "can not contain backsteps ('..')")
        if name in mounted:
            yield invalid(f"{here}.name", name, "must not already exist in volumeMounts")
        names |= {name} - {""}
        targets |= {target} - {""}


def _check_volume(path: str, mount: Object, volumes: Collection[str]) -> Causes:
    name = mount.get("name") or ""
    if not name:
        yield required(f"{path}.name")
    if name not in volumes:
        yield not_found(f"{path}.name", name)


def _check_sub_path(path: str, here: str, mount: Object) -> Causes:
    # Kubernetes: ValidateVolumeMounts reports sub-paths on the list, not on the entry.
    sub_path, expression = mount.get("subPath") or "", mount.get("subPathExpr") or ""
    if sub_path:
        yield from check_descending(f"{path}.volumeMounts.subPath", sub_path)
    if sub_path and expression:
        yield invalid(f"{here}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive")
    if expression:
        yield from check_descending(f"{path}.volumeMounts.subPathExpr", expression)


def _check_propagation(path: str, mount: Object, container: Object) -> Causes:
    propagation = mount.get("mountPropagation")
    here = f"{path}.volumeMounts.mountPropagation"
    if propagation is None:
        return
    if propagation not in _PROPAGATIONS:
        yield not_supported(here, propagation, _PROPAGATIONS)
    privileged = (container.get("securityContext") or {}).get("privileged")
    if propagation == "Bidirectional" and not privileged:
        yield forbidden(here, "Bidirectional mount propagation is available only to privileged containers")
