"""The ports of the machine that a pod asks for. Pure.

Kubernetes: pkg/scheduler/util GetHostPorts, framework HostPortInfo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.engine.specs import PublishedPort
from minisets.objects.hostports import host_ports
from minisets.objects.metadata import spec_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_LOOPBACK = "127.0.0.1"
"""Differs: where a manifest names no address, nobody but this machine's people gets in (DESIGN)."""


def published(pod: Object) -> tuple[PublishedPort, ...]:
    """What the sandbox publishes; a pod on the machine's own network has its ports without."""
    if spec_of(pod).get("hostNetwork"):
        return ()
    return tuple(
        PublishedPort(one.container_port, one.protocol.lower(), one.address or _LOOPBACK, one.port)
        for one in host_ports(pod)
    )
