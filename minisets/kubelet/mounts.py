"""What stands behind each volume of a pod, and where its containers see it.

    emptyDir, configMap, secret, downwardAPI, projected: a Docker volume that lives and dies with the pod
    persistentVolumeClaim: the Docker volume that its PV names, or the PV's host path;  hostPath: a bind

Reads claims and PVs, writes nothing. Leaves making volumes to `carry.py`, files to `files.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from minisets.engine.interface import Mount
from minisets.kubelet.failures import NotYet
from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of, namespace_of, spec_of, status_of
from minisets.objects.quantities import as_int
from minisets.settings import PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader

INSIDE_SANDBOX = "/v"
FILES = ("configMap", "secret", "downwardAPI", "projected")
_OWN = ("emptyDir", *FILES)
_MADE = ("", "DirectoryOrCreate")


@dataclass(frozen=True)
class Source:
    """own: a Docker volume of the pod's own; volume: one by name; bind: a path on the machine.

    is_made: a path that is not there becomes a directory.
    """

    kind: Literal["own", "volume", "bind"]
    name: str = ""
    is_made: bool = False


def volumes(pod: Object) -> Mapping[str, dict[str, Any]]:
    """The pod's volumes by name."""
    return {one["name"]: one for one in spec_of(pod).get("volumes") or ()}


def pod_volumes(pod: Object) -> tuple[str, ...]:
    """The volumes that live and die with the pod."""
    return tuple(name for name, one in volumes(pod).items() if _kind(one) in _OWN)


def file_volumes(pod: Object) -> tuple[str, ...]:
    """The volumes whose content or owner is ours to write before the first container is made."""
    grouped = fs_group(pod) is not None
    written = (*_OWN, "persistentVolumeClaim") if grouped else _OWN
    return tuple(name for name, one in volumes(pod).items() if _kind(one) in written)


def fs_group(pod: Object) -> int | None:
    """The group that owns the pod's volumes, if it names one."""
    group = (spec_of(pod).get("securityContext") or {}).get("fsGroup")
    return None if group is None else int(group)


def volume_options(pod: Object, volume: str) -> dict[str, str]:
    """Options of the Docker volume behind an own volume: memory for secrets and `medium: Memory`."""
    one = volumes(pod)[volume]
    empty = one.get("emptyDir") or {}
    if _kind(one) != "secret" and empty.get("medium") != "Memory":
        return {}
    limit = empty.get("sizeLimit")
    size = [f"size={as_int(limit)}"] if limit else []
    # Why mode: what `mount` gives a tmpfs differs between kernels and engines.
    return {"type": "tmpfs", "device": "tmpfs", "o": ",".join([*size, "mode=0755"])}


def source_of(pod: Object, volume: str, reader: Reader) -> Source:
    """What stands behind a volume; NotYet says why it cannot be mounted."""
    one = volumes(pod).get(volume)
    if one is None:
        raise NotYet(f'the pod has no volume "{volume}"', "FailedMount")
    kind = _kind(one)
    if kind in _OWN:
        return Source("own")
    if kind == "hostPath":
        return _host_path(one["hostPath"])
    if kind == "persistentVolumeClaim":
        return _claimed(namespace_of(pod), one[kind]["claimName"], reader)
    raise NotYet(f'volume "{volume}" is of the kind {kind}, which minisets cannot mount', "FailedMount")


def _claimed(namespace: str, name: str, reader: Reader) -> Source:
    claim = reader.get(Ref("PersistentVolumeClaim", namespace, name))
    if claim is None:
        raise NotYet(f'persistentvolumeclaim "{name}" not found', "FailedMount")
    bound = spec_of(claim).get("volumeName") or ""
    if not bound or status_of(claim).get("phase") != "Bound":
        raise NotYet(f'persistentvolumeclaim "{name}" is not bound to a volume yet', "FailedMount")
    volume = reader.get(Ref("PersistentVolume", "", bound))
    if volume is None:
        raise NotYet(f'persistentvolume "{bound}" of claim "{name}" not found', "FailedMount")
    return _behind(volume)


def _behind(volume: Object) -> Source:
    """The PV's own source."""
    spec = spec_of(volume)
    csi = spec.get("csi") or {}
    if csi.get("driver") == PROVISIONER:
        return Source("volume", csi["volumeHandle"])
    if spec.get("hostPath"):
        return _host_path(spec["hostPath"])
    if spec.get("local"):
        return Source("bind", spec["local"]["path"])
    known = ("capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName")
    kind = next(
        (key for key in spec if key not in (*known, "volumeMode", "mountOptions", "nodeAffinity")), ""
    )
    detail = f" ({csi.get('driver')})" if csi else ""
    raise NotYet(
        f'persistentvolume "{name_of(volume)}" is of the kind {kind}{detail}, which minisets cannot mount',
        "FailedMount",
    )


def _host_path(source: dict[str, Any]) -> Source:
    """Kubernetes: of no type, the runtime makes a missing directory; other types want it to be there."""
    return Source("bind", source["path"], is_made=(source.get("type") or "") in _MADE)


def sandbox_mounts(sources: Mapping[str, Source], own: Mapping[str, str]) -> tuple[Mount, ...]:
    """Every Docker volume of the pod, whole and writable (DESIGN decision 4)."""
    return tuple(
        Mount("volume", f"{INSIDE_SANDBOX}/{name}", own[name] if source.kind == "own" else source.name)
        for name, source in sources.items()
        if source.kind != "bind"
    )


def container_mounts(
    pod: Object, container: dict[str, Any], sources: Mapping[str, Source], own: Mapping[str, str]
) -> tuple[Mount, ...]:
    """What one container sees; NotYet for what cannot be mounted."""
    return tuple(_mount(pod, mount, sources, own) for mount in container.get("volumeMounts") or ())


def _mount(
    pod: Object, mount: dict[str, Any], sources: Mapping[str, Source], own: Mapping[str, str]
) -> Mount:
    name = mount["name"]
    if mount.get("subPath") or mount.get("subPathExpr"):
        raise NotYet(f'failed to prepare subPath for volumeMount "{name}": minisets cannot do that yet')
    source = sources[name]
    if source.kind == "bind":
        read_only = bool(mount.get("readOnly"))
        return Mount("bind", mount["mountPath"], source.name, read_only, is_made=source.is_made)
    volume = own[name] if source.kind == "own" else source.name
    return Mount(
        "volume", mount["mountPath"], volume, bool(mount.get("readOnly")) or _is_read_only(pod, name)
    )


def _is_read_only(pod: Object, name: str) -> bool:
    """Files that we write are read-only to containers; a claim may be mounted so for the whole pod."""
    one = volumes(pod)[name]
    return _kind(one) in FILES or bool((one.get("persistentVolumeClaim") or {}).get("readOnly"))


def _kind(volume: dict[str, Any]) -> str:
    return next((key for key, value in volume.items() if key != "name" and value is not None), "emptyDir")
