"""Ages, by Kubernetes' own table."""

from datetime import UTC, datetime, timedelta

import pytest

from minisets.api import ages

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (307, "5m7s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 300, "3h5m"),
        (8 * 3600, "8h"),
        (48 * 3600 - 1, "47h"),
        (51 * 3600, "2d3h"),
        (8 * 86400, "8d"),
        (365 * 86400, "365d"),
        (2 * 365 * 86400, "2y"),
        (2 * 365 * 86400 + 86400, "2y1d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_a_duration_has_fewer_digits_the_longer_it_is(seconds: int, text: str) -> None:
    assert ages.duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize("stamp", [None, "", "yesterday"])
def test_an_unreadable_stamp_has_no_known_age(stamp: str | None) -> None:
    assert ages.since(stamp, NOW) == "<unknown>"


def test_an_age_is_counted_from_the_stamp() -> None:
    assert ages.since("2026-01-01T23:59:18.123456Z", NOW) == "41s"
