"""What is answered, as zone-file text."""

import dataclasses

import pytest

from minisets.dns.answers import Question, answer
from minisets.dns.feed import zone_of
from minisets.dns.zone import Records, Zone
from tests.dns.zones import NGINX, SETTINGS, asked, endpoint, service, slice_of, web


def test_a_headless_service_answers_with_all_ready_pods() -> None:
    """A-131."""
    assert asked(web(), f"{NGINX}.") == (f"NOERROR\n{NGINX}. 5 IN A 10.213.64.1\n{NGINX}. 5 IN A 10.213.64.2")


def test_a_pod_answers_at_its_hostname() -> None:
    """A-131."""
    assert asked(web(), f"web-1.{NGINX}") == f"NOERROR\nweb-1.{NGINX}. 5 IN A 10.213.64.2"


def test_case_does_not_matter() -> None:
    """A-131."""
    assert asked(web(), "WEB-1.Nginx.Default.SVC.cluster.LOCAL.") == asked(web(), f"web-1.{NGINX}")


def test_a_name_that_is_not_there_is_nxdomain() -> None:
    assert asked(web(), f"web-2.{NGINX}") == "NXDOMAIN"
    assert asked(web(), "nginx.other.svc.cluster.local") == "NXDOMAIN"


@pytest.mark.parametrize("type_", ["AAAA", "MX", "TXT", "SRV", "", "CNAME", "PTR"])
def test_a_name_that_has_only_addresses_is_nodata_for_every_other_type(type_: str) -> None:
    """A-134. NXDOMAIN instead would make a C library give up on the A record as well."""
    assert asked(web(), f"web-0.{NGINX}", type_) == "NOERROR"


@pytest.mark.parametrize(
    "name", ["cluster.local", "svc.cluster.local", "default.svc.cluster.local", f"_tcp.{NGINX}"]
)
def test_a_name_with_something_below_it_exists_without_records(name: str) -> None:
    assert asked(web(), name) == "NOERROR"


def test_the_domain_itself_exists_in_an_empty_zone() -> None:
    assert asked(Zone(), "cluster.local") == "NOERROR"
    assert asked(Zone(), "svc.cluster.local") == "NOERROR"
    assert asked(Zone(), "default.svc.cluster.local") == "NXDOMAIN"


def test_a_named_port_answers_with_servers_and_their_addresses() -> None:
    """A-133."""
    assert asked(web(), f"_web._tcp.{NGINX}", "SRV") == (
        "NOERROR\n"
        f"_web._tcp.{NGINX}. 5 IN SRV 0 50 80 web-0.{NGINX}.\n"
        f"_web._tcp.{NGINX}. 5 IN SRV 0 50 80 web-1.{NGINX}.\n"
        f"+ web-0.{NGINX}. 5 IN A 10.213.64.1\n"
        f"+ web-1.{NGINX}. 5 IN A 10.213.64.2"
    )


def test_more_than_a_hundred_servers_still_have_a_weight() -> None:
    pods = [endpoint(f"10.213.{64 + n // 200}.{n % 200 + 1}", f"web-{n}") for n in range(150)]
    zone = zone_of([service("nginx")], [slice_of("nginx", *pods)], SETTINGS, 1)
    assert all(
        int(record.data.split()[1]) >= 0
        for record in answer(Question(f"_web._tcp.{NGINX}", "SRV"), zone).records
    )


def test_the_version_of_the_schema_is_a_text() -> None:
    """A-134."""
    assert asked(web(), "dns-version.cluster.local", "TXT") == (
        'NOERROR\ndns-version.cluster.local. 5 IN TXT "1.1.0"'
    )


def test_any_gives_everything_that_a_name_has() -> None:
    records = Records(addresses=("10.213.64.1",), texts=("hello",))
    zone = Zone(names={"a.cluster.local": records})
    assert asked(zone, "a.cluster.local", "ANY") == (
        'NOERROR\na.cluster.local. 5 IN A 10.213.64.1\na.cluster.local. 5 IN TXT "hello"'
    )


# --- what is ours and what is not ---


@pytest.mark.parametrize("name", ["web-0", "nginx", "localhost-not-really", "minisets"])
def test_a_single_label_is_ours_and_not_there(name: str) -> None:
    """Docker's resolver would answer these from containers' names."""
    assert asked(web(), name) == "NXDOMAIN"


def test_the_networks_names_are_ours_and_not_there() -> None:
    assert asked(web(), "web-0.minisets") == "NXDOMAIN"


@pytest.mark.parametrize("name", ["example.com", "web-0.example.com", "xcluster.local", "minisets.example"])
def test_other_names_are_forwarded(name: str) -> None:
    assert asked(web(), name) == "FORWARD"


def test_the_root_is_forwarded() -> None:
    assert asked(web(), ".", "NS") == "FORWARD"


def test_an_address_of_our_subnet_reverses_to_its_pod() -> None:
    """A-133."""
    assert asked(web(), "1.64.213.10.in-addr.arpa", "PTR") == (
        f"NOERROR\n1.64.213.10.in-addr.arpa. 5 IN PTR web-0.{NGINX}."
    )


def test_another_address_of_our_subnet_is_nxdomain() -> None:
    """Docker's resolver would answer with the container's name and a TTL of ten minutes."""
    assert asked(web(), "9.64.213.10.in-addr.arpa", "PTR") == "NXDOMAIN"


def test_an_address_of_another_subnet_is_forwarded() -> None:
    assert asked(web(), "1.64.214.10.in-addr.arpa", "PTR") == "FORWARD"


def test_without_a_subnet_all_reverse_names_are_forwarded() -> None:
    zone = dataclasses.replace(web(), subnet=None, names={})
    assert asked(zone, "1.64.213.10.in-addr.arpa", "PTR") == "FORWARD"


# --- aliases ---


def alias(to: str) -> Zone:
    return zone_of(
        [service("db", type="ExternalName", externalName=to), service("nginx")],
        [slice_of("nginx", endpoint("10.213.64.1", "web-0"))],
        SETTINGS,
        1,
    )


DB = "db.default.svc.cluster.local"


def test_an_alias_to_elsewhere_is_to_be_followed_there() -> None:
    """A-134."""
    assert asked(alias("db.Example.com."), DB) == (
        f"NOERROR\n{DB}. 5 IN CNAME db.Example.com.\n> db.example.com."
    )


def test_an_alias_to_a_name_of_ours_comes_with_its_records() -> None:
    assert asked(alias(NGINX), DB) == (f"NOERROR\n{DB}. 5 IN CNAME {NGINX}.\n{NGINX}. 5 IN A 10.213.64.1")


def test_an_alias_to_a_name_of_ours_that_is_gone_stands_alone() -> None:
    assert asked(alias("gone.default.svc.cluster.local"), DB) == (
        f"NOERROR\n{DB}. 5 IN CNAME gone.default.svc.cluster.local."
    )


def test_an_alias_to_itself_does_not_turn_in_circles() -> None:
    assert asked(alias(DB), DB) == f"NOERROR\n{DB}. 5 IN CNAME {DB}."


def test_the_alias_itself_can_be_asked_for() -> None:
    assert asked(alias("db.example.com"), DB, "CNAME") == f"NOERROR\n{DB}. 5 IN CNAME db.example.com."
