"""The scenario's steps through the official Python client, with its dynamic client for kinds by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubernetes import client, config, dynamic, stream, watch
from kubernetes.dynamic.exceptions import NotFoundError

from tests.clients.speaking import WATCHED_FOR, until_rolled_out
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.clients.speaking import Json, Tell

SPACE = "default"


class Official:
    """The package `kubernetes`."""

    executes = True

    def __init__(self, file: Path) -> None:
        self._api = config.new_client_from_config(str(file))
        self._core, self._apps = client.CoreV1Api(self._api), client.AppsV1Api(self._api)
        self._dynamic = dynamic.DynamicClient(self._api)

    def close(self) -> None:
        self._api.close()

    def _of(self, kind: str) -> Any:
        version = "apps/v1" if kind in ("StatefulSet", "ControllerRevision") else "v1"
        return self._dynamic.resources.get(api_version=version, kind=kind)

    def create(self, manifest: Json) -> None:
        self._of(manifest["kind"]).create(body=manifest, namespace=SPACE)

    def find(self, kind: str, name: str) -> Json | None:
        try:
            found: Json = self._of(kind).get(name=name, namespace=SPACE).to_dict()
        except NotFoundError:
            return None
        return found

    def names(self, kind: str, selector: str = "") -> list[str]:
        found = self._of(kind).get(namespace=SPACE, label_selector=selector)
        return [item.metadata.name for item in found.items]

    def wait_ready(self, pod: str) -> None:
        def is_ready() -> bool:
            status = self._core.read_namespaced_pod(pod, SPACE).status
            return any(one.type == "Ready" and one.status == "True" for one in status.conditions or ())

        until(is_ready, f"{pod} to be ready")

    def rolled_out(self, statefulset: str) -> None:
        until_rolled_out(self, statefulset)

    def scale(self, statefulset: str, replicas: int) -> None:
        body = {"spec": {"replicas": replicas}}
        self._apps.patch_namespaced_stateful_set_scale(statefulset, SPACE, body)

    def patch(self, kind: str, name: str, patch: Json) -> None:
        self._of(kind).patch(
            body=patch, name=name, namespace=SPACE, content_type="application/strategic-merge-patch+json"
        )

    def watch(self, kind: str, selector: str, tell: Tell) -> None:
        assert kind == "Pod"
        watching = watch.Watch()
        events = watching.stream(
            self._core.list_namespaced_pod, SPACE, label_selector=selector, timeout_seconds=WATCHED_FOR
        )
        for event in events:
            if tell(event["type"], event["raw_object"]):
                break
        events.close()

    def logs(self, pod: str) -> str:
        found: str = self._core.read_namespaced_pod_log(pod, SPACE)
        return found

    def execute(self, pod: str, *command: str) -> str:
        # Why a client of its own: `stream` makes the one that it is given speak WebSocket for good.
        core = client.CoreV1Api(client.ApiClient(self._api.configuration))
        found: str = stream.stream(
            core.connect_get_namespaced_pod_exec, pod, SPACE, command=list(command),
            stdin=False, stdout=True, stderr=True, tty=False,
        )  # fmt: skip
        core.api_client.close()
        return found

    def evict(self, pod: str) -> None:
        body = client.V1Eviction(metadata=client.V1ObjectMeta(name=pod, namespace=SPACE))
        self._core.create_namespaced_pod_eviction(pod, SPACE, body)

    def events(self, about: str) -> list[str]:
        found = self._core.list_namespaced_event(SPACE, field_selector=f"involvedObject.name={about}")
        return [event.reason for event in found.items]

    def delete(self, kind: str, name: str, propagation: str = "Background") -> None:
        self._of(kind).delete(name=name, namespace=SPACE, propagation_policy=propagation)
