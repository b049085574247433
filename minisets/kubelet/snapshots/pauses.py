"""Who stands still now because the kubelet copies. Safe from any thread."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Pauses:
    """Pods by key, containers by id. `wake` is told the key of each pod that goes on."""

    def __init__(self, wake: Callable[[str], None] = lambda _: None) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._pods: Counter[str] = Counter()
        self._containers: Counter[str] = Counter()
        self._times: Counter[str] = Counter()

    def holds_pod(self, key: str) -> bool:
        """Whether nothing is to be done about the pod now."""
        with self._lock:
            return self._pods[key] > 0

    def times(self, container: str) -> int | None:
        """How often it has stood still; None while it does. Two equal answers: not in between."""
        with self._lock:
            return None if self._containers[container] > 0 else self._times[container]

    @contextmanager
    def holding(self, pods: Iterable[str], containers: Iterable[str]) -> Iterator[None]:
        """For as long as the block runs."""
        pods, containers = set(pods), set(containers)
        with self._lock:
            self._pods.update(pods)
            self._containers.update(containers)
            self._times.update(containers)
        try:
            yield
        finally:
            with self._lock:
                self._pods.subtract(pods)
                self._containers.subtract(containers)
            for pod in pods:
                self._wake(pod)
