"""Which nodes a pod may have: Kubernetes' filter plugins in its order, each with its own words. Pure.

    of all nodes (PreFilter) -> by the nodes' names -> with those that wait for the node -> without them

Leaves which of them is best to `scores.py`, and what is said when there is none to `decide.py`.
Kubernetes: pkg/scheduler/apis/config/v1 getDefaultPlugins; framework/runtime RunFilterPlugins.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from minisets.controllers.scheduling.interpod import InterPodAffinity
from minisets.controllers.scheduling.nodes import (
    NodeAffinity,
    NodeName,
    NodeReadiness,
    NodeUnschedulable,
    TaintToleration,
    named_nodes,
)
from minisets.controllers.scheduling.refusal import Plugin, Refusal
from minisets.controllers.scheduling.resources import NodePorts, NodeResourcesFit
from minisets.controllers.scheduling.spread import PodTopologySpread
from minisets.controllers.scheduling.volumes import VolumeBinding, VolumeRestrictions, VolumeZone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.controllers.scheduling.snapshot import NodeInfo, PodInfo, Snapshot

__all__ = ["PLUGINS", "Refusal", "Round", "refusals"]

PLUGINS: tuple[type[Plugin], ...] = (
    NodeUnschedulable,
    NodeName,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    VolumeBinding,
    VolumeZone,
    PodTopologySpread,
    InterPodAffinity,
    NodeReadiness,
)
"""Missing of Kubernetes' own: what counts the disks of clouds, and what hands out devices."""

_ELSEWHERE = Refusal("node(s) didn't satisfy plugin(s) [NodeAffinity]", "NodeAffinity", is_lasting=True)


class Round:
    """One pod against one snapshot: what all nodes have in common is worked out once."""

    def __init__(self, pod: PodInfo, snapshot: Snapshot) -> None:
        self._pod = pod
        self._snapshot = snapshot
        self._plugins = _plugins(pod, snapshot)

    @cached_property
    def of_all(self) -> Refusal | None:
        """Why the pod can have no node whatever, by the first plugin that says so."""
        found = (plugin.of_all() for plugin in self._plugins)
        return next((refusal for refusal in found if refusal is not None), None)

    @cached_property
    def _named(self) -> frozenset[str] | None:
        return named_nodes(self._pod)

    def refusals(self, node: str) -> tuple[Refusal, ...]:
        """The reasons of the first plugin that does not let the pod have the node; empty: it may."""
        if self.of_all is not None:
            return (self.of_all,)
        if self._named is not None and node not in self._named:
            return (_ELSEWHERE,)
        return self._with_expected(node) or _first(self._plugins, self._snapshot.nodes[node])

    def _with_expected(self, node: str) -> tuple[Refusal, ...]:
        """As if those who wait for the node were there. Kubernetes: RunFilterPluginsWithNominatedPods."""
        expected = self._snapshot.expected(self._pod, node)
        if not expected:
            return ()
        info = self._snapshot.nodes[node]
        for pod in expected:
            info = info.with_pod(pod)
        then = replace(self._snapshot, nodes={**self._snapshot.nodes, node: info})
        return _first(_plugins(self._pod, then), info)


def refusals(pod: PodInfo, snapshot: Snapshot, node: str) -> tuple[Refusal, ...]:
    """Of one node."""
    return Round(pod, snapshot).refusals(node)


def _plugins(pod: PodInfo, snapshot: Snapshot) -> tuple[Plugin, ...]:
    return tuple(plugin(pod, snapshot) for plugin in PLUGINS)


def _first(plugins: Iterable[Plugin], info: NodeInfo) -> tuple[Refusal, ...]:
    found = (plugin.of_node(info) for plugin in plugins)
    return next((refusals for refusals in found if refusals), ())
