"""Keeps the status of disruption budgets true, which evictions go by.

What decides is `budgets.py`. Kubernetes: pkg/controller/disruption/disruption.go.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from minisets.controllers.budgets import Told, judged
from minisets.errors import NotFound
from minisets.objects.budgets import BUDGET, covers
from minisets.objects.kinds import Ref, served
from minisets.objects.metadata import key_of, name_of, namespace_of, ref_of, spec_of, uid_of, version_of
from minisets.objects.owners import controller_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change


class Disruption:
    """The controller: keys are `namespace/name` of budgets."""

    name = "disruption"
    kinds = (BUDGET, "Pod", "StatefulSet")

    def __init__(self, reader: Reader, registry: Registry, recorder: Recorder, clock: Clock) -> None:
        self._reader = reader
        self._registry = registry
        self._recorder = recorder
        self._clock = clock

    def keys(self, change: Change) -> Iterable[str]:
        """A pod concerns the budgets that covered it before, or do now; a new scale all of its namespace.

        Differs: upstream learns of another scale only with the next pod that comes or goes.
        """
        match change.ref.kind:
            case "Pod":
                seen = [pod for pod in (change.object, change.previous) if pod]
                for budget in self._budgets(change.ref.namespace):
                    if any(covers(budget, pod) for pod in seen):
                        yield key_of(budget)
            case "StatefulSet":
                if change.previous is None or _replicas(change.previous) != _replicas(change.object):
                    yield from map(key_of, self._budgets(change.ref.namespace))
            case _:
                yield key_of(change.object)

    def reconcile(self, key: str) -> timedelta | None:
        """Count, and write what differs; look again when an evicted pod's time is up."""
        namespace, _, name = key.partition("/")
        budget = self._reader.get(Ref(BUDGET, namespace, name))
        if budget is None:
            return None
        pods = tuple(pod for pod in self._reader.list("Pod", namespace).items if covers(budget, pod))
        verdict = judged(budget, pods, self._makers(pods), self._clock.now())
        for told in (*self._torn(budget, pods), *verdict.events):
            self._recorder.record(told.about, told.type, told.reason, told.message)
        self._write(budget, verdict.status)
        return verdict.again

    def _budgets(self, namespace: str) -> tuple[Object, ...]:
        return self._reader.list(BUDGET, namespace).items

    def _makers(self, pods: Iterable[Object]) -> dict[str, Object]:
        """The controllers of these pods that exist, by uid."""
        found: dict[str, Object] = {}
        for pod in pods:
            reference = controller_of(pod)
            if reference is None or reference["uid"] in found:
                continue
            kind = served(reference["apiVersion"], reference["kind"])
            place = namespace_of(pod) if kind is not None and kind.namespaced else ""
            maker = self._reader.get(Ref(kind.title, place, reference["name"])) if kind is not None else None
            if maker is not None and uid_of(maker) == reference["uid"]:
                found[uid_of(maker)] = maker
        return found

    def _torn(self, budget: Object, pods: Iterable[Object]) -> Iterator[Told]:
        """Pods that nobody can evict, since two budgets cover them; the first of these tells."""
        for pod in pods:
            first, *others = [name_of(each) for each in self._budgets(namespace_of(pod)) if covers(each, pod)]
            if others and first == name_of(budget):
                said = f'Pod "{namespace_of(pod)}"/"{name_of(pod)}" matches multiple PodDisruptionBudgets.'
                message = f'{said}  Chose "{first}" arbitrarily.'
                yield Told(pod, "Warning", "MultiplePodDisruptionBudgets", message)

    def _write(self, budget: Object, status: Object) -> None:
        """Why only onto the budget that was seen: a pod evicted since would count as if it were there."""

        def edit(current: Object) -> Object | None:
            if version_of(current) != version_of(budget):
                return None  # its change is queued
            return {**current, "status": status}

        with contextlib.suppress(NotFound):
            self._registry.change(ref_of(budget), edit, subresource="status")


def _replicas(statefulset: Object) -> int:
    return int(spec_of(statefulset).get("replicas", 1))
