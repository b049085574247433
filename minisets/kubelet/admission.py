"""Whether a node takes a pod that was given to it; if not, the pod is Failed for good (A-125). Pure.

A pod is looked at once, before it has a start time. A scheduler asks the same, but nobody has to ask it.
Kubernetes: kubelet HandlePodAdditions, rejectPod, lifecycle/predicate.go, sysctl/allowlist.go;
scheduler AdmissionCheck, noderesources.Fits. Differs: no pod is ended to make room for a critical one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.kubelet.nodes.served import is_ours
from minisets.objects.hostports import NO_FREE_PORTS, are_free
from minisets.objects.metadata import (
    generation_of,
    is_being_deleted,
    labels_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.objects.node_affinity import fits_selectors
from minisets.objects.pods import is_terminal, node_of
from minisets.objects.requests import amounts, requests_of
from minisets.objects.taints import untolerated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


_OS, _LINUX = "kubernetes.io/os", "linux"
_FIRST = ("cpu", "memory", "ephemeral-storage")


@dataclass(frozen=True)
class Refusal:
    """Why not."""

    reason: str
    message: str


def is_new(pod: Object) -> bool:
    """Whether the node has not taken the pod yet."""
    status = status_of(pod)
    return not status.get("startTime") and not is_terminal(pod) and not is_being_deleted(pod)


def refusal(pod: Object, node: Object, others: Iterable[Object]) -> Refusal | None:
    """Why the node will not have a new pod; `others` are all that there are. None: it will.

    Of several reasons, the one that Kubernetes says first. Ports are the machine's, whichever node has them.
    """
    if forbidden := _forbidden_sysctl(pod):
        return Refusal("SysctlForbidden", f"forbidden sysctl: {forbidden}")
    if why := _other_system(pod, node):
        return why
    admitted = [one for one in others if uid_of(one) != uid_of(pod) and _is_active(one)]
    if why := _too_little(pod, node, [one for one in admitted if node_of(one) == node_of(pod)]):
        return why
    if not fits_selectors(pod, node):
        return _failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    if not are_free(pod, admitted):
        return _failed("NodePorts", NO_FREE_PORTS)
    if untolerated(pod, node, ("NoExecute",)) is not None:
        return _failed("TaintToleration", "node(s) had taints that the pod didn't tolerate")
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


def _failed(predicate: str, why: str) -> Refusal:
    return Refusal(predicate, f"Predicate {predicate} failed: {why}")


def _other_system(pod: Object, node: Object) -> Refusal | None:
    """Kubernetes: rejectPodAdmissionBasedOnOSSelector (it is the pod's own label), ...OnOSField."""
    label = labels_of(pod).get(_OS, _LINUX)
    if label != labels_of(node).get(_OS, _LINUX):
        said = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
        return Refusal("PodOSSelectorNodeLabelDoesNotMatch", said)
    if ((spec_of(pod).get("os") or {}).get("name") or _LINUX) != _LINUX:
        return Refusal("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    return None


def _too_little(pod: Object, node: Object, here: Sequence[Object]) -> Refusal | None:
    """The first resource that is not left.

    Kubernetes: removeMissingExtendedResources: what no node of the kind has is not the node's business.
    """
    there = amounts(status_of(node).get("allocatable"))
    asked = {
        name: value for name, value in requests_of(pod).items() if name in there or not _is_extended(name)
    }
    used = Counter[str]()
    for one in here if any(asked.values()) else ():
        used.update(requests_of(one))
    for name in ("pods", *sorted(asked, key=_in_order)):
        wanted, taken = (1, len(here)) if name == "pods" else (asked[name], used[name])
        if wanted > 0 and wanted > there.get(name, 0) - taken:
            numbers = f"requested: {wanted}, used: {taken}, capacity: {there.get(name, 0)}"
            return Refusal(f"OutOf{name}", f"Node didn't have enough resource: {name}, {numbers}")
    return None


def _in_order(resource: str) -> tuple[int, str]:
    """As Fits asks for them."""
    return _FIRST.index(resource) if resource in _FIRST else len(_FIRST), resource


def _is_extended(resource: str) -> bool:
    """Kubernetes: v1helper.IsExtendedResourceName."""
    return "/" in resource and "kubernetes.io/" not in resource


def _is_active(pod: Object) -> bool:
    """Whether a node of ours has taken it before, and it still is there."""
    status = status_of(pod)
    return is_ours(node_of(pod)) and bool(status.get("startTime")) and not is_terminal(pod)
