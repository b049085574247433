"""A cluster of one node in memory: store, registry, engine and a kubelet, with a clock that tests move."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from minisets.clock import FakeClock
from minisets.engine import labels
from minisets.engine.interface import Container, Engine
from minisets.engine.memory import MemoryEngine
from minisets.engine.sandbox_image import SandboxImage
from minisets.engine.specs import NetworkSpec, VolumeSpec
from minisets.kubelet import endings
from minisets.kubelet.addresses import Addresses
from minisets.kubelet.carry import Parts
from minisets.kubelet.images.pulling import Images
from minisets.kubelet.kubelet import Kubelet
from minisets.kubelet.lanes import Lane
from minisets.kubelet.memory import Memory
from minisets.kubelet.nodes.halting import Halter
from minisets.kubelet.nodes.reconciler import Nodes
from minisets.kubelet.nodes.reported import host_address
from minisets.kubelet.nodes.served import Served
from minisets.kubelet.pods import Pods
from minisets.kubelet.probes.hooks import Hooks
from minisets.kubelet.probes.prober import Probes
from minisets.kubelet.snapshots.pauses import Pauses
from minisets.kubelet.volumes.attached import Attached
from minisets.kubelet.volumes.exclusive import ATTACHER
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import annotations_of, is_true, status_of
from minisets.registry.events import Recorder
from minisets.registry.registry import DeleteOptions, Registry
from minisets.settings import NODE, Settings
from minisets.store.memory import MemoryStore
from tests.waiting import until

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
SUBNET = IPv4Network("10.97.0.0/16")
SOON = timedelta(seconds=30)
"""Real time, for whatever comes without the clock being moved."""


class World:
    """What the kubelet's tests share."""

    def __init__(self, *, subnet: IPv4Network | None = SUBNET, store: MemoryStore | None = None) -> None:
        self.settings = Settings("minisets", Path(), "memory", subnet=subnet)
        self.clock = FakeClock(START)
        self.store = store or MemoryStore()
        self.registry = Registry(self.store, self.clock, self.settings)
        self.engine = MemoryEngine(self.clock)
        self._running: Kubelet | None = None
        if subnet is not None:
            parts, made = self.settings.parts, labels.network_labels(self.settings.cluster)
            self.engine.create_network(
                NetworkSpec(self.settings.network, str(subnet), str(parts.gateway), str(parts.engine), made)
            )
        self.registry.create("Namespace", "", {"metadata": {"name": "default"}})
        self.registry.create("ServiceAccount", "default", {"metadata": {"name": "runner"}})

    # --- kubelets ---

    @contextmanager
    def kubelet(self) -> Iterator[Kubelet]:
        """The whole room, running."""
        kubelet = Kubelet(self.store, self.registry, self.engine, self.clock, self.settings, dns="10.97.0.1")
        kubelet.start()
        self._running = kubelet
        try:
            yield kubelet
        finally:
            assert kubelet.stop(SOON)

    def pass_time(self, by: timedelta) -> None:
        """Move the clock on once the kubelet is quiet: what it waits for then counts from before."""
        running = self._running
        assert running is not None
        until(running.is_idle, "the kubelet to be quiet", SOON)
        self.clock.advance(by)

    def pods(self, engine: Engine | None = None) -> Pods:
        """Only the pods' reconciler, for a test that turns it by hand."""
        used = engine or self.engine
        self.nodes().register(self.engine.info())
        recorder = Recorder(self.registry, self.clock, "kubelet")
        lane = Lane("tests", 1)
        pauses = Pauses()
        probes = Probes(used, lane, self.clock, recorder, lambda _: None, pauses)
        memory = Memory(self.clock)
        parts = Parts(
            store=self.store,
            registry=self.registry,
            engine=used,
            recorder=recorder,
            attacher=Recorder(self.registry, self.clock, ATTACHER),
            attached=Attached(self.store, used, self.clock, self.settings.cluster),
            served=Served(self.store),
            settings=self.settings,
            images=Images(used, lane, self.clock, recorder, self.store, Path("no-logins"), lambda _: None),
            addresses=Addresses(self.store, self.registry, self.settings),
            sandbox_image=SandboxImage(used),
            memory=memory,
            hooks=Hooks(used, lane, memory, recorder, lambda _: None),
            pauses=pauses,
            dns="10.97.0.1",
        )
        return Pods(parts, self.clock, probes, host_address(self.settings), lambda _: None, lambda _: None)

    def nodes(self) -> Nodes:
        """Only the nodes' reconciler."""
        served = Served(self.store)
        recorder = Recorder(self.registry, self.clock, "kubelet")
        halter = Halter(self.engine, self.store, Pauses(), self.settings.cluster)
        return Nodes(self.registry, recorder, self.clock, self.settings, served, halter)

    # --- objects ---

    def create_node(self, name: str) -> None:
        """As `controllers/nodes` makes one: a name and labels."""
        self.registry.create("Node", "", {"metadata": {"name": name}})

    def node(self, name: str = NODE) -> Object:
        found = self.store.get(Ref("Node", "", name))
        assert found is not None
        return found

    def annotate_node(self, name: str, **annotations: str | None) -> None:
        """What `minisets node stop` and `start` do; None removes one."""

        def edit(node: Object) -> Object:
            wanted = {
                **annotations_of(node),
                **{f"minisets.dev/{key}": one for key, one in annotations.items()},
            }
            node["metadata"]["annotations"] = {key: one for key, one in wanted.items() if one is not None}
            return node

        self.registry.change(Ref("Node", "", name), edit)

    def create_pod(self, name: str = "web-0", node: str = NODE, **spec: Any) -> Object:
        """A pod that is bound to the node."""
        self.registry.create("Pod", "default", pod(name, **spec))
        return self.registry.bind(Ref("Pod", "default", name), node)

    def pod(self, name: str = "web-0") -> Object:
        found = self.store.get(Ref("Pod", "default", name))
        assert found is not None
        return found

    def has_pod(self, name: str = "web-0") -> bool:
        return self.store.get(Ref("Pod", "default", name)) is not None

    def delete_pod(self, name: str = "web-0", grace: timedelta | None = None) -> None:
        self.registry.delete(Ref("Pod", "default", name), DeleteOptions(grace=grace))

    def is_ready(self, name: str = "web-0") -> bool:
        pod = self.store.get(Ref("Pod", "default", name))
        return pod is not None and is_true(pod, "Ready")

    def wait_ready(self, name: str = "web-0") -> Object:
        until(lambda: self.is_ready(name), f"{name} to be Ready", SOON)
        return self.pod(name)

    def container_status(self, name: str = "web-0", container: str = "nginx") -> dict[str, Any]:
        entries = status_of(self.pod(name)).get("containerStatuses") or ()
        return next((one for one in entries if one["name"] == container), {})

    def waiting_reason(self, name: str = "web-0", container: str = "nginx") -> str:
        state = self.container_status(name, container).get("state") or {}
        return str((state.get("waiting") or {}).get("reason") or "")

    def ended_as(self, name: str = "web-0", container: str = "nginx") -> str:
        state = self.container_status(name, container).get("state") or {}
        return str((state.get("terminated") or {}).get("reason") or "")

    def events(self, reason: str = "") -> list[str]:
        items = self.store.list("Event").items
        return [one["message"] for one in items if reason in ("", one["reason"])]

    def told(self, reason: str) -> int:
        """How often there was such an event: what is said again is counted."""
        return sum(one["count"] for one in self.store.list("Event").items if one["reason"] == reason)

    # --- the engine ---

    def names(self) -> list[str]:
        return sorted(one.name for one in self.engine.list_containers({}))

    def container(self, name: str) -> Container:
        return self.engine.inspect_container(name)

    def runs(self, name: str) -> bool:
        return any(one.name == name and one.state == "running" for one in self.engine.list_containers({}))

    def volumes(self) -> list[str]:
        """Those that have a name of their own; a sandbox's nameless one is not among them."""
        found = self.engine.list_volumes({})
        return sorted(one.name for one in found if one.labels.get(labels.POD_VOLUME) != endings.VOLUME)

    def bound_claim(self, name: str = "www-web-0") -> None:
        """A claim bound to a Docker volume of ours, as the controller and the provisioner leave it."""
        spec: dict[str, Any] = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "",
        }
        ref = Ref("PersistentVolumeClaim", "default", name)
        claim = self.registry.create(ref.kind, "default", {"metadata": {"name": name}, "spec": spec}).object
        volume = f"pvc-{claim['metadata']['uid']}"
        made = labels.volume_labels(self.settings.cluster, claim, volume)
        self.engine.create_volume(VolumeSpec(name, made))
        source = {"driver": "docker.minisets.dev", "volumeHandle": name}
        body = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "csi": source}
        self.registry.create("PersistentVolume", "", {"metadata": {"name": volume}, "spec": body})
        self.registry.change(ref, lambda old: {**old, "spec": {**old["spec"], "volumeName": volume}})
        self.registry.change(ref, lambda old: {**old, "status": {"phase": "Bound"}}, subresource="status")


def pod(name: str = "web-0", **spec: Any) -> Object:
    """A good pod, from which a test breaks one thing."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container()], "subdomain": "nginx", "hostname": name, **spec},
    }


def container(name: str = "nginx", **fields: Any) -> dict[str, Any]:
    return copy.deepcopy({"name": name, "image": f"{name}:1.27", **fields})
