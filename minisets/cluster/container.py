"""The control container as values: what is created, and what an inspection of one tells. Pure.

Its rights: uid 0 without any capability, a read-only root, no new privileges; the engine's socket is its only
bind mount, the state volume its only writable place. No secret stands in env, args or labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minisets.cluster.quirks import THE_SOCKET
from minisets.engine import labels
from minisets.engine.docker_translate import LOG
from minisets.settings import DOMAIN, Settings
from minisets.store.sqlite import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network

    from minisets.cluster.quirks import Quirks

Json = dict[str, Any]

STATE = "/var/lib/minisets"
LOOPBACK = "127.0.0.1"
STOP_WITHIN = timedelta(seconds=15)
"""Process 1 gives the control plane 12 s of it to end, and answers DNS meanwhile."""

_API_PORT = 6443
_PUBLISHED = f"{_API_PORT}/tcp"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - a published port arrives at the container's address


@dataclass(frozen=True)
class Wanted:
    """A control container to create. content: which minisets the image has; port: of the host's loopback."""

    cluster: str
    subnet: IPv4Network
    image: str
    content: str
    port: int
    quirks: Quirks

    @property
    def settings(self) -> Settings:
        """What the server inside is told."""
        return Settings(
            cluster=self.cluster, state=Path(STATE), host=_EVERYWHERE, port=_API_PORT, subnet=self.subnet
        )


@dataclass(frozen=True)
class Inspected:
    """The control container that is there."""

    id: str
    image: str
    state: str
    exit_code: int
    error: str
    started_at: str
    restarts: int
    is_connected: bool
    content: str
    port: int
    schema: int


def body(wanted: Wanted) -> Json:
    """The body of the create call; the state volume and the network exist by then."""
    server = ("python3", "-m", "minisets", "daemon", *wanted.settings.to_argv())
    address = str(wanted.settings.parts.control)
    return {
        "Image": wanted.image,
        "Hostname": wanted.cluster,
        "User": "0",
        "WorkingDir": "/",
        "Entrypoint": ["python3", "-m", "minisets.dns"],
        "Cmd": ["--address", address, "--keep", f"{STATE}/zone", "--", *server],
        "Labels": labels.control_labels(wanted.cluster, wanted.content, wanted.port, SCHEMA),
        "ExposedPorts": {_PUBLISHED: {}},
        "StopSignal": "SIGTERM",
        "StopTimeout": int(STOP_WITHIN.total_seconds()),
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": _host_config(wanted),
        "NetworkingConfig": {
            "EndpointsConfig": {wanted.settings.network: {"IPAMConfig": {"IPv4Address": address}}}
        },
    }


def _host_config(wanted: Wanted) -> Json:
    quirks = wanted.quirks
    return {
        "NetworkMode": wanted.settings.network,
        "PortBindings": {_PUBLISHED: [{"HostIp": LOOPBACK, "HostPort": str(wanted.port)}]},
        # Why always: `unless-stopped` does not return after the engine was killed.
        "RestartPolicy": {"Name": "always"},
        "CapDrop": ["ALL"],
        "ReadonlyRootfs": True,
        "Privileged": False,
        "SecurityOpt": ["no-new-privileges", *quirks.security],
        "UsernsMode": quirks.userns,
        # Why: port 53 without a capability. Docker's default is 0, Podman's is not.
        "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
        "Mounts": [
            {
                "Type": "volume",
                "Source": state_volume(wanted.cluster),
                "Target": STATE,
                "VolumeOptions": {"NoCopy": True},
            },
            {"Type": "bind", "Source": quirks.socket, "Target": THE_SOCKET},
        ],
        "LogConfig": LOG,
        "Init": False,
    }


def state_volume(cluster: str) -> str:
    """The Docker volume that holds the cluster's state: it has the cluster's name."""
    return cluster


def hosts(settings: Settings) -> tuple[str, ...]:
    """The names that the server's certificate is good for, beside the loopback's: as pods know it."""
    service = "kubernetes.default.svc"
    own = str(settings.parts.control)
    return (own, "kubernetes", "kubernetes.default", service, f"{service}.{DOMAIN}")


def read(inspected: Mapping[str, Any], cluster: str) -> Inspected | None:
    """What an inspection tells, or None if that is not the control container of the cluster."""
    config, state = inspected["Config"], inspected["State"]
    own = config.get("Labels") or {}
    if not labels.is_control(own, cluster):
        return None
    return Inspected(
        id=inspected["Id"],
        image=config.get("Image") or inspected.get("Image") or "",
        state=state["Status"],
        exit_code=int(state.get("ExitCode") or 0),
        error=state.get("Error") or "",
        started_at=state.get("StartedAt") or "",
        restarts=int(inspected.get("RestartCount") or 0),
        is_connected=cluster in ((inspected.get("NetworkSettings") or {}).get("Networks") or {}),
        content=own.get(labels.CONTENT, ""),
        port=_number(own.get(labels.PORT)),
        schema=_number(own.get(labels.SCHEMA)),
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
