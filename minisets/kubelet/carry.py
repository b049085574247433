"""Carries a pod's plan out: one engine call, or one job for a lane, an action. No policy.

Records the pod's events. Leaves what to do to `plan.py`, when to `pods.py`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, assert_never

from minisets.engine import labels
from minisets.errors import (
    Conflict,
    EngineConflict,
    EngineError,
    EngineNotFound,
    EngineTimeout,
    EngineUnavailable,
    NotFound,
)
from minisets.kubelet import endings
from minisets.kubelet.actions import (
    BeginEnd,
    CreateContainer,
    CreateSandbox,
    CreateVolume,
    Forget,
    Kill,
    PodAction,
    PullImage,
    Remove,
    RemoveVolume,
    RunHook,
    SetAside,
    Start,
    Stop,
    Warn,
    WriteFiles,
)
from minisets.kubelet.attaching import attached
from minisets.kubelet.containers import Wanted, address_of, target_of, wanted
from minisets.kubelet.environment import environment
from minisets.kubelet.failures import NotYet
from minisets.kubelet.isolation import root_refused
from minisets.kubelet.naming import Naming
from minisets.kubelet.probes.hooks import Hooks, Occasion
from minisets.kubelet.spec import (
    SandboxSurroundings,
    Surroundings,
    container_spec,
    dns_policy,
    resolv_conf,
    sandbox_spec,
)
from minisets.kubelet.status.announcing import killing_message
from minisets.kubelet.volumes import mounts
from minisets.kubelet.volumes.mounting import Mounting
from minisets.objects.kinds import Ref
from minisets.objects.metadata import ref_of, uid_of
from minisets.objects.pods import node_of
from minisets.registry.registry import DeleteOptions

if TYPE_CHECKING:
    from minisets.engine.interface import Engine
    from minisets.engine.sandbox_image import SandboxImage
    from minisets.engine.specs import ContainerSpec, Mount
    from minisets.kubelet.addresses import Addresses
    from minisets.kubelet.images.pulling import Images
    from minisets.kubelet.memory import Memory
    from minisets.kubelet.nodes.served import Served
    from minisets.kubelet.observe import ObservedPod
    from minisets.kubelet.snapshots.pauses import Pauses
    from minisets.kubelet.volumes.attached import Attached
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry
    from minisets.settings import Settings
    from minisets.store.interface import Store

_ZERO = timedelta(0)


@dataclass(frozen=True)
class Parts:
    """What carrying out needs."""

    store: Store
    registry: Registry
    engine: Engine
    recorder: Recorder
    attacher: Recorder
    attached: Attached
    served: Served
    settings: Settings
    images: Images
    addresses: Addresses
    sandbox_image: SandboxImage
    memory: Memory
    hooks: Hooks
    pauses: Pauses
    dns: str


class Carrier:
    """Carries actions out."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._engine = parts.engine
        self._cluster = parts.settings.cluster
        self._naming = Naming(parts.engine, parts.recorder, self._cluster)
        self.mounting = Mounting(parts.store, parts.engine, parts.memory, parts.sandbox_image, parts.settings)

    def carry_out(self, pod: Object, observed: ObservedPod, action: PodAction) -> bool:  # noqa: PLR0912 - one row an action
        """Whether it makes sense to look at the pod again at once. Raises what the engine raised."""
        match action:
            case CreateVolume():
                self.mounting.create_volume(pod, action.volume)
            case CreateSandbox():
                self._create_sandbox(pod, observed, action)
            case WriteFiles():
                self.mounting.write(pod, action.volume, action.sandbox)
                return False  # Why: what follows in the plan decides; a pod that waits would spin on this
            case PullImage():
                self._parts.images.request(pod, _named(pod, action.container), action.restart)
            case CreateContainer():
                return self._create_container(pod, observed, action)
            case Start():
                return self._start(pod, action)
            case SetAside():
                self._set_aside(pod, action)
            case RunHook():
                self._run_hook(pod, observed, action)
            case BeginEnd():
                self._say_killing(pod, action)
            case Stop():
                self._wake(observed, action.id)
                self._stop(pod, action)
            case Kill():
                self._wake(observed, action.id)
                with suppress(EngineConflict, EngineNotFound):
                    self._engine.signal_container(action.id, "SIGKILL")
                return False
            case Remove():
                self._wake(observed, action.id)
                self._engine.remove_container(action.id, force=True)
                self._parts.hooks.forget(action.id)
                self._parts.memory.forget(action.id)
            case RemoveVolume():
                self._engine.remove_volume(action.name)
            case Warn():
                self._warn(pod, action)
                return False
            case Forget():
                self._forget(pod)
                return False
            case _:
                assert_never(action)
        return True

    # --- volumes and the sandbox ---

    def _create_sandbox(self, pod: Object, observed: ObservedPod, action: CreateSandbox) -> None:
        if action.attempt:
            said = "Pod sandbox changed, it will be killed and re-created."
            self._tell(pod, "Normal", "SandboxChanged", said)
        own = self._engine.list_volumes(labels.pod_selector(self._cluster, uid_of(pod)))
        volumes = {one.labels.get(labels.POD_VOLUME, ""): one.name for one in own} | dict(observed.volumes)
        sources = self.mounting.sources(pod)
        self._say_if_nameless(pod)
        image = self._parts.sandbox_image.ensured()
        joined, address = attached(pod, self._parts)
        mounted = (*mounts.sandbox_mounts(sources, volumes), endings.sandbox_mount(self._cluster, pod))
        around = SandboxSurroundings(self._cluster, joined, address, mounted)

        def create(name: str) -> str:
            text = resolv_conf(pod, self._parts.dns)
            return self._engine.create_container(sandbox_spec(pod, name, image, action.attempt, text, around))

        try:
            self._naming.under_a_free_name(pod, "", "sandbox", create)
        except EngineError as error:
            self._sandbox_failed(pod, error)
            raise

    def _sandbox_failed(self, pod: Object, error: EngineError) -> None:
        """Said, and tried again with more and more patience."""
        self._parts.memory.sandbox_failed(uid_of(pod))
        self._tell(pod, "Warning", "FailedCreatePodSandBox", str(error))

    def _say_if_nameless(self, pod: Object) -> None:
        """Kubernetes: kubelet network/dns.Configurer GetPodDNS."""
        if self._parts.dns or self._parts.settings.subnet is None:
            return
        if dns_policy(pod) in ("ClusterFirst", "ClusterFirstWithHostNet"):
            said = "the cluster's names are not served (see the server's log): the pod resolves others only"
            self._tell(pod, "Warning", "MissingClusterDNS", said)

    # --- containers ---

    def _create_container(self, pod: Object, observed: ObservedPod, action: CreateContainer) -> bool:
        """NotYet becomes the container's waiting reason: nothing goes on until what is missing is there."""
        one = _named(pod, action.container)
        try:
            env = environment(self._fresh(pod), one.spec, self._parts.store, self._node(pod))
            mounted = self.mounting.container_mounts(pod, one, env, observed, action.sandbox)
            image_user = self._image_user(pod, one)
            target = target_of(one, observed)
        except NotYet as error:
            self._say_waiting(pod, one, error.reason, str(error))
            return False
        self._parts.memory.wait_no_more(uid_of(pod), one.name)
        own = endings.prepared(self._engine, observed.sandbox, one, action.restart)

        def create(name: str) -> str:
            return endings.with_or_without(own, lambda more: self._engine.create_container(spec(name, more)))

        def spec(name: str, more: tuple[Mount, ...]) -> ContainerSpec:
            image = str(one.spec["image"])
            around = Surroundings(self._cluster, image, env, (*mounted, *more), image_user, target)
            return container_spec(pod, one, action, name, around)

        try:
            self._naming.under_a_free_name(pod, one.name, one.role, create)
        except (EngineUnavailable, EngineTimeout, EngineConflict, EngineNotFound):
            raise
        except (
            EngineError
        ) as error:  # what the engine will not make, e.g. a mount of a path that is not there
            self._say_waiting(pod, one, "CreateContainerError", str(error))
            return False
        if not self._parts.images.was_pulled_for(pod, one, action.restart):
            said = f'Container image "{one.spec["image"]}" already present on machine'
            self._tell(pod, "Normal", "Pulled", said, one)
        self._tell(pod, "Normal", "Created", f"Container created: {one.name}", one)
        return True

    def _image_user(self, pod: Object, one: Wanted) -> str:
        """Whom the image runs as; NotYet where the pod will not have that."""
        image = self._engine.inspect_image(str(one.spec["image"]))
        user = image.user if image else ""
        if why := root_refused(pod, one, user):
            raise NotYet(why)
        return user

    def _say_waiting(self, pod: Object, one: Wanted, reason: str, message: str) -> None:
        self._tell(pod, "Warning", "Failed", f"Error: {message}", one)
        self._parts.memory.wait(uid_of(pod), one.name, reason, message)

    def _start(self, pod: Object, action: Start) -> bool:
        one = _of(pod, action)
        try:
            self._engine.start_container(action.id)
        except (EngineUnavailable, EngineTimeout):
            raise
        except EngineError as error:
            if one is None:
                self._engine.remove_container(action.id, force=True)
                self._sandbox_failed(pod, error)
                raise
            # Why not `error`: it names the container's id, so that no two of these events would be one.
            why = self._engine.inspect_container(action.id).error
            self._tell(pod, "Warning", "Failed", f"Error: {why or error}", one)
            if not why:
                raise
            return True
        if one is None:
            self._parts.memory.sandbox_started(uid_of(pod))
        else:
            self._tell(pod, "Normal", "Started", f"Container started: {one.name}", one)
        return True

    def _set_aside(self, pod: Object, action: SetAside) -> None:
        one = _named(pod, action.container)
        present = self._engine.inspect_container(action.id).name

        def rename(name: str) -> str:
            if present != name:
                self._engine.rename_container(action.id, name)
            return name

        self._naming.under_a_free_name(pod, one.name, one.role, rename, restart=action.restart)

    def _run_hook(self, pod: Object, observed: ObservedPod, action: RunHook) -> None:
        if action.hook == "preStop":
            self._say_killing(pod, action)
        one = _of(pod, action)
        if one is not None:
            where = address_of(pod, observed)
            self._parts.hooks.begin(Occasion(pod, one, action.id, action.hook, where))

    def _wake(self, observed: ObservedPod, container: str) -> None:
        """Why: Docker 20.10 has been seen never to answer a kill or a removal of a paused container."""
        seen = (*observed.sandboxes, *observed.containers)
        if any(one.id == container and one.state == "paused" for one in seen):
            with suppress(EngineNotFound):
                self._engine.unpause_container(container)

    def _stop(self, pod: Object, action: Stop) -> None:
        self._say_killing(pod, action)
        one = _of(pod, action)
        signal = ((one.spec.get("lifecycle") or {}).get("stopSignal") or "") if one else ""
        with suppress(EngineConflict, EngineNotFound):
            self._engine.signal_container(action.id, signal)
        self._parts.memory.stop_was_sent(action.id)

    def _say_killing(self, pod: Object, action: RunHook | BeginEnd | Stop) -> None:
        """Once for each end; from then on the container's grace counts."""
        if self._parts.memory.end_begins(action.id) and (one := _of(pod, action)) is not None:
            self._tell(pod, "Normal", "Killing", killing_message(one, action.cause), one)

    def _forget(self, pod: Object) -> None:
        self._parts.images.forget(uid_of(pod))
        self._parts.memory.forget_pod(uid_of(pod))
        with suppress(NotFound, Conflict):
            self._parts.registry.delete(ref_of(pod), DeleteOptions(grace=_ZERO, uid=uid_of(pod)))

    # --- the rest ---

    def _tell(
        self,
        pod: Object,
        kind: Literal["Normal", "Warning"],
        reason: str,
        message: str,
        one: Wanted | None = None,
    ) -> None:
        path = one.field_path if one is not None else ""
        self._parts.recorder.record(pod, kind, reason, message, field_path=path)

    def _warn(self, pod: Object, action: Warn) -> None:
        if not action.by:
            self._tell(pod, "Warning", action.reason, action.message)
            return
        self._parts.attacher.record(pod, "Warning", action.reason, action.message)
        self._parts.attached.told(pod)

    def _fresh(self, pod: Object) -> Object:
        """With the address that was written in between."""
        found = self._parts.store.get(ref_of(pod))
        return found if found is not None and uid_of(found) == uid_of(pod) else pod

    def _node(self, pod: Object) -> Object | None:
        return self._parts.store.get(Ref("Node", "", node_of(pod)))


def _of(pod: Object, action: Start | RunHook | BeginEnd | Stop) -> Wanted | None:
    """Whose container it is about; None: the sandbox, or a pod of which nothing is known any more."""
    return next((each for each in wanted(pod) if action.what == f"{each.kind} {each.name}"), None)


def _named(pod: Object, container: str) -> Wanted:
    return next(one for one in wanted(pod) if one.name == container)
