"""What a kubelet remembers between two looks at a pod, and a new one can do without.

When a container was asked to stop (it is asked again), why one could not be made (it is tried again).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from minisets.clock import Clock


class Memory:
    """Safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stops: dict[str, datetime] = {}
        self._waiting: dict[str, dict[str, tuple[str, str]]] = {}

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

    def forget_pod(self, uid: str) -> None:
        """The pod is gone."""
        with self._lock:
            self._waiting.pop(uid, None)
