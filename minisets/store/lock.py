"""One process at a time: a lock that the kernel releases when its holder dies.

Decides how a second process is told. Leaves to `sqlite.py` what is being guarded.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from minisets import errors

if TYPE_CHECKING:
    from pathlib import Path


class FileLock:
    """Held from construction to `release`; the file itself stays, with the last holder's process id."""

    def __init__(self, path: Path) -> None:
        try:
            self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise errors.MinisetsError(
                f"the state cannot be opened: {path}: {error.strerror}. "
                "See that its folder exists and is writable"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._fd, 32).decode(errors="replace").strip() or "unknown"
            self.release()
            raise errors.MinisetsError(
                f"the state is in use: {path} is held by process {holder}. "
                "One server runs per cluster: stop that one first"
            ) from error
        os.truncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let the next one in; may be called twice."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
