"""What a person's client library can do, said once: each client under test speaks it in its own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tests.waiting import until

Json = dict[str, Any]
Tell = Callable[[str, Json], bool]
"""Told each event of a watch (type, object); true ends the watch."""

WATCHED_FOR = 30
"""Seconds after which a watch of these tests ends in any case."""


class Speaker(Protocol):
    """One client. Kinds are named as in manifests; everything happens in the namespace default."""

    @property
    def executes(self) -> bool:
        """Whether it can run commands in pods here."""

    def create(self, manifest: Json) -> None: ...

    def find(self, kind: str, name: str) -> Json | None: ...

    def names(self, kind: str, selector: str = "") -> list[str]: ...

    def wait_ready(self, pod: str) -> None: ...

    def rolled_out(self, statefulset: str) -> None:
        """Wait until all pods of a statefulset are of its present template, and ready."""

    def scale(self, statefulset: str, replicas: int) -> None: ...

    def patch(self, kind: str, name: str, patch: Json) -> None:
        """As the client sends a dict: a strategic merge patch or a merge patch."""

    def watch(self, kind: str, selector: str, tell: Tell) -> None:
        """Watch from the present state on, told as ADDED. Blocks until told enough."""

    def logs(self, pod: str) -> str: ...

    def execute(self, pod: str, *command: str) -> str:
        """What the command prints."""

    def evict(self, pod: str) -> None: ...

    def events(self, about: str) -> list[str]:
        """Reasons of the events about the object of that name."""

    def delete(self, kind: str, name: str, propagation: str = "Background") -> None:
        """Begin it; the client may wait for the end."""


def until_rolled_out(speaker: Speaker, statefulset: str) -> None:
    """What `kubectl rollout status` looks at, for clients that have no word for it."""

    def is_done() -> bool:
        found = speaker.find("StatefulSet", statefulset)
        assert found is not None
        status, wanted = found["status"], found["spec"]["replicas"]
        is_seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        return is_seen and (status.get("readyReplicas"), status.get("updatedReplicas")) == (wanted, wanted)

    until(is_done, f"{statefulset} to be rolled out")


def eviction(pod: str) -> Json:
    """The body of a pod's eviction, for clients that have no word for it."""
    metadata = {"name": pod, "namespace": "default"}
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
