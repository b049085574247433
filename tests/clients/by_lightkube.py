"""The scenario's steps through lightkube."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightkube import ApiError, Client, KubeConfig
from lightkube.resources.apps_v1 import ControllerRevision, StatefulSet
from lightkube.resources.core_v1 import Event, PersistentVolumeClaim, Pod, Service
from lightkube.types import CascadeType

from tests.clients.speaking import WATCHED_FOR, until_rolled_out

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.speaking import Json, Tell

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (ControllerRevision, Event, PersistentVolumeClaim, Pod, Service, StatefulSet)
}


class Lightkube:
    """The package `lightkube`."""

    executes = True

    def __init__(self, file: Path) -> None:
        self._client = Client(KubeConfig.from_file(file), namespace="default")

    def close(self) -> None:
        self._client.close()

    def create(self, manifest: Json) -> None:
        self._client.create(KINDS[manifest["kind"]].from_dict(manifest))

    def find(self, kind: str, name: str) -> Json | None:
        try:
            found: Json = self._client.get(KINDS[kind], name).to_dict()
        except ApiError as error:
            if error.status.code != 404:
                raise
            return None
        return found

    def names(self, kind: str, selector: str = "") -> list[str]:
        labels = dict(part.split("=") for part in selector.split(",") if part)
        return [found.metadata.name for found in self._client.list(KINDS[kind], labels=labels)]

    def wait_ready(self, pod: str) -> None:
        self._client.wait(Pod, pod, for_conditions=["Ready"])

    def rolled_out(self, statefulset: str) -> None:
        until_rolled_out(self, statefulset)

    def scale(self, statefulset: str, replicas: int) -> None:
        scale = self._client.get(StatefulSet.Scale, statefulset)
        scale.spec.replicas = replicas
        self._client.replace(scale, statefulset)

    def patch(self, kind: str, name: str, patch: Json) -> None:
        self._client.patch(KINDS[kind], name, patch)

    def watch(self, kind: str, selector: str, tell: Tell) -> None:
        labels = dict(part.split("=") for part in selector.split(","))
        for type_, found in self._client.watch(KINDS[kind], labels=labels, server_timeout=WATCHED_FOR):
            if tell(type_, found.to_dict()):
                return

    def logs(self, pod: str) -> str:
        return "".join(self._client.log(pod))

    def execute(self, pod: str, *command: str) -> str:
        # Why an empty input: without one it asks for an open one and never ends it.
        done = self._client.exec(pod, command=command, stdin="", stdout=True, raise_on_error=True)
        return str(done.stdout)

    def evict(self, pod: str) -> None:
        body = Pod.Eviction.from_dict({"metadata": {"name": pod, "namespace": "default"}})
        self._client.create(body, pod)

    def events(self, about: str) -> list[str]:
        found = self._client.list(Event, fields={"involvedObject.name": about})
        return [str(event.reason) for event in found]

    def delete(self, kind: str, name: str, propagation: str = "Background") -> None:
        self._client.delete(KINDS[kind], name, cascade=CascadeType(propagation))
