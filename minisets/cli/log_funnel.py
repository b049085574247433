"""From the threads that read logs to the one that prints: whole lines, and no more than the printer takes."""

from __future__ import annotations

import threading

_AT_MOST = 1024 * 1024


class Funnel:
    """Readers wait while this many bytes wait to be printed: what pushes back is the terminal, or a pipe."""

    def __init__(self, at_most: int = _AT_MOST) -> None:
        self._at_most = at_most
        self._changed = threading.Condition()
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._ended = False
        self._closed = False
        self._error: Exception | None = None

    def put(self, lines: bytes) -> bool:
        """Pass lines on, once there is room; False: nobody takes them any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < self._at_most or self._closed)
            if self._closed:
                return False
            self._waiting.append(lines)
            self._bytes += len(lines)
            self._changed.notify_all()
            return True

    def take(self) -> bytes:
        """Everything that waits; empty at the end. Raises what it was ended with."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended or self._closed)
            taken, self._waiting, self._bytes = b"".join(self._waiting), [], 0
            self._changed.notify_all()
            if not taken and self._error is not None:
                raise self._error
            return taken

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes; what waits is still taken."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing more is taken."""
        with self._changed:
            self._closed = True
            self._waiting, self._bytes = [], 0
            self._changed.notify_all()
