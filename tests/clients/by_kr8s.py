"""The scenario's steps through kr8s."""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING, Any

import kr8s
from kr8s._async_utils import as_sync_func
from kr8s.objects import Pod, StatefulSet, object_from_spec

from tests.clients.speaking import eviction, until_rolled_out

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.speaking import Json, Tell


class Kr8s:
    """The package `kr8s`, as its synchronous API."""

    executes = True

    def __init__(self, file: Path) -> None:
        self._api = kr8s.api(kubeconfig=str(file), namespace="default")

    def close(self) -> None:
        """Why what is private: it has no close of its own, and its loop outlives the server."""
        if (session := self._api._session) is not None:
            as_sync_func(session.aclose)()
        gc.collect()  # what its other threads left open is told now, while this is asked for

    def _one(self, kind: str, name: str) -> Any:
        return next(iter(kr8s.get(kind, name, namespace="default", api=self._api)))

    def create(self, manifest: Json) -> None:
        object_from_spec(manifest, api=self._api).create()

    def find(self, kind: str, name: str) -> Json | None:
        found = list(kr8s.get(kind, name, namespace="default", api=self._api))
        return found[0].to_dict() if found else None

    def names(self, kind: str, selector: str = "") -> list[str]:
        found = kr8s.get(kind, namespace="default", label_selector=selector, api=self._api)
        return [str(one.name) for one in found]

    def wait_ready(self, pod: str) -> None:
        Pod.get(pod, namespace="default", api=self._api).wait("condition=Ready", timeout=60)

    def rolled_out(self, statefulset: str) -> None:
        until_rolled_out(self, statefulset)

    def scale(self, statefulset: str, replicas: int) -> None:
        found = StatefulSet.get(statefulset, namespace="default", api=self._api)
        found.patch({"spec": {"replicas": replicas}}, subresource="scale")

    def patch(self, kind: str, name: str, patch: Json) -> None:
        self._one(kind, name).patch(patch)

    def watch(self, kind: str, selector: str, tell: Tell) -> None:
        assert kind == "Pod"
        for type_, found in kr8s.watch("pods", namespace="default", label_selector=selector, api=self._api):
            if tell(type_, found.to_dict()):
                return

    def logs(self, pod: str) -> str:
        found = Pod.get(pod, namespace="default", api=self._api)
        return "".join(f"{line}\n" for line in found.logs())

    def execute(self, pod: str, *command: str) -> str:
        found = Pod.get(pod, namespace="default", api=self._api)
        return str(found.exec(list(command)).stdout.decode())

    def evict(self, pod: str) -> None:

        async def post() -> None:
            url, data = f"pods/{pod}/eviction", json.dumps(eviction(pod))
            async with self._api.call_api("POST", namespace="default", url=url, content=data):
                pass

        as_sync_func(post)()

    def events(self, about: str) -> list[str]:
        found = kr8s.get(
            "events", namespace="default", field_selector=f"involvedObject.name={about}", api=self._api
        )
        return [event.raw["reason"] for event in found]

    def delete(self, kind: str, name: str, propagation: str = "Background") -> None:
        self._one(kind, name).delete(propagation_policy=propagation)
