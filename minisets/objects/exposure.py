"""What an object asks for that gives a pod the machine: each such field, with what it opens.

Pure, and a list that is meant to be short enough to be read. Leaves to `cli/` whether it is said or
refused. What the fidelity table does not honour opens nothing and is not named here.
Kubernetes: pod-security-admission policy/check_{hostPathVolumes,hostNamespaces,privileged,...}.go.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects import fidelity
from minisets.objects.barred_paths import USUALLY, named_in, reached, relation
from minisets.settings import ADOPTED, PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.kinds import Object

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_NAMESPACES = {
    "hostNetwork": "its network, loopback included",
    "hostPID": "its processes, to see and to end",
    "hostIPC": "its processes' shared memory",
}

# Why these: they reach what is no pod's own: the kernel and its modules, its clock and log, devices,
# files by their handle, other processes' memory. Rejected: all that Kubernetes' baseline level refuses
# (NET_ADMIN, IPC_LOCK, SYS_PTRACE, SYS_NICE, SYS_RESOURCE among them): they act on the pod's own network,
# processes and quotas, databases ask for them, and lines that come for everything are read by nobody.
_BEYOND = frozenset(
    {
        *("ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "SYSLOG"),
        *("DAC_READ_SEARCH", "BPF", "PERFMON", "MAC_ADMIN", "MAC_OVERRIDE", "AUDIT_CONTROL"),
    }
)


@dataclass(frozen=True)
class Exposure:
    """A field, and what it opens; `path` reads as in the API's messages."""

    path: str
    opens: str

    def __str__(self) -> str:
        """`spec.hostPID: gives a pod the machine: its processes, to see and to end`."""
        return f"{self.path}: gives a pod the machine: {self.opens}"


def exposures(kind_title: str, obj: Object) -> tuple[Exposure, ...]:
    """Those of a pod, of a statefulset's pods, or of volumes that pods may claim."""
    found = tuple(_of_kind(kind_title, obj))
    if not found:
        return ()
    dead = [one.path for one in fidelity.findings(kind_title, obj) if one.how == "not honoured"]
    return tuple(one for one in found if not any(_is_within(one.path, path) for path in dead))


def _is_within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def _of_kind(kind_title: str, obj: Object) -> Iterator[Exposure]:
    match kind_title:
        case "Pod":
            yield from _pod(_map(obj.get("spec")), "spec")
        case "StatefulSet":
            template = _map(_map(obj.get("spec")).get("template"))
            yield from _pod(_map(template.get("spec")), "spec.template.spec")
        case "PersistentVolume":
            yield from _folder(_map(obj.get("spec")), "spec")
            yield from _docker_volume(obj)
        case "StorageClass":
            yield from _class_of_another_driver(obj)


def _class_of_another_driver(obj: Object) -> Iterator[Exposure]:
    """Another driver's options are its own; Docker's is refused the machine's paths by the provisioner."""
    parameters = _map(obj.get("parameters"))
    driver = parameters.get("driver") or "local"
    if obj.get("provisioner") != PROVISIONER or driver == "local":
        return
    for key, value in parameters.items():
        if key != "driver" and str(value).startswith("/"):
            yield Exposure(
                f"parameters[{key}]", f"its files below {value}, if {driver} takes them from there"
            )


def _docker_volume(obj: Object) -> Iterator[Exposure]:
    """A volume that is not ours, or one whose options name what is the machine's."""
    adopted = _map(_map(obj.get("metadata")).get("annotations")).get(ADOPTED)
    if adopted:
        yield Exposure(f"metadata.annotations[{ADOPTED}]", f"the Docker volume {adopted}, whoever made it")
    csi = _map(_map(obj.get("spec")).get("csi"))
    if csi.get("driver") != PROVISIONER:
        return
    attributes = {key: value for key, value in _map(csi.get("volumeAttributes")).items() if _is_text(value)}
    for path in named_in(attributes):
        yield Exposure("spec.csi.volumeAttributes", _files_below(path))


def _pod(spec: dict[str, Any], path: str) -> Iterator[Exposure]:
    for name, opens in _NAMESPACES.items():
        if spec.get(name) is True:
            yield Exposure(f"{path}.{name}", opens)
    for ordinal, volume in enumerate(_list(spec.get("volumes"))):
        yield from _folder(_map(volume), f"{path}.volumes[{ordinal}]")
    for name in _CONTAINERS:
        for ordinal, container in enumerate(_list(spec.get(name))):
            security = _map(_map(container).get("securityContext"))
            yield from _container(security, f"{path}.{name}[{ordinal}].securityContext")


def _folder(volume: dict[str, Any], path: str) -> Iterator[Exposure]:
    for source in ("hostPath", "local"):
        if source in volume:
            yield Exposure(f"{path}.{source}", _files_below(_map(volume[source]).get("path")))


def _files_below(path: Any) -> str:
    """Where engines usually are, it is told now that the kubelet will not mount it."""
    found = reached(path, USUALLY) if _is_text(path) and path.startswith("/") else None
    refused = f"; it will not be mounted, as it {relation(posixpath.normpath(path), found)}" if found else ""
    return f"its files below {path}{refused}"


def _container(security: dict[str, Any], path: str) -> Iterator[Exposure]:
    if security.get("privileged") is True:
        yield Exposure(f"{path}.privileged", "its devices and all of root's rights")
    for ordinal, name in enumerate(_list(_map(security.get("capabilities")).get("add"))):
        plain = str(name).upper().removeprefix("CAP_")
        if plain in _BEYOND:
            yield Exposure(
                f"{path}.capabilities.add[{ordinal}]", f"{plain} reaches what is not the pod's own"
            )


def _map(value: Any) -> dict[str, Any]:
    """A mapping, or an empty one: what is mistyped is for others to name."""
    return value if isinstance(value, dict) else {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
