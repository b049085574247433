"""Zones through a pipe."""

import itertools
import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.dns.handover import LARGEST, ZONES, Damaged, ZoneReader, ZoneWriter, handed_over
from minisets.dns.zone import Records, Zone
from minisets.errors import MinisetsError
from tests.dns.process import ONE, crowd, zone
from tests.dns.zones import web

PATIENCE = 10


class Pipe:
    """A pipe whose writing end is handed over."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.writer = ZoneWriter(self.writing)
        self.zones: list[Zone] = []

    def read(self) -> None:
        """Everything until the end."""
        reader = ZoneReader()
        while piece := os.read(self.reading, 65536):
            self.zones += reader.feed(piece)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.writer.close()
    os.close(made.reading)


def framed(data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + data


# --- both ends ---


def test_zones_come_out_as_they_went_in(pipe: Pipe) -> None:
    for sent in (web(), zone(3), zone(2, ONE)):
        pipe.writer.publish(sent)
    pipe.writer.close()
    pipe.read()
    assert pipe.zones == [web(), zone(3), zone(2, ONE)]


def test_zones_of_many_threads_come_out_whole(pipe: Pipe) -> None:
    """Each is longer than what the pipe takes at once."""
    large = crowd(1000)
    reading = threading.Thread(target=pipe.read)
    writing = [threading.Thread(target=pipe.writer.publish, args=(large,)) for _ in range(8)]
    for thread in (reading, *writing):
        thread.start()
    for thread in writing:
        thread.join(PATIENCE)
    pipe.writer.close()
    reading.join(PATIENCE)
    assert pipe.zones == [large] * 8


# --- the control plane's end ---


def test_without_process_1_nobody_hands_a_pipe_over() -> None:
    assert handed_over({}) is None


def test_the_pipe_is_not_handed_on_to_children(pipe: Pipe) -> None:
    fd = os.dup(pipe.writing)
    os.set_inheritable(fd, True)
    writer = handed_over({ZONES: str(fd)})
    assert writer is not None
    assert not os.get_inheritable(fd)
    writer.publish(zone(1))
    writer.close()
    pipe.writer.close()
    pipe.read()
    assert pipe.zones == [zone(1)]


@pytest.mark.parametrize("said", ["", "x", "-1", "999999", "9" * 40])
def test_a_variable_that_names_no_pipe_is_said(said: str) -> None:
    with pytest.raises(MinisetsError, match=f"MINISETS_ZONES={said} is no pipe"):
        handed_over({ZONES: said})


def test_a_file_is_no_pipe(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, pytest.raises(MinisetsError, match="is no pipe"):
        handed_over({ZONES: str(file.fileno())})


def test_a_reader_that_is_gone_is_said_once_and_fails_nobody(caplog: pytest.LogCaptureFixture) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = ZoneWriter(writing)
    writer.publish(web())
    writer.publish(web())
    writer.close()
    assert [record.message for record in caplog.records] == [
        "process 1 takes no zones any more; names stay as they are"
    ]


def test_after_the_close_nothing_is_written(pipe: Pipe) -> None:
    pipe.writer.close()
    pipe.writer.close()
    pipe.writer.publish(web())
    pipe.read()
    assert pipe.zones == []


def test_a_zone_that_is_too_large_is_refused_before_a_byte_is_written(pipe: Pipe) -> None:
    large = Zone(names={"large.cluster.local": Records(texts=("x" * LARGEST,))})
    with pytest.raises(MinisetsError, match=f"no more than {LARGEST} can be handed over"):
        pipe.writer.publish(large)
    pipe.writer.publish(zone(1))
    pipe.writer.close()
    pipe.read()
    assert pipe.zones == [zone(1)]


# --- process 1's end ---


@given(cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_it_does_not_matter_how_zones_are_cut(cuts: list[int]) -> None:
    sent = (zone(1), web(), zone(2, ONE))
    data = b"".join(framed(one.to_bytes()) for one in sent)
    reader = ZoneReader()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert [zone for piece in pieces for zone in reader.feed(piece)] == [*sent]


@pytest.mark.parametrize(
    "data",
    [
        b"Traceback (most recent call last)",
        struct.pack("!I", LARGEST + 1),
        framed(b""),
        framed(b"{}"),
        framed(b"[]"),
        framed(b"\xff\xfe\x00"),
        framed(b"[" * 100_000),
        framed(web().to_bytes()[:-1]),
    ],
)
def test_something_else_is_damage_and_what_came_before_counts(data: bytes) -> None:
    came = ZoneReader().feed(framed(web().to_bytes()) + data)
    assert next(came) == web()
    with pytest.raises(Damaged):
        next(came)


@given(data=st.binary(max_size=200))
def test_no_bytes_do_anything_else_than_damage(data: bytes) -> None:
    """Nor do they become a zone: none is so short that chance finds it."""
    reader = ZoneReader()
    for sent in (data, framed(data)):
        try:
            assert [*reader.feed(sent)] == []
        except Damaged:
            return
