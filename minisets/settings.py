"""What the parts of one cluster must agree on: a pure value, to and from argv.

Leaves choosing a free subnet and port to `cluster/`. Parts of the subnet (DESIGN decision 5):
control and virtual nodes / pods / service addresses / a part that Docker may use and we never do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network

DEFAULT_CLUSTER = "minisets"
DOMAIN = "cluster.local"
PROVISIONER = "docker.minisets.dev"
TMPFS = "minisets.dev/tmpfs"
"""The provisioner of volumes in memory, each as large as its claim; PROVISIONER is who mounts them."""

PROVISIONERS = (PROVISIONER, TMPFS)
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
"""Kubernetes: an annotation, on a PersistentVolume that nobody made by hand: the provisioner that did."""

ADOPTED = "minisets.dev/adopted"
"""An annotation, on a PersistentVolume: the Docker volume, not ours, that a person takes in by it."""

DEFAULT_CLASS = "standard"
NODE = "minisets-0"
"""The first node: it is always there."""

STOPPED = "minisets.dev/stopped"
"""An annotation, on a Node: its machine is off; `kill` for a power cut, `pause` for one that hangs."""

KUBERNETES_VERSION = "v1.37.0+minisets"

_NODES = "minisets-"


def node_name(ordinal: int) -> str:
    """What the node of that ordinal is called, counted from 0."""
    return f"{_NODES}{ordinal}"


def node_ordinal(name: str) -> int | None:
    """The ordinal of one of our nodes; None for a node that somebody else called something."""
    digits = name.removeprefix(_NODES)
    if not digits.isascii() or not digits.isdigit() or name != node_name(int(digits)):
        return None
    return int(digits)


@dataclass(frozen=True)
class Settings:
    """One cluster, as every part of its server sees it.

    subnet None: no container network (the engine in memory); port 0: any free one.
    """

    cluster: str = DEFAULT_CLUSTER
    state: Path = Path()
    engine: Literal["docker", "memory"] = "docker"
    host: str = "127.0.0.1"
    port: int = 0
    subnet: IPv4Network | None = None

    def to_argv(self) -> tuple[str, ...]:
        """The arguments of `minisets daemon` that give these settings again."""
        argv = ["--cluster", self.cluster, "--state", str(self.state), "--engine", self.engine]
        argv += ["--host", self.host, "--port", str(self.port)]
        return (*argv, "--subnet", str(self.subnet)) if self.subnet else tuple(argv)

    @property
    def network(self) -> str:
        """The Docker network's name: the cluster's."""
        return self.cluster

    @property
    def parts(self) -> Parts:
        """The subnet's four parts; ValueError where there is no subnet."""
        if self.subnet is None:
            raise ValueError("this cluster has no subnet")
        return Parts.of(self.subnet)


@dataclass(frozen=True)
class Parts:
    """A cluster's subnet, cut in four."""

    nodes: IPv4Network
    pods: IPv4Network
    services: IPv4Network
    engine: IPv4Network

    @classmethod
    def of(cls, subnet: IPv4Network) -> Parts:
        """Four equal quarters, in this order."""
        nodes, pods, services, engine = subnet.subnets(prefixlen_diff=2)
        return cls(nodes, pods, services, engine)

    @property
    def gateway(self) -> IPv4Address:
        """The bridge's own address: on Linux the host, where a host process serves DNS."""
        return self.nodes[1]

    @property
    def control(self) -> IPv4Address:
        """The control container's address."""
        return self.nodes[2]
