"""A bounded lane: a few threads for jobs that may take long, away from the workers (DESIGN decision 7).

A job reports back by itself, as an observation. Leaves to its users which jobs may run beside each other.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING

from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

_log = logging.getLogger(__name__)


class Lane:
    """Jobs in the order in which they came; a thread starts with a job that none of them is free for."""

    def __init__(self, name: str, threads: int) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._limit = threads
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._stopping = False

    def submit(self, job: Callable[[], None]) -> None:
        """Run the job when a thread is free; after `stop`, never."""
        with self._lock:
            if self._stopping:
                return
            self._unfinished += 1
            if len(self._threads) < min(self._unfinished, self._limit):
                number = len(self._threads)
                # Why daemon: a registry that never answers must not keep the process from ending.
                thread = threading.Thread(
                    target=self._run, name=f"minisets-{self._name}-{number}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
        self._jobs.put(job)

    def stop(self, timeout: timedelta) -> bool:
        """Begin no more jobs; whether those that run ended in time."""
        with self._lock:
            self._stopping = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(timeout.total_seconds())
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._stopping:
            try:
                job()
            except MinisetsError as error:
                _log.warning("%s: %s", self._name, error)
            except Exception:  # noqa: BLE001 - one job's fault must not end the lane
                _log.exception("%s: a job failed", self._name)
            finally:
                with self._lock:
                    self._unfinished -= 1
