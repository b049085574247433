"""What can be done to claims and volumes: each action is one registry call and says why. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from minisets.objects.metadata import key_of, name_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


@dataclass(frozen=True)
class SetClass:
    """Give a claim that named no class the default one."""

    claim: Object
    storage_class: str
    cause: str

    def __str__(self) -> str:
        return f"set class of {key_of(self.claim)} to {self.storage_class}: {self.cause}"


@dataclass(frozen=True)
class ReserveVolume:
    """Write on a volume whose it is; chosen: by us, not by a person's claimRef."""

    volume: Object
    claim: Object
    chosen: bool
    cause: str

    def __str__(self) -> str:
        return f"reserve volume {name_of(self.volume)} for {key_of(self.claim)}: {self.cause}"


@dataclass(frozen=True)
class PointClaim:
    """Write on a claim which volume it has; chosen: by us, not by a person's volumeName."""

    claim: Object
    volume: Object
    chosen: bool
    cause: str

    def __str__(self) -> str:
        return f"point {key_of(self.claim)} at volume {name_of(self.volume)}: {self.cause}"


@dataclass(frozen=True)
class SetVolumePhase:
    """Available, Bound, Released or Failed; message: why, for its status."""

    volume: Object
    phase: str
    cause: str
    message: str = ""

    def __str__(self) -> str:
        return f"volume {name_of(self.volume)} is {self.phase}: {self.cause}"


@dataclass(frozen=True)
class SetClaimStatus:
    """The claim's whole status."""

    claim: Object
    status: dict[str, Any]
    cause: str

    def __str__(self) -> str:
        return f"{key_of(self.claim)} is {self.status['phase']}: {self.cause}"


@dataclass(frozen=True)
class AskProvisioner:
    """Ask for a volume to be made, as an external provisioner is asked."""

    claim: Object
    provisioner: str
    cause: str

    def __str__(self) -> str:
        return f"ask {self.provisioner} for a volume for {key_of(self.claim)}: {self.cause}"


@dataclass(frozen=True)
class FreeVolume:
    """Take a claim off a volume that it does not use after all; a person's pre-binding stays."""

    volume: Object
    cause: str

    def __str__(self) -> str:
        return f"free volume {name_of(self.volume)}: {self.cause}"


@dataclass(frozen=True)
class Unprotect:
    """Let go of a claim or volume that is being deleted."""

    obj: Object
    finalizer: str
    cause: str

    def __str__(self) -> str:
        return f"let {self.obj['kind']} {key_of(self.obj)} go: {self.cause}"


@dataclass(frozen=True)
class Tell:
    """Record an event; its message is the cause."""

    obj: Object
    type: Literal["Normal", "Warning"]
    reason: str
    cause: str

    def __str__(self) -> str:
        return f"tell {self.reason} of {key_of(self.obj)}: {self.cause}"


Action = (
    SetClass
    | ReserveVolume
    | PointClaim
    | SetVolumePhase
    | SetClaimStatus
    | AskProvisioner
    | FreeVolume
    | Unprotect
    | Tell
)
