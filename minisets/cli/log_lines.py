"""A log's bytes as lines: whole ones, prefixed, and where reading goes on after a cut. Pure.

    pieces --Lines--> whole lines --Resumed--> those not printed yet --Shape--> as they are printed

A place in a log is the n-th line of one stamp: stamps alone are neither unique nor, with two streams, in
order. They are as our engine writes them: nine digits, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.objects.metadata import moment, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
"""Of terminals: cyan, yellow, green, magenta, blue, and bright ones; red is for what goes wrong."""
_LENGTH = len("2026-01-02T15:04:05.123456789Z ")
_MARGIN = timedelta(seconds=1)
"""How far two streams' stamps may be out of order."""
_HELD_AT_MOST = 100


class Lines:
    """Pieces, however they were cut, into whole lines."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []

    def feed(self, piece: bytes) -> bytes:
        """The lines that are whole now, each with its end."""
        end = piece.rfind(b"\n") + 1
        if not end:
            self._rest.append(piece)
            return b""
        whole = b"".join((*self._rest, piece[:end]))
        self._rest = [piece[end:]] if end < len(piece) else []
        return whole

    def rest(self) -> bytes:
        """What came after the last line's end; the lines are at their beginning again."""
        rest = b"".join(self._rest)
        self._rest = []
        return rest


@dataclass(frozen=True)
class Place:
    """Behind the `count`-th line with this stamp."""

    stamp: bytes = b""
    count: int = 0

    def after(self, lines: bytes) -> Place:
        """The place behind these whole, stamped lines, which were printed from here on."""
        if not lines:
            return self
        start = lines.rfind(b"\n", 0, -1) + 1
        stamp = lines[start : start + _LENGTH]
        if not _is_stamped(stamp):
            return self  # the engine's own words: they are in no log
        count = lines.startswith(stamp) + lines.count(b"\n" + stamp)
        return Place(stamp, count + self.count if stamp == self.stamp else count)

    @property
    def since(self) -> str:
        """From which time on to ask, to be sure to have the place's own line in the answer."""
        return timestamp(moment(self.stamp.decode().strip()) - _MARGIN) if self.stamp else ""


class Resumed:
    """What follows a place in a log that is read once more, from some time before it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._left = place.count
        self._held: list[bytes] = []

    def feed(self, lines: bytes) -> bytes:
        """Those of the lines that were not printed yet."""
        if not self._left:
            return lines
        every = split(lines)
        for number, line in enumerate(every):
            if line.startswith(self._place.stamp):
                self._left -= 1
                if not self._left:
                    self._held.clear()
                    return b"".join(every[number + 1 :])
            elif line > self._place.stamp:
                self._held.append(line)
        return self.end() if len(self._held) > _HELD_AT_MOST else b""

    def end(self) -> bytes:
        """What was held back. Why: where the place's line is gone, whatever is later was not printed."""
        self._left = 0
        held = b"".join(self._held)
        self._held.clear()
        return held


@dataclass(frozen=True)
class Shape:
    """How the lines of one log are printed."""

    prefix: bytes = b""
    stamps: bool = False

    def of(self, lines: bytes, limit: int | None = None) -> tuple[bytes, int | None]:
        """Whole lines that have stamps, as they are printed, and how many more of the log's bytes may be."""
        if not lines:
            return b"", limit
        if limit is not None:
            bare = (lines if self.stamps else _unstamped(lines, b""))[:limit]
            return prefixed(ended(bare), self.prefix), limit - len(bare)
        if self.stamps:
            return prefixed(lines, self.prefix), None
        return _unstamped(lines, self.prefix), None


def _unstamped(lines: bytes, prefix: bytes) -> bytes:
    # Why sliced: a regular expression takes twice the time, and most of what `logs -f` does is this.
    return b"".join([prefix + (line[_LENGTH:] if _is_stamped(line) else line) for line in split(lines)])


def _is_stamped(line: bytes) -> bool:
    return line[19:20] == b"." and line[_LENGTH - 2 : _LENGTH] == b"Z "


def split(lines: bytes) -> list[bytes]:
    """Whole lines one by one, each with its end. Why: `splitlines` would split at a carriage return, too."""
    return [line + b"\n" for line in lines[:-1].split(b"\n")] if lines else []


def prefixed(lines: bytes, prefix: bytes) -> bytes:
    """Whole lines, each behind the prefix."""
    if not prefix or not lines:
        return lines
    return prefix + lines[:-1].replace(b"\n", b"\n" + prefix) + lines[-1:]


def ended(lines: bytes) -> bytes:
    """Lines of which the last may be without its end, with one: another's line may follow."""
    return lines if not lines or lines.endswith(b"\n") else lines + b"\n"


def short_prefix(pod: str, container: str, colour: int | None) -> bytes:
    """`[web-0] `, or `[web-0/nginx] ` where a container is to be told; colour: a number, of any size."""
    said = f"[{pod}/{container}]" if container else f"[{pod}]"
    if colour is not None:
        said = f"\x1b[{_COLOURS[colour % len(_COLOURS)]}m{said}\x1b[0m"
    return f"{said} ".encode()


def long_prefix(pod: str, container: str, colour: int | None) -> bytes:
    """Kubernetes: kubectl pkg/cmd/logs `addPrefixIfNeeded`."""
    return short_prefix(f"pod/{pod}", container, colour)


def joined(pieces: Iterable[bytes], prefix: bytes) -> Iterable[bytes]:
    """A log's pieces as prefixed whole lines; the last gets its end."""
    lines = Lines()
    for piece in pieces:
        if whole := lines.feed(piece):
            yield prefixed(whole, prefix)
    if rest := ended(lines.rest()):
        yield prefixed(rest, prefix)
