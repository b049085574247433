"""Reading a pod's spec: which containers it has, which are sidecars, what may end for good. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.kubelet.deadlines import is_past_deadline
from minisets.kubelet.failures import NotYet
from minisets.objects.metadata import annotations_of, spec_of, status_of
from minisets.objects.pods import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from minisets.engine.labels import Part
    from minisets.engine.names import Role
    from minisets.kubelet.observe import Hook, ObservedPod, Seen
    from minisets.objects.kinds import Object

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_FIELDS = {"init": "initContainers", "ephemeral": "ephemeralContainers"}
STATUSES = {"init": "initContainerStatuses", "ephemeral": "ephemeralContainerStatuses"}
"""Where the status tells of containers of a kind, if not in `containerStatuses`."""


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
    def field_path(self) -> str:
        """Where in the spec it is, as events say it."""
        return f"spec.{_FIELDS.get(self.kind, 'containers')}{{{self.name}}}"

    @property
    def ports(self) -> dict[str, int]:
        """Its ports that have names."""
        listed = self.spec.get("ports") or ()
        return {one["name"]: int(one["containerPort"]) for one in listed if one.get("name")}

    def hook(self, kind: Hook) -> dict[str, Any]:
        """What is to be done after its start or before its stop; empty: nothing."""
        return (self.spec.get("lifecycle") or {}).get(kind) or {}

    @property
    def spec_hash(self) -> str:
        """What a running container must agree with. Kubernetes: kubecontainer.HashContainer."""
        said = f"{self.name}\0{self.spec.get('image')}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def restarts_after(self, exit_code: int) -> bool:
        """Whether it is started again when it ended with that code; an init container that is done is not.

        Kubernetes: ContainerShouldRestart: the first rule that fits, then its own policy or the pod's.
        """
        if exit_code == 0 and self.kind == "init" and not self.is_sidecar:
            return False
        fitting = next((one for one in self._rules if _fits(one.get("exitCodes") or {}, exit_code)), {})
        is_failure = self.restart_policy == "OnFailure" and exit_code != 0
        return fitting.get("action") == "Restart" or self.restart_policy == "Always" or is_failure

    @property
    def is_restartable(self) -> bool:
        """Whether there is an end after which it is started again. Kubernetes: IsContainerRestartable."""
        return self.restart_policy != "Never" or any(one.get("action") == "Restart" for one in self._rules)

    @property
    def _rules(self) -> tuple[dict[str, Any], ...]:
        return tuple(self.spec.get("restartPolicyRules") or ())


def inits(pod: Object) -> tuple[Wanted, ...]:
    """Init containers in order, sidecars among them."""
    return tuple(_init(pod, one) for one in spec_of(pod).get("initContainers") or ())


def mains(pod: Object) -> tuple[Wanted, ...]:
    """The containers that the pod is there for."""
    policy, default = _policy(pod), default_container(pod)
    return tuple(
        Wanted(
            one,
            "container",
            "default" if one["name"] == default else "container",
            one.get("restartPolicy") or policy,
        )
        for one in spec_of(pod).get("containers") or ()
    )


def ephemerals(pod: Object) -> tuple[Wanted, ...]:
    """Those that were added to the pod while it ran. Kubernetes: they are started once, whatever comes."""
    found = spec_of(pod).get("ephemeralContainers") or ()
    return tuple(Wanted(one, "ephemeral", "ephemeral", "Never") for one in found)


def wanted(pod: Object) -> Iterator[Wanted]:
    """All of them, init containers first."""
    yield from inits(pod)
    yield from mains(pod)
    yield from ephemerals(pod)


def was_made(pod: Object, one: Wanted, observed: ObservedPod) -> bool:
    """Whether there ever was such a container, as far as the engine and the status know."""
    return observed.newest(one.name) is not None or bool(reported(pod, one).get("containerID"))


def target_of(one: Wanted, observed: ObservedPod) -> str:
    """The id of the container whose processes an ephemeral one is to see; empty: it wants to see none.

    NotYet: it does not run. Kubernetes: kuberuntime_container.go startSpec.getTargetID.
    """
    name = one.spec.get("targetContainerName") if one.kind == "ephemeral" else ""
    if not name:
        return ""
    target = observed.current(name)
    if target is None:
        raise NotYet(f"unable to find target container {name}")
    if not target.is_running:
        raise NotYet(f"target container {name} is not running", "CreateContainerError")
    return target.id


def default_container(pod: Object) -> str:
    """The one that a person means who names only the pod."""
    names = [str(one["name"]) for one in spec_of(pod).get("containers") or ()]
    asked = annotations_of(pod).get(DEFAULT_CONTAINER, "")
    return asked if asked in names else next(iter(names), "")


def exit_code_of(seen: Seen) -> int:
    """The code that is reported; a command that could not be run has 128 (StartError)."""
    return 128 if seen.has_failed_to_start else seen.exit_code


def address_of(pod: Object, observed: ObservedPod) -> str:
    """Where probes and hooks find the pod; empty if it has no address yet."""
    own = [one for one in observed.sandbox.addresses.values() if one] if observed.sandbox else []
    return next(iter(own), "") or str(status_of(pod).get("podIP") or "")


def has_come_up(pod: Object, one: Wanted, seen: Seen) -> bool:
    """Whether it runs and its postStart hook is behind it; until then nobody is told that it runs.

    Why the status: a kubelet that was restarted has no other way to know. What has been reported is done
    with; else the hook is run again, as Kubernetes allows ("at least once").
    """
    if not seen.is_running:
        return False
    hooked = seen.facts.post_start
    if not one.hook("postStart") or (hooked is not None and hooked.passed is True):
        return True
    return bool(reported(pod, one).get("containerID") == f"docker://{seen.id}")


def reported(pod: Object, one: Wanted) -> dict[str, Any]:
    """What the stored status says of the container."""
    entries = status_of(pod).get(STATUSES.get(one.kind, "containerStatuses")) or ()
    return next((entry for entry in entries if entry.get("name") == one.name), {})


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
    return all(is_init_done(pod, one, observed) for one in inits(pod))


def is_init_done(pod: Object, one: Wanted, observed: ObservedPod) -> bool:
    """Whether the next init container may start."""
    seen = observed.current(one.name)
    if seen is None:
        return False
    if one.is_sidecar:
        return has_come_up(pod, one, seen) and (seen.facts.started is True or not has_startup_probe(one))
    return seen.is_over and exit_code_of(seen) == 0


def will_not_run_again(pod: Object, observed: ObservedPod) -> bool:
    """Whether the pod has come to its end by itself."""
    if init_has_failed(pod, observed):
        return True
    return all(is_finished(one, observed.newest(one.name)) for one in mains(pod))


def has_ended(pod: Object, observed: ObservedPod, now: datetime) -> bool:
    """Whether nothing of the pod is to run any more, though nobody deletes it."""
    is_finished = is_terminal(pod)
    return is_finished or is_past_deadline(pod, now) or will_not_run_again(pod, observed)


def has_startup_probe(one: Wanted) -> bool:
    """Whether `started` waits for a probe."""
    return bool(one.spec.get("startupProbe"))


def _fits(codes: dict[str, Any], exit_code: int) -> bool:
    """Whether a rule is about that exit code."""
    return (exit_code in (codes.get("values") or ())) is (codes.get("operator") == "In")


def _init(pod: Object, spec: dict[str, Any]) -> Wanted:
    own = spec.get("restartPolicy") or ""
    return Wanted(spec, "init", "init", own or _policy(pod), is_sidecar=own == "Always")


def _policy(pod: Object) -> str:
    return spec_of(pod).get("restartPolicy") or "Always"
