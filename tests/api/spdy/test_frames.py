"""Bytes and frames: borders, the shared zlib context, and what is no SPDY."""

import zlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.api.spdy import frames
from minisets.api.spdy.dictionary import DICTIONARY
from minisets.api.spdy.frames import (
    Data,
    Decoder,
    Encoder,
    Frame,
    GoAway,
    MalformedFrameError,
    Opened,
    Ping,
    Replied,
    Reset,
)

PAIR: Mapping[str, str] = {"streamtype": "error", "port": "80", "requestid": "0"}
BY_SPDYSTREAM = bytes.fromhex(
    "800300010000003d0000000100000000000078f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45a024cc64"
    "61c0c0c0c0590489c44c50e2663400000000ffff0000000101000000800300010000001a00000003000000000000826a25"
    "a406d56850299508000000ffff000000030000000568656c6c6f8003000600000004000000018003000300000008000000"
    "030000000580030007000000080000000000000000"
)
"""What moby/spdystream 0.5.0 writes for one connection that is forwarded."""


def heard(raw: bytes, *cuts: int) -> list[Frame]:
    """What a decoder makes of the bytes, cut there; data that came in pieces is put together."""
    decoder = Decoder()
    found: list[Frame] = []
    for start, end in zip((0, *cuts), (*cuts, len(raw)), strict=True):
        for frame in decoder.feed(raw[start:end]):
            if found and isinstance(frame, Data) and isinstance(last := found[-1], Data) and not last.ended:
                assert frame.stream == last.stream
                found[-1] = Data(frame.stream, last.data + frame.data, frame.ended)
            else:
                found.append(frame)
    return found


def test_the_dictionary_is_the_one_that_everybody_has() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@given(st.lists(st.integers(0, 200), max_size=8))
def test_frames_may_be_cut_anywhere(cuts: list[int]) -> None:
    encoder = Encoder()
    raw = b"".join(
        [
            encoder.opened(1, PAIR, ended=True),
            encoder.opened(3, {**PAIR, "streamtype": "data"}),
            frames.data(3, b"hello", ended=True),
            encoder.replied(5),
            frames.ping(0x80000001),
            frames.reset(3, frames.CANCEL),
            frames.go_away(3),
        ]
    )
    assert heard(raw, *sorted(min(cut, len(raw)) for cut in cuts)) == [
        Opened(1, PAIR, ended=True),
        Opened(3, {**PAIR, "streamtype": "data"}),
        Data(3, b"hello", ended=True),
        Replied(5, {}),
        Ping(0x80000001),
        Reset(3, frames.CANCEL),
        GoAway(),
    ]


def test_data_is_told_before_its_frame_is_whole() -> None:
    decoder = Decoder()
    raw = frames.data(1, b"x" * 100_000, ended=True)
    assert list(decoder.feed(raw[:1008])) == [Data(1, b"x" * 1000)]
    assert list(decoder.feed(raw[1008:])) == [Data(1, b"x" * 99_000, ended=True)]
    assert list(decoder.feed(frames.data(1, b"", ended=True))) == [Data(1, b"", ended=True)]
    assert list(decoder.feed(frames.data(1, b""))) == [Data(1, b"")]


def test_headers_share_one_context() -> None:
    encoder, decoder = Encoder(), Decoder()
    first, second = encoder.opened(1, PAIR), encoder.opened(3, PAIR)
    assert len(second) < len(first) / 2
    assert [list(decoder.feed(raw)) for raw in (first, second)] == [[Opened(1, PAIR)], [Opened(3, PAIR)]]
    with pytest.raises(MalformedFrameError, match="cannot be unpacked"):
        heard(second)


def test_headers_of_a_headers_frame_are_part_of_the_context() -> None:
    encoder = Encoder()
    reply, opened = encoder.replied(1), encoder.opened(3, PAIR)
    late = reply.replace(b"\x80\x03\x00\x02\x00", b"\x80\x03\x00\x08\x01", 1)
    assert heard(late + opened) == [Data(1, b"", ended=True), Opened(3, PAIR)]
    assert heard(reply.replace(b"\x80\x03\x00\x02", b"\x80\x03\x00\x08", 1) + opened) == [Opened(3, PAIR)]


def test_names_of_headers_are_lower_case() -> None:
    assert heard(Encoder().opened(1, {"StreamType": "data"})) == [Opened(1, {"streamtype": "data"})]


def test_what_we_do_not_need_is_passed_over() -> None:
    settings, window = "8003000400000004 00000000", "8003000900000008 00000001 00000010"
    assert heard(bytes.fromhex(settings + window) + frames.ping(1)) == [Ping(1)]


def test_what_kubectl_s_own_library_writes_is_read() -> None:
    assert heard(BY_SPDYSTREAM) == [
        Opened(1, PAIR),
        Data(1, b"", ended=True),
        Opened(3, {**PAIR, "streamtype": "data"}),
        Data(3, b"hello"),
        Ping(1),
        Reset(3, frames.CANCEL),
        GoAway(),
    ]


def _block(count: int, *words: bytes) -> bytes:
    packing = zlib.compressobj(zdict=DICTIONARY)
    raw = count.to_bytes(4, "big") + b"".join(len(word).to_bytes(4, "big") + word for word in words)
    packed = packing.compress(raw) + packing.flush(zlib.Z_SYNC_FLUSH)
    return b"\x80\x03\x00\x01" + (10 + len(packed)).to_bytes(4, "big") + b"\0\0\0\1" + bytes(6) + packed


@pytest.mark.parametrize("raw", [
    b"\x80\x02\x00\x06\x00\x00\x00\x04\x00\x00\x00\x01",
    b"\x80\x03\x00\x0b\x00\x00\x00\x00",
    b"\x80\x03\x00\x06\x00\x00\x00\x05\x00\x00\x00\x01\x00",
    b"\x80\x03\x00\x01\x00\xff\xff\xff",
    b"\x80\x03\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01",
    b"\x80\x03\x00\x01\x00\x00\x00\x0c" + b"\x00\x00\x00\x01" + bytes(8),
    b"\x80\x03\x00\x03\x00\x00\x00\x08" + bytes(8),
    bytes(8),
    _block(1, b"a"),
    _block(1, b"a", b"b", b"c"),
    _block(0xFFFFFFFF, b"a", b"b"),
    _block(2, b"a", b"b", b"A", b"b"),
    _block(1, b"a", b"x" * 100_000),
], ids=range(13))  # fmt: skip
def test_what_is_no_spdy_ends_it(raw: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        heard(raw)


@given(st.binary(max_size=300))
def test_nothing_but_malformed_is_ever_raised(raw: bytes) -> None:
    for begin in (b"", b"\x80\x03\x00\x01\x00\x00\x00\x40\x00\x00\x00\x01" + bytes(6)):
        try:
            heard(begin + raw)
        except MalformedFrameError:
            continue
