"""A pod as a target of a Service: its address, its state, and the ports that are meant. Pure.

Kubernetes: staging endpointslice/utils.go podToEndpoint, getEndpointPorts; pkg/api/v1/pod FindPort.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import (
    is_being_deleted,
    is_true,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.objects.pods import is_terminal
from minisets.objects.selectors import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minisets.objects.kinds import Object


@dataclass(frozen=True)
class Port:
    """A port that a Service means in one pod, as a number."""

    name: str
    number: int
    protocol: str
    application: str = ""

    def as_json(self) -> dict[str, Any]:
        """As EndpointSlices and Endpoints write it."""
        port = {"name": self.name, "port": self.number, "protocol": self.protocol}
        return {**port, "appProtocol": self.application} if self.application else port


@dataclass(frozen=True)
class Target:
    """One selected pod. hostname: only where DNS has the pod's name under this Service (A-130)."""

    address: str
    ready: bool
    serving: bool
    terminating: bool
    ports: tuple[Port, ...]
    hostname: str
    node: str
    reference: tuple[tuple[str, str], ...]


def is_managed(service: Object) -> bool:
    """Whether the Service's endpoints are ours to keep: it selects pods."""
    spec = spec_of(service)
    return bool(spec.get("selector")) and spec.get("type") != "ExternalName"


def selects(service: Object, pod: Object) -> bool:
    """Whether a managed Service's selector matches the pod."""
    selector = LabelSelector.of_map(spec_of(service).get("selector"))
    return is_managed(service) and selector.matches(labels_of(pod))


def targets(service: Object, pods: Iterable[Object]) -> tuple[Target, ...]:
    """The selected pods that have an address and are not at their end, by name (A-130)."""
    selected = [
        pod for pod in pods if selects(service, pod) and status_of(pod).get("podIP") and not is_terminal(pod)
    ]
    return tuple(_target(service, pod) for pod in sorted(selected, key=name_of))


def _target(service: Object, pod: Object) -> Target:
    spec, serving, terminating = spec_of(pod), is_true(pod, "Ready"), is_being_deleted(pod)
    unready_too = bool(spec_of(service).get("publishNotReadyAddresses"))
    in_its_domain = spec.get("hostname") and spec.get("subdomain") == name_of(service)
    return Target(
        address=status_of(pod)["podIP"],
        ready=unready_too or (serving and not terminating),
        serving=serving,
        terminating=terminating,
        ports=tuple(_ports(service, pod)),
        hostname=spec["hostname"] if in_its_domain else "",
        node=spec.get("nodeName") or "",
        reference=(
            ("kind", "Pod"),
            ("namespace", namespace_of(pod)),
            ("name", name_of(pod)),
            ("uid", uid_of(pod)),
        ),
    )


def _ports(service: Object, pod: Object) -> Iterator[Port]:
    for port in spec_of(service).get("ports") or ():
        protocol = port.get("protocol") or "TCP"
        number = _number(port.get("targetPort") or port["port"], protocol, pod)
        if number:
            yield Port(port.get("name") or "", number, protocol, port.get("appProtocol") or "")


def _number(target: int | str, protocol: str, pod: Object) -> int | None:
    """A named port is looked up in this pod; None where no container has it."""
    if isinstance(target, int):
        return target
    if target.isdigit():
        return int(target)
    spec = spec_of(pod)
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    for container in (*(spec.get("containers") or ()), *sidecars):
        for port in container.get("ports") or ():
            if port.get("name") == target and (port.get("protocol") or "TCP") == protocol:
                return int(port["containerPort"])
    return None
