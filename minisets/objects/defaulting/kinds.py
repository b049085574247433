"""Which defaults each kind has; the small kinds' own. Leaves the large ones to their modules."""

from __future__ import annotations

import base64
from copy import deepcopy
from typing import TYPE_CHECKING

from minisets.objects.defaulting.fields import fill
from minisets.objects.defaulting.kept import (
    default_autoscaler,
    default_binding,
    default_limit_range,
    default_network_policy,
    default_priority_class,
)
from minisets.objects.defaulting.pods import default_pod
from minisets.objects.defaulting.services import default_service
from minisets.objects.defaulting.statefulsets import default_statefulset
from minisets.objects.defaulting.storage import default_claim, default_storage_class, default_volume
from minisets.objects.metadata import name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.objects.kinds import Object


def with_defaults(kind_title: str, obj: Object) -> Object:
    """A new object with the kind's defaults written in; the given one stays as it is."""
    copy = deepcopy(obj)
    if default := _DEFAULTS.get(kind_title):
        default(copy)
    return copy


def _default_namespace(namespace: Object) -> None:
    """The label by which selectors find a namespace by its name (A-154)."""
    if name := name_of(namespace):
        metadata = namespace.setdefault("metadata", {})
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": name}
    spec = fill(namespace, spec={})["spec"]
    # Kubernetes: namespace strategy PrepareForCreate. An emptied list is left alone: the namespace
    # is being deleted, and the controller took its finalizer away.
    if "deletionTimestamp" not in (namespace.get("metadata") or {}):
        fill(spec, finalizers=["kubernetes"])
    fill(fill(namespace, status={})["status"], phase="Active")


def _default_secret(secret: Object) -> None:
    """`type`, and stringData laid over data as its base64.

    Kubernetes: core/v1 conversion Convert_v1_Secret_To_core_Secret; stringData is write-only.
    """
    fill(secret, type="Opaque")
    texts = secret.pop("stringData", None) or {}
    if texts:
        encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in texts.items()}
        secret["data"] = {**(secret.get("data") or {}), **encoded}


def _default_node(node: Object) -> None:
    status = node.get("status") or {}
    if status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = deepcopy(status["capacity"])


def _default_endpoints(endpoints: Object) -> None:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            fill(port, protocol="TCP")


def _default_endpoint_slice(endpoint_slice: Object) -> None:
    for port in endpoint_slice.get("ports") or ():
        if port.get("name") is None:
            port["name"] = ""
        fill(port, protocol="TCP")


_DEFAULTS: dict[str, Callable[[Object], None]] = {
    "ClusterRoleBinding": default_binding,
    "Endpoints": _default_endpoints,
    "EndpointSlice": _default_endpoint_slice,
    "HorizontalPodAutoscaler": default_autoscaler,
    "LimitRange": default_limit_range,
    "Namespace": _default_namespace,
    "NetworkPolicy": default_network_policy,
    "Node": _default_node,
    "PersistentVolume": default_volume,
    "PersistentVolumeClaim": default_claim,
    "Pod": default_pod,
    "PriorityClass": default_priority_class,
    "RoleBinding": default_binding,
    "Secret": _default_secret,
    "Service": default_service,
    "StatefulSet": default_statefulset,
    "StorageClass": default_storage_class,
}
