"""A stamp a line, however the engine cut the line into pieces and the network the bytes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from minisets.engine.docker_stamps import stamped_once, terminals_stamped_once

if TYPE_CHECKING:
    from minisets.engine.interface import Output

STAMP = b"2026-11-30T07:56:45.153216527Z "
PIECE = 16 * 1024
lines = st.lists(st.sampled_from([0, 1, 40, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 100_000]), max_size=6)
cuts = st.lists(st.integers(1, 50_000), min_size=1, max_size=8)


def pieces(line: bytes) -> Iterator[bytes]:
    for start in range(0, len(line), PIECE):
        yield STAMP + line[start : start + PIECE]


def printed(lengths: list[int], last: bytes) -> list[bytes]:
    """Lines, and what the program left unfinished at its end."""
    whole = [b"x" * length + b"\n" for length in lengths]
    return [*whole, last] if last else whole


@given(lines, st.sampled_from([b"", b"unfinished"]))
def test_of_a_lines_pieces_only_the_first_is_stamped(lengths: list[int], last: bytes) -> None:
    said = printed(lengths, last)
    records: list[Output] = [("stdout", piece) for line in said for piece in pieces(line)]
    assert b"".join(data for _, data in stamped_once(records)) == b"".join(STAMP + line for line in said)


@given(lines, cuts, st.sampled_from([b"", b"unfinished"]))
def test_a_terminals_pieces_are_found_by_their_length(
    lengths: list[int], sizes: list[int], last: bytes
) -> None:
    said = printed(lengths, last)
    sent = b"".join(piece for line in said for piece in pieces(line))
    chunks = []
    for size in sizes:
        chunks.append(sent[:size])
        sent = sent[size:]
    found = b"".join(terminals_stamped_once([*chunks, sent]))
    assert found == b"".join(STAMP + line for line in said)


def test_two_outputs_in_turns_do_not_mistake_each_others_pieces() -> None:
    half, rest = STAMP + b"x" * PIECE, STAMP + b"rest\n"
    records: list[Output] = [("stdout", half), ("stderr", STAMP + b"oops\n"), ("stdout", rest)]
    assert list(stamped_once(records)) == [*records[:2], ("stdout", b"rest\n")]


def test_a_line_that_begins_as_a_stamp_does_keeps_it() -> None:
    said: Output = ("stdout", STAMP + STAMP + b"copied\n")
    assert list(stamped_once([said, said])) == [said, said]
    assert b"".join(terminals_stamped_once([said[1] * 2])) == said[1] * 2


def test_what_bears_no_stamp_is_passed_on() -> None:
    odd = b"x" * 100 + b"\n"
    assert b"".join(terminals_stamped_once([odd])) == odd
    assert b"".join(terminals_stamped_once([b"short"])) == b"short"
