"""The Node that pods run on, registered once from what the engine says; there are no heartbeats.

Decides capacity, addresses, labels and the Ready condition. Kubernetes: pkg/kubelet/nodestatus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.errors import AlreadyExists
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, condition, labels_of, status_of, timestamp
from minisets.settings import KUBERNETES_VERSION, NODE

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.clock import Clock
    from minisets.engine.info import EngineInfo
    from minisets.objects.kinds import Object
    from minisets.registry.registry import Registry
    from minisets.settings import Settings

PODS = 110
_NOWHERE = "127.0.0.1"
_UNLIMITED_DISK = "1Ti"


def host_address(settings: Settings) -> str:
    """The node's address: the network's own."""
    return str(settings.parts.gateway) if settings.subnet is not None else _NOWHERE


class Node:
    """Registers the node, and says whether its engine answers."""

    def __init__(self, registry: Registry, clock: Clock, settings: Settings) -> None:
        self._registry = registry
        self._clock = clock
        self._settings = settings
        self._ref = Ref("Node", "", NODE)

    def register(self, info: EngineInfo) -> None:
        """Make it, or bring its status and labels up to date; what people wrote on it is kept."""
        wanted = node_object(info, self._settings, self._clock.now())
        try:
            self._registry.create("Node", "", wanted)
            return
        except AlreadyExists:
            pass

        def relabel(node: Object) -> Object:
            node["metadata"]["labels"] = {**labels_of(node), **labels_of(wanted)}
            node["metadata"]["annotations"] = dict(annotations_of(node))
            return node

        self._registry.change(self._ref, relabel)
        self._registry.change(
            self._ref,
            lambda node: {**node, "status": _kept_since(status_of(wanted), node)},
            subresource="status",
        )

    def say_ready(self, *, is_ready: bool) -> None:
        """The engine answers, or went away."""
        now = self._clock.now()

        def edit(node: Object) -> Object | None:
            status = {**status_of(node), "conditions": _conditions(now, is_ready=is_ready)}
            return {**node, "status": _kept_since(status, node)}

        self._registry.change(self._ref, edit, subresource="status")


def node_object(info: EngineInfo, settings: Settings, now: datetime) -> Object:
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
            "name": NODE,
            "labels": {
                "kubernetes.io/arch": info.architecture,
                "kubernetes.io/hostname": NODE,
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
                {"type": "Hostname", "address": NODE},
            ],
            "conditions": _conditions(now, is_ready=True),
            "nodeInfo": _node_info(info),
        },
    }


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


def _kept_since(status: dict[str, Any], node: Object) -> dict[str, Any]:
    """A condition that has not flipped keeps its stamps: nothing is written when nothing changed."""
    kept = []
    for entry in status["conditions"]:
        old = condition(node, entry["type"]) or {}
        kept.append(old if old.get("status") == entry["status"] else entry)
    return {**status, "conditions": kept}
