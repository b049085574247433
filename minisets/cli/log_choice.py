"""Whose log is meant: which pod of several, which run of a container. Pure.

Kubernetes: kubectl pkg/cmd/logs, pkg/polymorphichelpers `logsForObject`, `GetFirstPod`; of a container's runs
pkg/kubelet/kubelet_pods.go `validateContainerLogStatus`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.cli.log_lines import Place
from minisets.cli.pod_containers import by_ordinal
from minisets.objects.metadata import condition, meta, moment, status_of, timestamp
from minisets.objects.owners import controller_of
from minisets.objects.pods import is_terminal, node_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from minisets.objects.kinds import Object

_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_PHASES = {"Running": 0, "Unknown": 1, "Pending": 2}
_NEVER = "9999"
_MOST_SECONDS = 10**9
"""As many as the server counts back."""


def first_pod(pods: Sequence[Object]) -> Object:
    """The one that kubectl takes.

    Kubernetes: pkg/controller `ByLogging`, by way of `GetFirstPod`.
    """
    return min(pods, key=_by_logging)


def _by_logging(pod: Object) -> tuple[Any, ...]:
    ready = condition(pod, "Ready") or {}
    is_ready = ready.get("status") == "True"
    restarts = [status.get("restartCount") or 0 for status in status_of(pod).get("containerStatuses") or ()]
    return (
        not node_of(pod),
        _PHASES.get(status_of(pod).get("phase", ""), len(_PHASES)),
        not is_ready,
        (ready.get("lastTransitionTime") or _NEVER) if is_ready else "",
        -max(restarts, default=0),
        meta(pod).get("creationTimestamp") or _NEVER,
        by_ordinal(pod),
    )


def is_of(pod: Object, kind: str, name: str) -> bool:
    """Whether the pod is of that statefulset, of this one or of one that had its name before."""
    controller = controller_of(pod) or {}
    return controller.get("kind") == kind and controller.get("name") == name


# --- one container's runs ---


@dataclass(frozen=True)
class Runs:
    """What a pod's status tells of one container's runs, by the engine's ids.

    current: whose log the server has; empty while there is none. last: the one before, whose log it has, too.
    number: how many there were before the current one. is_final: no other one will come.
    """

    current: str = ""
    is_over: bool = False
    last: str = ""
    number: int = 0
    is_final: bool = False


def runs_of(pod: Object, container: str) -> Runs:
    """Its runs."""
    status = _status(pod, container)
    state = status.get("state") or {}
    last = ((status.get("lastState") or {}).get("terminated") or {}).get("containerID", "")
    running = "running" in state
    current = status.get("containerID", "") if running else (state.get("terminated") or {}).get("containerID")
    return Runs(
        current or last,
        is_over=not running,
        last=last if current else "",
        number=status.get("restartCount") or 0,
        is_final=is_terminal(pod),
    )


def _status(pod: Object, container: str) -> dict[str, Any]:
    found = (one for sort in _STATUSES for one in status_of(pod).get(sort) or ())
    return next((one for one in found if one.get("name") == container), {})


@dataclass(frozen=True)
class Reading:
    """How far a container's runs have been read: this run, the number-th, up to the place.

    number None: nothing is read, and what is there begins it; -1: nothing, and everything is wanted.
    """

    run: str = ""
    number: int | None = None
    is_done: bool = True
    place: Place = field(default_factory=Place)


@dataclass(frozen=True)
class Step:
    """What to read next, and whether what was between is lost."""

    reading: Reading
    is_previous: bool
    is_over: bool
    has_gap: bool = False


def next_step(reading: Reading, runs: Runs) -> Step | None:
    """The run to be read now; None: there is none, yet or any more."""
    if not runs.current or (runs.current == reading.run and reading.is_done):
        return None
    if runs.current == reading.run:
        return Step(reading, is_previous=False, is_over=runs.is_over)
    if runs.last == reading.run and not reading.is_done:
        return Step(reading, is_previous=True, is_over=True)
    missed = 0 if reading.number is None else runs.number - reading.number - 1
    if missed > 0 and runs.last and runs.last != reading.run:
        new = Reading(runs.last, runs.number - 1, is_done=False)
        return Step(new, is_previous=True, is_over=True, has_gap=missed > 1 or not reading.is_done)
    new = Reading(runs.current, runs.number, is_done=False)
    has_gap = missed > 0 or not reading.is_done
    return Step(new, is_previous=False, is_over=runs.is_over, has_gap=has_gap)


def as_of(query: Mapping[str, str], began: datetime) -> dict[str, str]:
    """What the query asked for when it was answered first, to be asked at any time later.

    A tail of none and seconds count from each asking: what was printed in between would be left out.
    began is in whole seconds: better a line of that second too many than one too few.
    """
    tail, times = query.get("tailLines", ""), [query.get("sinceTime", "")]
    if tail == "0":
        tail = ""
        times.append(timestamp(began))
    elif seconds := query.get("sinceSeconds"):
        times.append(timestamp(began - timedelta(seconds=min(int(seconds), _MOST_SECONDS))))
    return {"tailLines": tail, "sinceTime": max(filter(None, times), key=moment, default="")}
