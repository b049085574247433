"""Which ports `8080:80`, `:web` and `80` mean, of a pod or through a service. Pure.

Leaves carrying them to `client/forwarding.py`. Kubernetes: kubectl pkg/cmd/portforward
`convertPodNamedPortToNumber`, `translateServicePortToTargetPort`; pkg/util/service_port.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.client.forwarding import Ports
from minisets.errors import MinisetsError, UsageError
from minisets.objects.metadata import name_of, spec_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.objects.kinds import Object

_HIGHEST = 65535


def ports_named(words: Sequence[str], owner: Object, pod: Object) -> list[Ports]:
    """Each pair of ports, the pod's as a number. owner: the pod itself, or a statefulset or service of it."""
    found = []
    for word in words:
        local, colon, remote = word.rpartition(":")
        if not remote or ":" in local:
            raise UsageError(f'invalid port "{word}": write [LOCAL:]REMOTE, as 8080:80, :80 or 80')
        if owner["kind"] == "Service":
            asked, number = _through(owner, pod, remote)
        else:
            asked = number = _of_pod(pod, remote)
        found.append(Ports(_local(word, local) if colon else asked, number))
    return found


def _local(word: str, text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or int(text) > _HIGHEST:
        raise UsageError(f'invalid port "{word}": "{text}" is no local port (0 to {_HIGHEST})')
    return int(text)


def _number(text: str) -> int | None:
    """None for a name; UsageError for what is neither."""
    if not text.isdecimal():
        return None
    if not 0 < int(text) <= _HIGHEST:
        raise UsageError(f'invalid port "{text}": remote ports are 1 to {_HIGHEST}')
    return int(text)


def _of_pod(pod: Object, text: str) -> int:
    number = _number(text)
    ports = [
        port for container in spec_of(pod).get("containers") or () for port in container.get("ports") or ()
    ]
    if number is None:
        return _container_port(pod, ports, text)
    kinds = {port.get("protocol", "TCP") for port in ports if port.get("containerPort") == number}
    if kinds == {"UDP"}:
        raise MinisetsError(f"UDP protocol is not supported for {text}")
    return number


def _container_port(pod: Object, ports: Sequence[Object], name: str) -> int:
    for port in ports:
        if port.get("name") == name:
            if port.get("protocol", "TCP") != "TCP":
                raise MinisetsError(f"{port['protocol']} protocol is not supported for {name}")
            return int(port["containerPort"])
    raise MinisetsError(f"Pod '{name_of(pod)}' does not have a named port '{name}'")


def _through(service: Object, pod: Object, text: str) -> tuple[int, int]:
    """The service's port, and where it leads to in the pod: a headless one leads nowhere else."""
    number = _number(text)
    ports = spec_of(service).get("ports") or ()
    found = next((port for port in ports if text == port.get("name") or number == port["port"]), None)
    if found is None:
        what = f"a service port {number}" if number else f"a named port '{text}'"
        raise MinisetsError(f"Service '{name_of(service)}' does not have {what}")
    if found.get("protocol", "TCP") != "TCP":
        raise MinisetsError(f"{found['protocol']} protocol is not supported for {text}")
    asked = int(found["port"])
    target = found.get("targetPort") or asked
    if spec_of(service).get("clusterIP") == "None":
        return asked, asked
    return asked, target if isinstance(target, int) else _of_pod(pod, str(target))
