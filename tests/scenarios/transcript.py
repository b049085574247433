"""Sessions as documents show them: `$ command`, then what it prints; found, replayed, compared.

Masked: what differs each time (addresses, uids, ages) and with it the width of a table's columns.
Left out: lines that begin with two blanks, which tell progress.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.transcripts import session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.transcripts.session import Step

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MASKS = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uid>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b"), "<address>"),
    (re.compile(r"(?<=<address>):\d+\b"), ":<port>"),
    (re.compile(r"(?<=\s)(\d+[dhms])+(?=\s|$)"), "<age>"),
    (re.compile(r" {2,}"), "   "),
)


def steps(document: str) -> Iterator[Step]:
    """The steps of the first block marked `console`; none if there is no such block.

    A step of which no lines are shown: they were left out.
    """
    block = _BLOCK.search(document)
    return session.steps(block[1] if block else "")


def masked(text: str) -> list[str]:
    """The lines that two runs have in common."""
    lines = [line.rstrip() for line in text.splitlines() if not line.startswith("  ")]
    for pattern, mask in _MASKS:
        lines = [pattern.sub(mask, line) for line in lines]
    return lines
