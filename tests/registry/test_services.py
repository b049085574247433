"""Which addresses and node ports a Service gets, keeps and is refused."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from minisets.clock import FakeClock
from minisets.errors import Invalid
from minisets.objects.kinds import Ref
from minisets.registry.options import Patch
from minisets.registry.registry import Registry
from minisets.settings import Settings
from minisets.store.memory import MemoryStore
from tests.registry.things import refused, service

NGINX = Ref("Service", "default", "nginx")


def spec_of(registry: Registry, name: str = "nginx", **spec: Any) -> dict[str, Any]:
    found: dict[str, Any] = registry.create("Service", "default", service(name, **spec)).object["spec"]
    return found


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_a_service_gets_an_address(registry: Registry, kind: str) -> None:
    spec = spec_of(registry, type=kind)
    assert IPv4Address(spec["clusterIP"]) in IPv4Network("10.96.0.0/16")
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")


def test_the_address_is_of_the_clusters_own_range(store: MemoryStore, clock: FakeClock) -> None:
    registry = Registry(store, clock, Settings(subnet=IPv4Network("172.30.0.0/16")))
    registry.create("Namespace", "", {"metadata": {"name": "default"}})
    assert IPv4Address(spec_of(registry)["clusterIP"]) in IPv4Network("172.30.128.0/18")


def test_no_two_services_have_one_address(store: MemoryStore, clock: FakeClock) -> None:
    registry = Registry(store, clock, Settings(subnet=IPv4Network("10.1.0.0/26")))
    registry.create("Namespace", "", {"metadata": {"name": "default"}})
    addresses = {spec_of(registry, f"s{number}")["clusterIP"] for number in range(14)}
    assert len(addresses) == 14
    with refused(
        Invalid,
        'Service "one-more" is invalid: spec.clusterIPs: Invalid value: []: '
        "failed to allocate a serviceIP: range is full",
    ):
        spec_of(registry, "one-more")


def test_a_headless_service_keeps_its_none(registry: Registry) -> None:
    """A-92."""
    spec = spec_of(registry, clusterIP="None")
    assert (spec["clusterIP"], spec["clusterIPs"]) == ("None", ["None"])


def test_an_external_name_has_no_address(registry: Registry) -> None:
    spec = spec_of(registry, type="ExternalName", externalName="example.com")
    assert "clusterIP" not in spec
    assert "clusterIPs" not in spec


def test_an_address_that_is_asked_for_is_given_once(registry: Registry) -> None:
    assert spec_of(registry, clusterIP="10.96.0.10")["clusterIP"] == "10.96.0.10"
    with refused(
        Invalid,
        'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: '
        "failed to allocate IP 10.96.0.10: provided IP is already allocated",
    ):
        spec_of(registry, "other", clusterIP="10.96.0.10")
    registry.delete(NGINX)
    assert spec_of(registry, "other", clusterIP="10.96.0.10")["clusterIP"] == "10.96.0.10"


@pytest.mark.parametrize("address", ["192.168.0.1", "10.96.0.0", "10.96.255.255", "fd00::1"])
def test_an_address_outside_the_range_is_refused(registry: Registry, address: str) -> None:
    with refused(
        Invalid,
        f'Service "nginx" is invalid: spec.clusterIPs: Invalid value: ["{address}"]: failed to allocate IP '
        f"{address}: the provided IP ({address}) is not in the valid range. "
        "The range of valid IPs is 10.96.0.0/16",
    ):
        spec_of(registry, clusterIP=address)


def test_a_manifest_that_names_no_address_does_not_take_it_away(registry: Registry) -> None:
    before = spec_of(registry)
    after = registry.update(NGINX, service(selector={"app": "nginx"})).object["spec"]
    assert after["clusterIP"] == before["clusterIP"]
    assert after["selector"] == {"app": "nginx"}


def test_an_address_is_not_changed(registry: Registry) -> None:
    spec_of(registry)
    with pytest.raises(Invalid, match=r"spec.clusterIPs?(\[0\])?: Invalid value: .*"):
        registry.patch(
            NGINX, Patch("merge", {"spec": {"clusterIP": "10.96.7.7", "clusterIPs": ["10.96.7.7"]}})
        )


def test_a_service_that_becomes_a_name_gives_its_address_back(registry: Registry) -> None:
    spec_of(registry)
    change = {"spec": {"type": "ExternalName", "externalName": "example.com"}}
    assert "clusterIP" not in registry.patch(NGINX, Patch("merge", change)).object["spec"]
    back = registry.patch(NGINX, Patch("merge", {"spec": {"type": "ClusterIP", "externalName": None}}))
    assert back.object["spec"]["clusterIP"]


def test_node_ports_are_given_kept_and_taken_back(registry: Registry) -> None:
    (port,) = spec_of(registry, type="NodePort")["ports"]
    assert 30000 <= port["nodePort"] <= 32767
    again = registry.update(NGINX, service(type="NodePort", selector={"a": "b"})).object["spec"]
    assert again["ports"] == [port]
    (plain,) = registry.update(NGINX, service()).object["spec"]["ports"]
    assert "nodePort" not in plain


def test_two_protocols_may_share_a_node_port(registry: Registry) -> None:
    ports = [
        {"name": "tcp", "port": 53, "nodePort": 30053, "protocol": "TCP"},
        {"name": "udp", "port": 53, "nodePort": 30053, "protocol": "UDP"},
    ]
    assert [port["nodePort"] for port in spec_of(registry, type="NodePort", ports=ports)["ports"]] == [
        30053
    ] * 2


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (30080, "provided port is already allocated"),
        (80, "provided port is not in the valid range. The range of valid ports is 30000-32767"),
    ],
)
def test_a_node_port_that_cannot_be_had_is_refused(registry: Registry, asked: int, why: str) -> None:
    spec_of(registry, type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    with refused(
        Invalid, f'Service "other" is invalid: spec.ports[0].nodePort: Invalid value: {asked}: {why}'
    ):
        spec_of(registry, "other", type="NodePort", ports=[{"port": 80, "nodePort": asked}])
