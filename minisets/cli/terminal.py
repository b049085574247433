"""A person's terminal, lent to what runs in a container: every key goes there, and its size follows ours.

Decides that it comes back whichever way out is taken, by signals too. Leaves the session to
`client/streams.py`, and what is run to the commands.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from minisets.cli.session import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from minisets.client.streams import Session as Running

_ENDING = (signal.SIGTERM, signal.SIGHUP)


def can_be_lent(*, stdin: bool, tty: bool, quiet: bool = False) -> bool:
    """Whether a terminal was asked for and there is one; says so where there is none.

    Kubernetes: kubectl pkg/cmd/exec `SetupTTY`: -t without -i is no terminal.
    """
    if not (stdin and tty):
        return False
    there = sys.stdin is not None and sys.stdin.isatty()
    if not there and not quiet:
        note("Unable to use a TTY - input is not a terminal or the right kind of file")
    return there


@contextmanager
def ending_well() -> Iterator[None]:
    """SIGTERM and SIGHUP leave the block as an error would, which puts all back. The code is 128 + N."""

    def end(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    heard = [one for one in _ENDING if signal.getsignal(one) is not signal.SIG_IGN]  # as `nohup` has it
    before = [(one, signal.signal(one, end)) for one in heard]
    try:
        yield
    finally:
        for one, handler in before:
            signal.signal(one, handler)


def join(running: Running, *, stdin: bool, tty: bool, redraws: bool = False) -> int:
    """Be the session's input and output until it ends; its code. tty: our terminal is lent.

    redraws: what runs there already is made to draw its screen anew.
    """
    if not tty:
        return _copied(running, stdin=stdin)
    with _lent(running.resize, redraws=redraws):
        return _copied(running, stdin=stdin)


def _copied(running: Running, *, stdin: bool) -> int:
    if stdin:
        running.feed(_read)
    return running.wait(sys.stdout.buffer, sys.stderr.buffer)


def _read(size: int) -> bytes:
    """Why not sys.stdin: a thread that waits in its buffer breaks the interpreter's end."""
    return os.read(sys.stdin.fileno(), size) if sys.stdin is not None else b""


@contextmanager
def _lent(resize: Callable[[int, int], None], *, redraws: bool) -> Iterator[None]:
    inside = sys.stdin.fileno()
    before = termios.tcgetattr(inside)

    def follow(*_: Any, more: int = 0) -> None:
        size = os.get_terminal_size(inside)
        if size.columns and size.lines:  # a terminal without a size has none to give
            resize(size.columns + more, size.lines + more)

    handler = signal.signal(signal.SIGWINCH, follow)
    try:
        tty.setraw(inside, termios.TCSANOW)  # Why: what was typed ahead is kept
        if redraws:  # Kubernetes: kubectl pkg/cmd/attach: a size that changes makes a program draw
            follow(more=1)
        follow()
        yield
    finally:
        # Why now: what is printed may wait for a person's Ctrl-Q, and the terminal would stay as it is.
        termios.tcsetattr(inside, termios.TCSANOW, before)
        signal.signal(signal.SIGWINCH, handler)
