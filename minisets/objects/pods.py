"""What everybody asks of a pod: which node it has, and whether it is over. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import spec_of, status_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

TERMINAL = frozenset({"Failed", "Succeeded"})
"""Phases that no pod leaves. Kubernetes: podutil.IsPodPhaseTerminal."""


def node_of(pod: Object) -> str:
    """The node that the pod is bound to; empty for none yet."""
    return str(spec_of(pod).get("nodeName") or "")


def is_terminal(pod: Object) -> bool:
    """Whether it has ended for good: it needs nothing any more, and is only kept to be read."""
    return status_of(pod).get("phase") in TERMINAL
