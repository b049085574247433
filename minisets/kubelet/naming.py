"""Free names for a pod's containers: whatever is in the way, the next one is tried.

Leaves how names are made to `engine/names.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.engine import labels, names
from minisets.errors import EngineConflict, EngineNotFound
from minisets.objects.metadata import name_of, namespace_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.engine.interface import Engine
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder

_NAMES_TRIED = 20


class Naming:
    """Those of one cluster."""

    def __init__(self, engine: Engine, recorder: Recorder, cluster: str) -> None:
        self._engine = engine
        self._recorder = recorder
        self._cluster = cluster

    def under_a_free_name(
        self,
        pod: Object,
        container: str,
        role: names.Role,
        call: Callable[[str], str],
        *,
        restart: int | None = None,
    ) -> None:
        """Make the call with the first name that is free; a stranger in the way is told of (DESIGN 9)."""
        for attempt in range(_NAMES_TRIED):
            name = names.container_name(
                self._cluster,
                namespace_of(pod),
                name_of(pod),
                container,
                role=role,
                attempt=attempt,
                restart=restart,
            )
            try:
                call(name)
            except EngineConflict as error:
                if not self._is_taken(pod, name):
                    raise
                last = error
            else:
                return
        raise last

    def _is_taken(self, pod: Object, name: str) -> bool:
        try:
            holder = self._engine.inspect_container(name)
        except EngineNotFound:
            return False
        if holder.labels.get(labels.CLUSTER) != self._cluster:
            said = (
                f"the name {name} is taken by a container that is not minisets': this pod's gets another name"
            )
            self._recorder.record(pod, "Warning", "NameTaken", said)
        return True
