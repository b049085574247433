"""The zone as a value and as bytes."""

import pytest

from minisets.dns.feed import zone_of
from minisets.dns.zone import Zone
from tests.dns.zones import SETTINGS, endpoint, service, slice_of, web


def test_a_zone_survives_its_bytes() -> None:
    zone = zone_of(
        [service("nginx"), service("db", type="ExternalName", externalName="db.example.com")],
        [slice_of("nginx", endpoint("10.213.64.1", "web-0"), endpoint("10.213.64.9"))],
        SETTINGS,
        42,
    )
    again = Zone.from_bytes(zone.to_bytes())
    assert again == zone
    assert again.inner == zone.inner


def test_an_empty_zone_survives_its_bytes() -> None:
    assert Zone.from_bytes(Zone().to_bytes()) == Zone()


@pytest.mark.parametrize("data", [b"", b"{", b"{}", web().to_bytes()[:-9]])
def test_half_a_zone_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Zone.from_bytes(data)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        (b'"domain":"cluster.local"', b'"domain":5'),
        (b'"network":"minisets"', b'"network":null'),
        (b'"version":7', b'"version":"7"'),
        (b'"subnet":"10.213.0.0/16"', b'"subnet":"10.213.0.1/16"'),
        (b'["10.213.64.1"]', b"[1]"),
        (b'["10.213.64.1"]', b'"10.213.64.1"'),
        (b"[[80,", b'[["80",'),
        (b'"names":{', b'"names":[],"more":{'),
    ],
)
def test_a_zone_with_something_of_another_type_is_refused(said: bytes, instead: bytes) -> None:
    """It would fail at each question, and be kept."""
    data = web().to_bytes()
    assert said in data
    with pytest.raises(ValueError, match=r"."):
        Zone.from_bytes(data.replace(said, instead))
