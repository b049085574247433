"""What the engine is asked for: containers, volumes, networks, logs and commands, as values.

Leaves what it answers, and the calls, to `interface.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta


@dataclass(frozen=True)
class Mount:
    """What a container sees at `target`. A volume is never filled from the image (`nocopy`).

    kind `volume`: source is the volume's name; `bind`: a host path; `tmpfs`: no source.
    A volume without a source is made for this container, with these labels, and removed with it.
    is_made: a host path that is not there becomes a directory.
    sub_path: a part of a volume; only where `EngineInfo.has_sub_paths`, and the part has to be there.
    propagation: of a bind. recursion: whether read_only is for what is mounted below too; only where
    `EngineInfo.has_recursion`, empty: as the engine does it.
    """

    kind: Literal["volume", "bind", "tmpfs"]
    target: str
    source: str = ""
    read_only: bool = False
    size_bytes: int = 0
    is_made: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    sub_path: str = ""
    propagation: Literal["", "rslave", "rshared"] = ""
    recursion: Literal["", "no", "forced"] = ""


@dataclass(frozen=True)
class Attachment:
    """A network by name, with the address that the container is to have."""

    network: str
    address: str = ""


@dataclass(frozen=True)
class PublishedPort:
    """A port of the machine that leads to one of the container's. protocol: `tcp`, `udp` or `sctp`."""

    port: int
    protocol: str
    host_address: str
    host_port: int


@dataclass(frozen=True)
class Login:
    """What a registry wants to know of who pulls."""

    server: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ContainerSpec:
    """Everything that is said when a container is created. None = what the image says.

    entrypoint and arguments are Kubernetes' `command` and `args`. A container either has an
    attachment of its own or joins the network and IPC namespaces of `joins`; its pid namespace may be
    another's, too (`joins_pid`). stdin_once: input ends when who attached first leaves.
    hosts: lines for /etc/hosts, address and name. confinement: `seccomp` or `apparmor` -> a profile.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...] | None = None
    arguments: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    user: str = ""
    hostname: str = ""
    attachment: Attachment | None = None
    joins: str = ""
    joins_pid: str = ""
    host_pid: bool = False
    host_ipc: bool = False
    hosts: tuple[tuple[str, str], ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    stop_timeout: timedelta | None = None
    memory_bytes: int = 0
    nano_cpus: int = 0
    cpu_shares: int = 0
    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    no_new_privileges: bool = False
    confinement: tuple[tuple[str, str], ...] = ()
    read_only_root: bool = False
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False


@dataclass(frozen=True)
class VolumeSpec:
    """A volume to create."""

    name: str
    labels: Mapping[str, str]
    driver: str = "local"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NetworkSpec:
    """A bridge network to create; `ip_range` is the part that the engine may hand out itself."""

    name: str
    subnet: str
    gateway: str
    ip_range: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class LogOptions:
    """Which part of a container's log. tail None = all; since is a wall-clock moment."""

    follow: bool = False
    tail: int | None = None
    since: datetime | None = None
    timestamps: bool = False


@dataclass(frozen=True)
class ExecSpec:
    """A command to run in a running container."""

    command: tuple[str, ...]
    stdin: bool = False
    tty: bool = False
