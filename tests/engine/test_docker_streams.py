"""Docker's framing, however the network cut it."""

import json
import struct
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from minisets.engine.docker_streams import demultiplexed, lines_of_json
from minisets.engine.interface import Output

outputs = st.lists(st.tuples(st.sampled_from(("stdout", "stderr")), st.binary(min_size=1, max_size=50)))
cuts = st.lists(st.integers(1, 20), min_size=1, max_size=50)


def framed(output: list[Output]) -> bytes:
    return b"".join(
        struct.pack(">BxxxL", 1 if stream == "stdout" else 2, len(data)) + data for stream, data in output
    )


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


@given(outputs, cuts)
def test_frames_arrive_whole(output: list[Output], sizes: list[int]) -> None:
    assert list(demultiplexed(cut(framed(output), sizes))) == output


def test_a_frame_that_the_end_cut_off_is_left_out() -> None:
    assert list(demultiplexed([framed([("stdout", b"whole"), ("stderr", b"half")])[:-1]])) == [
        ("stdout", b"whole")
    ]


def test_the_engines_own_complaint_is_on_stderr() -> None:
    assert list(demultiplexed([struct.pack(">BxxxL", 3, 4) + b"oops"])) == [("stderr", b"oops")]


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers(), max_size=2), max_size=5), cuts)
def test_lines_of_json_arrive_whole(bodies: list[dict[str, int]], sizes: list[int]) -> None:
    data = b"".join(json.dumps(body).encode() + b"\r\n" for body in bodies)
    assert list(lines_of_json(cut(data, sizes))) == bodies


def test_a_line_that_the_end_cut_off_is_left_out() -> None:
    assert list(lines_of_json([b'{"a": 1}\n{"b"'])) == [{"a": 1}]
