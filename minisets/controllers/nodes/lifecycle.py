"""Says of nodes that were stopped that they are lost, keeps the taints of all, and makes lost pods unready.

What decides is `health.py`. Leaves to the kubelet what a node says while it runs, and to `eviction.py` whom a
taint drives away. Differs: upstream waits 50 s for a kubelet that fell silent; here it is known that it did.
Kubernetes: pkg/controller/nodelifecycle/node_lifecycle_controller.go.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from minisets.controllers.nodes.conditions import not_ready
from minisets.controllers.nodes.health import (
    READY,
    is_stopped,
    is_well,
    lost_conditions,
    outage_of,
    settles_in,
    wanted_taints,
)
from minisets.errors import NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import condition, is_true, name_of, ref_of, spec_of, status_of, uid_of
from minisets.objects.pods import node_of
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change


class NodeLifecycle:
    """The controller: keys are names of nodes."""

    name = "node-lifecycle"
    kinds = ("Node", "Pod")

    def __init__(self, reader: Reader, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._reader = reader
        self._registry = registry
        self._recorder = recorder
        self._clock = clock
        self._known: dict[str, Object] = {}

    def keys(self, change: Change) -> Iterable[str]:
        """A node that is well no more, or again, concerns all; a pod its node, when that is lost."""
        if change.ref.kind == "Pod":
            node = self._node(node_of(change.object))
            if node is not None and _is_unknown(node):
                yield name_of(node)
            return
        yield change.ref.name
        before, is_gone = change.previous, change.type is ChangeType.DELETED
        if before is None or is_gone or is_well(before) != is_well(change.object):
            yield from map(name_of, self._reader.list("Node").items)

    def reconcile(self, key: str) -> timedelta | None:
        """Its conditions, then what follows from them."""
        self._announce(key, self._node(key))
        if (node := self._node(key)) is not None and is_stopped(node):
            self._lose(node)
        if (node := self._node(key)) is not None:
            self._taint(node)
            if _is_unknown(node):
                for pod in tuple(self._pods(key)):
                    self._unready(pod)
        return None if node is None else settles_in(node, self._clock.now())

    def _node(self, name: str) -> Object | None:
        return self._reader.get(Ref("Node", "", name))

    def _pods(self, node: str) -> Iterator[Object]:
        return (pod for pod in self._reader.list("Pod").items if node_of(pod) == node)

    def _announce(self, name: str, node: Object | None) -> None:
        """Who comes and goes."""
        known = self._known.pop(name, None)
        if known is not None and (node is None or uid_of(node) != uid_of(known)):
            self._tell(known, "RemovingNode", f"Node {name} event: Removing Node {name} from Controller")
            known = None
        if node is not None:
            self._known[name] = node
            if known is None:
                self._tell(node, "RegisteredNode", f"Node {name} event: Registered Node {name} in Controller")

    def _lose(self, node: Object) -> None:
        """Said once; that it is back, its kubelet says."""
        was_ready: list[bool] = []

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(node) or not is_stopped(current):
                return None
            was_ready.append(is_true(current, READY))
            conditions = lost_conditions(current, self._clock.now())
            return {**current, "status": {**status_of(current), "conditions": conditions}}

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(node), edit, subresource="status")
        if any(was_ready):
            self._tell(node, "NodeNotReady", f"Node {name_of(node)} status is now: NodeNotReady")

    def _taint(self, node: Object) -> None:
        outage = outage_of(self._reader.list("Node").items)

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(node):
                return None
            wanted = wanted_taints(current, outage, self._clock.now())
            spec = {field: value for field, value in spec_of(current).items() if field != "taints"}
            return {**current, "spec": {**spec, **({"taints": wanted} if wanted else {})}}

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(node), edit)

    def _unready(self, pod: Object) -> None:
        was_ready: list[bool] = []

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(pod):
                return None
            marked = not_ready(current, self._clock.now())
            was_ready.append(marked != current)
            return marked

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(pod), edit, subresource="status")
        if any(was_ready):
            self._recorder.record(pod, "Warning", "NodeNotReady", "Node is not ready")

    def _tell(self, node: Object, reason: str, message: str) -> None:
        self._recorder.record(node, "Normal", reason, message)


def _is_unknown(node: Object) -> bool:
    """Why not every node that is not ready: while the engine is away its kubelet knows its pods better."""
    return (condition(node, READY) or {}).get("status") == "Unknown"
