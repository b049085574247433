"""Which ports the words after `port-forward` mean."""

from typing import Any

import pytest

from minisets.cli.ports import ports_named
from minisets.client.forwarding import Ports
from minisets.errors import MinisetsError, UsageError

POD = {
    "kind": "Pod",
    "metadata": {"name": "web-0"},
    "spec": {
        "containers": [
            {"name": "a"},
            {
                "name": "b",
                "ports": [
                    {"containerPort": 8080, "name": "http"},
                    {"containerPort": 53, "name": "dns", "protocol": "UDP"},
                ],
            },
        ]
    },
}


def service(**spec: Any) -> dict[str, Any]:
    ports = [
        {"port": 80, "name": "http", "targetPort": "http"},
        {"port": 81, "name": "other", "targetPort": 8081},
        {"port": 82, "name": "same"},
        {"port": 53, "name": "dns", "protocol": "UDP"},
        {"port": 83, "name": "lost", "targetPort": "nowhere"},
    ]
    return {
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"clusterIP": "10.0.0.1", "ports": ports, **spec},
    }


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("80", Ports(80, 80)),
        ("8080:80", Ports(8080, 80)),
        (":80", Ports(0, 80)),
        ("0:80", Ports(0, 80)),
        ("http", Ports(8080, 8080)),
        ("81:http", Ports(81, 8080)),
        (":http", Ports(0, 8080)),
    ],
)
def test_a_pods_ports_are_numbers_or_names_of_its_containers(word: str, meant: Ports) -> None:
    assert ports_named([word], POD, POD) == [meant]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("80", Ports(80, 8080)),
        ("http", Ports(80, 8080)),
        ("9000:80", Ports(9000, 8080)),
        (":81", Ports(0, 8081)),
        ("82", Ports(82, 82)),
    ],
)
def test_a_services_port_leads_to_its_target(word: str, meant: Ports) -> None:
    assert ports_named([word], service(), POD) == [meant]


def test_a_headless_services_port_leads_nowhere_else() -> None:
    assert ports_named(["http", "9000:other"], service(clusterIP="None"), POD) == [
        Ports(80, 80),
        Ports(9000, 81),
    ]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", 'invalid port ""'),
        ("80:", 'invalid port "80:"'),
        ("1:2:3", 'invalid port "1:2:3"'),
        ("x:80", '"x" is no local port'),
        ("70000:80", '"70000" is no local port'),
        ("0", "remote ports are 1 to 65535"),
        ("70000", "remote ports are 1 to 65535"),
    ],
)
def test_what_is_no_port_is_misuse(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ports_named([word], POD, POD)


@pytest.mark.parametrize(
    ("word", "owner", "said"),
    [
        ("web", POD, "Pod 'web-0' does not have a named port 'web'"),
        ("dns", POD, "UDP protocol is not supported for dns"),
        ("53", POD, "UDP protocol is not supported for 53"),
        ("web", service(), "Service 'web' does not have a named port 'web'"),
        ("99", service(), "Service 'web' does not have a service port 99"),
        ("dns", service(), "UDP protocol is not supported for dns"),
        ("lost", service(), "Pod 'web-0' does not have a named port 'nowhere'"),
    ],
)
def test_a_port_that_is_not_there_is_said(word: str, owner: dict[str, Any], said: str) -> None:
    with pytest.raises(MinisetsError, match=said):
        ports_named([word], owner, POD)
