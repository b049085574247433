"""The containers of a node that is stopped: all paused, or all killed, its sandboxes too; and let go again.

Trap: see `engine/gate.py` for what a pause may meet. Leaves when to `reconciler.py`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.errors import EngineConflict, EngineError, EngineNotFound
from minisets.objects.metadata import uid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.engine.interface import ContainerSummary, Engine
    from minisets.kubelet.snapshots.pauses import Pauses
    from minisets.objects.reading import Reader

PAUSE = "pause"
KILL = "kill"
BEGUN_WITHIN = timedelta(seconds=10)
"""Commands that are just being started; nobody is paused if one is not by then, and it is tried again."""

_UP = ("running", "restarting")


class Halter:
    """Those of one cluster."""

    def __init__(self, engine: Engine, reader: Reader, pauses: Pauses, cluster: str) -> None:
        self._engine = engine
        self._reader = reader
        self._pauses = pauses
        self._cluster = cluster

    def halt(self, node: str, how: str) -> None:
        """Pause or kill whatever runs; what a snapshot holds is left: once it lets go, its pod is told of."""
        parts = [one for one in self._parts_of(node) if not self._is_held(one)]
        if how == PAUSE:
            self._pause([one for one in parts if one.state in _UP])
        else:
            _each(self._kill, [one for one in parts if one.state in (*_UP, "paused")])

    def let_go(self, node: str) -> bool:
        """Whoever is paused goes on; whether all could. What is no pod's any more is left to be killed."""
        uids = {uid_of(pod) for pod in self._reader.list("Pod").items}
        paused = [one for one in self._parts_of(node) if one.state == "paused"]
        paused = [one for one in paused if one.labels.get(labels.POD_UID) in uids]
        _each(
            lambda one: self._engine.unpause_container(one.id),
            [one for one in paused if not self._is_held(one)],
        )
        return not any(map(self._is_held, paused))

    def _pause(self, parts: list[ContainerSummary]) -> None:
        ids = [one.id for one in parts]
        if ids:
            with self._engine.execs.closed(ids, self._engine.inspect_exec, BEGUN_WITHIN):
                _each(lambda one: self._engine.pause_container(one.id), parts)

    def _kill(self, one: ContainerSummary) -> None:
        if one.state == "paused":  # Why: see `Carrier._wake`
            self._engine.unpause_container(one.id)
        self._engine.signal_container(one.id, "SIGKILL")

    def _is_held(self, one: ContainerSummary) -> bool:
        namespace, name = one.labels.get(labels.NAMESPACE), one.labels.get(labels.POD)
        return self._pauses.holds_pod(f"{namespace}/{name}")

    def _parts_of(self, node: str) -> list[ContainerSummary]:
        """Containers before their sandboxes."""
        found = self._engine.list_containers({**labels.cluster_selector(self._cluster), labels.POD: ""})
        of_node = [one for one in found if labels.node_in(one.labels) == node]
        return sorted(of_node, key=lambda one: one.labels.get(labels.KIND) == "sandbox")


def _each(call: Callable[[ContainerSummary], None], parts: Iterable[ContainerSummary]) -> None:
    """Whoever has ended by itself is no error. Raises the first error when all had their turn.

    Why then: what fails for one container may fail for ever, and keep those behind it from theirs.
    """
    errors = []
    for one in parts:
        try:
            with suppress(EngineConflict, EngineNotFound):
                call(one)
        except EngineError as error:
            errors.append(error)
    if errors:
        raise errors[0]
