"""Good claims and volumes, to break one thing of."""

from typing import Any

from minisets.objects.kinds import Object


def claim(name: str = "www-web-0", size: str = "1Gi", **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            "storageClassName": "",
            "volumeMode": "Filesystem",
            **spec,
        },
        "status": {"phase": "Pending"},
    }


def volume(name: str = "disk", size: str = "1Gi", **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": size},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "volumeMode": "Filesystem",
            "hostPath": {"path": "/srv"},
            **spec,
        },
        "status": {"phase": "Available"},
    }


def reserved_for(name: str, uid: str = "") -> dict[str, Any]:
    ref = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": "default", "name": name}
    return {**ref, "uid": uid} if uid else ref


def with_metadata(obj: Object, **metadata: Any) -> Object:
    return {**obj, "metadata": {**obj["metadata"], **metadata}}


def with_status(obj: Object, **status: Any) -> Object:
    return {**obj, "status": {**obj["status"], **status}}


def storage_class(binding: str = "Immediate", provisioner: str = "docker.minisets.dev") -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "uid": "uid-standard"},
        "provisioner": provisioner,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": binding,
    }


def scheduled(name: str, node: str = "minisets-0", phase: str = "Running") -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": {"nodeName": node} if node else {},
        "status": {"phase": phase},
    }
