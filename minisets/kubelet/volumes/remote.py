"""Storage that lies elsewhere, as Docker volumes: which of them stands for which, and how it is made.

    nfs: the export itself, mounted by the engine's local driver
    rbd, iscsi, another csi driver, ...: a laptop has none, so that an ordinary Docker volume plays the image.
    Two PersistentVolumes of one image share it, and one that is made again finds it again.

Pure. Leaves making it and refusing a stranger's to `mounting.py`. No such volume is ever removed here.
Kubernetes: what identifies an image: the plugins' GetVolumeName.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.engine import labels, names
from minisets.engine.specs import VolumeSpec
from minisets.settings import PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DRIVER = "driver"
LOCAL_DRIVER = "local"
_IDENTITY: dict[str, tuple[str, ...]] = {
    "awsElasticBlockStore": ("volumeID", "partition"),
    "azureDisk": ("diskURI",),
    "azureFile": ("secretNamespace", "secretName", "shareName"),
    "cephfs": ("monitors", "path"),
    "cinder": ("volumeID",),
    "csi": (DRIVER, "volumeHandle"),
    "fc": ("targetWWNs", "wwids", "lun"),
    "gcePersistentDisk": ("pdName", "partition"),
    "glusterfs": ("endpointsNamespace", "endpoints", "path"),
    "iscsi": ("targetPortal", "iqn", "lun"),
    "nfs": ("server", "path"),
    "rbd": ("monitors", "pool", "image"),
    "vsphereVolume": ("volumePath",),
}
_LEFT_OUT = {"rbd": {"pool": "rbd"}, "cephfs": {"path": "/"}}
_OWN_READ_ONLY = ("csi", "awsElasticBlockStore", "azureDisk", "gcePersistentDisk")
# Kubernetes: their plugins' attributes are not Managed, so that no group is given what is in them.
_NOT_GIVEN = ("azureFile", "cephfs", "glusterfs", "nfs")


@dataclass(frozen=True)
class Remote:
    """One image somewhere. identity: its kind and fields, as they tell it from every other.

    name: of the Docker volume, where a person chose it.
    """

    kind: str
    identity: tuple[tuple[str, str], ...]
    driver: str = LOCAL_DRIVER
    options: tuple[tuple[str, str], ...] = ()
    name: str = ""

    @property
    def is_given_to_groups(self) -> bool:
        """Whether a pod's fsGroup gets what is in it."""
        return self.kind not in _NOT_GIVEN


def kind_of(spec: Mapping[str, Any]) -> str:
    """The kind of remote storage that a PersistentVolume's spec, or a pod's volume, names; else empty."""
    return next((kind for kind in _IDENTITY if spec.get(kind)), "")


def remote_of(kind: str, source: Mapping[str, Any], mount_options: Sequence[str] = ()) -> Remote:
    """What a source stands for."""
    if kind == "csi" and source.get(DRIVER) == PROVISIONER:
        return _by_attributes(source)
    given = {**_LEFT_OUT.get(kind, {}), **{key: value for key, value in source.items() if value is not None}}
    fields = [(field, _text(given[field])) for field in _IDENTITY[kind] if field in given]
    if kind != "nfs":
        return Remote(kind, tuple(fields))
    wanted = ",".join((f"addr={source['server']}", *mount_options))
    options = (("type", "nfs"), ("o", wanted), ("device", f":{source['path']}"))
    return Remote(kind, (*fields, ("o", wanted)), options=options)


def is_read_only(kind: str, source: Mapping[str, Any]) -> bool:
    """Whether a PersistentVolume's own `readOnly` makes it so.

    Kubernetes: the other plugins pass it over (getVolumeSourceReadOnly): there the claim's alone counts.
    """
    return kind in _OWN_READ_ONLY and bool(source.get("readOnly"))


def volume_spec(cluster: str, remote: Remote) -> VolumeSpec:
    """The Docker volume: its labels say what it stands for, its name says so to people."""
    identity = json.dumps([remote.kind, *remote.identity], separators=(",", ":"))
    words = (remote.kind, *(value for _, value in remote.identity if not value.startswith("[")))
    name = remote.name or names.remote_volume_name(cluster, words, identity)
    wanted = labels.remote_labels(cluster, identity)
    return VolumeSpec(name, wanted, remote.driver, dict(remote.options))


def _by_attributes(source: Mapping[str, Any]) -> Remote:
    """A Docker volume by name, of any volume driver; the further attributes are the driver's options."""
    driver, options = driver_and_options(source.get("volumeAttributes") or {})
    handle = source["volumeHandle"]
    fields = ((DRIVER, PROVISIONER), ("volumeHandle", handle))
    return Remote("csi", fields, driver, tuple(sorted(options.items())), handle)


def driver_and_options(attributes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A volume driver and its options, as a PV's attributes or a class's parameters name them."""
    options = {key: value for key, value in attributes.items() if key != DRIVER}
    return attributes.get(DRIVER) or LOCAL_DRIVER, options


def _text(value: Any) -> str:
    """A field's value; the order of several (monitors, names of targets) says nothing."""
    return json.dumps(sorted(map(str, value))) if isinstance(value, list) else str(value)
