"""Storage classes, claims of them, pods that have such a claim, and what holds claims in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.engine import labels
from minisets.settings import PROVISIONER
from tests.scenarios import bare

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster


def storage_class(name: str, provisioner: str = PROVISIONER, **parts: Any) -> Object:
    head = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    return {**head, "provisioner": provisioner, **parts}


def claim(name: str, of: str, size: str = "8Mi", **spec: Any) -> Object:
    return bare.claim(name, size, storageClassName=of, **spec)


def user(name: str, of: str, **spec: Any) -> Object:
    """A pod that has the claim at /data, and runs."""
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": of}}]
    mounts = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    return bare.pod(name, bare.WAITS, volumes=volumes, container=mounts, **spec)


def holders(cluster: Cluster) -> list[dict[str, Any]]:
    wanted = [f"{key}={value}" for key, value in labels.holders_selector(cluster.name).items()]
    found: list[dict[str, Any]] = cluster.engine.api.containers(all=True, filters={"label": wanted})
    return found
