"""The nodes' reconciler: fills in new Nodes, keeps them Ready, halts those that are stopped and lets them go.

Keys are names of nodes; HEARTBEAT renews all. Leaves what a Node says to `reported.py`, its containers to
`halting.py`. Kubernetes: pkg/kubelet/kubelet_node_status.go registerWithAPIServer, setNodeStatus.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.errors import AlreadyExists, EngineError, NotFound
from minisets.kubelet.nodes import leases
from minisets.kubelet.nodes.halting import KILL, PAUSE
from minisets.kubelet.nodes.reported import READY, labelled, node_object, reported, with_heartbeat
from minisets.kubelet.nodes.served import HALTED, is_filled_in, is_ours, stands_still
from minisets.objects.metadata import annotations_of, is_true, name_of, ref_of, uid_of
from minisets.settings import NODE, STOPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.clock import Clock
    from minisets.engine.info import EngineInfo
    from minisets.kubelet.nodes.halting import Halter
    from minisets.kubelet.nodes.served import Served
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.settings import Settings
    from minisets.store.interface import Change

    _Edit = Callable[[Object], Object | None]

HEARTBEAT = "*"
_HELD_RECHECK = timedelta(seconds=1)


class Nodes:
    """The controller, and what is said of the engine on all nodes. Safe from any thread."""

    name = "nodes"
    kinds = ("Node",)

    def __init__(
        self,
        registry: Registry,
        recorder: Recorder,
        clock: Clock,
        settings: Settings,
        served: Served,
        halter: Halter,
    ) -> None:
        self._registry = registry
        self._recorder = recorder
        self._clock = clock
        self._settings = settings
        self._served = served
        self._halter = halter
        self._info: EngineInfo | None = None
        self._answers = True

    def register(self, info: EngineInfo) -> None:
        """Make the first node where it is missing, and bring all that are not stopped up to date.

        A container that cannot be let go is no reason not to start: the worker tries again.
        """
        self._info = info
        if self._served.node(NODE) is None:
            with suppress(AlreadyExists):
                self._registry.create("Node", "", {"metadata": {"name": NODE}})
        for node in self._served.all():
            if not stands_still(node):
                with suppress(EngineError):
                    self.reconcile(name_of(node))

    def say_ready(self, *, is_ready: bool) -> None:
        """The engine answers, or went away."""
        self._answers = is_ready
        for node in self._running():
            self._report(node)

    def keys(self, change: Change) -> Iterable[str]:
        """Nodes of ours."""
        if is_ours(change.ref.name):
            yield change.ref.name

    def reconcile(self, key: str) -> timedelta | None:
        """One node, or the heartbeat of all."""
        if key == HEARTBEAT:
            self._beat()
            return None
        node = self._served.node(key)
        if node is None:
            return None
        if STOPPED in annotations_of(node):
            self._halt(node)
            return None
        if HALTED in annotations_of(node) or not is_filled_in(node):
            return self._go_on(node)
        self._report(node)
        return None

    # --- a node that runs ---

    def _running(self) -> list[Object]:
        return [node for node in self._served.all() if is_filled_in(node) and not stands_still(node)]

    def _beat(self) -> None:
        now = self._clock.now()
        for node in self._running():
            self._change(node, _unless_stopped(lambda it: with_heartbeat(it, now)), subresource="status")
            leases.renew(self._registry, node, now)

    def _report(self, node: Object) -> None:
        """Labels and status as they should be; it is told when it turns Ready, or no more."""
        if self._info is None:
            return
        now = self._clock.now()
        wanted = node_object(self._info, self._settings, now, name_of(node), is_ready=self._answers)
        before: list[Object] = []

        def edit(current: Object) -> Object:
            before.append(current)  # Why not the node: another thread may have been here since it was read
            return reported(current, wanted)

        self._change(node, lambda it: labelled(it, wanted))
        written = self._change(node, _unless_stopped(edit), subresource="status")
        if before and written is not None:
            self._tell(before[0], written)

    def _tell(self, before: Object, after: Object) -> None:
        """Kubernetes: recordNodeStatusEvent, and the kubelet's first words."""
        if not is_filled_in(before):
            self._recorder.record(after, "Normal", "Starting", "Starting kubelet.")
            leases.renew(self._registry, after, self._clock.now())
        if is_true(after, READY) != is_true(before, READY):
            reason = "NodeReady" if is_true(after, READY) else "NodeNotReady"
            said = f"Node {name_of(after)} status is now: {reason}"
            self._recorder.record(after, "Normal", reason, said)

    # --- a node that is stopped ---

    def _halt(self, node: Object) -> None:
        """Kubernetes has no such thing: it is what a power cut, or a machine that hangs, does to a node."""
        how = PAUSE if annotations_of(node)[STOPPED] == PAUSE else KILL
        seen = self._change(node, lambda it: _annotated(it, how))
        if seen is not None and STOPPED in annotations_of(seen):  # Why again: it may go on by now
            self._halter.halt(name_of(node), how)

    def _go_on(self, node: Object) -> timedelta | None:
        """As a kubelet that came back: after a power cut, one that was started anew.

        Why also on a new Node: it may be made in the place of one that was deleted while it hung.
        """
        if not self._halter.let_go(name_of(node)):
            return _HELD_RECHECK
        if annotations_of(node).get(HALTED, PAUSE) != PAUSE:
            self._recorder.record(node, "Normal", "Starting", "Starting kubelet.")
        # Why first: pods of a node that is not known to be ready are made unready by its controller.
        self._report(node)
        self._change(node, _let_go)
        return None

    def _change(self, node: Object, edit: _Edit, *, subresource: str = "") -> Object | None:
        """What is stored then; None where the Node is gone, or another one now."""

        def same(current: Object) -> Object | None:
            return edit(current) if uid_of(current) == uid_of(node) else None

        with suppress(NotFound):
            found = self._registry.change(ref_of(node), same, subresource=subresource)
            return found if uid_of(found) == uid_of(node) else None
        return None


def _unless_stopped(edit: _Edit) -> _Edit:
    """Why: it may have been stopped since it was read, and then its conditions are not ours."""
    return lambda node: None if STOPPED in annotations_of(node) else edit(node)


def _annotated(node: Object, how: str) -> Object | None:
    if STOPPED not in annotations_of(node):
        return None
    node["metadata"]["annotations"] = {**annotations_of(node), HALTED: how}
    return node


def _let_go(node: Object) -> Object | None:
    if STOPPED in annotations_of(node) or HALTED not in annotations_of(node):
        return None
    node["metadata"]["annotations"] = {key: it for key, it in annotations_of(node).items() if key != HALTED}
    return node
