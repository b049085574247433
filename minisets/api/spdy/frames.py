"""SPDY/3 on the wire: bytes, cut anywhere, into frames, and frames into bytes. Pure.

    control frame  80 03 | type, 16 bits     | flags, 8 | length, 24 | ...
    data frame     0 | stream, 31 bits       | flags, 8 | length, 24 | data

Headers share one zlib context for each direction. Leaves what a frame does to `connection.py`.
Kubernetes: moby/spdystream spdy/read.go, spdy/write.go.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from minisets.api.spdy.dictionary import DICTIONARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROTOCOL_ERROR, REFUSED_STREAM, CANCEL = 1, 3, 5
"""Why a stream is reset."""

_CONTROL, _VERSION, _FIN = 0x8000, 3, 1
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _HEADERS, _WINDOW_UPDATE = (
    1,
    2,
    3,
    4,
    6,
    7,
    8,
    9,
)
_IGNORED = (_SETTINGS, _WINDOW_UPDATE)
_HEAD = struct.Struct(">II")
_NUMBER = struct.Struct(">I")
_LARGEST_CONTROL = 64 * 1024
_LARGEST_HEADERS = 64 * 1024


class MalformedFrameError(Exception):
    """What came is no SPDY/3, or more than is taken; nothing that follows can be read."""


@dataclass(frozen=True)
class Opened:
    """The peer opens a stream; ended: and sends nothing on it."""

    stream: int
    headers: Mapping[str, str]
    ended: bool = False


@dataclass(frozen=True)
class Replied:
    """The peer takes a stream that it was offered."""

    stream: int
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Data:
    """Some bytes of a stream, not always a whole frame; ended: the last ones."""

    stream: int
    data: bytes
    ended: bool = False


@dataclass(frozen=True)
class Reset:
    """A stream is over in both directions."""

    stream: int
    status: int


@dataclass(frozen=True)
class Ping:
    """To be sent back as it is."""

    number: int


@dataclass(frozen=True)
class GoAway:
    """The peer opens no more streams, and will close."""


Frame = Opened | Replied | Data | Reset | Ping | GoAway


class _Head(NamedTuple):
    """type_: 0 for data. length: what of the frame is still to come."""

    type_: int
    stream: int
    flags: int
    length: int


class Decoder:
    """One direction of a connection."""

    def __init__(self) -> None:
        self._inflating = zlib.decompressobj(zdict=DICTIONARY)
        self._buffer = bytearray()
        self._head: _Head | None = None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now, and what is there of a data frame's data; MalformedFrameError."""
        self._buffer += data
        while True:
            if self._head is None:
                if len(self._buffer) < _HEAD.size:
                    return
                self._head = _head(self._take(_HEAD.size))
            head = self._head
            if head.type_ and len(self._buffer) < head.length:
                return
            found = self._take(min(head.length, len(self._buffer)))
            left = head.length - len(found)
            self._head = head._replace(length=left) if left else None
            if head.type_:
                yield from self._control(head, found)
            elif found or not left:
                yield Data(head.stream, found, ended=bool(head.flags & _FIN) and not left)
            if left:
                return

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _control(self, head: _Head, body: bytes) -> Iterator[Frame]:
        ended = bool(head.flags & _FIN)
        if head.type_ == _SYN_STREAM:
            yield Opened(_stream(body, 10), self._headers(body[10:]), ended)
        elif head.type_ == _SYN_REPLY:
            yield Replied(_stream(body, 4), self._headers(body[4:]))
        elif head.type_ == _HEADERS:
            stream, _ = _stream(body, 4), self._headers(body[4:])  # read: they are in the zlib context
            if ended:
                yield Data(stream, b"", ended=True)
        elif head.type_ == _RST_STREAM:
            yield Reset(_stream(body, 8), _NUMBER.unpack_from(body, 4)[0])
        elif head.type_ == _PING and len(body) == _NUMBER.size:
            yield Ping(_NUMBER.unpack(body)[0])
        elif head.type_ == _GOAWAY:
            yield GoAway()
        elif head.type_ not in _IGNORED:
            raise MalformedFrameError(f"a control frame of type {head.type_}, {len(body)} bytes long")

    def _headers(self, packed: bytes) -> Mapping[str, str]:
        try:
            block = self._inflating.decompress(packed, _LARGEST_HEADERS)
        except zlib.error as error:
            raise MalformedFrameError(f"headers that cannot be unpacked ({error})") from error
        if len(block) == _LARGEST_HEADERS or self._inflating.eof:
            raise MalformedFrameError(
                f"headers of more than {_LARGEST_HEADERS} bytes, or their context ended"
            )
        words = _words(block)
        names = [name.lower() for name in words[::2]]
        if len(set(names)) < len(names):
            raise MalformedFrameError("two headers of one name")
        return dict(zip(names, words[1::2], strict=True))


class Encoder:
    """The other direction."""

    def __init__(self) -> None:
        self._deflating = zlib.compressobj(zdict=DICTIONARY)

    def opened(self, stream: int, headers: Mapping[str, str], *, ended: bool = False) -> bytes:
        """SYN_STREAM."""
        return _control(_SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + self._packed(headers), ended=ended)

    def replied(self, stream: int) -> bytes:
        """SYN_REPLY, without headers. In the order of sending: the compression remembers."""
        return _control(_SYN_REPLY, _NUMBER.pack(stream) + self._packed({}))

    def _packed(self, headers: Mapping[str, str]) -> bytes:
        words = [word.encode() for pair in headers.items() for word in pair]
        block = _NUMBER.pack(len(headers)) + b"".join(_NUMBER.pack(len(word)) + word for word in words)
        return self._deflating.compress(block) + self._deflating.flush(zlib.Z_SYNC_FLUSH)


def data(stream: int, content: bytes, *, ended: bool = False) -> bytes:
    """A data frame."""
    return _HEAD.pack(stream, (_FIN if ended else 0) << 24 | len(content)) + content


def reset(stream: int, status: int) -> bytes:
    """RST_STREAM."""
    return _control(_RST_STREAM, _HEAD.pack(stream, status))


def ping(number: int) -> bytes:
    """PING."""
    return _control(_PING, _NUMBER.pack(number))


def go_away(last: int) -> bytes:
    """GOAWAY; last: the last stream that was taken."""
    return _control(_GOAWAY, _HEAD.pack(last, 0))


def _control(type_: int, body: bytes, *, ended: bool = False) -> bytes:
    first = (_CONTROL | _VERSION) << 16 | type_
    return _HEAD.pack(first, (_FIN if ended else 0) << 24 | len(body)) + body


def _head(raw: bytes) -> _Head:
    first, second = _HEAD.unpack(raw)
    flags, length = second >> 24, second & 0xFFFFFF
    if not first >> 31:
        if not first:
            raise MalformedFrameError("data of stream 0")
        return _Head(0, first, flags, length)
    version, type_ = first >> 16 & 0x7FFF, first & 0xFFFF
    if version != _VERSION or not type_:
        raise MalformedFrameError(f"a control frame of type {type_} of version {version}")
    if length > _LARGEST_CONTROL:
        raise MalformedFrameError(f"a control frame of {length} bytes")
    return _Head(type_, 0, flags, length)


def _stream(body: bytes, at_least: int) -> int:
    """The number that a control frame begins with."""
    if len(body) < at_least or not (number := int(_NUMBER.unpack_from(body)[0]) & 0x7FFFFFFF):
        raise MalformedFrameError(f"a control frame of {len(body)} bytes that names nothing")
    return number


def _words(block: bytes) -> list[str]:
    """A header block: how many pairs, then each word with its length."""
    words: list[str] = []
    at = _NUMBER.size
    try:
        (pairs,) = _NUMBER.unpack_from(block)
        while at < len(block):
            (length,) = _NUMBER.unpack_from(block, at)
            at += _NUMBER.size + length
            words.append(block[at - length : at].decode(errors="replace"))
    except struct.error:
        at, pairs = -1, 0
    if at != len(block) or len(words) != 2 * pairs:
        raise MalformedFrameError("a block of headers that does not add up")
    return words
