"""What is wrong with one pod of a statefulset, in words.

Pure. Decides which of a pod's many signs is the telling one. Leaves what to do about it to `remedies.py`, and
what it holds up to `explain.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.status import (
    is_running_and_ready,
    minimum_ready,
    phase_of,
)
from minisets.objects.metadata import (
    condition,
    finalizers_of,
    is_being_deleted,
    meta,
    moment,
    name_of,
    namespace_of,
    status_of,
    uid_of,
    version_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from minisets.controllers.statefulset.observe import Observed
    from minisets.objects.kinds import Object

PASSING = frozenset(("ContainerCreating", "PodInitializing"))
"""Reasons for which every container waits once."""


@dataclass(frozen=True)
class View:
    """What is looked at, and how it is put: events of the objects, durations as people write them.

    flags: what must be typed after `minisets` to mean this cluster and namespace.
    """

    observed: Observed
    events: Sequence[Object]
    spell: Callable[[timedelta], str]
    flags: str = ""

    @property
    def statefulset(self) -> Object:
        """Whose pods these are."""
        return self.observed.statefulset

    def since(self, stamp: str | None) -> str:
        """` for 2m10s`, or nothing where nobody knows since when."""
        return f" for {self.spell(self.observed.now - moment(stamp))}" if stamp else ""

    def command(self, words: str) -> str:
        """What to type."""
        return f"`minisets{self.flags} {words}`"

    def kubectl(self, words: str) -> str:
        """What to type where minisets has no command of its own."""
        namespace = namespace_of(self.statefulset)
        return f"`kubectl{'' if namespace == 'default' else f' -n {namespace}'} {words}`"

    def latest(self, obj: Object, *reasons: str, beginning: str = "") -> Object | None:
        """The last event about this very object; of these reasons, or else any warning."""
        found = [
            event
            for event in self.events
            if (event.get("involvedObject") or {}).get("uid") == uid_of(obj)
            and (event.get("reason") in reasons if reasons else event.get("type") == "Warning")
            and str(event.get("message") or "").startswith(beginning)
        ]
        return max(found, key=lambda one: (one.get("lastTimestamp") or "", version_of(one)), default=None)

    def pod(self, name: str) -> Object | None:
        """The pod of that name, whoever controls it."""
        return next((pod for pod in self.observed.pods if name_of(pod) == name), None)


@dataclass(frozen=True)
class Finding:
    """One thing that is worth knowing, and what to do about it."""

    line: str
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """A container that does not run: reason as in its status, and how that is told."""

    container: str
    reason: str
    told: str


def what_ails(view: View, pod: Object) -> str:
    """A predicate of the pod: what it is instead of available, since when and why."""
    if is_being_deleted(pod):
        return _terminating(view, pod)
    if phase_of(pod) in ("Failed", "Succeeded"):
        return f"is {phase_of(pod)}"
    if is_running_and_ready(pod):
        return _young(view, pod)
    return ": ".join((_unready(view, pod), *_causes(view, pod)))


def _terminating(view: View, pod: Object) -> str:
    grace = _grace(pod)
    left = moment(meta(pod)["deletionTimestamp"]) - view.observed.now
    began = moment(meta(pod)["deletionTimestamp"]) - grace
    told = f"is terminating for {view.spell(view.observed.now - began)}"
    if left >= timedelta(0):
        told += f", with a grace of {view.spell(grace)}"
    else:
        told += f", its grace of {view.spell(grace)} is over"
    held = finalizers_of(pod)
    return f"{told}; finalizers hold it: {', '.join(held)}" if held else told


def _grace(obj: Object) -> timedelta:
    return timedelta(seconds=int(meta(obj).get("deletionGracePeriodSeconds") or 0))


def _young(view: View, pod: Object) -> str:
    ready = (condition(pod, "Ready") or {}).get("lastTransitionTime")
    minimum = view.spell(minimum_ready(view.statefulset))
    return f"is Ready{view.since(ready)}, not yet for the {minimum} of minReadySeconds"


def _unready(view: View, pod: Object) -> str:
    if phase_of(pod) != "Running":
        return f"is {phase_of(pod) or 'Pending'}{view.since(meta(pod).get('creationTimestamp'))}"
    since = (condition(pod, "Ready") or {}).get("lastTransitionTime")
    return f"is not Ready{view.since(since)}"


def _causes(view: View, pod: Object) -> Iterator[str]:
    """The telling sign: no place, a container that does not run, a probe that fails, a condition."""
    placed = condition(pod, "PodScheduled") or {}
    if placed.get("status") == "False":
        yield from filter(None, (placed.get("reason"), placed.get("message")))
        return
    trouble = trouble_of(pod)
    if trouble is not None and trouble.reason not in PASSING:
        yield trouble.told
        yield from _refused_pull(view, pod, trouble)
        return
    reasons = () if phase_of(pod) != "Running" else ("Unhealthy",)
    event = view.latest(pod, *reasons)
    if event is not None:
        yield str(event.get("message", "")).strip()
    elif trouble is not None:
        yield trouble.told
    elif said := (condition(pod, "Ready") or {}).get("message"):
        yield said


def _refused_pull(view: View, pod: Object, trouble: Trouble) -> Iterator[str]:
    """What the registry said: the container's status tells it only between a try and the next pause."""
    if trouble.reason == "ImagePullBackOff":
        event = view.latest(pod, "Failed", beginning="Failed to pull image")
        yield from () if event is None else (str(event["message"]).strip(),)


def trouble_of(pod: Object) -> Trouble | None:
    """The first container that waits or has ended and does not run; init containers come first."""
    status = status_of(pod)
    for field, what in (("initContainerStatuses", "init container"), ("containerStatuses", "container")):
        for held in status.get(field) or ():
            trouble = _trouble(what, held)
            if trouble is not None:
                return trouble
    return None


def _trouble(what: str, held: dict[str, Any]) -> Trouble | None:
    state, name = held.get("state") or {}, str(held.get("name", ""))
    if waiting := state.get("waiting"):
        reason = str(waiting.get("reason") or "Waiting")
        told = ": ".join(filter(None, (f"{what} {name}", reason, waiting.get("message"))))
        last = (held.get("lastState") or {}).get("terminated")
        return Trouble(name, reason, f"{told}; it last {_ended(last)}" if last else told)
    ended = state.get("terminated")
    if ended and (what == "container" or ended.get("exitCode")):
        return Trouble(name, str(ended.get("reason") or "Error"), f"{what} {name} {_ended(ended)}")
    return None


def _ended(terminated: dict[str, Any]) -> str:
    reason = f" ({terminated['reason']})" if terminated.get("reason") else ""
    return f"ended with exit code {terminated.get('exitCode', 0)}{reason}"
