"""Makes nodes and removes them, as the shape says and as pods need them.

What decides is `growth.py`. The shape's ConfigMap is followed: more nodes are made at once, fewer go when
they are empty, zones are written anew. Differs: the size of the group is told on the node, as there is no
ConfigMap cluster-autoscaler-status. Kubernetes: autoscaler cluster-autoscaler (core/scaledown/actuation,
processors/status/eventing_scale_up_processor.go).
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from minisets.controllers.nodes.actions import Grow, Make, Mark, Remove, Tell, Unmark
from minisets.controllers.nodes.growth import DELETED_SOON, Observed, is_idle, is_waiting, plan
from minisets.controllers.nodes.registering import ensure_node, relabel
from minisets.errors import Conflict, NotFound
from minisets.objects.metadata import name_of, ref_of, spec_of, uid_of
from minisets.objects.pods import is_terminal, node_of
from minisets.objects.shape import SHAPE, Shape
from minisets.objects.taints import taints_of
from minisets.registry.options import DeleteOptions
from minisets.settings import NODE
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.clock import Clock
    from minisets.controllers.nodes.actions import Action
    from minisets.controllers.nodes.growth import WhyNot
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.objects.taints import Taint
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

GROUP = "minisets"
"""What the nodes together are called in an autoscaler's messages."""

_KEY = "nodes"
_LOOKS_EVERY = timedelta(seconds=1)
"""While pods wait that no node helps. Why: a thousand of them would be looked at whenever one changes."""


class Growth:
    """The controller: its one key means all nodes. fitting: who answers for the cluster as it is now."""

    name = "node-growth"
    kinds = (SHAPE.kind, "Node", "Pod")

    def __init__(
        self,
        reader: Reader,
        registry: Registry,
        recorder: Recorder,
        clock: Clock,
        fitting: Callable[[], WhyNot],
    ) -> None:
        self._reader = reader
        self._registry = registry
        self._recorder = recorder
        self._clock = clock
        self._fitting = fitting
        self._idle: dict[str, timedelta] = {}
        self._rests_until = timedelta(0)
        self._told: dict[str, str] = {}

    def keys(self, change: Change) -> Iterable[str]:
        """Who waits, or did; who comes to a node that may go, or leaves it; not what pods say meanwhile."""
        is_of_nodes = change.ref == SHAPE or change.ref.kind == "Node"
        if is_of_nodes or (change.ref.kind == "Pod" and _matters(change)):
            yield _KEY

    def reconcile(self, key: str) -> timedelta | None:
        """Look at everything, and do what is to be done."""
        del key
        rest = self._rests_until - self._clock.elapsed()
        if rest > timedelta(0):
            return rest
        observed = self._observe()
        for node in observed.nodes:
            relabel(self._registry, observed.shape, node)
        planned = plan(observed, self._fitting())
        for action in planned.actions:
            self._apply(action, observed.shape)
        if not planned.actions and any(map(is_waiting, observed.pods)):
            self._rests_until = self._clock.elapsed() + _LOOKS_EVERY
        return planned.again

    def _observe(self) -> Observed:
        nodes, pods = self._reader.list("Node").items, self._reader.list("Pod").items
        shape = Shape.of(self._reader.get(SHAPE))
        there = set(map(uid_of, pods))
        self._told = {uid: why for uid, why in self._told.items() if uid in there}
        seen = Observed(shape, nodes, pods, self._clock.now(), told=self._told)
        elapsed = self._clock.elapsed()
        empty = {uid_of(node): name_of(node) for node in nodes if is_idle(node, seen)}
        self._idle = {uid: self._idle.get(uid, elapsed) for uid in empty}
        idle = {empty[uid]: elapsed - since for uid, since in self._idle.items()}
        return Observed(shape, nodes, pods, seen.now, idle, self._told)

    def _apply(self, action: Action, shape: Shape) -> None:
        match action:
            case Make(ordinal=ordinal):
                ensure_node(self._registry, shape, ordinal, is_late=True)
            case Grow():
                self._grow(action, shape)
            case Tell(pod=pod, why=why):
                self._told[uid_of(pod)] = why
                self._recorder.record(
                    pod, "Normal", "NotTriggerScaleUp", f"pod didn't trigger scale-up: {why}"
                )
            case Mark(node=node):
                self._mark(node)
            case Unmark(node=node, is_taken=is_taken):
                self._unmark(node, is_taken=is_taken)
            case Remove(node=node):
                self._remove(node)
            case never:
                assert_never(never)

    def _grow(self, action: Grow, shape: Shape) -> None:
        """Pods are told first, so that what is seen first is why."""
        size, before, most = action.size, action.size - 1, shape.max_nodes
        for pod in action.pods:
            message = f"pod triggered scale-up: [{{{GROUP} {before}->{size} (max: {most})}}]"
            self._recorder.record(pod, "Normal", "TriggeredScaleUp", message)
        if (node := ensure_node(self._registry, shape, action.ordinal, is_late=True)) is not None:
            message = f"Scale-up: setting group {GROUP} size to {size} instead of {before} (max: {most})"
            self._recorder.record(node, "Normal", "ScaledUpGroup", message)

    def _mark(self, node: Object) -> None:
        """Kubernetes: utils/taints MarkToBeDeleted."""
        seconds = str(int(self._clock.now().timestamp()))
        self._retaint(node, [{"key": DELETED_SOON, "value": seconds, "effect": "NoSchedule"}])
        self._tell(node, "marked the node as toBeDeleted/unschedulable")

    def _unmark(self, node: Object, *, is_taken: bool) -> None:
        self._retaint(node, [])
        if is_taken:
            why = f'failed to delete empty node "{name_of(node)}", new pods scheduled'
            self._recorder.record(node, "Warning", "ScaleDownFailed", f"failed to delete empty node: {why}")

    def _retaint(self, node: Object, marks: list[Taint]) -> None:
        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(node):
                return None
            others = [taint for taint in taints_of(current) if taint.get("key") != DELETED_SOON]
            spec = {field: value for field, value in spec_of(current).items() if field != "taints"}
            taints = [*others, *marks]
            return {**current, "spec": {**spec, **({"taints": taints} if taints else {})}}

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(node), edit)

    def _remove(self, node: Object) -> None:
        with contextlib.suppress(NotFound, Conflict):  # gone, or another of that name: not this one
            self._registry.delete(ref_of(node), DeleteOptions(uid=uid_of(node)))
            self._tell(node, "nodes removed by cluster autoscaler")

    def _tell(self, node: Object, message: str) -> None:
        self._recorder.record(node, "Normal", "ScaleDown", message)


def _matters(change: Change) -> bool:
    after = None if change.type is ChangeType.DELETED else change.object
    before = change.previous
    if any(pod is not None and is_waiting(pod) for pod in (before, after)):
        return True
    return _taken(before) != _taken(after)


def _taken(pod: Object | None) -> str:
    """The node that a pod keeps from going; empty for none."""
    node = node_of(pod) if pod is not None and not is_terminal(pod) else ""
    return "" if node == NODE else node
