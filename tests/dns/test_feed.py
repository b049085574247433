"""Services and EndpointSlices into a zone."""

import contextlib

from minisets.clock import SystemClock
from minisets.dns.feed import Feed, zone_of
from minisets.dns.zone import Zone
from minisets.objects.kinds import Object
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.dns.zones import NGINX, SETTINGS, asked, endpoint, service, slice_of, web


def zone(services: list[Object], *slices: Object) -> Zone:
    return zone_of(services, slices, SETTINGS, 1)


def test_an_unready_pod_has_no_name() -> None:
    """A-132."""
    made = zone(
        [service("nginx")],
        slice_of("nginx", endpoint("10.213.64.1", "web-0"), endpoint("10.213.64.2", "web-1", ready=False)),
    )
    assert asked(made, NGINX) == f"NOERROR\n{NGINX}. 5 IN A 10.213.64.1"
    assert asked(made, f"web-1.{NGINX}") == "NXDOMAIN"
    assert asked(made, "2.64.213.10.in-addr.arpa", "PTR") == "NXDOMAIN"


def test_a_headless_service_without_ready_pods_is_nxdomain() -> None:
    """A-131."""
    assert asked(zone([service("nginx")], slice_of("nginx")), NGINX) == "NXDOMAIN"
    unready = slice_of("nginx", endpoint("10.213.64.1", "web-0", ready=False))
    assert asked(zone([service("nginx")], unready), NGINX) == "NXDOMAIN"


def test_an_unready_pod_that_is_to_be_published_comes_as_ready() -> None:
    """A-130: publishNotReadyAddresses sets the condition, and nothing else is looked at."""
    published = endpoint("10.213.64.1", "web-0", ready=True, serving=False, terminating=False)
    assert asked(zone([service("nginx")], slice_of("nginx", published)), f"web-0.{NGINX}") == (
        f"NOERROR\nweb-0.{NGINX}. 5 IN A 10.213.64.1"
    )


def test_a_condition_that_nobody_set_means_ready() -> None:
    unset = {"addresses": ["10.213.64.1"], "hostname": "web-0"}
    null = {"addresses": ["10.213.64.2"], "hostname": "web-1", "conditions": {"ready": None}}
    made = zone([service("nginx")], slice_of("nginx", unset, null))
    assert asked(made, NGINX) == f"NOERROR\n{NGINX}. 5 IN A 10.213.64.1\n{NGINX}. 5 IN A 10.213.64.2"


def test_a_pod_without_hostname_answers_at_its_dashed_address() -> None:
    """A-131."""
    made = zone([service("nginx")], slice_of("nginx", endpoint("10.213.64.9")))
    assert asked(made, f"10-213-64-9.{NGINX}") == f"NOERROR\n10-213-64-9.{NGINX}. 5 IN A 10.213.64.9"


def test_several_slices_of_a_service_make_one_answer() -> None:
    made = zone(
        [service("nginx")],
        slice_of("nginx", endpoint("10.213.64.1", "web-0")),
        slice_of("nginx", endpoint("10.213.64.1", "web-0"), endpoint("10.213.64.2", "web-1")),
    )
    assert asked(made, NGINX) == f"NOERROR\n{NGINX}. 5 IN A 10.213.64.1\n{NGINX}. 5 IN A 10.213.64.2"


def test_an_unnamed_port_has_no_srv_record() -> None:
    """A-133."""
    made = zone(
        [service("nginx")],
        slice_of("nginx", endpoint("10.213.64.1", "web-0"), ports=[{"name": "", "port": 80}]),
    )
    assert asked(made, f"_._tcp.{NGINX}", "SRV") == "NXDOMAIN"
    assert asked(made, f"_tcp.{NGINX}", "SRV") == "NXDOMAIN"
    assert asked(made, NGINX) == f"NOERROR\n{NGINX}. 5 IN A 10.213.64.1"


def test_a_service_without_ports_still_has_addresses() -> None:
    """A-134."""
    made = zone([service("nginx", ports=[])], slice_of("nginx", endpoint("10.213.64.1", "web-0"), ports=[]))
    assert asked(made, NGINX) == f"NOERROR\n{NGINX}. 5 IN A 10.213.64.1"


def test_the_srv_record_names_the_pods_own_port() -> None:
    """A-133: the endpoint's port, which may be another than the Service's."""
    ports = [{"name": "dns", "port": 5353, "protocol": "UDP"}]
    made = zone([service("nginx")], slice_of("nginx", endpoint("10.213.64.1", "web-0"), ports=ports))
    assert f"SRV 0 100 5353 web-0.{NGINX}." in asked(made, f"_dns._udp.{NGINX}", "SRV")


def test_a_service_with_a_cluster_address_answers_with_its_ready_pods() -> None:
    """A-134, approximated until it has a data path."""
    cluster = service("nginx", clusterIP="10.213.128.7")
    made = zone([cluster], slice_of("nginx", endpoint("10.213.64.1", "web-0")))
    assert asked(made, NGINX) == f"NOERROR\n{NGINX}. 5 IN A 10.213.64.1"


def test_a_service_with_a_cluster_address_exists_while_nothing_is_ready() -> None:
    assert asked(zone([service("nginx", clusterIP="10.213.128.7")]), NGINX) == "NOERROR"


def test_a_pod_behind_two_services_has_a_name_for_each() -> None:
    """A-133: one PTR per Service."""
    made = zone(
        [service("nginx"), service("api")],
        slice_of("nginx", endpoint("10.213.64.1", "web-0")),
        slice_of("api", endpoint("10.213.64.1")),
    )
    assert asked(made, "1.64.213.10.in-addr.arpa", "PTR") == (
        "NOERROR\n"
        f"1.64.213.10.in-addr.arpa. 5 IN PTR web-0.{NGINX}.\n"
        "1.64.213.10.in-addr.arpa. 5 IN PTR 10-213-64-1.api.default.svc.cluster.local."
    )


def test_services_of_one_name_in_two_namespaces_stay_apart() -> None:
    made = zone(
        [service("nginx"), service("nginx", "other")],
        slice_of("nginx", endpoint("10.213.64.1", "web-0")),
        slice_of("nginx", endpoint("10.213.64.2", "web-0"), namespace="other"),
    )
    other = "web-0.nginx.other.svc.cluster.local"
    assert asked(made, f"web-0.{NGINX}") == f"NOERROR\nweb-0.{NGINX}. 5 IN A 10.213.64.1"
    assert asked(made, other) == f"NOERROR\n{other}. 5 IN A 10.213.64.2"


def test_slices_of_no_service_and_of_ipv6_are_left_out() -> None:
    lost = slice_of("nginx", endpoint("10.213.64.3", "web-3"))
    lost["metadata"]["labels"] = {}
    six = slice_of("nginx", {"addresses": ["fd00::1"], "hostname": "web-6"}, addressType="IPv6")
    orphan = slice_of("gone", endpoint("10.213.64.4", "web-4"))
    assert asked(zone([service("nginx")], lost, six, orphan), NGINX) == "NXDOMAIN"


def test_the_zone_carries_the_settings_and_the_version() -> None:
    made = web()
    assert (made.domain, made.network, made.version) == ("cluster.local", "minisets", 7)
    assert made.subnet == SETTINGS.subnet


def test_a_change_hands_on_the_zone_of_what_is_stored() -> None:
    with contextlib.closing(MemoryStore()) as store:
        registry = Registry(store, SystemClock(), SETTINGS)
        registry.create("Namespace", "", {"metadata": {"name": "default"}})
        registry.create("Service", "default", service("nginx"))
        held = slice_of("nginx", endpoint("10.213.64.1", "web-0"))
        registry.create("EndpointSlice", "default", held)
        published: list[Zone] = []
        feed = Feed(store, SETTINGS, published.append)
        assert feed.reconcile("zone") is None
    assert [asked(zone, f"web-0.{NGINX}") for zone in published] == [
        f"NOERROR\nweb-0.{NGINX}. 5 IN A 10.213.64.1"
    ]
