"""Waiting until statefulsets and pods are what was asked for, and saying what moves meanwhile.

Driven by two watches and a deadline; nothing is polled. Decides when a workload is Ready; leaves
what to do about one that is not to its caller.
"""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.cli.rollouts import is_rolled_out
from minisets.cli.session import pause
from minisets.client.requests import Unreachable
from minisets.controllers.statefulset.identity import ordinal_of, replicas_of
from minisets.errors import MinisetsError
from minisets.objects.metadata import (
    is_being_deleted,
    is_true,
    name_of,
    namespace_of,
    ref_of,
    status_of,
)
from minisets.objects.owners import is_controlled_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from minisets.client.requests import ApiClient, Watch
    from minisets.clock import Clock
    from minisets.objects.kinds import Object, Ref

_KINDS = ("StatefulSet", "Pod")
_PASSING = frozenset(
    ("Pending", "Unschedulable", "ContainerCreating", "PodInitializing", "Running, not Ready", "Terminating")
)
_FAREWELL = timedelta(seconds=1)
_AWAY = timedelta(seconds=60)
"""How long the server may be away before a command gives up: an engine's restart takes that."""
_PAUSE = timedelta(milliseconds=100)


@dataclass
class Scene:
    """The statefulsets and pods of one namespace, as far as the watches have told."""

    objects: dict[Ref, Object] = field(default_factory=dict)

    def get(self, ref: Ref) -> Object | None:
        """The object, if it is there."""
        return self.objects.get(ref)

    def pods_of(self, statefulset: Object) -> list[Object]:
        """Its pods, by ordinal."""
        pods = [
            pod
            for ref, pod in self.objects.items()
            if ref.kind == "Pod" and is_controlled_by(pod, statefulset)
        ]
        return sorted(pods, key=lambda pod: ordinal_of(statefulset, pod) or 0)


class NotReady(MinisetsError):
    """The deadline passed first; `scene` is what there was then."""

    def __init__(self, message: str, scene: Scene) -> None:
        super().__init__(message)
        self.scene = scene


def is_ready(pod: Object) -> bool:
    """Ready (or done), and here to stay."""
    done = status_of(pod).get("phase") == "Succeeded"
    return (done or is_true(pod, "Ready")) and not is_being_deleted(pod)


def state_of(pod: Object) -> str:
    """A pod's state in a few words: what a person waits for."""
    if is_being_deleted(pod):
        return "Terminating"
    if is_true(pod, "Ready"):
        return "Ready"
    status = status_of(pod)
    every = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    for container in every:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return ": ".join(filter(None, (waiting["reason"], waiting.get("message", ""))))
    for entry in status.get("conditions") or ():
        if entry.get("type") == "PodScheduled" and entry.get("status") == "False":
            return f"{entry.get('reason', 'Pending')}: {entry.get('message', '')}"
    return "Running, not Ready" if status.get("phase") == "Running" else str(status.get("phase") or "Pending")


def is_passing(pod: Object) -> bool:
    """Whether the pod's state is one that every pod goes through on its way."""
    return state_of(pod).partition(":")[0] in _PASSING


@dataclass(frozen=True)
class Interest:
    """Objects of one kind: all, or those that the selectors choose."""

    kind: str
    labels: str = ""
    fields: str = ""


class Follower:
    """Lists and watches what is of interest; every change arrives in one queue."""

    def __init__(self) -> None:
        self.scene = Scene()
        self._queue: queue.SimpleQueue[tuple[str, Object] | None] = queue.SimpleQueue()
        self._watches: list[Watch] = []
        self._threads: list[threading.Thread] = []

    def begin(self, client: ApiClient, namespace: str, interests: Sequence[Interest]) -> None:
        """List, then follow from there."""
        for one in interests:
            listing = client.select(one.kind, namespace, labels=one.labels, fields=one.fields)
            self.scene.objects.update({ref_of(obj): obj for obj in listing.items})
            watch = client.watch(
                one.kind, namespace, since=listing.version, labels=one.labels, fields=one.fields
            )
            thread = threading.Thread(
                target=self._follow, args=(watch,), name=f"minisets-watch-{one.kind}", daemon=True
            )
            self._watches.append(watch)
            self._threads.append(thread)
            thread.start()

    def _follow(self, watch: Watch) -> None:
        try:
            for event in watch:
                self._queue.put((event.type, event.object))
        except MinisetsError:
            pass
        self._queue.put(None)

    def wait(self, timeout: timedelta) -> bool:
        """Take in what happened, waiting for something if need be; False once the time is over."""
        try:
            change = self._queue.get(timeout=max(0.0, timeout.total_seconds()))
        except queue.Empty:
            return False
        while True:
            if change is None:
                raise Unreachable("the server went away: see `minisets status`, and run the command again")
            self._take(*change)
            if self._queue.empty():
                return True
            change = self._queue.get()

    def _take(self, event: str, obj: Object) -> None:
        if event == "DELETED":
            self.scene.objects.pop(ref_of(obj), None)
        elif event in ("ADDED", "MODIFIED"):
            self.scene.objects[ref_of(obj)] = obj

    def nudge(self) -> None:
        """Let `wait` return: something else has happened. From any thread."""
        self._queue.put(("", {}))

    def close(self) -> None:
        """End the watches; `wait` is Unreachable then. From any thread."""
        for watch in self._watches:
            watch.close()
        for thread in self._threads:
            thread.join(_FAREWELL.total_seconds())


@contextmanager
def _following(client: ApiClient, namespace: str, kinds: Sequence[str]) -> Iterator[Follower]:
    follower = Follower()
    try:
        follower.begin(client, namespace, [Interest(kind) for kind in kinds])
        yield follower
    finally:
        follower.close()


def until(
    client: ApiClient,
    namespace: str,
    is_done: Callable[[Scene], bool],
    *,
    timeout: timedelta,
    clock: Clock,
    saw: Callable[[Scene], None] = lambda _: None,
    kinds: Sequence[str] = _KINDS,
) -> Scene:
    """The scene in which `is_done` holds; NotReady when the time is over. `saw` hears every change.

    An empty namespace means all of them. A server that goes away and comes back is listed anew: it is started
    again when it dies, and replaced by an upgrade. Unreachable where it stays away.
    """
    deadline = clock.elapsed() + timeout
    while True:
        try:
            with _following(client, namespace, kinds) as follower:
                while True:
                    saw(follower.scene)
                    if is_done(follower.scene):
                        return follower.scene
                    if not follower.wait(deadline - clock.elapsed()):
                        raise NotReady(f"not done within {timeout.total_seconds():g} s", follower.scene)
        except Unreachable:
            if not is_back(client, clock, min(_AWAY, deadline - clock.elapsed())):
                raise


def is_back(client: ApiClient, clock: Clock, within: timedelta = _AWAY) -> bool:
    """Whether the server answers again in time. Why a poll: nobody tells that a port is listened at."""
    deadline = clock.elapsed() + within
    while client.content_served() is None:
        if clock.elapsed() > deadline:
            return False
        pause(_PAUSE)
    return True


def are_ready(refs: Sequence[Ref]) -> Callable[[Scene], bool]:
    """Whether all of these statefulsets and pods are Ready."""

    def done(scene: Scene) -> bool:
        for ref in refs:
            obj = scene.get(ref)
            if obj is None:
                return False
            if ref.kind == "StatefulSet":
                # Why the pods too: the two watches are not in step, and who waits wants to see them.
                pods = scene.pods_of(obj)
                if not is_rolled_out(obj) or len(pods) < replicas_of(obj) or not all(map(is_ready, pods)):
                    return False
            elif not is_ready(obj):
                return False
        return True

    return done


def pods_behind(scene: Scene, refs: Sequence[Ref]) -> list[Object]:
    """The pods that these statefulsets and pods amount to, in order."""
    pods: list[Object] = []
    for ref in refs:
        obj = scene.get(ref)
        if obj is not None:
            pods += scene.pods_of(obj) if ref.kind == "StatefulSet" else [obj]
    return pods


def what_is_missing(scene: Scene, refs: Sequence[Ref], flags: str) -> str:
    """The first pod that is not ready, its state, and what to type: for the message of a failure."""
    for pod in pods_behind(scene, refs):
        if not is_ready(pod):
            return f"pod {name_of(pod)} is {state_of(pod)}; see `minisets{flags} describe pod {name_of(pod)}`"
    for ref in refs:
        obj = scene.get(ref)
        if obj is None:
            return f"{ref.kind} {ref.name} is gone"
        if ref.kind == "StatefulSet" and not is_rolled_out(obj):
            have, want = status_of(obj).get("readyReplicas") or 0, replicas_of(obj)
            where = f"{namespace_of(obj)}/{name_of(obj)}"
            return (
                f"statefulset {where} has {have} of {want} pods ready; "
                f"see `minisets{flags} describe statefulset {name_of(obj)}`"
            )
    return "nothing is missing"
