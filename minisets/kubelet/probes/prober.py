"""Probes of running containers: one thread keeps the time, a lane runs them, results are observations.

Never a second probe of a kind while the first runs, a command that outlived its time-out included. Without
probes the thread blocks. Leaves verdicts to `probing.py`, and what follows from them to `plan.py`.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.errors import EngineError
from minisets.kubelet.containers import address_of, has_come_up, wanted
from minisets.kubelet.observe import Facts
from minisets.kubelet.probes.dialing import Result, run
from minisets.kubelet.probes.probing import KINDS, Kind, Record, Tally, Target
from minisets.objects.metadata import is_being_deleted, key_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from minisets.clock import Clock
    from minisets.engine.interface import Engine
    from minisets.kubelet.lanes import Lane
    from minisets.kubelet.observe import ObservedPod
    from minisets.kubelet.snapshots.pauses import Pauses
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder

Id = tuple[str, Kind]
"""A container's id, and which of its probes."""


@dataclass
class _Active:
    """A probe that goes on. ticket: its one valid entry in the heap.

    stood_still: how often its container had been paused by us when the last one began. is_spared: that was
    paused, too, so that a command of it that still runs says nothing.
    """

    pod: Object
    target: Target
    ticket: int = -1
    is_running: bool = False
    stood_still: int | None = 0
    is_spared: bool = False
    overdue_at: timedelta | None = None
    closer: Callable[[], None] | None = None
    lingering: str = ""


@dataclass
class _Watched:
    """One container: its record, and whose it is."""

    uid: str
    record: Record = field(default_factory=Record)


class Probes:
    """`wake` is told the pod's key whenever a verdict flips."""

    def __init__(
        self,
        engine: Engine,
        lane: Lane,
        clock: Clock,
        recorder: Recorder,
        wake: Callable[[str], None],
        pauses: Pauses,
    ) -> None:
        self._pauses = pauses
        self._engine = engine
        self._lane = lane
        self._clock = clock
        self._recorder = recorder
        self._wake = wake
        self._changed = threading.Condition()
        self._watched: dict[str, _Watched] = {}
        self._active: dict[Id, _Active] = {}
        self._due: list[tuple[timedelta, int, Id]] = []
        self._tickets = itertools.count()
        self._stopping = False
        self._thread = threading.Thread(target=self._keep_time, name="minisets-probes", daemon=True)

    def start(self) -> None:
        """Start keeping time."""
        self._thread.start()

    def stop(self, timeout: timedelta) -> bool:
        """No more probes; whether the thread ended in time."""
        with self._changed:
            self._stopping = True
            closers = [one.closer for one in self._active.values() if one.closer]
            self._changed.notify_all()
        for close in closers:
            close()
        if self._thread.ident is not None:
            self._thread.join(timeout.total_seconds())
        return not self._thread.is_alive()

    def results(self, container_id: str) -> Facts:
        """What the probes of a container say now."""
        with self._changed:
            watched = self._watched.get(container_id)
            return watched.record.facts() if watched else Facts()

    def watch(self, pod: Object, observed: ObservedPod) -> None:
        """Probe what runs of the pod, and no more; one that ends is only asked if it is ready (A-110)."""
        targets = {(one.container_id, one.kind): one for one in targets_of(pod, observed)}
        running = {one.id for one in observed.running()}
        with self._changed:
            self._drop(uid_of(pod), running, targets.keys())
            for key, target in targets.items():
                if key not in self._active:
                    watched = self._watched.setdefault(target.container_id, _Watched(uid_of(pod)))
                    watched.record.tallies.setdefault(target.kind, Tally.of(target))
                    self._active[key] = _Active(pod, target)
                    self._schedule(key, target.first_due(self._clock.now()))

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        with self._changed:
            self._drop(uid, set(), set())

    def _drop(self, uid: str, running: set[str], kept: Collection[Id]) -> None:
        for container_id in [key for key, one in self._watched.items() if one.uid == uid]:
            if container_id not in running:
                del self._watched[container_id]
        for key in [key for key, one in self._active.items() if uid_of(one.pod) == uid]:
            if key not in kept:
                del self._active[key]

    def _schedule(self, key: Id, after: timedelta) -> None:
        active = self._active[key]
        active.ticket = next(self._tickets)
        heapq.heappush(self._due, (self._clock.elapsed() + after, active.ticket, key))
        self._changed.notify_all()

    # --- the thread ---

    def _keep_time(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = self._clock.elapsed()
                overdue = self._overdue(now)
                while self._due and self._due[0][0] <= now:
                    _, ticket, key = heapq.heappop(self._due)
                    self._begin(key, ticket, now)
                if not overdue:
                    self._clock.wait(self._changed, self._next_wait(now))
            for close in overdue:
                close()

    def _overdue(self, now: timedelta) -> list[Callable[[], None]]:
        """What ends the commands whose time is up."""
        found = []
        for active in self._active.values():
            if active.closer and active.overdue_at is not None and active.overdue_at <= now:
                found.append(active.closer)
                active.closer = None
        return found

    def _next_wait(self, now: timedelta) -> timedelta | None:
        times = [one.overdue_at for one in self._active.values() if one.closer and one.overdue_at is not None]
        if self._due:
            times.append(self._due[0][0])
        return min(times) - now if times else None

    def _begin(self, key: Id, ticket: int, now: timedelta) -> None:
        active = self._active.get(key)
        if active is None or active.ticket != ticket:
            return
        self._schedule(key, active.target.period)
        if active.is_running or not self._watched[key[0]].record.is_due(key[1]):
            return
        stood_still = self._pauses.times(key[0])
        if stood_still is None:
            return  # Why: it would fail, and the container be ended for it
        active.stood_still = stood_still
        active.is_running = True
        active.overdue_at = now + active.target.timeout
        self._lane.submit(lambda: self._probe(key, active))

    # --- in the lane ---

    def _probe(self, key: Id, active: _Active) -> None:
        try:
            result = self._result_of(active)
        finally:
            with self._changed:
                active.is_running, active.closer = False, None
        active.lingering = result.running
        self._count(key, active, result)

    def _result_of(self, active: _Active) -> Result:
        if active.lingering:
            try:
                if self._engine.inspect_exec(active.lingering).running:
                    passed = None if active.is_spared else False
                    return Result(passed, "the command of the last probe still runs", active.lingering)
            except EngineError as error:
                return Result(None, str(error))

        def on_closer(close: Callable[[], None]) -> None:
            with self._changed:
                active.overdue_at = self._clock.elapsed() + active.target.timeout
                active.closer = close
                is_late = self._stopping
                self._changed.notify_all()
            if is_late:
                close()

        return run(self._engine, active.target, on_closer)

    def _count(self, key: Id, active: _Active, result: Result) -> None:
        with self._changed:
            watched = self._watched.get(key[0])
            if watched is None or self._active.get(key) is not active or self._stopping:
                return
            if self._pauses.times(key[0]) != active.stood_still:
                active.is_spared = True
                return  # it says something of the pause only
            active.is_spared = active.is_spared and bool(result.running)
            flipped = result.passed is not None and watched.record.tallies[key[1]].count(passed=result.passed)
            if flipped and key[1] == "startup" and result.passed:
                for kind in KINDS:
                    if (key[0], kind) in self._active:
                        self._schedule((key[0], kind), timedelta(0))
        if not result.passed or result.warning:
            self._tell(active, result)
        if flipped:
            self._wake(key_of(active.pod))

    def _tell(self, active: _Active, result: Result) -> None:
        """Kubernetes: prober.go probe."""
        kind = active.target.kind.capitalize()
        how = {True: "warning", False: "failed", None: "errored and resulted in unknown state"}[result.passed]
        reason = "ProbeWarning" if result.passed else "Unhealthy"
        message = f"{kind} probe {how}: {result.message}"
        self._recorder.record(active.pod, "Warning", reason, message, field_path=active.target.field_path)


def targets_of(pod: Object, observed: ObservedPod) -> Iterator[Target]:
    """Every probe that is to go on."""
    is_ending = is_being_deleted(pod) or observed.ending_since is not None
    kinds: tuple[Kind, ...] = ("readiness",) if is_ending else KINDS
    address = address_of(pod, observed)
    for one in wanted(pod):
        seen = observed.current(one.name)
        if seen is None or seen.started_at is None or not has_come_up(pod, one, seen):
            continue
        for kind in kinds:
            if probe := one.spec.get(f"{kind}Probe"):
                yield Target(seen.id, one.field_path, kind, probe, address, one.ports, seen.started_at)
