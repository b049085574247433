"""What is run in the containers of the pod web-0, and what is told of it."""

import threading
from typing import Any

from minisets.engine.memory_scripts import ExecResult
from tests.kubelet.world import World

HANGS = ExecResult(hangs=True)


class Commands:
    """What was run in containers, in order; what a command does is said by its first word."""

    def __init__(self, world: World) -> None:
        self.run: list[str] = []
        self.does: dict[str, ExecResult] = {}
        self._lock = threading.Lock()
        world.engine.behave("web-0*", run=self.answer)

    def answer(self, command: tuple[str, ...], _stdin: bytes) -> ExecResult:
        with self._lock:
            self.run.append(" ".join(command))
        return self.does.get(command[0], ExecResult())


def hook(kind: str, *command: str) -> dict[str, Any]:
    return {"lifecycle": {kind: {"exec": {"command": list(command)}}}}


def events_at(world: World, reason: str) -> list[tuple[str, str]]:
    """The events of that reason: path and message."""
    items = [one for one in world.store.list("Event").items if one["reason"] == reason]
    return [(one["involvedObject"].get("fieldPath", ""), one["message"]) for one in items]
