"""Reading a pod's spec: which containers it has, which are sidecars, what may end for good. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import annotations_of, spec_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.engine.labels import Part
    from minisets.engine.names import Role
    from minisets.kubelet.observe import ObservedPod, Seen
    from minisets.objects.kinds import Object

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Wanted:
    """One container of a pod's spec, with its place in it."""

    spec: dict[str, Any]
    kind: Part
    role: Role
    restart_policy: str
    is_sidecar: bool = False

    @property
    def name(self) -> str:
        """Its name, unique in the pod."""
        return str(self.spec["name"])

    @property
    def spec_hash(self) -> str:
        """What a running container must agree with. Kubernetes: kubecontainer.HashContainer."""
        said = f"{self.name}\0{self.spec.get('image')}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def restarts_after(self, exit_code: int) -> bool:
        """Whether it is started again when it ended with that code."""
        if self.kind == "init" and not self.is_sidecar:
            return exit_code != 0 and self.restart_policy != "Never"
        if self.restart_policy == "Always":
            return True
        return self.restart_policy == "OnFailure" and exit_code != 0


def inits(pod: Object) -> tuple[Wanted, ...]:
    """Init containers in order, sidecars among them."""
    return tuple(_init(pod, one) for one in spec_of(pod).get("initContainers") or ())


def mains(pod: Object) -> tuple[Wanted, ...]:
    """The containers that the pod is there for."""
    policy, default = _policy(pod), default_container(pod)
    return tuple(
        Wanted(one, "container", "default" if one["name"] == default else "container", policy)
        for one in spec_of(pod).get("containers") or ()
    )


def wanted(pod: Object) -> Iterator[Wanted]:
    """All of them, init containers first."""
    yield from inits(pod)
    yield from mains(pod)


def default_container(pod: Object) -> str:
    """The one that a person means who names only the pod."""
    names = [str(one["name"]) for one in spec_of(pod).get("containers") or ()]
    asked = annotations_of(pod).get(DEFAULT_CONTAINER, "")
    return asked if asked in names else next(iter(names), "")


def exit_code_of(seen: Seen) -> int:
    """The code that is reported; a command that could not be run has 128 (StartError)."""
    return 128 if seen.has_failed_to_start else seen.exit_code


def is_finished(one: Wanted, seen: Seen | None) -> bool:
    """Whether it ended and will not be started again."""
    return seen is not None and seen.is_over and not one.restarts_after(exit_code_of(seen))


def init_has_failed(pod: Object, observed: ObservedPod) -> bool:
    """Whether an init container failed for good."""
    return any(
        is_finished(one, seen) and exit_code_of(seen) != 0
        for one in inits(pod)
        if not one.is_sidecar and (seen := observed.newest(one.name)) is not None
    )


def are_inits_done(pod: Object, observed: ObservedPod) -> bool:
    """Whether the living sandbox is past its init containers, sidecars up.

    Kubernetes: computeInitContainerActions: any main container that was made proves it, even if the
    init containers themselves were removed since.
    """
    if any(observed.current(one.name) for one in mains(pod)):
        return True
    return all(is_init_done(one, observed) for one in inits(pod))


def is_init_done(one: Wanted, observed: ObservedPod) -> bool:
    """Whether the next init container may start."""
    seen = observed.current(one.name)
    if seen is None:
        return False
    if one.is_sidecar:
        return seen.is_running and (seen.facts.started is True or not has_startup_probe(one))
    return seen.is_over and exit_code_of(seen) == 0


def will_not_run_again(pod: Object, observed: ObservedPod) -> bool:
    """Whether the pod has come to its end by itself."""
    if init_has_failed(pod, observed):
        return True
    return all(is_finished(one, observed.newest(one.name)) for one in mains(pod))


def has_startup_probe(one: Wanted) -> bool:
    """Whether `started` waits for a probe."""
    return bool(one.spec.get("startupProbe"))


def _init(pod: Object, spec: dict[str, Any]) -> Wanted:
    own = spec.get("restartPolicy") or ""
    return Wanted(spec, "init", "init", own or _policy(pod), is_sidecar=own == "Always")


def _policy(pod: Object) -> str:
    return spec_of(pod).get("restartPolicy") or "Always"
