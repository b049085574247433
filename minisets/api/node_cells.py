"""What `kubectl get nodes` shows of a node. Pure.

Kubernetes: pkg/printers/internalversion/printers.go `printNode`, `findNodeRoles`, `getNodeInternalIP`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import condition, labels_of, spec_of, status_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from minisets.objects.kinds import Object

_ROLE, _OLD_ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"


def status(node: Object, _now: datetime | None = None) -> str:
    """`Ready`, `NotReady` (also where nobody knows), `Unknown` before anybody said, and whether cordoned."""
    entry = condition(node, "Ready")
    word = "Unknown" if entry is None else ("Ready" if entry.get("status") == "True" else "NotReady")
    return f"{word},SchedulingDisabled" if spec_of(node).get("unschedulable") else word


def roles(node: Object, _now: datetime) -> str:
    """What its labels say."""
    found = {key.removeprefix(_ROLE) for key in labels_of(node) if key.startswith(_ROLE)}
    found.add(labels_of(node).get(_OLD_ROLE, ""))
    return ",".join(sorted(found - {""})) or "<none>"


def address(kind: str) -> Callable[[Object, datetime], str]:
    """The first address of that type."""

    def cell(node: Object, _now: datetime) -> str:
        addresses = status_of(node).get("addresses") or ()
        return next((str(one["address"]) for one in addresses if one.get("type") == kind), "<none>")

    return cell
