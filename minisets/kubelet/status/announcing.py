"""What events say of a pod: a container that begins to wait, and for what, or ends; its deadline. Pure.

Leaves recording to `pods.py`; images that are pulled speak for themselves (`images/pulling.py`).
Kubernetes: kuberuntime_manager.go doBackOff, images/image_manager.go EnsureImageExists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from minisets.kubelet.containers import Wanted, reported, wanted
from minisets.kubelet.deadlines import REASON
from minisets.kubelet.plan import FAILED_POST_START
from minisets.kubelet.status.container_status import CRASH_LOOP
from minisets.objects.metadata import name_of, namespace_of, status_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.kinds import Object

_INSPECTED = {"ErrImageNeverPull": "ErrImageNeverPull", "InvalidImageName": "InspectFailed"}


@dataclass(frozen=True)
class News:
    """One event."""

    kind: Literal["Normal", "Warning"]
    reason: str
    message: str
    field_path: str


def killing_message(one: Wanted, cause: str) -> str:
    """What the event of a container's end says. Kubernetes: computePodActions, killContainer."""
    if cause.startswith(("failed ", "definition ")):
        return f"{'Init container' if one.kind == 'init' else 'Container'} {one.name} {cause}"
    return cause if cause == FAILED_POST_START else f"Stopping container {one.name}"


def news(old: Object, new: Object) -> Iterator[News]:
    """The events that a change of the status is worth."""
    if status_of(new).get("reason") == REASON and status_of(old).get("reason") != REASON:
        yield News("Normal", REASON, str(status_of(new).get("message") or ""), "")
    for one in wanted(new):
        waiting = _waiting(new, one)
        reason = str(waiting.get("reason") or "")
        if reason != _waiting(old, one).get("reason"):
            yield from _of(new, one, reason, str(waiting.get("message") or ""))


def _of(pod: Object, one: Wanted, reason: str, message: str) -> Iterator[News]:
    path = one.field_path
    if reason == CRASH_LOOP:
        said = f"{name_of(pod)}_{namespace_of(pod)}({uid_of(pod)})"
        text = f"Back-off restarting failed container {one.name} in pod {said}"
        yield News("Warning", "BackOff", text, path)
    elif reason == "ImagePullBackOff":
        yield News("Normal", "BackOff", message.partition(": ErrImagePull: ")[0], path)
        yield News("Warning", "Failed", f"Error: {reason}", path)
    elif reason in _INSPECTED:
        yield News("Warning", _INSPECTED[reason], message, path)
        yield News("Warning", "Failed", f"Error: {reason}", path)


def _waiting(pod: Object, one: Wanted) -> dict[str, Any]:
    return (reported(pod, one).get("state") or {}).get("waiting") or {}
