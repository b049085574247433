"""The control plane without threads: a store, the registry, and controllers that run until all is quiet."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from minisets.clock import FakeClock
from minisets.controllers.namespaces import ensure_namespaces
from minisets.errors import ApiError
from minisets.objects.kinds import Object, Ref, kind_of
from minisets.objects.metadata import name_of
from minisets.registry.events import Recorder
from minisets.registry.registry import Registry
from minisets.settings import Settings
from minisets.store.follow import Follower
from minisets.store.interface import Change
from minisets.store.memory import MemoryStore

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
_MOST_ROUNDS = 100


class Controller(Protocol):
    @property
    def kinds(self) -> tuple[str, ...]: ...
    def keys(self, change: Change) -> Iterable[str]: ...
    def reconcile(self, key: str) -> timedelta | None: ...


class House:
    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.store = MemoryStore()
        self.registry = Registry(self.store, self.clock, Settings())
        ensure_namespaces(self.registry)
        self._running: list[tuple[Controller, Follower]] = []

    def recorder(self, component: str = "test") -> Recorder:
        return Recorder(self.registry, self.clock, component)

    def run(self, *controllers: Controller) -> None:
        """From now on `settle` runs these too."""
        for controller in controllers:
            self._running.append((controller, Follower(self.store, controller.kinds, lambda: None)))

    def settle(self) -> None:
        """Let every controller see every change, until nobody changes anything any more."""
        for _ in range(_MOST_ROUNDS):
            before = self.store.version()
            for controller, follower in self._running:
                keys = {key for change in follower.changes() for key in controller.keys(change)}
                for key in sorted(keys):
                    controller.reconcile(key)
            if self.store.version() == before:
                return
        raise AssertionError(f"still not quiet after {_MOST_ROUNDS} rounds")

    def reconcile_all_again(self) -> None:
        """As after a restart: every controller sees everything as new."""
        self._running = [
            (controller, Follower(self.store, controller.kinds, lambda: None))
            for controller, _ in self._running
        ]
        self.settle()

    def create(self, kind: str, name: str, *, namespace: str = "default", **parts: Any) -> Object:
        """parts: top-level fields; `metadata` is added to the name."""
        metadata = {"name": name, **parts.pop("metadata", {})}
        namespace = namespace if kind_of(kind).namespaced else ""
        return self.registry.create(kind, namespace, {"metadata": metadata, **parts}).object

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        """The object; it must be there."""
        found = self.find(kind, name, namespace)
        assert found is not None, f"{kind} {name} is not there"
        return found

    def find(self, kind: str, name: str, namespace: str = "default") -> Object | None:
        return self.store.get(ref(kind, name, namespace))

    def names(self, kind: str, namespace: str = "") -> list[str]:
        return [name_of(obj) for obj in self.store.list(kind, namespace).items]

    def set_status(self, kind: str, name: str, namespace: str = "default", **status: Any) -> Object:
        return self.edit(
            kind,
            name,
            lambda obj: obj.update(status={**obj.get("status", {}), **status}),
            namespace,
            "status",
        )

    def edit(
        self,
        kind: str,
        name: str,
        edit: Callable[[Object], object],
        namespace: str = "default",
        subresource: str = "",
    ) -> Object:
        """Edit in place."""

        def edited(obj: Object) -> Object:
            edit(obj)
            return obj

        return self.registry.change(ref(kind, name, namespace), edited, subresource=subresource)

    def events(self, about: str) -> list[tuple[str, str, str]]:
        """Type, reason and message of each event about the objects of that name, sorted."""
        return sorted(
            (event["type"], event["reason"], event["message"])
            for event in self.store.list("Event").items
            if event["involvedObject"]["name"] == about
        )

    def node(self, name: str = "minisets-0", *, ready: bool = True, **spec: Any) -> Object:
        status = {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "250"},
        }
        labels = {"kubernetes.io/hostname": name}
        return self.create("Node", name, metadata={"labels": labels}, spec=spec, status=status)

    def pod(self, name: str, *, claims: Iterable[str] = (), labels: Any = None, **spec: Any) -> Object:
        volumes = [{"name": f"v-{claim}", "persistentVolumeClaim": {"claimName": claim}} for claim in claims]
        container = {"name": "c", "image": "nginx:1.27"}
        wanted = {"containers": [container], **({"volumes": volumes} if volumes else {}), **spec}
        metadata = {"labels": labels} if labels else {}
        return self.create("Pod", name, metadata=metadata, spec=wanted)

    def end(self, name: str) -> None:
        """What a kubelet does last: remove a pod that is being deleted."""
        self.store_delete("Pod", name)

    def store_delete(self, kind: str, name: str, namespace: str = "default") -> None:
        """Gone at once, whatever finalizers say."""
        with self.store.transaction() as transaction:
            transaction.delete(ref(kind, name, namespace))


def ref(kind: str, name: str, namespace: str = "default") -> Ref:
    return Ref(kind, namespace if kind_of(kind).namespaced else "", name)


__all__ = ["ApiError", "Controller", "House", "ref"]
