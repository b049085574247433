"""A statefulset `web` in a namespace of its own: changed as a person does, seen in the API and on the engine.

Changes go through kubectl. What a container looks like is a value: equal as long as nobody touched it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from minisets.engine import labels
from minisets.objects.metadata import (
    generation_of,
    is_being_deleted,
    is_true,
    labels_of,
    name_of,
    spec_of,
    status_of,
    uid_of,
    version_of,
)
from tests.scenarios.bare import BUSY
from tests.scenarios.cluster import DEADLINE, MANIFESTS, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from datetime import timedelta

    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster, Ended

OLD, NEW = BUSY, "minisets.test/tools:1"


@dataclass(frozen=True)
class Contained:
    """What the engine says of a pod's container."""

    id: str
    started: str
    image: str
    volumes: frozenset[str]


class Workload:
    """The statefulset, its pods, claims and revisions."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.manifest = ""
        cluster.kubectl("create", "namespace", namespace).succeeded()

    # --- what a person does ---

    def kubectl(self, *words: str, given: str = "", within: timedelta = DEADLINE) -> Ended:
        return self.cluster.kubectl("-n", self.namespace, *words, given=given, within=within)

    def create(
        self, *, pod: dict[str, Any] | None = None, container: dict[str, Any] | None = None, **spec: Any
    ) -> None:
        """Create it and wait for it; what is handed in is laid over the manifest."""
        service, statefulset = yaml.safe_load_all((MANIFESTS / "web.yaml").read_text())
        statefulset["spec"] |= spec
        in_pod = statefulset["spec"]["template"]["spec"]
        in_pod |= pod or {}
        in_pod["containers"][0] |= container or {}
        self.manifest = yaml.safe_dump_all([service, statefulset])
        self.apply()

    def apply(self) -> None:
        """The file that it was created from, once more."""
        self.kubectl("apply", "-f", "-", given=self.manifest).succeeded()
        self.until_ready()

    def until_ready(self) -> None:
        """Wait until the controller counts as many ready pods as are wanted now."""

        def is_ready() -> bool:
            statefulset = self.statefulset()
            status, wanted = status_of(statefulset), spec_of(statefulset)["replicas"]
            counts = {status.get("replicas", 0), status.get("readyReplicas", 0)}
            return status.get("observedGeneration") == generation_of(statefulset) and counts == {wanted}

        until(is_ready, "all pods to be ready", DEADLINE)

    def patch(self, **spec: Any) -> None:
        self.kubectl("patch", "statefulset", "web", "-p", json.dumps({"spec": spec})).succeeded()

    def patch_template(self, **container: Any) -> None:
        self.patch(template={"spec": {"containers": [{"name": "web", **container}]}})

    def set_partition(self, partition: int) -> None:
        self.patch(updateStrategy={"rollingUpdate": {"partition": partition}})

    def scale(self, replicas: int) -> None:
        self.kubectl("scale", "statefulset", "web", f"--replicas={replicas}").succeeded()

    def roll_out(self) -> None:
        """Wait as a person does: kubectl says when all pods are there, ready, and as they should be."""
        status = self.kubectl("rollout", "status", "statefulset/web", "--timeout=60s", within=2 * DEADLINE)
        status.succeeded()

    def hold(self, *things: str) -> None:
        """Finalizers of a stranger's: deleted, `pod/web-1` stays until it is let go."""
        self._write_finalizers(things, ["example.com/hold"])

    def let_go(self, thing: str) -> None:
        self._write_finalizers((thing,), None)

    def _write_finalizers(self, things: tuple[str, ...], finalizers: list[str] | None) -> None:
        patch = json.dumps({"metadata": {"finalizers": finalizers}})
        for thing in things:
            self.kubectl("patch", thing, "--type=merge", "-p", patch).succeeded()

    def delete_pod(self, name: str) -> None:
        """Delete it and wait for its successor."""
        before = self.pod(name)
        self.kubectl("delete", "pod", name).succeeded()
        self.until_replaced(before)

    def force_away(self, name: str) -> None:
        self.kubectl("delete", "pod", name, "--force", "--grace-period=0").succeeded()

    def until_replaced(self, before: Object) -> Object:
        """The pod of that name that is another one, once it is ready."""

        def successor() -> Object | None:
            found = self.cluster.get("Pod", name_of(before), self.namespace)
            is_new = found is not None and uid_of(found) != uid_of(before)
            return found if is_new and found is not None and is_true(found, "Ready") else None

        found = until(successor, f"{name_of(before)}, new and ready", SOON)
        assert found is not None
        return found

    def until_seen(self) -> None:
        """Wait until the controller has taken note of the newest generation."""

        def is_seen() -> bool:
            statefulset = self.statefulset()
            return status_of(statefulset).get("observedGeneration") == generation_of(statefulset)

        until(is_seen, "the controller to see the change")

    def write(self, pod: str, text: str) -> None:
        self.kubectl("exec", pod, "--", "sh", "-c", f"echo {text} > /data/file").succeeded()

    def read(self, pod: str) -> str:
        """What is written in its volume; nothing in a fresh one."""
        return self.kubectl("exec", pod, "--", "sh", "-c", "cat /data/file || true").succeeded().out.strip()

    # --- what is stored ---

    def statefulset(self) -> Object:
        found = self.cluster.get("StatefulSet", "web", self.namespace)
        assert found is not None, "the statefulset is not there"
        return found

    def status(self) -> dict[str, Any]:
        return status_of(self.statefulset())

    def pod(self, name: str) -> Object:
        return self.cluster.pod(name, self.namespace)

    def pods(self) -> dict[str, Object]:
        return {name_of(pod): pod for pod in self.cluster.list("Pod", self.namespace)}

    def claims(self) -> set[str]:
        return {name_of(claim) for claim in self.cluster.list("PersistentVolumeClaim", self.namespace)}

    def claim(self, name: str) -> Object:
        """Empty if there is none."""
        return self.cluster.get("PersistentVolumeClaim", name, self.namespace) or {}

    def history(self) -> dict[str, int]:
        """The revisions by name, oldest number first."""
        found = self.cluster.list("ControllerRevision", self.namespace)
        return {name_of(each): each["revision"] for each in sorted(found, key=lambda each: each["revision"])}

    def revisions(self) -> dict[str, str]:
        """Which revision each pod is of."""
        return {name: labels_of(pod)["controller-revision-hash"] for name, pod in self.pods().items()}

    def pods_over_time(self, pods: dict[str, Object], since: Object) -> list[dict[str, Object]]:
        """`pods`, and what became of them with each change since that version of the statefulset."""

        def whole() -> list[dict[str, Object]]:
            found = self._told(pods, since)
            return found if versions(found[-1]) == versions(self.pods()) else []

        return until(whole, "a watch that tells all there was until now")

    def _told(self, pods: dict[str, Object], since: Object) -> list[dict[str, Object]]:
        path = f"/api/v1/namespaces/{self.namespace}/pods?watch=true&timeoutSeconds=3"
        version = since["metadata"]["resourceVersion"]
        told = self.kubectl("get", "--raw", f"{path}&resourceVersion={version}").succeeded().out
        found = [pods]
        for event in map(json.loads, told.splitlines()):
            pod = event["object"]
            others = {name: other for name, other in found[-1].items() if name != name_of(pod)}
            found.append(others if event["type"] == "DELETED" else {**others, name_of(pod): pod})
        return found

    # --- what is on the engine ---

    def of_pod(self, pod: Object) -> dict[str, dict[str, Any]]:
        """A pod's containers, sandbox included, by name; known by the pod's uid."""
        found = self.cluster.containers().items()
        return {name: each for name, each in found if each["Labels"][labels.POD_UID] == uid_of(pod)}

    def containers(self) -> dict[str, Contained]:
        """The container of each pod, by the pod's name."""
        return {name: self._contained(pod) for name, pod in self.pods().items()}

    def _contained(self, pod: Object) -> Contained:
        ids = [
            each["Id"]
            for each in self.of_pod(pod).values()
            if each["State"] == "running" and each["Labels"][labels.KIND] == "container"
        ]
        assert len(ids) == 1, f"pod {name_of(pod)} has {len(ids)} running containers"
        engine = self.cluster.engine
        found = engine.api.inspect_container(ids[0])
        (image,) = engine.images.get(found["Image"]).tags
        mounted = {mount.get("Name") for mount in found["Mounts"]}
        volumes = frozenset(name for name in self._claims_by_volume() if name in mounted)
        return Contained(found["Id"], found["State"]["StartedAt"], image, volumes)

    def images(self) -> dict[str, str]:
        return {name: container.image for name, container in self.containers().items()}

    def volumes(self) -> set[str]:
        """The Docker volumes of its claims, by the claims' names."""
        return set(self._claims_by_volume().values())

    def _claims_by_volume(self) -> dict[str, str]:
        wanted = [f"{labels.CLUSTER}={self.cluster.name}", f"{labels.NAMESPACE}={self.namespace}"]
        found = self.cluster.engine.api.volumes(filters={"label": wanted})["Volumes"] or []
        return {
            str(each["Name"]): str(each["Labels"][labels.CLAIM])
            for each in found
            if labels.is_data(each["Labels"], self.cluster.name)
        }

    def left_on_engine(self) -> set[str]:
        """The names of the containers that its pods have, sandboxes included."""
        return {
            name
            for name, each in self.cluster.containers().items()
            if each["Labels"][labels.NAMESPACE] == self.namespace
        }


def versions(pods: dict[str, Object]) -> dict[str, int]:
    return {name: version_of(pod) for name, pod in pods.items()}


def is_available(pod: Object) -> bool:
    return is_true(pod, "Ready") and not is_being_deleted(pod)
