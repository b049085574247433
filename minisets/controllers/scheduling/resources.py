"""Whether a node has enough left, and the machine the ports. Pure.

Kubernetes: pkg/scheduler/framework/plugins/{nodeports,noderesources}.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from minisets.controllers.scheduling.refusal import Plugin, Refusal
from minisets.controllers.scheduling.snapshot import PODS
from minisets.objects.hostports import NO_FREE_PORTS

if TYPE_CHECKING:
    from minisets.controllers.scheduling.snapshot import NodeInfo


class NodePorts(Plugin):
    """A port of the machine is one pod's at a time.

    Differs: all nodes are one machine, so a port that is taken on one is taken on all of them, and one that
    somebody waits for, who may drive others away, is taken as well.
    """

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:  # noqa: ARG002 - all nodes are one machine
        """The same of every node."""
        return () if self._are_free else self.refuse(NO_FREE_PORTS)

    @cached_property
    def _are_free(self) -> bool:
        if not self.pod.ports:
            return True
        taken = [port for info in self.snapshot.nodes.values() for port in info.ports]
        for node in self.snapshot.nominated:
            taken += [port for pod in self.snapshot.expected(self.pod, node) for port in pod.ports]
        return not any(wanted.excludes(port) for wanted in self.pod.ports for port in taken)


class NodeResourcesFit(Plugin):
    """What a pod reserves must be left, of everything it asks for, and room for one more pod."""

    def of_node(self, info: NodeInfo) -> tuple[Refusal, ...]:
        """Every resource that lacks. It lasts if the whole node has less of one. Kubernetes: fitsRequest."""
        lacking = {
            name: asked > info.allocatable.get(name, 0)
            for name, asked in self.pod.requests.items()
            if asked and asked > info.allocatable.get(name, 0) - info.requested.get(name, 0)
        }
        reasons = [f"Insufficient {name}" for name in lacking]
        if len(info.pods) + 1 > info.allocatable.get(PODS, 0):
            reasons.insert(0, "Too many pods")
        lasts = any(lacking.values())
        return tuple(Refusal(reason, type(self).__name__, lasts) for reason in reasons)
