"""Golden sessions: `$ command`, then what it prints; replayed with one kubectl, compared, or written anew.

Masked: times, ages, uids, versions, and what names this server or this build. A blank line ends an output.
Compared without the width of columns; events of one second may come in any order.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

WITHIN = 60
_MASKS = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "<time>"),
    (re.compile(r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} UTC"), "<time>"),
    (re.compile(r"(?<=Resource Version:)( +)\d+"), r"\1<version>"),
    (re.compile(r"https://127\.0\.0\.1:\d+"), "https://<server>"),
    (re.compile(r'(?<=resourceVersion: ")\d+'), "<version>"),
    (re.compile(r'(?<="resourceVersion": ")\d+'), "<version>"),
    (re.compile(r"(?<=[\w-]\.)[0-9a-f]{16}\b"), "<time>"),
    (re.compile(r'(?<="gitCommit":")\w+'), "<build>"),
    (re.compile(r"(?<=/tmp/)(LIVE|MERGED)-\d+"), r"\1-<random>"),
    (re.compile(r"(?<![\w<.:/=-])(?:(?:\d+m)?\d+s|[2-9]m)(?=\s|$|\)| \()"), "<age>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<id>"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b"), "<address>"),
)
# Why no other ages: kubectl tells those of a session, which is over in ten minutes, so; `250m` is of a CPU.
_RACES = ("FailedScheduling", "FailedMount")
"""Why left out: whether a pod is looked at before its claim is bound is a matter of milliseconds."""


@dataclass(frozen=True)
class Step:
    """A command and the lines that it is said to print."""

    command: str
    shown: tuple[str, ...]


def steps(text: str) -> Iterator[Step]:
    """The steps of a session; lines before the first command are its head."""
    command, shown = "", list[str]()
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield Step(command, tuple(shown))
            command, shown = line.removeprefix("$ "), []
        else:
            shown.append(line)
    if command:
        yield Step(command, tuple(shown))


def masked(line: str) -> str:
    """The line without what differs each time."""
    for pattern, mask in _MASKS:
        line = pattern.sub(mask, line)
    return line.rstrip()


def ran(command: str, environment: Mapping[str, str], folder: Path) -> list[str]:
    """What the command prints, both streams in order, masked; a failure's exit code is the last line."""
    done = subprocess.run(
        ["bash", "-c", command], env=dict(environment), cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WITHIN, check=False,
    )  # fmt: skip
    lines = [masked(line) for line in done.stdout.rstrip("\n").splitlines()]
    return [*lines, f"(exit {done.returncode})"] if done.returncode else lines


def compared(lines: tuple[str, ...] | list[str]) -> list[str]:
    """What two runs have in common."""
    found = [
        re.sub(r"(?<=\S) {2,}|\t+", "   ", line) for line in lines if not any(one in line for one in _RACES)
    ]
    while found and not found[-1]:
        found.pop()
    for place, line in enumerate(found):
        if line.startswith(("Events:", "LAST SEEN", "REASON")):
            return [*found[:place], *sorted(found[place:])]
    return found
