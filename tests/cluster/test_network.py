"""A subnet that clashes with nothing, and the cluster's network on it."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from minisets.clock import FakeClock
from minisets.cluster import network
from minisets.engine import labels
from minisets.engine.memory import MemoryEngine
from minisets.engine.specs import NetworkSpec
from minisets.errors import EngineConflict, MinisetsError

TEN = IPv4Network("10.0.0.0/8")
FIRST, SECOND = IPv4Network("10.213.0.0/16"), IPv4Network("10.214.0.0/16")
HEADER = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


@pytest.fixture
def engine() -> Iterator[MemoryEngine]:
    made = MemoryEngine(FakeClock())
    yield made
    made.close()


def route(destination: str, mask: str) -> str:
    """A line of /proc/net/route."""
    return f"eth0\t{destination}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0\n"


def test_the_first_free_candidate_is_chosen() -> None:
    assert network.free_subnet([]) == FIRST
    assert network.free_subnet([IPv4Network("10.213.200.0/30"), IPv4Network("192.168.0.0/16")]) == SECOND


def test_where_all_of_ten_is_routed_another_range_is_taken() -> None:
    found = network.free_subnet([TEN, IPv4Network("172.31.0.0/20")])
    assert found == IPv4Network("172.30.0.0/16")


def test_nothing_free_is_said_with_what_to_do() -> None:
    with pytest.raises(MinisetsError, match="docker network prune"):
        network.free_subnet([TEN, IPv4Network("172.16.0.0/12")])


def test_routes_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(HEADER + route("000011AC", "0000FFFF") + route("0000D50A", "0000FFFF"))
    assert list(network.routes(table)) == [IPv4Network("172.17.0.0/16"), IPv4Network("10.213.0.0/16")]


def test_a_default_route_takes_nothing_even_in_pieces(tmp_path: Path) -> None:
    """A VPN that takes everything routes 0.0.0.0/1 and 128.0.0.0/1."""
    table = tmp_path / "route"
    table.write_text(
        HEADER + route("00000000", "00000000") + route("00000000", "00000080") + route("00000080", "00000080")
    )
    assert list(network.routes(table)) == []


def test_without_a_routing_table_there_are_no_routes(tmp_path: Path) -> None:
    assert list(network.routes(tmp_path / "missing")) == []


def test_the_network_is_made_with_the_engine_kept_out_of_our_parts(engine: MemoryEngine) -> None:
    assert network.ensure(engine, "minisets", []) == FIRST
    made = network.find(engine.list_networks(), "minisets")
    assert made is not None
    assert made.subnet == "10.213.0.0/16"
    assert made.labels[labels.CLUSTER] == "minisets"
    spec = network.spec_for("minisets", FIRST)
    assert (spec.gateway, spec.ip_range) == ("10.213.0.1", "10.213.192.0/18")


def test_the_network_is_found_again_even_if_it_could_not_be_chosen_now(engine: MemoryEngine) -> None:
    network.ensure(engine, "minisets", [])
    before = engine.list_networks()
    assert network.ensure(engine, "minisets", [TEN]) == FIRST
    assert engine.list_networks() == before


def test_another_clusters_network_and_the_hosts_routes_are_avoided(engine: MemoryEngine) -> None:
    network.ensure(engine, "other", [])
    assert network.ensure(engine, "minisets", [SECOND]) == IPv4Network("10.215.0.0/16")


def test_an_overlap_that_only_the_engine_sees_leads_to_the_next_candidate(engine: MemoryEngine) -> None:
    engine.fail_next("create_network", EngineConflict("Pool overlaps with other one on this address space"))
    assert network.ensure(engine, "minisets", []) == SECOND


def test_a_strangers_network_of_that_name_is_left_alone(engine: MemoryEngine) -> None:
    engine.create_network(NetworkSpec("minisets", "172.20.0.0/16", "172.20.0.1", "172.20.0.0/17", {}))
    before = engine.list_networks()
    with pytest.raises(MinisetsError, match='a Docker network "minisets" exists that minisets did not make'):
        network.ensure(engine, "minisets", [])
    assert engine.list_networks() == before


def test_the_subnet_of_last_time_is_taken_again_unless_somebody_has_it(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    """What is stored has addresses in it."""
    file = tmp_path / "subnet"
    assert network.kept(file) is None
    file.write_text("10.99.0.0/16\n")
    assert network.ensure(engine, "minisets", [], network.kept(file)) == IPv4Network("10.99.0.0/16")
    assert network.ensure(engine, "other", [], network.kept(file)) == FIRST
    file.write_text("rubbish")
    assert network.kept(file) is None
