"""What a kubelet remembers between two looks at a pod, and a new one can do without.

When a container was asked to stop (it is asked again), why one could not be made (it is tried again),
how often a sandbox failed.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from minisets.clock import Clock


# Why: what is removed after a failure is an event, and an event is a reason to look again at once.
_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=1)


class Memory:
    """Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stops: dict[str, datetime] = {}
        self._waiting: dict[str, dict[str, tuple[str, str]]] = {}
        self._sandbox_failures: dict[str, tuple[int, datetime]] = {}

    def stop_was_sent(self, container_id: str) -> None:
        """It was asked now; the first time counts."""
        with self._lock:
            self._stops.setdefault(container_id, self._clock.now())

    def stop_sent_at(self, container_id: str) -> datetime | None:
        """When it was asked, or None."""
        with self._lock:
            return self._stops.get(container_id)

    def forget(self, container_id: str) -> None:
        """The container is gone."""
        with self._lock:
            self._stops.pop(container_id, None)

    def forget_all_but(self, container_ids: Collection[str]) -> None:
        """Those that somebody else removed are forgotten too."""
        with self._lock:
            self._stops = {key: value for key, value in self._stops.items() if key in container_ids}

    def wait(self, uid: str, container: str, reason: str, message: str) -> None:
        """Why the pod's container cannot be made."""
        with self._lock:
            self._waiting.setdefault(uid, {})[container] = (reason, message)

    def wait_no_more(self, uid: str, container: str) -> None:
        """It can be made after all."""
        with self._lock:
            self._waiting.get(uid, {}).pop(container, None)

    def waiting(self, uid: str) -> Mapping[str, tuple[str, str]]:
        """Container -> (reason, message)."""
        with self._lock:
            return dict(self._waiting.get(uid, {}))

    def sandbox_failed(self, uid: str) -> None:
        """The engine could not make or start the pod's sandbox, once more."""
        with self._lock:
            failures = self._sandbox_failures.get(uid, (0, None))[0] + 1
            # Why the inner min: 2 ** failures of a pod that has failed for an hour would not fit a timedelta.
            delay = min(_FIRST_RETRY * 2 ** min(failures - 1, 6), _LONGEST_RETRY)
            self._sandbox_failures[uid] = (failures, self._clock.now() + delay)

    def sandbox_started(self, uid: str) -> None:
        """It could, after all."""
        with self._lock:
            self._sandbox_failures.pop(uid, None)

    def sandbox_again_at(self, uid: str) -> datetime | None:
        """When it is to be tried again, if it failed."""
        with self._lock:
            return self._sandbox_failures.get(uid, (0, None))[1]

    def forget_pod(self, uid: str) -> None:
        """The pod is gone."""
        with self._lock:
            self._sandbox_failures.pop(uid, None)
            self._waiting.pop(uid, None)
