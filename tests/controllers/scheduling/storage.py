"""Claims, volumes and classes; each maker gives a good one to break in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.controllers.scheduling.cluster import HOSTNAME

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

SELECTED = "volume.kubernetes.io/selected-node"


def claim(name: str = "www", *, modes: str = "ReadWriteOnce", phase: str = "Bound", **meta: Any) -> Object:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{name}",
            "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
            **meta,
        },
        "spec": {
            "storageClassName": "standard",
            "accessModes": [modes],
            "volumeName": f"pv-{name}",
            "resources": {"requests": {"storage": "1Gi"}},
        },
        "status": {"phase": phase},
    }


def waiting(name: str = "www", *, size: str = "1Gi", node: str = "") -> Object:
    """A claim that is not bound; node: that was chosen for it."""
    found = claim(name, phase="Pending", annotations={SELECTED: node} if node else {})
    found["spec"] |= {"volumeName": "", "resources": {"requests": {"storage": size}}}
    return found


def volume(name: str = "pv-www", *, on: str = "", size: str = "1Gi", **labels: str) -> Object:
    """On: the only node that reaches it."""
    term = {"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": [on]}]}
    reached = {"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}} if on else {}
    spec = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": "standard"}
    return {
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": labels},
        "spec": {**spec, **reached},
        "status": {"phase": "Available"},
    }


def storage_class(
    binding: str = "Immediate", provisioner: str = "docker.minisets.dev", **more: Any
) -> Object:
    metadata = {"name": "standard"}
    return {"metadata": metadata, "provisioner": provisioner, "volumeBindingMode": binding, **more}


def late(**more: Any) -> Object:
    return storage_class("WaitForFirstConsumer", **more)
