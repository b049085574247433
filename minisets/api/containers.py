"""Which container of a pod a stream means, and what is said while there is none. Pure.

Kubernetes: pkg/registry/core/pod/strategy.go `validateContainer`, `LogLocation`, `streamLocation`; a default
container that an annotation names is kubectl's own business.
pkg/kubelet/kubelet_pods.go `validateContainerLogStatus`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.errors import ApiError, BadRequest, NodeUnreachable
from minisets.objects.metadata import annotations_of, name_of, spec_of, status_of
from minisets.objects.pods import node_of
from minisets.settings import STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.kinds import Object

_SCHEME = "docker://"
_KUBELET = 10250
"""Where a kubelet would listen."""
_PULLS = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def refuse_stopped(node: Object | None) -> None:
    """NodeUnreachable where the pod's node is switched off: there is no kubelet that could be asked.

    Kubernetes: apimachinery pkg/util/proxy/dial.go, as where a machine is off or hangs.
    """
    if node is not None and STOPPED in annotations_of(node):
        addresses = status_of(node).get("addresses") or ()
        address = next((one["address"] for one in addresses if one["type"] == "InternalIP"), name_of(node))
        raise NodeUnreachable(
            f"error dialing backend: dial tcp {address}:{_KUBELET}: connect: no route to host: node "
            f"{name_of(node)} is stopped, `minisets node start {name_of(node)}` starts it"
        )


def chosen(pod: Object, container: str) -> str:
    """The container's name, of whatever kind it is; without a name, the only one that is no helper."""
    every = [str(one["name"]) for one in _every(pod)]
    if container:
        if container not in every:
            raise BadRequest(f"container {container} is not valid for pod {name_of(pod)}")
        return container
    mains = spec_of(pod)["containers"]
    if len(mains) == 1:
        return str(mains[0]["name"])
    raise BadRequest(
        f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(every)}]"
    )


def logged(pod: Object, container: str, *, previous: bool) -> str:
    """The engine's id of the container whose log is meant; BadRequest says why there is none yet."""
    status = _status(pod, container)
    where = f'container "{container}" in pod "{name_of(pod)}"'
    if status is None:
        if not status_of(pod).get("containerStatuses"):
            raise BadRequest(f"{where} is waiting to start: ContainerCreating")
        raise BadRequest(f"{where} is not available")
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated") or {}
    if previous:
        if not last.get("containerID"):
            raise BadRequest(f"previous terminated {where} not found")
        return _id(last)
    if "running" in state:
        return _id(status)
    ended = state.get("terminated")
    if ended is not None or last:
        for one in (ended or {}, last):
            if one.get("containerID"):
                return _id(one)
        raise BadRequest(f"{where} is terminated")
    raise BadRequest(f"{where} {_waiting(state)}")


def _waiting(state: dict[str, Any]) -> str:
    if "waiting" not in state:
        return "is waiting to start - no logs yet"
    reason = (state["waiting"] or {}).get("reason") or "ContainerCreating"
    return f"is waiting to start: {_PULLS.get(reason, reason)}"


def running(pod: Object, container: str) -> str:
    """The engine's id of a container in which a command can run now."""
    if not node_of(pod):
        raise BadRequest(f"pod {name_of(pod)} does not have a host assigned")
    status = _status(pod, container) or {}
    if "running" not in (status.get("state") or {}) or not status.get("containerID"):
        # Kubernetes: the kubelet's answer to an exec or attach without a running container.
        raise ApiError(
            f'Internal error occurred: unable to upgrade connection: container not found ("{container}")'
        )
    return _id(status)


def declared(pod: Object, container: str) -> dict[str, Any]:
    """What the pod says of one of its containers."""
    return next((one for one in _every(pod) if one["name"] == container), {})


def _every(pod: Object) -> Iterator[dict[str, Any]]:
    fields = ("initContainers", "containers", "ephemeralContainers")
    return (one for field in fields for one in spec_of(pod).get(field) or ())


def _status(pod: Object, container: str) -> dict[str, Any] | None:
    status = status_of(pod)
    fields = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    found = (one for field in fields for one in status.get(field) or ())
    return next((one for one in found if one.get("name") == container), None)


def _id(status: dict[str, Any]) -> str:
    return str(status["containerID"]).removeprefix(_SCHEME)
