"""What a plan is made of: one engine call, or one job in a lane, each; with its cause, printable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from minisets.engine.labels import Part
    from minisets.kubelet.observe import Hook


@dataclass(frozen=True)
class CreateVolume:
    """Make the Docker volume behind a volume of the pod's spec."""

    volume: str
    cause: str

    def __str__(self) -> str:
        return f"create volume {self.volume}: {self.cause}"


@dataclass(frozen=True)
class CreateSandbox:
    """Take an address, write it down, and make the sandbox that has it."""

    attempt: int
    cause: str

    def __str__(self) -> str:
        return f"create sandbox {self.attempt}: {self.cause}"


@dataclass(frozen=True)
class WriteFiles:
    """Put a volume's files (configMap, secret, ...) in, through the sandbox."""

    volume: str
    sandbox: str
    cause: str

    def __str__(self) -> str:
        return f"write files of {self.volume}: {self.cause}"


@dataclass(frozen=True)
class PullImage:
    """Have the image of a container fetched by the pull lane."""

    container: str
    restart: int
    cause: str

    def __str__(self) -> str:
        return f"pull image of {self.container}: {self.cause}"


@dataclass(frozen=True)
class CreateContainer:
    """Make a container of the pod in its sandbox."""

    container: str
    kind: Part
    restart: int
    backoff: int
    sandbox: str
    cause: str

    def __str__(self) -> str:
        again = f" (restart {self.restart})" if self.restart else ""
        return f"create {self.kind} {self.container}{again}: {self.cause}"


@dataclass(frozen=True)
class Start:
    """Start what was created."""

    id: str
    what: str
    cause: str

    def __str__(self) -> str:
        return f"start {self.what}: {self.cause}"


@dataclass(frozen=True)
class SetAside:
    """Rename a container that is over, so that its successor gets the name."""

    id: str
    container: str
    kind: Part
    restart: int
    cause: str

    def __str__(self) -> str:
        return f"set {self.kind} {self.container} (restart {self.restart}) aside: {self.cause}"


@dataclass(frozen=True)
class RunHook:
    """Have a container's hook run, in the lane of the hooks. With a preStop hook its end begins."""

    id: str
    what: str
    hook: Hook
    cause: str

    def __str__(self) -> str:
        return f"run {self.hook} hook of {self.what}: {self.cause}"


@dataclass(frozen=True)
class BeginEnd:
    """From now on a container's grace counts, though others are to stop before it is asked."""

    id: str
    what: str
    cause: str

    def __str__(self) -> str:
        return f"begin the end of {self.what}: {self.cause}"


@dataclass(frozen=True)
class Stop:
    """Ask to stop: the image's stop signal, once."""

    id: str
    what: str
    cause: str

    def __str__(self) -> str:
        return f"stop {self.what}: {self.cause}"


@dataclass(frozen=True)
class Kill:
    """End without asking."""

    id: str
    what: str
    cause: str

    def __str__(self) -> str:
        return f"kill {self.what}: {self.cause}"


@dataclass(frozen=True)
class Remove:
    """Remove a container."""

    id: str
    what: str
    cause: str

    def __str__(self) -> str:
        return f"remove {self.what}: {self.cause}"


@dataclass(frozen=True)
class RemoveVolume:
    """Remove a volume that lived with the pod."""

    name: str
    cause: str

    def __str__(self) -> str:
        return f"remove volume {self.name}: {self.cause}"


@dataclass(frozen=True)
class Warn:
    """Tell the pod's reader why nothing goes on; by: who says so, if not the kubelet."""

    reason: str
    message: str
    by: str = ""

    def __str__(self) -> str:
        return f"warn {self.reason}: {self.message}"


@dataclass(frozen=True)
class Forget:
    """Nothing is left of the pod: its object may go."""

    cause: str

    def __str__(self) -> str:
        return f"forget: {self.cause}"


PodAction = (
    CreateVolume
    | CreateSandbox
    | WriteFiles
    | PullImage
    | CreateContainer
    | Start
    | SetAside
    | RunHook
    | BeginEnd
    | Stop
    | Kill
    | Remove
    | RemoveVolume
    | Warn
    | Forget
)


@dataclass(frozen=True)
class PodPlan:
    """What to do now, in this order; recheck_after: look again then, if nothing happens before."""

    actions: tuple[PodAction, ...] = ()
    recheck_after: timedelta | None = None

    def __str__(self) -> str:
        return "\n".join(map(str, self.actions))
