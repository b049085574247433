"""`minisets ...` as a process of its own, between pipes or at a terminal: what is typed, seen, and left."""

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.waiting import until

ECHO = 3
"""Where termios has the flags of which ECHO and ICANON are."""


@contextlib.contextmanager
def between_pipes(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """Ended with the block, however that ends."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "minisets", *argv]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


@dataclass
class Terminal:
    """A person's end of a terminal, and the process at its other end."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    seen: bytearray = field(default_factory=bytearray)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def sees(self, text: bytes) -> None:
        until(lambda: text in self.seen, f"{text!r} on the screen of {bytes(self.seen)!r}")

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    @property
    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.slave)[ECHO] & termios.ICANON

    def ends(self) -> int:
        return self.process.wait(20)


@contextlib.contextmanager
def at_a_terminal(*argv: str, columns: int = 80, rows: int = 24) -> Iterator[Terminal]:
    """The process has it as input, output and stderr."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    command = [sys.executable, "-m", "minisets", *argv]
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as process:
        terminal = Terminal(process, master, slave)

        def look() -> None:
            with contextlib.suppress(OSError):
                while data := os.read(master, 4096):
                    terminal.seen.extend(data)

        looking = threading.Thread(target=look)
        looking.start()
        try:
            yield terminal
        finally:
            process.kill()
            process.wait(20)
            os.close(slave)  # ends the reading: nobody has the other end any more
            looking.join()
            os.close(master)
