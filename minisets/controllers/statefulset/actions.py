"""What a plan can consist of: each action is one registry call and says why. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import name_of

if TYPE_CHECKING:
    from datetime import timedelta

    from minisets.objects.kinds import Object


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

    def __str__(self) -> str:
        return f"create claim {name_of(self.claim)} for {self.pod}: {self.cause}"


@dataclass(frozen=True)
class OwnClaim:
    """Make a claim's owners what the retention policy wants (A-60)."""

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
class RefusePod:
    """A pod cannot be made now: say so in an Event and try again with back-off (A-57)."""

    pod: str
    cause: str

    def __str__(self) -> str:
        return f"cannot create pod {self.pod}: {self.cause}"


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
    | RefusePod
    | Warn
)


@dataclass(frozen=True)
class Plan:
    """What to do, in this order, then the status to write, then what to trim.

    status None: nothing to write. waits: why nothing (more) happens now, for people.
    """

    actions: tuple[Action, ...] = ()
    status: dict[str, Any] | None = None
    trims: tuple[DeleteRevision, ...] = ()
    recheck_after: timedelta | None = None
    waits: str = ""

    def __str__(self) -> str:
        """One line an action, with its cause; empty when there is nothing to do."""
        lines = [str(action) for action in self.actions]
        if self.waits:
            lines.append(f"wait: {self.waits}")
        if self.status is not None:
            lines.append("write status")
        return "\n".join([*lines, *map(str, self.trims)])
