"""Storage classes, claims of them, pods that have such a claim, and what holds claims in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.engine import labels
from tests.scenarios.bare import pod

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster


def storage_class(name: str, provisioner: str = "docker.minisets.dev", **parts: Any) -> Object:
    head = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    return {**head, "provisioner": provisioner, **parts}


def claim(name: str, of: str, size: str = "8Mi", **spec: Any) -> Object:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    head = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}}
    return {**head, "spec": {**asked, "storageClassName": of}}


def user(name: str, of: str, **spec: Any) -> Object:
    """A pod that has the claim at /data, and runs."""
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": of}}]
    mounts = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    return pod(
        name, "trap 'exit 0' TERM; while :; do sleep 0.1; done", volumes=volumes, container=mounts, **spec
    )


def holders(cluster: Cluster) -> list[dict[str, Any]]:
    wanted = [f"{key}={value}" for key, value in labels.holders_selector(cluster.name).items()]
    found: list[dict[str, Any]] = cluster.engine.api.containers(all=True, filters={"label": wanted})
    return found
