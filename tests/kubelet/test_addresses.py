from ipaddress import IPv4Network

import pytest

from minisets.errors import MinisetsError
from minisets.kubelet.addresses import CURSOR, Addresses, next_address, pods_range
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, status_of
from minisets.settings import Settings
from tests.kubelet.world import World

SMALL = IPv4Network("10.0.0.8/29")  # .8 and .15 are not given


@pytest.mark.parametrize(
    ("cursor", "in_use", "expected"),
    [
        ("", (), "10.0.0.9"),
        ("10.0.0.9", (), "10.0.0.10"),
        ("10.0.0.14", (), "10.0.0.9"),
        ("10.0.0.9", ("10.0.0.10", "10.0.0.11"), "10.0.0.12"),
        ("10.0.0.13", ("10.0.0.14", "10.0.0.9"), "10.0.0.10"),
        ("192.168.1.1", (), "10.0.0.9"),
        ("nonsense", (), "10.0.0.9"),
    ],
)
def test_the_next_free_address_after_the_cursor(cursor: str, in_use: tuple[str, ...], expected: str) -> None:
    assert str(next_address(SMALL, cursor, in_use)) == expected


def test_there_is_none_when_all_are_in_use() -> None:
    assert next_address(SMALL, "", [f"10.0.0.{last}" for last in range(9, 15)]) is None


def test_none_is_reused_until_the_range_wraps() -> None:
    given, cursor = [], ""
    for _ in range(6):
        cursor = str(next_address(SMALL, cursor, ()))
        given.append(cursor)
    assert len(set(given)) == 6


def test_an_address_is_on_record_before_anything_has_it(world: World) -> None:
    world.nodes().register(world.engine.info())
    pod = world.create_pod()
    address = Addresses(world.store, world.registry, world.settings).take(pod)
    assert status_of(world.pod())["podIP"] == address
    node = world.store.get(Ref("Node", "", "minisets-0"))
    assert node is not None
    assert annotations_of(node)[CURSOR] == address


def test_a_full_range_says_what_to_do(world: World) -> None:
    world.nodes().register(world.engine.info())
    tiny = Settings(subnet=IPv4Network("10.9.0.0/28"))
    addresses = Addresses(world.store, world.registry, tiny)
    for name in ("web-0", "web-1"):
        addresses.take(world.create_pod(name))
    with pytest.raises(MinisetsError, match=r"all 2 pod addresses of 10\.9\.0\.4/30 are in use"):
        addresses.take(world.create_pod("web-2"))


def test_pods_have_addresses_over_an_engine_without_a_network() -> None:
    assert str(pods_range(Settings())) == "10.88.64.0/18"
