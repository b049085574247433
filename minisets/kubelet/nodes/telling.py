"""Events in the name of the pod's own node; of pods on a node that stands still nothing is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from minisets.objects.metadata import name_of
from minisets.objects.pods import node_of
from minisets.registry.events import Recorder
from minisets.settings import NODE

if TYPE_CHECKING:
    from minisets.clock import Clock
    from minisets.kubelet.nodes.served import Served
    from minisets.objects.kinds import Object
    from minisets.registry.registry import Registry


class NodesRecorder(Recorder):
    """One Recorder a node. What is of no node, a claim, is told by the first one."""

    def __init__(self, registry: Registry, clock: Clock, component: str, served: Served) -> None:
        super().__init__(registry, clock, component, host=NODE)
        self._arguments = (registry, clock, component)
        self._served = served
        self._by_node: dict[str, Recorder] = {}

    def record(
        self,
        obj: Object,
        type: Literal["Normal", "Warning"],  # noqa: A002 - as in Recorder
        reason: str,
        message: str,
        *,
        field_path: str = "",
    ) -> None:
        """Tell something about an object."""
        is_node = obj.get("kind") == "Node"
        node = name_of(obj) if is_node else node_of(obj)
        if not is_node and self._served.stands_still(node):
            return  # Why: a hook that the stop took along, a pull that ends later
        if not node:
            super().record(obj, type, reason, message, field_path=field_path)
            return
        recorder = self._by_node.get(node)
        if recorder is None:
            recorder = self._by_node.setdefault(node, Recorder(*self._arguments, host=node))
        recorder.record(obj, type, reason, message, field_path=field_path)
