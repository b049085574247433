"""What stands behind each volume of a pod, and where its containers see it.

    emptyDir, configMap, secret, downwardAPI, projected: a Docker volume that lives and dies with the pod
    persistentVolumeClaim, ephemeral: the Docker volume that the claim's PV names, or the PV's path on the
    machine, or what stands for storage elsewhere (`remote.py`);  hostPath: a bind;  rbd, nfs, ...: as in a PV

Reads claims and PVs, writes nothing. Leaves making volumes and parts of them to `mounting.py`, files to
`files.py`, what a path of the machine is to `host_paths.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from minisets.engine.specs import Mount
from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes.remote import Remote, is_read_only, kind_of, remote_of
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, key_of, name_of, namespace_of, spec_of, status_of
from minisets.objects.owners import is_controlled_by
from minisets.objects.quantities import as_int
from minisets.settings import ADOPTED, PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader

INSIDE_SANDBOX = "/v"
LOCAL = "local"
"""How the path of a local PersistentVolume is checked: it has to be there, and may be given to a group."""
FILES = ("configMap", "secret", "downwardAPI", "projected")
CLAIMS = ("persistentVolumeClaim", "ephemeral")
_OWN = ("emptyDir", *FILES)
_PROPAGATION: dict[str, Literal["", "rslave", "rshared"]] = {
    "HostToContainer": "rslave",
    "Bidirectional": "rshared",
}
_RECURSION: dict[str, Literal["", "no", "forced"]] = {"IfPossible": "", "Enabled": "forced"}


@dataclass(frozen=True)
class Source:
    """own: a Docker volume of the pod's own; volume: one by name; bind: a path on the machine.

    is_made: a path that is not there becomes a directory. path_type: what it has to be.
    remote: what the volume stands for, which is made where it is not there. read_only: for everybody.
    adopted: the Docker volume, not ours, that a person let the PV have.
    """

    kind: Literal["own", "volume", "bind"]
    name: str = ""
    is_made: bool = False
    path_type: str = ""
    remote: Remote | None = None
    read_only: bool = False
    adopted: str = ""


def volumes(pod: Object) -> Mapping[str, dict[str, Any]]:
    """The pod's volumes by name."""
    return {one["name"]: one for one in spec_of(pod).get("volumes") or ()}


def claim_name(pod: Object, volume: dict[str, Any]) -> str:
    """The claim behind a volume; empty if there is none."""
    if volume.get("ephemeral"):
        return f"{name_of(pod)}-{volume['name']}"
    return str((volume.get("persistentVolumeClaim") or {}).get("claimName") or "")


def pod_volumes(pod: Object) -> tuple[str, ...]:
    """The volumes that live and die with the pod."""
    return tuple(name for name, one in volumes(pod).items() if _kind(one) in _OWN)


def file_volumes(pod: Object) -> tuple[str, ...]:
    """The volumes whose content or owner is ours to write before the first container is made."""
    grouped = fs_group(pod) is not None
    written = (*_OWN, *CLAIMS) if grouped else _OWN
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
    if kind in CLAIMS:
        return _claimed(pod, one, reader)
    if kind != "csi" and kind_of(one):
        read_only = bool(one[kind].get("readOnly"))
        return Source("volume", remote=remote_of(kind, one[kind]), read_only=read_only)
    raise NotYet(f'volume "{volume}" is of the kind {kind}, which minisets cannot mount', "FailedMount")


def _claimed(pod: Object, volume: dict[str, Any], reader: Reader) -> Source:
    """Kubernetes: an ephemeral volume's claim has to be the pod's own (ephemeral.VolumeIsForPod)."""
    namespace, name = namespace_of(pod), claim_name(pod, volume)
    claim = reader.get(Ref("PersistentVolumeClaim", namespace, name))
    if claim is None:
        raise NotYet(f'persistentvolumeclaim "{name}" not found', "FailedMount")
    if volume.get("ephemeral") and not is_controlled_by(claim, pod):
        said = f"PVC {namespace}/{name} was not created for pod {key_of(pod)} (pod is not owner)"
        raise NotYet(said, "FailedMount")
    bound = spec_of(claim).get("volumeName") or ""
    if not bound or status_of(claim).get("phase") != "Bound":
        raise NotYet(f'persistentvolumeclaim "{name}" is not bound to a volume yet', "FailedMount")
    found = reader.get(Ref("PersistentVolume", "", bound))
    if found is None:
        raise NotYet(f'persistentvolume "{bound}" of claim "{name}" not found', "FailedMount")
    _check_mode(pod, volume["name"], str(spec_of(found).get("volumeMode") or "Filesystem"))
    return source_behind(found)


def _check_mode(pod: Object, name: str, mode: str) -> None:
    """Kubernetes: desired_state_of_world_populator.go createVolumeSpec.

    `Differs:` no block device is handed in, whoever asks for one.
    """
    spec = spec_of(pod)
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))

    def is_in(field: str) -> bool:
        return any(use["name"] == name for one in containers for use in one.get(field) or ())

    said = f"volume {name} has volumeMode {mode}"
    if mode != "Filesystem" and is_in("volumeMounts"):
        raise NotYet(f"{said}, but is specified in volumeMounts", "FailedMount")
    if mode != "Block" and is_in("volumeDevices"):
        raise NotYet(f"{said}, but is specified in volumeDevices", "FailedMount")
    if mode != "Filesystem":
        raise NotYet(f"{said}, and minisets has no block devices: use one of Filesystem", "FailedMount")


def source_behind(volume: Object) -> Source:
    """What stands behind a PersistentVolume; NotYet says why it cannot be mounted."""
    spec = spec_of(volume)
    csi = spec.get("csi") or {}
    if csi.get("driver") == PROVISIONER and not csi.get("volumeAttributes"):
        adopted = annotations_of(volume).get(ADOPTED, "")
        read_only = bool(csi.get("readOnly"))
        return Source("volume", csi["volumeHandle"], read_only=read_only, adopted=adopted)
    if spec.get("hostPath"):
        return _host_path(spec["hostPath"])
    if spec.get("local"):
        return Source("bind", spec["local"]["path"], path_type=LOCAL)
    if kind := kind_of(spec):
        source = spec[kind]
        remote = remote_of(kind, source, spec.get("mountOptions") or ())
        return Source("volume", remote.name, remote=remote, read_only=is_read_only(kind, source))
    known = ("capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName")
    kind = next(
        (key for key in spec if key not in (*known, "volumeMode", "mountOptions", "nodeAffinity")), ""
    )
    raise NotYet(
        f'persistentvolume "{name_of(volume)}" is of the kind {kind}, which minisets cannot mount',
        "FailedMount",
    )


def _host_path(source: dict[str, Any]) -> Source:
    """Kubernetes: of no type, the runtime makes a missing directory; others are checked and made before."""
    kind = source.get("type") or ""
    return Source("bind", source["path"], is_made=not kind, path_type=kind)


def sandbox_mounts(sources: Mapping[str, Source], own: Mapping[str, str]) -> tuple[Mount, ...]:
    """Every Docker volume of the pod, whole and writable (DESIGN decision 4); of the machine, local PVs."""
    return tuple(
        Mount(
            "bind" if source.kind == "bind" else "volume",
            f"{INSIDE_SANDBOX}/{name}",
            own[name] if source.kind == "own" else source.name,
        )
        for name, source in sources.items()
        if source.kind != "bind" or source.path_type == LOCAL
    )


def container_mounts(
    pod: Object, container: dict[str, Any], sources: Mapping[str, Source], own: Mapping[str, str]
) -> tuple[Mount, ...]:
    """What one container sees, in the order of its mounts; each volume whole."""
    return tuple(_mount(pod, mount, sources, own) for mount in container.get("volumeMounts") or ())


def _mount(
    pod: Object, mount: dict[str, Any], sources: Mapping[str, Source], own: Mapping[str, str]
) -> Mount:
    name = mount["name"]
    source = sources[name]
    read_only = bool(mount.get("readOnly")) or source.read_only or _is_read_only(pod, name)
    if source.kind != "bind":
        volume = own[name] if source.kind == "own" else source.name
        return Mount("volume", mount["mountPath"], volume, read_only)
    return Mount(
        "bind",
        mount["mountPath"],
        source.name,
        read_only,
        is_made=source.is_made,
        propagation=_PROPAGATION.get(mount.get("mountPropagation") or "", ""),
        recursion=_RECURSION.get(mount.get("recursiveReadOnly") or "", "no") if read_only else "",
    )


def _is_read_only(pod: Object, name: str) -> bool:
    """Files that we write are read-only to containers; a claim may be mounted so for the whole pod."""
    one = volumes(pod)[name]
    return _kind(one) in FILES or bool((one.get("persistentVolumeClaim") or {}).get("readOnly"))


def _kind(volume: dict[str, Any]) -> str:
    return next((key for key, value in volume.items() if key != "name" and value is not None), "emptyDir")
