"""Our values as Docker's JSON, and Docker's JSON as our values. Pure: no SDK, no calls.

Docker Engine API 1.41 and newer; a field that an engine leaves out reads as empty.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from minisets.engine import labels
from minisets.engine.info import EngineInfo
from minisets.engine.interface import (
    Container,
    ContainerSummary,
    EngineEvent,
    ExecState,
    Image,
    Network,
    PathStat,
    Usage,
    Volume,
)
from minisets.objects.metadata import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from minisets.engine.interface import PathKind
    from minisets.engine.specs import ContainerSpec, Login, Mount, PublishedPort

Json = dict[str, Any]

# Why: the engine's own default may be none, remote or unbounded.
LOG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_NEVER = "0001-01-01"
# Go's io/fs.FileMode, the narrower pattern first: a character device is a device too.
_KINDS: dict[int, PathKind] = {
    1 << 31: "directory",
    1 << 27: "symlink",
    1 << 26 | 1 << 21: "character device",
    1 << 26: "block device",
    1 << 25: "pipe",
    1 << 24: "socket",
}
_SPECIAL = {1 << 23: 0o4000, 1 << 22: 0o2000, 1 << 20: 0o1000}
_PERMISSIONS = 0o777
_WITHOUT_ADDRESS = ("host", "none", "default")


def container_config(spec: ContainerSpec) -> Json:
    """The body of a create call. None is left out: then the image says."""
    body: Json = {
        "Image": spec.image,
        "Labels": dict(spec.labels),
        "Entrypoint": _list_or_none(spec.entrypoint),
        "Cmd": _list_or_none(spec.arguments),
        "Env": [f"{name}={value}" for name, value in spec.env],
        "WorkingDir": spec.working_dir,
        "User": spec.user,
        "Hostname": spec.hostname,
        "Tty": spec.tty,
        "OpenStdin": spec.stdin,
        "StdinOnce": spec.stdin_once,
        "ExposedPorts": {_port(one): {} for one in spec.ports},
        "StopTimeout": None if spec.stop_timeout is None else max(0, int(spec.stop_timeout.total_seconds())),
        # Kubernetes: an image's HEALTHCHECK is nobody's; and Docker's own execs pass no gate (`gate.py`).
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": _host_config(spec),
    }
    attachment = spec.attachment
    if attachment and attachment.network not in _WITHOUT_ADDRESS:
        address = {"IPAMConfig": {"IPv4Address": attachment.address}} if attachment.address else {}
        body["NetworkingConfig"] = {"EndpointsConfig": {attachment.network: address}}
    return {key: value for key, value in body.items() if value not in (None, "", [], {})}


def _host_config(spec: ContainerSpec) -> Json:
    """Never auto-removed, never restarted: both are the kubelet's to decide."""
    host: Json = {
        "LogConfig": LOG,
        "RestartPolicy": {"Name": "no"},
        "Mounts": [_mount(mount) for mount in spec.mounts if not _is_bound_by_name(mount)],
        "Binds": [_bind(mount) for mount in spec.mounts if _is_bound_by_name(mount)],
        "Memory": spec.memory_bytes,
        # Kubernetes: no swap for containers. Docker's default would be as much again.
        "MemorySwap": spec.memory_bytes,
        "NanoCpus": spec.nano_cpus,
        "CpuShares": spec.cpu_shares,
        "Privileged": spec.privileged,
        "CapAdd": list(spec.cap_add),
        "CapDrop": list(spec.cap_drop),
        "GroupAdd": list(spec.groups),
        "SecurityOpt": _security_options(spec),
        "PortBindings": _bindings(spec.ports),
        "Sysctls": dict(spec.sysctls),
        "ExtraHosts": [f"{name}:{address}" for address, name in spec.hosts],
        "ReadonlyRootfs": spec.read_only_root,
        **_namespaces(spec),
    }
    # Why Init: an engine may be set to put an init of its own before every program.
    return {"Init": False} | {key: value for key, value in host.items() if value not in (0, [], {}, "")}


def _namespaces(spec: ContainerSpec) -> Json:
    """A sandbox (it has an attachment) lends its IPC; what joins it shares its network and IPC."""
    if spec.joins:
        network = ipc = f"container:{spec.joins}"
    else:
        network = spec.attachment.network if spec.attachment else "none"
        ipc = "shareable" if spec.attachment else ""
    pid = f"container:{spec.joins_pid}" if spec.joins_pid else ""
    return {
        "NetworkMode": network,
        "IpcMode": "host" if spec.host_ipc else ipc,
        "PidMode": "host" if spec.host_pid else pid,
    }


def _security_options(spec: ContainerSpec) -> list[str]:
    own = [f"{kind}={profile}" for kind, profile in spec.confinement]
    return ["no-new-privileges", *own] if spec.no_new_privileges else own


def _port(one: PublishedPort) -> str:
    return f"{one.port}/{one.protocol}"


def _bindings(ports: Iterable[PublishedPort]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for one in ports:
        here = {"HostIp": one.host_address, "HostPort": str(one.host_port)}
        found.setdefault(_port(one), []).append(here)
    return found


def _is_bound_by_name(mount: Mount) -> bool:
    """Only the old form makes a missing directory before API 1.42; it has no way to say a colon."""
    return mount.kind == "bind" and mount.is_made and ":" not in mount.source + mount.target


def _bind(mount: Mount) -> str:
    options = ["ro" if mount.read_only else "rw", mount.propagation]
    return f"{mount.source}:{mount.target}:{','.join(filter(None, options))}"


def _mount(mount: Mount) -> Json:
    body: Json = {"Type": mount.kind, "Target": mount.target, "ReadOnly": mount.read_only}
    match mount.kind:
        case "volume":
            # Why: Docker would copy the image's files into an empty volume; an empty claim is empty.
            asked = {"Labels": dict(mount.labels), "Subpath": mount.sub_path}
            options = {"NoCopy": True} | {key: value for key, value in asked.items() if value}
            return body | {"Source": mount.source, "VolumeOptions": options}
        case "bind":
            options = _bind_options(mount)
            return body | {"Source": mount.source} | ({"BindOptions": options} if options else {})
        case "tmpfs":
            return body | {"TmpfsOptions": {"SizeBytes": mount.size_bytes}} if mount.size_bytes else body


def _bind_options(mount: Mount) -> Json:
    options: Json = {"Propagation": mount.propagation} if mount.propagation else {}
    if mount.read_only and mount.recursion:
        forced = mount.recursion == "forced"
        options["ReadOnlyForceRecursive" if forced else "ReadOnlyNonRecursive"] = True
    return options


def login_header(login: Login) -> Json:
    """What a registry's login looks like in a pull's header, before it is encoded."""
    return {"username": login.username, "password": login.password, "serveraddress": login.server}


def network_ipam(subnet: str, gateway: str, ip_range: str) -> Json:
    """A network's address pool; empty parts are the engine's to choose."""
    pool = {"Subnet": subnet, "Gateway": gateway, "IPRange": ip_range}
    return {"Driver": "default", "Config": [{key: value for key, value in pool.items() if value}]}


def label_filters(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """A list call's filter; an empty value asks only for the label."""
    return {"label": [f"{key}={value}" if value else key for key, value in labels.items()]}


def carries(body: Json, labels: Mapping[str, str]) -> bool:
    """Whether a listed thing has all of these labels; an empty value asks only for the label.

    Why not the engine's filter alone: Podman's lists volumes that have any of them, and what is taken for a
    pod's own volume is removed with its pod.
    """
    held = body.get("Labels") or {}
    return all(key in held and value in ("", held[key]) for key, value in labels.items())


def summary(body: Json) -> ContainerSummary:
    """An entry of a list."""
    names = [name.removeprefix("/") for name in body.get("Names") or ()]
    # Why: a legacy link gives a container further names, with a slash in them.
    own = next((name for name in names if "/" not in name), "")
    return ContainerSummary(body["Id"], own, body["State"], body.get("Labels") or {})


def joins_a_sandbox(body: Json) -> bool:
    """Whether a listed container's labels say that it is one of a pod's."""
    return labels.SANDBOX in (body.get("Labels") or {})


def is_a_copy(body: Json) -> bool:
    """Whether a listed container has one of ours' labels from its image (`docker commit web-0`): not ours.

    Ours shares the network of the sandbox that its label names; a control container has its cluster's name.
    """
    own = body.get("Labels") or {}
    if own.get(labels.KIND) == "control":
        return f"/{own.get(labels.CLUSTER)}" not in (body.get("Names") or ())
    sandbox = own.get(labels.SANDBOX)
    mode = (body.get("HostConfig") or {}).get("NetworkMode") or ""
    return sandbox is not None and mode != f"container:{sandbox}"


def exec_state(body: Json) -> ExecState:
    """Trap: Docker says Running before there is a process, and tells the process of one that has ended."""
    running, pid = bool(body["Running"]), int(body.get("Pid") or 0)
    code = None if running else body.get("ExitCode")
    return ExecState(running, code, has_begun=bool(pid) or code is not None, pid=pid if running else 0)


def container(body: Json) -> Container:
    """What an inspect tells."""
    state, config = body["State"], body["Config"]
    networks = (body.get("NetworkSettings") or {}).get("Networks") or {}
    return Container(
        id=body["Id"],
        name=body["Name"].removeprefix("/"),
        image=config.get("Image") or "",
        image_id=body.get("Image") or "",
        state=state["Status"],
        labels=config.get("Labels") or {},
        created_at=moment(body["Created"]),
        started_at=_moment_or_none(state.get("StartedAt")),
        finished_at=_moment_or_none(state.get("FinishedAt")),
        exit_code=int(state.get("ExitCode") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        addresses={name: net["IPAddress"] for name, net in networks.items() if net.get("IPAddress")},
        mounts={one["Destination"]: one.get("Source") or "" for one in body.get("Mounts") or ()},
    )


def usage(body: Json) -> Usage | None:
    """One answer of the statistics; None for a container that does not run: nobody looked then.

    Kubernetes: cadvisor's working set is what is used less the cache that nothing touched for long.
    """
    at, memory = _moment_or_none(body.get("read")), body.get("memory_stats") or {}
    cpu = ((body.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage") or 0
    if at is None or not (cpu or memory.get("usage")):
        return None
    details = memory.get("stats") or {}
    cold = details.get("total_inactive_file", details.get("inactive_file")) or 0
    return Usage(at, int(cpu), max(0, int(memory.get("usage") or 0) - int(cold)))


def image(body: Json) -> Image:
    """What an inspect or a list tells; a list tells nothing of architecture, stop signal and user."""
    config = body.get("Config") or {}
    return Image(
        id=body["Id"],
        tags=_real(body.get("RepoTags")),
        digests=_real(body.get("RepoDigests")),
        labels=(config.get("Labels") if config else body.get("Labels")) or {},
        architecture=body.get("Architecture") or "",
        stop_signal=config.get("StopSignal") or "",
        user=config.get("User") or "",
    )


def volume(body: Json) -> Volume:
    """A volume, from any call."""
    return Volume(
        name=body["Name"],
        labels=body.get("Labels") or {},
        driver=body.get("Driver") or "",
        options=body.get("Options") or {},
        mountpoint=body.get("Mountpoint") or "",
    )


def path_stat(header: str) -> PathStat:
    """What the header of an archive call tells of a path. Its mode is Go's, which has bits of its own."""
    body = json.loads(base64.b64decode(header))
    mode = int(body["mode"])
    kind: PathKind = next((kind for bit, kind in _KINDS.items() if mode & bit == bit), "file")
    special = sum(ours for theirs, ours in _SPECIAL.items() if mode & theirs)
    return PathStat(kind, mode & _PERMISSIONS | special, body.get("linkTarget") or "")


def network(body: Json) -> Network:
    """A network; of several pools the first one of IPv4."""
    pools = (body.get("IPAM") or {}).get("Config") or ()
    pool: Json = next((pool for pool in pools if ":" not in pool.get("Subnet", ":")), {})
    return Network(
        id=body["Id"],
        name=body["Name"],
        labels=body.get("Labels") or {},
        subnet=pool.get("Subnet") or "",
        gateway=pool.get("Gateway") or "",
    )


def info(body: Json, api_version: str) -> EngineInfo:
    """The engine, its architecture by the name that images use."""
    architecture = body.get("Architecture") or ""
    return EngineInfo(
        id=body.get("ID") or "",
        name=body.get("Name") or "",
        version=body.get("ServerVersion") or "",
        api_version=api_version,
        architecture=_ARCHITECTURES.get(architecture, architecture),
        operating_system=body.get("OperatingSystem") or "",
        os_type=body.get("OSType") or "",
        kernel=body.get("KernelVersion") or "",
        cpus=int(body.get("NCPU") or 0),
        memory_bytes=int(body.get("MemTotal") or 0),
        root=body.get("DockerRootDir") or "",
        rootless=any("rootless" in option for option in body.get("SecurityOptions") or ()),
    )


def event(body: Json) -> EngineEvent:
    """An event; the labels of what it is about are among its attributes."""
    actor = body.get("Actor") or {}
    nanoseconds = int(body.get("timeNano") or 0)
    return EngineEvent(
        kind=body.get("Type") or "",
        action=str(body.get("Action") or "").partition(":")[0],
        id=actor.get("ID") or "",
        labels=actor.get("Attributes") or {},
        time=datetime.fromtimestamp(nanoseconds / 1e9, UTC),
    )


def progress(body: Json) -> str:
    """One line of a pull, as the docker command prints it."""
    line = " ".join(filter(None, (body.get("status"), body.get("progress"))))
    return f"{body['id']}: {line}" if body.get("id") else line


def _list_or_none(words: Iterable[str] | None) -> list[str] | None:
    return None if words is None else list(words)


def _moment_or_none(text: str | None) -> datetime | None:
    return None if not text or text.startswith(_NEVER) else moment(text)


def _real(names: Iterable[str] | None) -> tuple[str, ...]:
    """Without the `<none>:<none>` that stands for no name."""
    return tuple(name for name in names or () if "<none>" not in name)
