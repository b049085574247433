"""Rules for the containers of a pod or template: names, images, ports, mounts.

Kubernetes: core validation.go validateContainers, validateInitContainers, validateContainerCommon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, duplicate, each_invalid, forbidden, invalid, one_of, required
from minisets.objects.validation.environment import check_environment
from minisets.objects.validation.mounts import check_mounts
from minisets.objects.validation.probes import check_no_probes, check_probes
from minisets.objects.validation.resources import check_resources
from minisets.objects.validation.security import check_security

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from minisets.objects.kinds import Object

PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")


def check_all_containers(path: str, spec: Object, volumes: Mapping[str, bool]) -> Causes:
    """Main containers, then init containers; volumes by name, and whether a claim is behind."""
    containers = spec.get("containers") or []
    inits = spec.get("initContainers") or []
    grace = spec.get("terminationGracePeriodSeconds")
    if not containers:
        yield required(f"{path}.containers")
    taken: set[str] = set()
    for index, container in enumerate(containers):
        here = f"{path}.containers[{index}]"
        yield from check_container(here, container, volumes)
        yield from _check_unique(here, container, taken)
        yield from check_probes(here, container, grace)
        yield from _check_restart_policy(here, container)
    yield from _check_host_ports(f"{path}.containers", containers)
    for index, container in enumerate(inits):
        here = f"{path}.initContainers[{index}]"
        yield from check_container(here, container, volumes)
        yield from _check_restart_policy(here, container)
        yield from _check_unique(here, container, taken)
        yield from _check_host_ports(f"{path}.initContainers", [container])
        if container.get("restartPolicy") == "Always":
            yield from check_probes(here, container, grace)
        else:
            yield from check_no_probes(here, container)


def check_images(path: str, spec: Object) -> Causes:
    """Only pods, not templates, refuse blanks around an image."""
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            image = container.get("image") or ""
            if image != image.strip():
                detail = "must not have leading or trailing whitespace"
                yield invalid(f"{path}.{field}[{index}].image", image, detail)


def check_container(path: str, container: Object, volumes: Mapping[str, bool]) -> Causes:
    """What holds for a container of any sort."""
    name = container.get("name") or ""
    if name:
        yield from each_invalid(f"{path}.name", name, names.dns_label(name))
    else:
        yield required(f"{path}.name")
    if not container.get("image"):
        yield required(f"{path}.image")
    yield from one_of(
        f"{path}.terminationMessagePolicy",
        container.get("terminationMessagePolicy") or "",
        _MESSAGE_POLICIES,
    )
    yield from _check_ports(path, container.get("ports") or [])
    yield from check_environment(path, container)
    yield from check_mounts(path, container, volumes)
    yield from one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy") or "", _PULL_POLICIES)
    yield from check_resources(f"{path}.resources", container.get("resources"))
    yield from check_security(f"{path}.securityContext", container.get("securityContext"))


def _check_unique(path: str, container: Object, taken: set[str]) -> Causes:
    name = container.get("name") or ""
    if name in taken:
        yield duplicate(f"{path}.name", name)
    elif name:
        taken.add(name)


def _check_restart_policy(path: str, container: Object) -> Causes:
    policy = container.get("restartPolicy")
    if policy is not None:
        yield from one_of(f"{path}.restartPolicy", policy, _RESTART_POLICIES)
    elif container.get("restartPolicyRules"):
        detail = "must specify restartPolicy when restart rules are used"
        yield required(f"{path}.restartPolicy", detail)


def _check_ports(path: str, ports: Sequence[Object]) -> Causes:
    taken: set[str] = set()
    for index, port in enumerate(ports):
        here = f"{path}.ports[{index}]"
        if name := port.get("name"):
            complaints = names.port_name(name)
            yield from each_invalid(f"{here}.name", name, complaints)
            if not complaints and name in taken:
                yield duplicate(f"{here}.name", name)
            taken.add(name)
        if number := port.get("containerPort"):
            yield from each_invalid(f"{here}.containerPort", number, names.port_number(number))
        else:
            yield required(f"{here}.containerPort")
        if host_port := port.get("hostPort"):
            yield from each_invalid(f"{here}.hostPort", host_port, names.port_number(host_port))
        yield from one_of(f"{here}.protocol", port.get("protocol") or "", PROTOCOLS)


def _check_host_ports(path: str, containers: Sequence[Object]) -> Causes:
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for position, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            binding = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if binding in taken:
                yield duplicate(f"{path}[{index}].ports[{position}].hostPort", binding)
            taken.add(binding)


def check_no_ephemeral(path: str, spec: Object, detail: str) -> Causes:
    """Ephemeral containers are only ever added to a running pod."""
    if spec.get("ephemeralContainers"):
        yield forbidden(f"{path}.ephemeralContainers", detail)
