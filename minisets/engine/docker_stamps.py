"""A log's stamps, one a line. Pure.

The engine keeps a line in pieces of 16 KiB, and stamps each of them: what has been a line would come with
stamps in it. Kubernetes: kuberuntime/logs/logs.go ReadLogs, `isNewLine`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from minisets.engine.interface import Output

_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")
_LENGTH = len("2026-01-02T15:04:05.000000000Z ")
_PIECE = 16 * 1024


def stamped_once(records: Iterable[Output]) -> Iterator[Output]:
    """Records, each with its stamp, of two outputs that may come in turns."""
    unfinished = set[str]()
    for stream, data in records:
        known = _STAMP.match(data) if stream in unfinished else None
        (unfinished.discard if data.endswith(b"\n") else unfinished.add)(stream)
        yield stream, data[known.end() :] if known else data


def terminals_stamped_once(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same of a terminal's log, in which nothing says where a record begins but what was before it.

    Differs: where the engine replaced what is no text, a piece is longer than that, and the next stamp stays.
    """
    held, left, is_new = b"", 0, True
    for chunk in chunks:
        held += chunk
        done = []
        while held and (left or len(held) >= _LENGTH):
            if not left:
                stamp = _STAMP.match(held)
                done.append(held[: stamp.end()] if stamp and is_new else b"")
                held, left = held[stamp.end() :] if stamp else held, _PIECE
                continue
            end = held.find(b"\n", 0, left) + 1
            piece = held[: end or left]
            done.append(piece)
            held, left, is_new = held[len(piece) :], 0 if end else left - len(piece), bool(end)
        if any(done):
            yield b"".join(done)
    if held:
        yield held
