"""Names as text: compared, built, reversed."""

from ipaddress import IPv4Address

import pytest

from minisets.dns import names


def test_names_are_compared_without_case_and_final_dot() -> None:
    """A-131."""
    assert (
        names.canonical("Web-0.NGINX.default.svc.cluster.local.") == "web-0.nginx.default.svc.cluster.local"
    )


def test_a_name_lies_below_itself_and_below_whole_labels_only() -> None:
    assert names.is_below("cluster.local", "cluster.local")
    assert names.is_below("a.cluster.local", "cluster.local")
    assert not names.is_below("mycluster.local", "cluster.local")


def test_an_endpoint_is_called_by_its_hostname_or_its_dashed_address() -> None:
    assert names.endpoint_label("Web-0", "10.0.0.1") == "web-0"
    assert names.endpoint_label("", "10.0.0.1") == "10-0-0-1"


def test_names_of_services_and_ports_are_built_from_their_parts() -> None:
    """A-133."""
    service = names.service_name("nginx", "default", "cluster.local")
    assert service == "nginx.default.svc.cluster.local"
    assert names.port_name("web", "tcp", service) == "_web._tcp.nginx.default.svc.cluster.local"


def test_an_address_and_its_reverse_name_lead_to_each_other() -> None:
    assert names.reverse_name("10.213.0.7") == "7.0.213.10.in-addr.arpa"
    assert names.reversed_address("7.0.213.10.in-addr.arpa") == IPv4Address("10.213.0.7")


@pytest.mark.parametrize(
    "name",
    [
        "213.10.in-addr.arpa",
        "in-addr.arpa",
        "a.0.213.10.in-addr.arpa",
        "256.0.213.10.in-addr.arpa",
        "1.7.0.213.10.in-addr.arpa",
        "7.0.213.10.example.com",
    ],
)
def test_what_is_no_whole_address_reverses_to_nothing(name: str) -> None:
    assert names.reversed_address(name) is None
