"""What pods and nodes use, for `kubectl top`: measured when somebody asks, and never else.

A rate needs two looks. The first is kept in memory for a minute, so that only who asks out of the blue waits
half a second for the second. Leaves what one look is to the engine.
Kubernetes: metrics-server pkg/{api,storage}; its window is the time between the two looks.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.errors import EngineNotFound, NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    annotations_of,
    labels_of,
    meta,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    timestamp,
)
from minisets.objects.pods import node_of
from minisets.registry import refusals
from minisets.settings import STOPPED, node_ordinal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from minisets.clock import Clock
    from minisets.engine.interface import Engine, Usage
    from minisets.objects.kinds import Object
    from minisets.store.interface import Store

_GROUP, _VERSION = "metrics.k8s.io", "metrics.k8s.io/v1beta1"
_SCHEME = "docker://"
SHORTEST = timedelta(milliseconds=500)
"""Time between two looks of which a rate is made; shorter ones tell more of chance than of the program."""
_RENEWED, _LONGEST = timedelta(seconds=10), timedelta(minutes=1)
_KIBI = 1024


@dataclass(frozen=True)
class Measured:
    """CPU as a rate over the window that ends with the latest look, and memory at that look."""

    usage: Usage
    window: timedelta
    nanocores: int


def measured(before: Usage | None, now: Usage) -> Measured | None:
    """The rate between two looks; None where they are too near or too far apart, or not of one life."""
    window = timedelta(0) if before is None else now.at - before.at
    if before is None or not SHORTEST <= window <= _LONGEST or now.cpu_nanoseconds < before.cpu_nanoseconds:
        return None
    used = now.cpu_nanoseconds - before.cpu_nanoseconds
    return Measured(now, window, int(used / window.total_seconds()))


class Metrics:
    """Answers for one server. Blocks: in a thread only."""

    def __init__(self, store: Store, engine: Engine, clock: Clock) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._first: dict[str, Usage] = {}
        self._one_at_a_time = threading.Lock()
        self._waiting = threading.Condition()

    def one(self, title: str, ref: Ref) -> Object:
        """The metrics of one pod or node; NotFound where it is not there, or nothing of it runs."""
        meant = Ref(title.removesuffix("Metrics"), ref.namespace, ref.name)
        found = self._store.get(meant)
        if found is None:
            raise refusals.not_found(meant)
        told = self._told(title, [found])
        if not told:
            name = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
            kind = title.lower()
            raise NotFound(f'{kind}.{_GROUP} "{name}" not found', name=name, group=_GROUP, kind=kind)
        return told[0]

    def listing(self, title: str, namespace: str, matches: Callable[[Object], bool]) -> Sequence[Object]:
        """The metrics of what matches and runs."""
        kind = title.removesuffix("Metrics")
        return self._told(title, [one for one in self._store.list(kind, namespace).items if matches(one)])

    def _told(self, title: str, objects: Sequence[Object]) -> Sequence[Object]:
        of_nodes = title == "NodeMetrics"
        silent = {name_of(node) for node in self._store.list("Node").items if not answers(node)}
        if of_nodes:
            objects = [node for node in objects if name_of(node) not in silent]
        pods = self._store.list("Pod").items if of_nodes else objects
        pods = [pod for pod in pods if node_of(pod) not in silent]
        found = self._measure({id_ for pod in pods for id_ in running_in(pod).values()})
        if of_nodes:
            return [each for node in objects if (each := node_metrics(node, pods, found)) is not None]
        return [each for pod in pods if (each := pod_metrics(pod, found)) is not None]

    def _measure(self, ids: Iterable[str]) -> Mapping[str, Measured]:
        """Of each container that runs. One at a time: a first look must not be taken away from who waits."""
        with self._one_at_a_time:
            looks = self._look(ids)
            found = self._rated(looks)
            if unrated := looks.keys() - found.keys():
                self._first |= {id_: looks[id_] for id_ in unrated}
                self._pause()
                found |= self._rated(self._look(unrated))
            self._forget(looks)
            return found

    def _look(self, ids: Iterable[str]) -> dict[str, Usage]:
        looks = {}
        for id_ in sorted(ids):
            try:
                usage = self._engine.stats(id_)
            except EngineNotFound:
                continue  # it went meanwhile
            if usage is not None:
                looks[id_] = usage
        return looks

    def _rated(self, looks: Mapping[str, Usage]) -> dict[str, Measured]:
        return {
            id_: rate
            for id_, now in looks.items()
            if (rate := measured(self._first.get(id_), now)) is not None
        }

    def _pause(self) -> None:
        """Why more than the shortest: the engine's own clock says when it looked."""
        until = self._clock.elapsed() + SHORTEST * 1.2
        with self._waiting:
            while (left := until - self._clock.elapsed()) > timedelta(0):
                self._clock.wait(self._waiting, left)

    def _forget(self, looks: Mapping[str, Usage]) -> None:
        """Begin anew where the first look is old; keep nothing of what was not asked for in a minute."""
        for id_, now in looks.items():
            if now.at - self._first[id_].at >= _RENEWED:
                self._first[id_] = now
        oldest = self._clock.now() - _LONGEST
        self._first = {id_: look for id_, look in self._first.items() if look.at >= oldest}


def answers(node: Object) -> bool:
    """Whether there is somebody on that node to ask. Kubernetes: metrics-server scrapes each kubelet."""
    return node_ordinal(name_of(node)) is not None and STOPPED not in annotations_of(node)


def running_in(pod: Object) -> Mapping[str, str]:
    """The containers of a pod that run, and their ids in the engine; none where one that must run does not.

    Kubernetes: metrics-server tells nothing of a pod of which it does not know everything.
    """
    status = status_of(pod)
    wanted = [one.get("name") for one in spec_of(pod).get("containers") or ()]
    told = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    found = {
        str(one.get("name")): str(one.get("containerID") or "").removeprefix(_SCHEME)
        for one in told
        if "running" in (one.get("state") or {}) and one.get("containerID")
    }
    return found if status.get("phase") == "Running" and found.keys() >= set(wanted) else {}


def pod_metrics(pod: Object, known: Mapping[str, Measured]) -> Object | None:
    """What the pod's containers use; None unless all that run are known of."""
    running = running_in(pod)
    if not running or not known.keys() >= set(running.values()):
        return None
    parts = [known[id_] for id_ in running.values()]
    containers = [{"name": name, "usage": _usage([known[id_]])} for name, id_ in running.items()]
    return {**_head("PodMetrics", pod, parts), "containers": containers}


def node_metrics(node: Object, pods: Iterable[Object], known: Mapping[str, Measured]) -> Object | None:
    """What the pods of the node use together. Differs: what else the machine does is not ours to count."""
    here = [pod for pod in pods if node_of(pod) == name_of(node)]
    parts = [known[id_] for pod in here for id_ in running_in(pod).values() if id_ in known]
    return {**_head("NodeMetrics", node, parts), "usage": _usage(parts)}


def _head(title: str, obj: Object, parts: Sequence[Measured]) -> Object:
    latest = max((part.usage.at for part in parts), default=None)
    window = max((part.window for part in parts), default=SHORTEST)
    stamp = timestamp(latest) if latest is not None else meta(obj).get("creationTimestamp")
    metadata: dict[str, Any] = {"name": name_of(obj)}
    metadata |= {"namespace": namespace_of(obj)} if namespace_of(obj) else {}
    metadata |= {"creationTimestamp": stamp, "labels": dict(labels_of(obj))}
    head = {"kind": title, "apiVersion": _VERSION, "metadata": metadata, "timestamp": stamp}
    return {**head, "window": f"{window.total_seconds():.3f}s"}


def _usage(parts: Iterable[Measured]) -> dict[str, str]:
    found = list(parts)
    memory = sum(part.usage.memory_bytes for part in found)
    return {"cpu": f"{sum(part.nanocores for part in found)}n", "memory": f"{memory // _KIBI}Ki"}
