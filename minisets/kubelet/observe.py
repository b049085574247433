"""What a pod's containers and volumes are on the engine now: values, and the calls that find them.

Everything is found by label. Leaves to `plan.py` what follows from it, to `probes/prober.py` how probes went.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from minisets.engine import labels
from minisets.errors import EngineNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from minisets.engine.interface import Container, Engine, State
    from minisets.kubelet.volumes.attached import Unattached

Hook = Literal["postStart", "preStop"]
_RUNNING = ("running", "paused", "restarting")


@dataclass(frozen=True)
class HookRun:
    """A hook that was begun. passed None: it goes on; over_at: when, where that is known (sleep)."""

    passed: bool | None = None
    over_at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """What only this kubelet knows of a container: when its end began, how its hooks and probes went.

    ending_since: from when its grace counts; stop_sent: when it got the signal. ran_out: an event told that
    its memory did. Probe results None: no such
    probe, or no answer yet. Hooks None: never begun.
    """

    ending_since: datetime | None = None
    stop_sent: datetime | None = None
    ran_out: bool = False
    post_start: HookRun | None = None
    pre_stop: HookRun | None = None
    started: bool | None = None
    ready: bool | None = None
    live: bool | None = None


@dataclass(frozen=True)
class Seen:
    """One container of a pod, as labels, engine and this kubelet tell."""

    id: str
    name: str
    kind: labels.Part
    container: str
    pod_uid: str
    restart: int
    state: State
    created_at: datetime
    sandbox: str = ""
    backoff: int = 0
    spec_hash: str = ""
    image_id: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    message: str = ""
    node: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = Facts()

    @property
    def is_running(self) -> bool:
        """Whether it has a process."""
        return self.state in _RUNNING

    @property
    def has_failed_to_start(self) -> bool:
        """The engine could not run its command: it stays `created`, with the reason."""
        return self.state == "created" and bool(self.error)

    @property
    def is_startable(self) -> bool:
        """Made, and nobody tried to start it."""
        return self.state == "created" and not self.error

    @property
    def is_over(self) -> bool:
        """Whether it ran, or failed to, and will not again."""
        return not self.is_running and not self.is_startable

    @property
    def ended_at(self) -> datetime:
        """When it ended; one that never ran ended when it was made."""
        return self.finished_at or self.created_at

    @property
    def what(self) -> str:
        """How a plan calls it."""
        return "sandbox" if self.kind == "sandbox" else f"{self.kind} {self.container}"


@dataclass(frozen=True)
class ImageState:
    """How far the image of a container is. message: progress, or why it failed; again: when to ask again."""

    state: Literal["ready", "wanted", "pulling", "failed", "backoff", "never", "invalid"] = "wanted"
    message: str = ""
    again: datetime | None = None


@dataclass(frozen=True)
class ObservedPod:
    """Everything that is there of one pod (uid). The default is a pod of which there is nothing yet.

    volumes: pod volume -> Docker volume. images: container -> its image. problems: why volumes
    cannot be mounted. unattached: why they are not even attached. waiting: container -> (reason, message) of
    one that could not be made.
    sandbox_again_at: when a sandbox that failed is to be tried again. ending_since: when it was first seen
    that the pod has come to its end. files, wanted_files: pod volume -> what it shows, and what it should.
    """

    sandboxes: tuple[Seen, ...] = ()
    containers: tuple[Seen, ...] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, ImageState] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    unattached: Unattached | None = None
    waiting: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sandbox_again_at: datetime | None = None
    ending_since: datetime | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    wanted_files: Mapping[str, str] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """Where its containers are; empty if there are none."""
        return next((one.node for one in (*self.sandboxes, *self.containers)), "")

    @property
    def sandbox(self) -> Seen | None:
        """The sandbox that lives, or is about to."""
        usable = [one for one in self.sandboxes if one.is_running or one.is_startable]
        return max(usable, key=lambda one: (one.is_running, one.restart), default=None)

    def of(self, container: str) -> tuple[Seen, ...]:
        """The containers of that name, newest first."""
        found = [one for one in self.containers if one.container == container]
        return tuple(sorted(found, key=lambda one: (one.restart, one.created_at), reverse=True))

    def newest(self, container: str) -> Seen | None:
        """The newest container of that name."""
        return next(iter(self.of(container)), None)

    def current(self, container: str) -> Seen | None:
        """The newest one of that name, if it belongs to the living sandbox."""
        newest = self.newest(container)
        sandbox = self.sandbox
        return newest if newest and sandbox and newest.sandbox == sandbox.id else None

    def running(self) -> tuple[Seen, ...]:
        """Containers with a process; the sandbox does not count."""
        return tuple(one for one in self.containers if one.is_running)


@dataclass(frozen=True)
class ObservedName:
    """What is there under one pod name: each uid that ever had it and left something."""

    pods: Mapping[str, ObservedPod]

    def of(self, uid: str) -> ObservedPod:
        """What belongs to the pod of that uid."""
        return self.pods.get(uid, ObservedPod())

    def orphans(self, uid: str) -> Mapping[str, ObservedPod]:
        """What belongs to other pods than the one of that uid."""
        return {key: value for key, value in self.pods.items() if key != uid}


def observe(
    engine: Engine, cluster: str, namespace: str, name: str, facts: Callable[[str], Facts]
) -> ObservedName:
    """Everything of the pods that have, or had, this name."""
    selector = {labels.CLUSTER: cluster, labels.NAMESPACE: namespace, labels.POD: name}
    seen: dict[str, list[Seen]] = {}
    for summary in engine.list_containers(selector):
        with contextlib.suppress(EngineNotFound):  # it went in between
            one = read(engine.inspect_container(summary.id), facts)
            if one is not None:
                seen.setdefault(one.pod_uid, []).append(one)
    volumes: dict[str, dict[str, str]] = {}
    for volume in engine.list_volumes({**selector, labels.KIND: "pod-volume"}):
        inside = volume.labels.get(labels.POD_VOLUME, "")
        volumes.setdefault(volume.labels.get(labels.POD_UID, ""), {})[inside] = volume.name
    return ObservedName({uid: _pod(seen.get(uid, []), volumes.get(uid, {})) for uid in {*seen, *volumes}})


def read(container: Container, facts: Callable[[str], Facts]) -> Seen | None:
    """A container as a pod's part, or None if its labels do not say so."""
    part = labels.read_pod_part(container.labels)
    if part is None:
        return None
    step = container.labels.get(labels.BACKOFF, "")
    return Seen(
        id=container.id,
        name=container.name,
        kind=part.kind,
        container=part.container,
        pod_uid=part.pod_uid,
        restart=part.restart,
        state=container.state,
        created_at=container.created_at,
        sandbox=container.labels.get(labels.SANDBOX, ""),
        backoff=int(step) if step.isdigit() else 0,
        spec_hash=part.spec_hash,
        image_id=container.image_id,
        started_at=container.started_at,
        finished_at=container.finished_at,
        exit_code=container.exit_code,
        oom_killed=container.oom_killed,
        error=container.error,
        node=part.node,
        addresses=container.addresses,
        mounts=container.mounts,
        facts=facts(container.id),
    )


def _pod(seen: list[Seen], volumes: Mapping[str, str]) -> ObservedPod:
    return ObservedPod(
        sandboxes=tuple(one for one in seen if one.kind == "sandbox"),
        containers=tuple(one for one in seen if one.kind != "sandbox"),
        volumes=volumes,
    )
