"""Which ports of their node pods want, and which of two wishes exclude each other. Pure.

Kubernetes: pkg/scheduler/util GetHostPorts, framework HostPortInfo.CheckConflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object

NO_FREE_PORTS = "node(s) didn't have free ports for the requested pod ports"
_EVERY = ("", "0.0.0.0")  # noqa: S104 - compared with, never bound


@dataclass(frozen=True)
class HostPort:
    """One port of the node. address: as the manifest says it; empty stands for all of them."""

    port: int
    container_port: int
    protocol: str
    address: str

    def excludes(self, other: HostPort) -> bool:
        """Whether only one of the two can be had."""
        if (self.port, self.protocol) != (other.port, other.protocol):
            return False
        return self.address in _EVERY or other.address in _EVERY or self.address == other.address


def host_ports(pod: Object) -> tuple[HostPort, ...]:
    """Those of its containers and sidecars; what ends before they run takes none."""
    spec = spec_of(pod)
    sidecars = [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]
    every: list[dict[str, Any]] = [*(spec.get("containers") or ()), *sidecars]
    return tuple(
        HostPort(
            int(port["hostPort"]),
            int(port["containerPort"]),
            str(port.get("protocol") or "TCP"),
            str(port.get("hostIP") or ""),
        )
        for container in every
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


def are_free(pod: Object, others: Iterable[Object]) -> bool:
    """Whether no other pod has a port that this one wants."""
    wanted = host_ports(pod)
    taken = [port for other in others for port in host_ports(other)] if wanted else []
    return not any(one.excludes(port) for one in wanted for port in taken)
