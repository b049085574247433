"""The subresource `binding`: a pod gets its node, once.

Leaves choosing the node to `controllers/scheduling/`.
Kubernetes: pkg/registry/core/pod/storage/storage.go BindingREST.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import generation_of, is_being_deleted, name_of, ref_of, spec_of, timestamp
from minisets.registry import refusals
from minisets.store.transaction import copied

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object

_SCHEDULED = "PodScheduled"


def bound(pod: Object, node: str, now: datetime) -> Object:
    """The pod on its node; Conflict where it has one already, or is being deleted."""
    name, present = name_of(pod), spec_of(pod).get("nodeName")
    if is_being_deleted(pod):
        why = f"pod {name} is being deleted, cannot be assigned to a host"
        raise refusals.conflict(ref_of(pod), why, subresource="binding")
    if present:
        why = f'pod {name} is already assigned to node "{present}"'
        raise refusals.conflict(ref_of(pod), why, subresource="binding")
    placed: Object = copied(pod)
    placed["spec"]["nodeName"] = node
    status = placed.setdefault("status", {})
    others = [entry for entry in status.get("conditions") or () if entry.get("type") != _SCHEDULED]
    scheduled = {
        "type": _SCHEDULED,
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(now),
        "observedGeneration": generation_of(pod),
    }
    status["conditions"] = [*others, {key: value for key, value in scheduled.items() if value is not None}]
    return placed
