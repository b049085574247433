"""Where every command in a container passes: while a container is to be paused, none begins in it.

Trap, seen on Docker 20.10: a container that is paused while a command is just being begun in it can be
neither let go nor removed. Its runc is frozen in the cgroup that it has joined, and holds the shim.
Leaves who is paused to `kubelet/snapshots/`; a command of `docker exec` does not pass here.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.errors import EngineConflict, EngineError, EngineNotFound, EngineTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from minisets.clock import Clock
    from minisets.engine.interface import ExecState

WAITED_AT_MOST = timedelta(seconds=75)
"""By a command: longer than any pause of a snapshot, what was waited for before it included."""

_LOOK_EVERY = timedelta(milliseconds=20)


class StillStarting(EngineError):
    """A command could not be seen to have begun: nobody was paused."""


class ExecGate:
    """One engine's, containers by id. Safe from any thread.

    A command costs an entry, until anybody sees that it has begun: whoever asks for its exit code, mostly.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._closed: Counter[str] = Counter()
        self._preparing: Counter[str] = Counter()
        self._prepared: dict[str, str] = {}
        self._starting: dict[str, str] = {}
        self._refusals = 0

    # --- commands ---

    @contextmanager
    def preparing(self, container: str) -> Iterator[None]:
        """Around the call that makes a command; `prepared` tells which one it was. EngineConflict."""
        with self._changed:
            self._wait_open(container)
            self._preparing[container] += 1
        try:
            yield
        finally:
            with self._changed:
                self._preparing[container] -= 1
                if not self._preparing[container]:
                    del self._preparing[container]
                self._changed.notify_all()

    def prepared(self, exec_id: str, container: str) -> None:
        """Whose the command is."""
        with self._changed:
            self._prepared[exec_id] = container

    @contextmanager
    def starting(self, exec_id: str) -> Iterator[None]:
        """Around the call that begins it. Trap: the engine answers that before the command runs."""
        with self._changed:
            container = self._prepared.pop(exec_id, "")
            self._wait_open(container)
            self._starting[exec_id] = container
        try:
            yield
        except EngineTimeout:
            raise  # Why not `began`: it may begin yet
        except BaseException:
            self.began(exec_id)
            raise
        with self._changed:
            self._changed.notify_all()

    def began(self, exec_id: str) -> None:
        """It runs, has ended, or never will run."""
        with self._changed:
            if self._starting.pop(exec_id, None) is not None:
                self._changed.notify_all()

    def forget(self, container: str) -> None:
        """The container is gone."""
        with self._changed:
            for entries in (self._prepared, self._starting):
                for exec_id in [each for each, of in entries.items() if of == container]:
                    del entries[exec_id]
            self._changed.notify_all()

    def refuse_waiting(self) -> None:
        """Whoever waits now is told to come again: the server stops."""
        with self._changed:
            self._refusals += 1
            self._changed.notify_all()

    def _wait_open(self, container: str) -> None:
        """With the lock."""
        until, refusals = self._clock.elapsed() + WAITED_AT_MOST, self._refusals
        while self._closed[container] > 0:
            left = until - self._clock.elapsed()
            if left <= timedelta(0) or self._refusals != refusals:
                raise EngineConflict(
                    f"container {container[:12]} stands still while a snapshot of its data is taken: "
                    "the command was not run; try again"
                )
            self._clock.wait(self._changed, left)

    # --- who pauses ---

    @contextmanager
    def closed(
        self, containers: Collection[str], inspect: Callable[[str], ExecState], within: timedelta
    ) -> Iterator[None]:
        """No command begins in these while the block runs, and those that were beginning have begun.

        StillStarting, and the block does not run, if one has not by then.
        """
        with self._changed:
            self._closed.update(containers)
        try:
            self._wait_begun(set(containers), inspect, within)
            yield
        finally:
            with self._changed:
                self._closed.subtract(containers)
                self._closed = +self._closed
                self._changed.notify_all()

    def _wait_begun(
        self, containers: set[str], inspect: Callable[[str], ExecState], within: timedelta
    ) -> None:
        until = self._clock.elapsed() + within
        while True:
            with self._changed:
                asked = [exec_id for exec_id, of in self._starting.items() if of in containers]
            for exec_id in asked:
                if _has_begun(exec_id, inspect):
                    self.began(exec_id)
            with self._changed:
                late = {of for of in self._starting.values() if of in containers}
                late |= containers & self._preparing.keys()
                if not late:
                    return
                if self._clock.elapsed() >= until:
                    which = ", ".join(sorted(one[:12] for one in late))
                    raise StillStarting(
                        "nothing was paused: a command was still being started after "
                        f"{within.total_seconds():g} s in container {which}"
                    )
                self._clock.wait(self._changed, _LOOK_EVERY)


def _has_begun(exec_id: str, inspect: Callable[[str], ExecState]) -> bool:
    try:
        return inspect(exec_id).has_begun
    except EngineNotFound:
        return True
