"""Ends a command that runs in a container although nobody holds it any more.

    its process known? -> a helper among the machine's processes, `pause end PID CONTAINER` -> removed

Blocks: for lanes only. Leaves when to `api/`, and to `pause/end.h` which signals whom.
"""

from __future__ import annotations

import secrets
import threading
from contextlib import closing, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.engine.gate import WAITED_AT_MOST
from minisets.engine.sandbox_image import SandboxImage
from minisets.engine.specs import ContainerSpec, LogOptions
from minisets.errors import EngineError, EngineNotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from minisets.clock import Clock
    from minisets.engine.interface import Container, Engine

_FIRST_LOOK, _LAST_LOOK = timedelta(milliseconds=20), timedelta(milliseconds=250)
_BEGINS_WITHIN = WAITED_AT_MOST + timedelta(seconds=10)
"""It may wait at the gate while its client leaves, and begin later."""

_ENDS_WITHIN = timedelta(seconds=20)
"""More than `pause end` takes, and the engine to begin it."""

_LEFT_AFTER = timedelta(minutes=1)


class Endings:
    """Of one server. Safe from any thread."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._image = SandboxImage(engine)
        self._changed = threading.Condition()
        self._stopping = False

    def stop(self) -> None:
        """Wait for nothing any more; a helper that has begun does its work."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def end(self, container: str, exec_id: str) -> None:
        """Return when the command has ended, or the server ends. EngineError: it may run on; says why."""
        what = f"command {exec_id[:12]} in container {container[:12]}"
        try:
            pid, found = self._pid_of(exec_id, what), self._engine.inspect_container(container)
        except EngineNotFound:
            return  # the container is gone, and all that ran in it
        if pid:
            self._run(what, found, pid)

    def _pid_of(self, exec_id: str, what: str) -> int:
        """0: it has ended, or never began, or the server ends.

        Trap: one that is yet to begin does not run either; only one that has ended has an exit code.
        """

        def is_known() -> bool:
            state = self._engine.inspect_exec(exec_id)
            return state.exit_code is not None or state.pid != 0

        is_seen, state = self._wait(is_known, _BEGINS_WITHIN), self._engine.inspect_exec(exec_id)
        if not is_seen and state.running:
            raise EngineError(f"{what} is not ended: its process is not known")
        return 0 if self._stopping else state.pid

    def _run(self, what: str, container: Container, pid: int) -> None:
        cluster = container.labels.get(labels.CLUSTER, "")
        if not cluster:
            raise EngineError(f"{what} is not ended: no cluster of minisets made the container")
        name = f"{cluster}__end-{secrets.token_hex(6)}"
        self._engine.create_container(_helper(name, self._image.ensured(), cluster, pid, container.id))
        try:
            self._engine.start_container(name)
            if not self._wait(lambda: self._is_done(name, what), _ENDS_WITHIN):
                raise EngineError(f"{what} has not ended within {_ENDS_WITHIN.total_seconds():g} s")
        finally:
            if not self._stopping:
                self._engine.remove_container(name, force=True)

    def _is_done(self, helper: str, what: str) -> bool:
        found = self._engine.inspect_container(helper)
        if found.state != "exited":
            return False
        if found.exit_code != 0:
            with closing(self._engine.logs(helper, LogOptions())) as lines:
                said = b"".join(data for _, data in lines).decode(errors="replace").strip()
            raise EngineError(f"{what} is not ended: {said or f'exit code {found.exit_code}'}")
        return True

    def _wait(self, happened: Callable[[], bool], within: timedelta) -> bool:
        """Whether it did, or the server ends."""
        until, pause = self._clock.elapsed() + within, _FIRST_LOOK
        while not (self._stopping or happened()):
            with self._changed:
                if self._clock.elapsed() >= until:
                    return False
                if not self._stopping:
                    self._clock.wait(self._changed, pause)
            pause = min(2 * pause, _LAST_LOOK)
        return True


def sweep(engine: Engine, cluster: str, now: datetime) -> None:
    """Remove the helpers of servers that ended before they did. None of a living server gets so old."""
    for one in engine.list_containers(labels.end_labels(cluster)):
        with suppress(EngineNotFound):
            if engine.inspect_container(one.id).created_at < now - _LEFT_AFTER:
                engine.remove_container(one.id, force=True)


def _helper(name: str, image: str, cluster: str, pid: int, container: str) -> ContainerSpec:
    """As root among all processes of the machine, with no other right than to send them signals."""
    return ContainerSpec(
        name,
        image,
        labels.end_labels(cluster),
        arguments=("end", str(pid), container),
        user="0",
        host_pid=True,
        cap_drop=("ALL",),
        cap_add=("KILL",),
        no_new_privileges=True,
        # Why: AppArmor's profile for containers lets no signal pass to a privileged one.
        confinement=(("apparmor", "unconfined"),),
        read_only_root=True,
    )
