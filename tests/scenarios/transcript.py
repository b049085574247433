"""Sessions as documents show them: `$ command`, then what it prints; found, replayed, compared.

Masked: what differs each time (addresses, uids, ages) and with it the width of a table's columns.
Left out: lines that begin with two blanks, which tell progress.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MASKS = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uid>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b"), "<address>"),
    (re.compile(r"(?<=<address>):\d+\b"), ":<port>"),
    (re.compile(r"(?<=\s)(\d+[dhms])+(?=\s|$)"), "<age>"),
    (re.compile(r" {2,}"), "   "),
)


@dataclass(frozen=True)
class Step:
    """A command, and the lines that it is said to print; none shown: they were left out."""

    command: str
    shown: tuple[str, ...]


def steps(document: str) -> Iterator[Step]:
    """The steps of the first block marked `console`; none if there is no such block."""
    block = _BLOCK.search(document)
    command, shown = "", list[str]()
    for line in block[1].splitlines() if block else ():
        if line.startswith("$ "):
            if command:
                yield Step(command, tuple(shown))
            command, shown = line.removeprefix("$ "), []
        else:
            shown.append(line)
    if command:
        yield Step(command, tuple(shown))


def masked(text: str) -> list[str]:
    """The lines that two runs have in common."""
    lines = [line.rstrip() for line in text.splitlines() if not line.startswith("  ")]
    for pattern, mask in _MASKS:
        lines = [pattern.sub(mask, line) for line in lines]
    return lines
