"""One object and who manages it, written to as the registry would; and short ways to say sets of fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minisets.objects.kinds import Object, kind_of
from minisets.objects.managed import tracking
from minisets.objects.managed.conflicts import ApplyConflict, told
from minisets.objects.managed.elements import shown
from minisets.objects.managed.entries import Managed, Manager
from minisets.objects.managed.fieldsets import Fields, paths, union
from minisets.objects.managed.shapes import shape_for
from minisets.objects.managed.tracking import Place, Writer


@dataclass
class World:
    """`time` counts writes, so that a time says which write it was."""

    kind: str = "StatefulSet"
    live: Object = field(default_factory=dict)
    managed: Managed = field(default_factory=Managed)
    reset: Fields = field(default_factory=dict)
    time: int = 0

    @property
    def place(self) -> Place:
        return Place(shape_for(self.kind), kind_of(self.kind).api_version, self.reset)

    def _writer(self, name: str, operation: Any) -> Writer:
        self.time += 1
        return Writer(Manager(name, operation), f"{self.time:02}")

    def apply(self, name: str, config: Object, *, force: bool = False) -> Object:
        writer = self._writer(name, "Apply")
        done = tracking.applied(self.place, self.live, config, self.managed, writer, force=force)
        self.live, self.managed = pruned(done.object), done.managed
        return self.live

    def update(self, name: str, new: Object) -> Object:
        live = self.live or None
        self.managed = tracking.updated(self.place, live, new, self.managed, self._writer(name, "Update"))
        self.live = new
        return new

    def refuses(self, name: str, config: Object) -> str:
        """The message of the conflict that an apply meets; it must leave nothing."""
        before = (self.live, self.managed.copy())
        try:
            self.apply(name, config)
        except ApplyConflict as conflict:
            assert (self.live, self.managed) == before
            return told(conflict.conflicts, self.place.api_version)[0]
        raise AssertionError("no conflict")

    def owned(self, name: str, operation: Any = "Apply") -> list[str]:
        """The paths that a manager has, as messages show them."""
        return [shown(path) for path in paths(self.managed.fields.get(Manager(name, operation), {}))]


def pruned(value: Any) -> Any:
    """What is stored of a merged object: no nulls."""
    if isinstance(value, dict):
        return {key: pruned(inner) for key, inner in value.items() if inner is not None}
    return [pruned(inner) for inner in value] if isinstance(value, list) else value


def fields(*texts: str) -> Fields:
    """A set from `spec/replicas` and `spec/containers/k:{"name":"a"}`: names stand without their `f:`."""
    found: Fields = {}
    for text in texts:
        node: Fields = {}
        for step in reversed(text.split("/")):
            node = {step if step[1:2] == ":" else f"f:{step}": node}
        found = union(found, node)
    return found


def statefulset(*containers: Object, **spec: Any) -> Object:
    """As a person applies it: nothing but what is said."""
    inside = {"template": {"spec": {"containers": list(containers)}}} if containers else {}
    found = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default"},
    }
    return {**found, "spec": {**spec, **inside}} if spec or inside else found


def configmap(metadata: Object | None = None, /, **data: str) -> Object:
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **(metadata or {})}}
    return {**found, "data": data} if data else found


def containers_of(obj: Object) -> list[Object]:
    found: list[Object] = obj["spec"]["template"]["spec"]["containers"]
    return found
