from __future__ import annotations

import pytest

from minisets.objects import names


@pytest.mark.parametrize("value", ["a", "web-0", "0", "a" * 63])
def test_labels_are_lower_case_and_short(value: str) -> None:
    assert names.dns_label(value) == []


@pytest.mark.parametrize("value", ["", "-a", "a-", "A", "a_b", "ü", "a\n"])
def test_what_is_no_label_is_told_the_pattern(value: str) -> None:
    assert [complaint.partition(" (e.g.")[0] for complaint in names.dns_label(value)] == [
        (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
            " and must start"
            " and end with an alphanumeric character"
        ),
    ]


def test_a_subdomain_is_labels_with_dots_and_longer() -> None:
    assert names.dns_subdomain(".".join(["a" * 63] * 3)) == []
    assert names.dns_subdomain("a" * 254) == ["must be no more than 253 characters"]
    assert len(names.dns_subdomain("a..b")) == 1


@pytest.mark.parametrize(
    ("value", "complaints"),
    [
        ("app", 0),
        ("App_1.x", 0),
        ("example.com/app", 0),
        ("", 2),
        ("/app", 1),
        ("Example.com/app", 1),
        ("a/b/c", 1),
        ("example.com/", 2),
        ("a" * 64, 1),
    ],
)
def test_keys_are_names_with_an_optional_domain(value: str, complaints: int) -> None:
    assert len(names.qualified_name(value)) == complaints


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http-web", []),
        ("-a", ["must not begin or end with a hyphen"]),
        ("a--b", ["must not contain consecutive hyphens"]),
        ("Web", ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"]),
    ],
)
def test_port_names_are_fifteen_plain_characters(value: str, expected: list[str]) -> None:
    assert names.port_name(value) == expected


def test_a_generated_name_may_end_its_prefix_with_a_dash() -> None:
    assert names.masked_prefix("web-") == "wea"
    assert names.masked_prefix("-") == "-"
    assert names.masked_prefix("web") == "web"


@pytest.mark.parametrize("value", ["10.0.0.1", "2001:db8::1"])
def test_addresses_of_both_families_are_addresses(value: str) -> None:
    assert names.ip_address(value) == []


def test_headers_and_shares_have_their_form() -> None:
    assert names.header_name("X-Forwarded-For") == []
    assert len(names.header_name("X Forwarded")) == 1
    assert names.percent("25%") == []
    assert len(names.percent("25")) == 1
