from typing import Any

import pytest

from minisets.objects.hostports import HostPort, are_free, host_ports
from minisets.objects.kinds import Object


def wanting(*ports: dict[str, Any], **spec: Any) -> Object:
    containers = [
        {"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP", **port} for port in ports]}
    ]
    return {"kind": "Pod", "spec": {"containers": containers, **spec}}


def test_sidecars_take_ports_too_and_plain_init_containers_none() -> None:
    port = {"containerPort": 9, "hostPort": 9}
    inits = [
        {"name": "plain", "ports": [port]},
        {"name": "sidecar", "ports": [{**port, "hostIP": "10.0.0.1"}], "restartPolicy": "Always"},
    ]
    pod = wanting({}, {"hostPort": 8080}, initContainers=inits)
    assert host_ports(pod) == (HostPort(8080, 80, "TCP", ""), HostPort(9, 9, "TCP", "10.0.0.1"))


@pytest.mark.parametrize(
    ("other", "is_free"),
    [
        ({"hostPort": 80}, False),
        ({"hostPort": 81}, True),
        ({"hostPort": 80, "protocol": "UDP"}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, False),
        ({"hostPort": 80, "hostIP": "0.0.0.0"}, False),  # noqa: S104 - an address in a manifest
        ({}, True),
    ],
)
def test_a_port_without_an_address_is_every_addresss(other: dict[str, Any], *, is_free: bool) -> None:
    """A-125."""
    assert are_free(wanting({"hostPort": 80}), [wanting(other)]) is is_free


def test_a_port_can_be_had_on_two_addresses() -> None:
    first, second = (wanting({"hostPort": 80, "hostIP": address}) for address in ("10.0.0.1", "10.0.0.2"))
    assert are_free(first, [second])
    assert not are_free(first, [second, first])
