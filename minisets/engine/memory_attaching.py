"""Attaching to the programs of the engine in memory: what they read, print and are told of their terminals.

Leaves the engine's calls to `memory.py`, and what a program does with its input to its script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.engine.memory_machine import MemoryMachine

if TYPE_CHECKING:
    from minisets.engine.memory_containers import Record
    from minisets.engine.memory_streams import MemoryAttachment


class MemoryAttaching(MemoryMachine):
    """Scripted by `behave(answers=..., input_exit=...)`."""

    def container_sizes_of(self, container: str) -> tuple[tuple[int, int], ...]:
        """Columns and rows that its own tty was told."""
        with self._lock:
            return tuple(self._find(container).sizes)

    def stdin_of(self, container: str) -> bytes:
        """What its program has read."""
        with self._lock:
            return self._find(container).stdin

    def attached_to(self, container: str) -> int:
        """How many have been attached to it since it runs."""
        with self._lock:
            return len(self._find(container).attached)

    def _attached(self, record: Record, *, stdin: bool) -> MemoryAttachment:
        """To a program that runs; its input is let go of with the stream."""

        def take(data: bytes) -> None:
            with self._lock:
                if stdin and record.is_running:
                    self._read(record, data)

        def end() -> None:
            with self._lock:
                if stdin and record.spec.stdin_once and not record.spec.tty:
                    self._read(record, b"")
                elif stdin:
                    attached.end()

        attached = record.attach(take, end)
        return attached

    def _read(self, record: Record, data: bytes) -> None:
        """Its program reads; nothing at the end of its input."""
        behaviour = self._scripts.behaviour_of(record.spec.name, record.spec.image)
        record.stdin += data
        if data and behaviour.answers is not None:
            record.write(self._clock.now(), ("stdout", behaviour.answers(data)))
        elif not data and behaviour.input_exit is not None:
            self._end(record, behaviour.input_exit)
