"""What a Node says: capacity, addresses, labels and conditions, from what the engine says. Pure.

Kubernetes: pkg/kubelet/nodestatus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import annotations_of, condition, labels_of, status_of, timestamp
from minisets.settings import KUBERNETES_VERSION, NODE

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.engine.info import EngineInfo
    from minisets.objects.kinds import Object
    from minisets.settings import Settings

PODS = 250
"""More than upstream's 110: a laptop's cluster may be one node. Kubernetes: maxPods is a setting."""

READY = "Ready"
_NOWHERE = "127.0.0.1"
_UNLIMITED_DISK = "1Ti"


def host_address(settings: Settings) -> str:
    """The address of every node: the network's own."""
    return str(settings.parts.gateway) if settings.subnet is not None else _NOWHERE


def node_object(
    info: EngineInfo, settings: Settings, now: datetime, name: str = NODE, *, is_ready: bool = True
) -> Object:
    """The whole Node."""
    capacity = {
        "cpu": str(info.cpus),
        "ephemeral-storage": _UNLIMITED_DISK,
        "memory": f"{info.memory_bytes // 1024}Ki",
        "pods": str(PODS),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": info.architecture,
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": info.os_type or "linux",
                "beta.kubernetes.io/arch": info.architecture,
                "beta.kubernetes.io/os": info.os_type or "linux",
            },
        },
        "spec": {},
        "status": {
            "capacity": capacity,
            "allocatable": dict(capacity),
            "addresses": [
                {"type": "InternalIP", "address": host_address(settings)},
                {"type": "Hostname", "address": name},
            ],
            "conditions": _conditions(now, is_ready=is_ready),
            "nodeInfo": _node_info(info),
        },
    }


def labelled(node: Object, wanted: Object) -> Object:
    """With our labels; what people wrote on it is kept."""
    node["metadata"]["labels"] = {**labels_of(node), **labels_of(wanted)}
    node["metadata"]["annotations"] = dict(annotations_of(node))
    return node


def reported(node: Object, wanted: Object) -> Object:
    """With our status. Resources that people added stay, as Kubernetes documents for extended ones."""
    status, ours = status_of(node), status_of(wanted)
    capacity = {**(status.get("capacity") or {}), **ours["capacity"]}
    said = {**status, **ours, "capacity": capacity, "allocatable": dict(capacity)}
    return {**node, "status": {**said, "conditions": _kept_since(ours["conditions"], node)}}


def with_heartbeat(node: Object, now: datetime) -> Object:
    """Each condition was looked at now."""
    conditions = status_of(node).get("conditions") or ()
    beat = [{**entry, "lastHeartbeatTime": timestamp(now)} for entry in conditions]
    return {**node, "status": {**status_of(node), "conditions": beat}}


def _node_info(info: EngineInfo) -> dict[str, str]:
    """The ten strings."""
    return {
        "architecture": info.architecture,
        "bootID": info.id,
        "containerRuntimeVersion": f"docker://{info.version}",
        "kernelVersion": info.kernel,
        "kubeProxyVersion": "",
        "kubeletVersion": KUBERNETES_VERSION,
        "machineID": info.id,
        "operatingSystem": info.os_type or "linux",
        "osImage": info.operating_system,
        "systemUUID": info.id,
    }


def _conditions(now: datetime, *, is_ready: bool) -> list[dict[str, Any]]:
    pressures = (
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    )
    found = [_condition(kind, "False", reason, message, now) for kind, reason, message in pressures]
    if is_ready:
        ready = _condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now)
    else:
        ready = _condition("Ready", "False", "KubeletNotReady", "the container engine does not answer", now)
    return [*found, ready]


def _condition(kind: str, status: str, reason: str, message: str, now: datetime) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
    }


def _kept_since(ours: list[dict[str, Any]], node: Object) -> list[dict[str, Any]]:
    """A condition that has not flipped keeps its stamps: nothing is written when nothing changed.

    Conditions of others are kept, too.
    """
    kept = []
    for entry in ours:
        old = condition(node, entry["type"]) or {}
        kept.append(old if old.get("status") == entry["status"] else entry)
    known = {entry["type"] for entry in ours}
    others = [one for one in status_of(node).get("conditions") or () if one.get("type") not in known]
    return [*kept, *others]
