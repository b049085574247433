"""What a plan can consist of: each action is one registry call and says why. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from minisets.objects.metadata import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from minisets.objects.kinds import Object, Ref

Verb = Literal["create", "update", "delete", ""]
"""Which write of a pod an action prepares: the Event of a failure names it; empty: none is told."""


@dataclass(frozen=True)
class AdoptPod:
    """Write our controller reference on an orphan that matches (A-66)."""

    pod: Object
    cause: str

    def __str__(self) -> str:
        return f"adopt pod {name_of(self.pod)}: {self.cause}"


@dataclass(frozen=True)
class ReleasePod:
    """Take our controller reference off a pod that no longer matches (A-67)."""

    pod: Object
    cause: str

    def __str__(self) -> str:
        return f"release pod {name_of(self.pod)}: {self.cause}"


@dataclass(frozen=True)
class AdoptRevision:
    """Write our controller reference on an orphaned revision."""

    revision: Object
    cause: str

    def __str__(self) -> str:
        return f"adopt revision {name_of(self.revision)}: {self.cause}"


@dataclass(frozen=True)
class CreateRevision:
    """Store a pod template that no revision holds."""

    revision: Object
    cause: str

    def __str__(self) -> str:
        return f"create revision {name_of(self.revision)} as {self.revision['revision']}: {self.cause}"


@dataclass(frozen=True)
class RaiseRevision:
    """Make an old revision the newest again (A-39)."""

    revision: Object
    number: int
    cause: str

    def __str__(self) -> str:
        return f"raise revision {name_of(self.revision)} to {self.number}: {self.cause}"


@dataclass(frozen=True)
class DeleteRevision:
    """Trim the history (A-43)."""

    revision: Object
    cause: str

    def __str__(self) -> str:
        return f"delete revision {name_of(self.revision)}: {self.cause}"


@dataclass(frozen=True)
class CreateClaim:
    """Make a claim from its template, for a pod."""

    claim: Object
    pod: str
    cause: str
    verb: Verb = "create"

    def __str__(self) -> str:
        return f"create claim {name_of(self.claim)} for {self.pod}: {self.cause}"


@dataclass(frozen=True)
class OwnClaim:
    """Make a claim's owners what the retention policy wants (A-60); one without uid is made by this plan."""

    claim: Object
    owners: tuple[dict[str, Any], ...]
    cause: str

    def __str__(self) -> str:
        owners = ", ".join(f"{owner['kind']} {owner['name']}" for owner in self.owners) or "nobody"
        return f"let {owners} own claim {name_of(self.claim)}: {self.cause}"


@dataclass(frozen=True)
class CreatePod:
    """Make a pod."""

    pod: Object
    cause: str

    def __str__(self) -> str:
        return f"create pod {name_of(self.pod)}: {self.cause}"


@dataclass(frozen=True)
class RepairPod:
    """Write a pod as its name says that it should be (A-10); other volumes than its own are refused."""

    pod: Object
    repaired: Object
    cause: str

    def __str__(self) -> str:
        return f"repair pod {name_of(self.pod)}: {self.cause}"


@dataclass(frozen=True)
class DeletePod:
    """Delete a pod with its own grace (A-15)."""

    pod: Object
    cause: str

    def __str__(self) -> str:
        return f"delete pod {name_of(self.pod)}: {self.cause}"


@dataclass(frozen=True)
class Refuse:
    """A pod cannot be written now: say so in an Event and try again with back-off (A-57)."""

    pod: str
    cause: str
    verb: Verb = "create"

    def __str__(self) -> str:
        return f"cannot {self.verb or 'go on with'} pod {self.pod}: {self.cause}"


@dataclass(frozen=True)
class Warn:
    """Something that its owner should know: an Event on the statefulset."""

    reason: str
    cause: str

    def __str__(self) -> str:
        return f"warn {self.reason}: {self.cause}"


Action = (
    AdoptPod
    | ReleasePod
    | AdoptRevision
    | CreateRevision
    | RaiseRevision
    | DeleteRevision
    | CreateClaim
    | OwnClaim
    | CreatePod
    | RepairPod
    | DeletePod
    | Refuse
    | Warn
)


@dataclass(frozen=True)
class Wait:
    """Why nothing more happens now.

    on: the pod or claim that must change first. why: a predicate of it (`is terminating`).
    holds: what does not happen meanwhile (`web-2 is not created`); empty if nothing is due.
    by_budget: whether as many pods are away as maxUnavailable allows (A-28).
    """

    on: Ref
    why: str
    holds: str = ""
    by_budget: bool = False

    def __str__(self) -> str:
        return f"{self.on.name} {self.why}"


Group = tuple[Action, ...]
"""Actions about one pod, in order: the first that fails ends the group."""

Batch = tuple[Group, ...]
"""Groups that do not depend on each other: all are tried; the first batch with a failure is the last."""

_LARGEST_BATCH = 500


@dataclass(frozen=True)
class Plan:
    """What to do, batch after batch, then the status to write, then what to trim.

    status None: nothing to write. wait: why nothing (more) happens now, for people.
    """

    batches: tuple[Batch, ...] = ()
    status: dict[str, Any] | None = None
    trims: tuple[DeleteRevision, ...] = ()
    recheck_after: timedelta | None = None
    wait: Wait | None = None

    @property
    def actions(self) -> tuple[Action, ...]:
        """All of them, in order."""
        return tuple(action for batch in self.batches for group in batch for action in group)

    def __str__(self) -> str:
        """One line an action, with its cause; empty when there is nothing to do."""
        lines = [str(action) for action in self.actions]
        if self.wait is not None:
            lines.append(f"wait: {self.wait}")
        if self.status is not None:
            lines.append("write status")
        return "\n".join([*lines, *map(str, self.trims)])


def slowly(groups: Sequence[Group]) -> tuple[Batch, ...]:
    """One group, then 2, 4, ... up to 500 at once, so that a failure that all share is met once (A-5).

    Kubernetes: `slowStartBatch`. A group with nothing to do takes its place all the same.
    """
    batches = []
    start, size = 0, 1
    while start < len(groups):
        batches.append(tuple(groups[start : start + size]))
        start, size = start + size, min(2 * size, _LARGEST_BATCH)
    return tuple(batches)
