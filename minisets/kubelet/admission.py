"""Whether this node takes a pod that was given to it; if not, the pod is Failed for good (A-125). Pure.

A pod is looked at once, before it has a start time. Kubernetes: kubelet HandlePodAdditions, rejectPod,
lifecycle/predicate.go, sysctl/allowlist.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.kubelet.containers import FINISHED
from minisets.objects.hostports import NO_FREE_PORTS, are_free
from minisets.objects.metadata import generation_of, is_being_deleted, spec_of, status_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object

SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
"""Kubernetes: sysctl.SafeSysctlAllowlist; nothing more is allowed, as on a node that nobody configured."""


@dataclass(frozen=True)
class Refusal:
    """Why not."""

    reason: str
    message: str


def is_new(pod: Object) -> bool:
    """Whether the node has not taken the pod yet."""
    status = status_of(pod)
    return not status.get("startTime") and status.get("phase") not in FINISHED and not is_being_deleted(pod)


def refusal(pod: Object, others: Iterable[Object]) -> Refusal | None:
    """Why the node will not have a new pod; `others` are all that there are. None: it will."""
    if forbidden := _forbidden_sysctl(pod):
        return Refusal("SysctlForbidden", f"forbidden sysctl: {forbidden}")
    admitted = [one for one in others if uid_of(one) != uid_of(pod) and _is_active(one, spec_of(pod))]
    if not are_free(pod, admitted):
        return Refusal("NodePorts", f"Predicate NodePorts failed: {NO_FREE_PORTS}")
    return None


def was_refused(pod: Object) -> bool:
    """Whether that is how the pod ended: nothing of it was ever made."""
    status = status_of(pod)
    return status.get("phase") == "Failed" and not status.get("startTime")


def refused_status(pod: Object, why: Refusal) -> dict[str, Any]:
    """The whole new status."""
    said = {"phase": "Failed", "reason": why.reason, "message": f"Pod was rejected: {why.message}"}
    return {**status_of(pod), **said, "observedGeneration": generation_of(pod)}


def sysctls_of(pod: Object) -> tuple[tuple[str, str], ...]:
    """Names with dots, and values."""
    asked = (spec_of(pod).get("securityContext") or {}).get("sysctls") or ()
    return tuple((str(one["name"]).replace("/", "."), str(one.get("value", ""))) for one in asked)


def _forbidden_sysctl(pod: Object) -> str:
    spec = spec_of(pod)
    for name, _ in sysctls_of(pod):
        if name not in SAFE_SYSCTLS:
            return f'"{name}" not allowlisted'
        if name.startswith("net.") and spec.get("hostNetwork"):
            return f'"{name}" not allowed with host net enabled'
        if name.startswith("kernel.") and spec.get("hostIPC"):
            return f'"{name}" not allowed with host ipc enabled'
    return ""


def _is_active(pod: Object, spec: dict[str, Any]) -> bool:
    """Whether it was taken by the same node before, and still is there."""
    status = status_of(pod)
    is_here = spec_of(pod).get("nodeName") == spec.get("nodeName")
    return is_here and bool(status.get("startTime")) and status.get("phase") not in FINISHED
