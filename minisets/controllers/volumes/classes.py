"""The storage class that every cluster has: `standard`, Immediate, Delete, by the Docker provisioner."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from minisets.errors import AlreadyExists
from minisets.settings import DEFAULT_CLASS, PROVISIONER

if TYPE_CHECKING:
    from minisets.registry.registry import Registry

IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def ensure_default_class(registry: Registry) -> None:
    """Create the class unless there is one of its name: a person may have made it otherwise."""
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": DEFAULT_CLASS, "annotations": {IS_DEFAULT: "true"}},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
        "allowVolumeExpansion": False,
    }
    with contextlib.suppress(AlreadyExists):
        registry.create("StorageClass", "", storage_class)
