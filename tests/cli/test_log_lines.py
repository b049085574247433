"""A log's bytes as lines, and going on after a cut without a line twice or lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.cli.log_lines import (
    Lines,
    Place,
    Resumed,
    Shape,
    ended,
    joined,
    long_prefix,
    prefixed,
    short_prefix,
)

SECONDS = st.sampled_from([f"2026-11-30T07:00:0{second}.000000000Z ".encode() for second in range(4)])
LOGS = st.lists(st.tuples(SECONDS, st.sampled_from([b"\n", b"a\n", b"2026-11-30T07:00:01.000000000Z b\n"])))


def stamped(second: int, text: str = "x", nano: int = 0) -> bytes:
    return f"2026-11-30T07:00:{second:02}.{nano:09}Z {text}\n".encode()


@given(st.lists(st.sampled_from([b"", b"a", b"\n", b"a\nb", b"\n\n", b"b\n"])))
def test_lines_are_whole_however_the_pieces_were_cut(pieces: list[bytes]) -> None:
    lines = Lines()
    fed = [lines.feed(piece) for piece in pieces]
    assert all(whole.endswith(b"\n") for whole in fed if whole)
    rest = lines.rest()
    assert b"\n" not in rest
    assert b"".join(fed) + rest == b"".join(pieces)
    assert lines.rest() == b""


def test_each_line_gets_the_prefix_and_nothing_else_does() -> None:
    assert prefixed(b"a\n\nb\n", b"[p] ") == b"[p] a\n[p] \n[p] b\n"
    assert prefixed(b"a\n", b"") == b"a\n"
    assert prefixed(b"", b"[p] ") == b""


def test_a_log_that_ends_within_a_line_gets_its_end_when_another_may_follow() -> None:
    assert b"".join(joined([b"a\nb", b"c\nd"], b"> ")) == b"> a\n> bc\n> d\n"
    assert (ended(b""), ended(b"a"), ended(b"a\n")) == (b"", b"a\n", b"a\n")


@pytest.mark.parametrize(
    ("shape", "printed"),
    [
        (Shape(), b"a\n\nno stamp\n"),
        (Shape(b"\\1 "), b"\\1 a\n\\1 \n\\1 no stamp\n"),
        (Shape(b"> ", stamps=True), b"> " + stamped(1, "a") + b"> " + stamped(2, "") + b"> no stamp\n"),
    ],
)
def test_stamps_are_taken_off_unless_they_are_wanted(shape: Shape, printed: bytes) -> None:
    lines = stamped(1, "a") + stamped(2, "") + b"no stamp\n"
    assert shape.of(lines) == (printed, None)
    assert shape.of(b"") == (b"", None)


def test_a_carriage_return_ends_no_line() -> None:
    lines = stamped(1, "10%\r20%") + stamped(2)
    assert Shape(b"> ").of(lines) == (b"> 10%\r20%\n> x\n", None)
    assert Resumed(Place().after(stamped(1, "10%\r20%"))).feed(lines) == stamped(2)


def test_a_limit_counts_the_logs_own_bytes() -> None:
    lines = stamped(1, "abc") + stamped(2, "def")
    assert Shape(b"> ").of(lines, 6) == (b"> abc\n> de\n", 0)
    assert Shape(b"> ").of(lines, 10) == (b"> abc\n> def\n", 2)
    assert Shape(b"> ").of(b"", 6) == (b"", 6)


def test_a_prefix_names_the_pod_and_where_it_matters_the_container() -> None:
    assert short_prefix("web-0", "", None) == b"[web-0] "
    assert short_prefix("web-0", "nginx", None) == b"[web-0/nginx] "
    assert long_prefix("web-0", "nginx", None) == b"[pod/web-0/nginx] "


def test_an_ordinal_has_the_same_colour_always_and_its_neighbours_others() -> None:
    colours = [short_prefix("web", "", ordinal) for ordinal in range(10)]
    assert len(set(colours)) == 10
    assert colours[0] == b"\x1b[36m[web]\x1b[0m "
    assert short_prefix("web", "", 10) == colours[0]


def test_a_place_is_the_last_lines_stamp_and_how_many_have_it() -> None:
    place = Place().after(stamped(1) + stamped(2, "a") + stamped(2, "b"))
    assert (place.stamp, place.count) == (stamped(2, "")[:-1], 2)
    assert place.after(stamped(2)).count == 3
    assert place.after(stamped(3)).count == 1
    assert place.after(b"") == place
    assert place.after(b"the engine's own words\n") == place
    assert (place.since, Place().since) == ("2026-11-30T07:00:01Z", "")


@given(LOGS, LOGS)
def test_what_follows_a_place_is_printed_once_and_nothing_is_lost(
    before: list[tuple[bytes, bytes]], after: list[tuple[bytes, bytes]]
) -> None:
    """Also where two streams' stamps are out of order, and where lines are equal."""
    printed = b"".join(stamp + text for stamp, text in before)
    new = b"".join(stamp + text for stamp, text in after)
    resumed = Resumed(Place().after(printed))
    assert resumed.feed(printed) + resumed.feed(new) + resumed.end() == new


def test_where_the_places_line_is_gone_what_is_later_is_printed() -> None:
    resumed = Resumed(Place(stamped(2, "")[:-1], 1))
    assert resumed.feed(stamped(1) + stamped(3, "a")) == b""
    assert resumed.end() == stamped(3, "a")
    full = Resumed(Place(stamped(2, "")[:-1], 1))
    many = b"".join(stamped(3, str(number)) for number in range(101))
    assert full.feed(many) == many
    assert full.feed(stamped(4)) == stamped(4)
