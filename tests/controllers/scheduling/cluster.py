"""Nodes and pods, for what is decided over a whole snapshot: good ones, to break in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.controllers.scheduling.snapshot import PodInfo

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"


def node(
    name: str = "minisets-0", *, cpu: str = "4", memory: str = "8Gi", zone: str = "", **spec: Any
) -> Object:
    labels = {HOSTNAME: name, **({ZONE: zone} if zone else {}), **spec.pop("labels", {})}
    room = {"cpu": cpu, "memory": memory, "pods": "250"}
    status = {"capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]}
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec, "status": status}


def nodes(*zones: str, **parts: Any) -> list[Object]:
    """One for each of these zones; an empty one is none."""
    return [node(f"minisets-{ordinal}", zone=zone, **parts) for ordinal, zone in enumerate(zones)]


def pod(
    name: str = "web-0",
    on: str = "",
    *,
    cpu: str = "",
    memory: str = "",
    labels: dict[str, str] | None = None,
    owner: str = "",
    namespace: str = "default",
    meta: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    **spec: Any,
) -> Object:
    """On: its node; owner: the uid of its StatefulSet."""
    asked = {key: value for key, value in {"cpu": cpu, "memory": memory}.items() if value}
    container = {"name": "main", "image": "nginx", "resources": {"requests": asked}}
    owners = [
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": owner, "controller": True}
    ]
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{namespace}-{name}",
        "labels": {"app": "web"} if labels is None else labels,
        **({"ownerReferences": owners} if owner else {}),
        **(meta or {}),
    }
    placed = {"nodeName": on} if on else {}
    return {
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], **placed, **spec},
        "status": {"phase": "Running" if on else "Pending", **(status or {})},
    }


def info(*args: Any, **parts: Any) -> PodInfo:
    """A pod as the scheduler sees it."""
    return PodInfo(pod(*args, **parts))


def claim_volumes(*names: str) -> list[dict[str, Any]]:
    """The volumes of a pod that uses these claims."""
    return [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]


def service(selector: dict[str, str] | None, name: str = "web", namespace: str = "default") -> Object:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": selector} if selector is not None else {},
    }
