"""What a pod's status says of one container: state, ready, started, restarts (A-114, A-117). Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.kubelet import backoff
from minisets.kubelet.containers import Wanted, exit_code_of, has_come_up, has_ended, reported
from minisets.objects.metadata import (
    is_being_deleted,
    name_of,
    namespace_of,
    spec_of,
    timestamp,
    uid_of,
)
from minisets.objects.pods import is_terminal

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.kubelet.observe import ObservedPod, Seen
    from minisets.objects.kinds import Object

_IMAGE_REASONS = {
    "failed": "ErrImagePull",
    "backoff": "ImagePullBackOff",
    "never": "ErrImageNeverPull",
    "invalid": "InvalidImageName",
}
CRASH_LOOP = "CrashLoopBackOff"


def container_status(
    pod: Object, one: Wanted, observed: ObservedPod, now: datetime, *, ended: bool
) -> dict[str, Any]:
    """The entry of one container; ended: the pod is at its end, so nothing waits any more (A-109)."""
    old = reported(pod, one)
    seen = observed.newest(one.name)
    if seen is None and old.get("containerID") and (is_terminal(pod) or one.kind == "ephemeral"):
        return {**_never_made(one), **old, "state": _lost(old), "ready": False, "started": False}
    if ended and (seen is None or not seen.is_over):
        return {**_never_made(one), **old, "state": _lost(old), "ready": False, "started": False}
    if seen is None or seen.is_startable or (seen.is_running and not has_come_up(pod, one, seen)):
        earlier = _last(observed, one, old, skip=0 if seen is None else 1) or old.get("lastState") or {}
        return {
            **_never_made(one),
            **{field: old[field] for field in ("restartCount", "imageID", "containerID") if field in old},
            "state": {"waiting": _waiting(pod, one, observed)},
            "lastState": earlier,
        }
    state, last = _states(pod, one, seen, observed, now)
    started = seen.is_running and is_started(one, seen, old)
    return {
        "name": one.name,
        "image": one.spec.get("image") or "",
        "imageID": seen.image_id,
        "containerID": f"docker://{seen.id}",
        "restartCount": seen.restart,
        "state": state,
        "lastState": last,
        "started": started,
        "ready": _is_ready(one, seen, old, started=started),
        **_granted(one),
    }


def ephemeral_status(pod: Object, one: Wanted, observed: ObservedPod, now: datetime) -> dict[str, Any]:
    """The entry of an ephemeral container. Kubernetes: nobody probes it, so that it is never ready."""
    found = container_status(pod, one, observed, now, ended=False)
    return {field: value for field, value in found.items() if field != "started"} | {"ready": False}


def _granted(one: Wanted) -> dict[str, Any]:
    """What it has of the machine and of the pod's volumes. Kubernetes: convertToAPIContainerStatuses."""
    resources = one.spec.get("resources") or {}
    requests, mounts = resources.get("requests"), one.spec.get("volumeMounts")
    return {
        **({"allocatedResources": requests} if requests else {}),
        "resources": {field: value for field, value in resources.items() if field != "claims"},
        **({"volumeMounts": [_mounted(mount) for mount in mounts]} if mounts else {}),
    }


def _mounted(mount: dict[str, Any]) -> dict[str, Any]:
    """Where the engine may choose (IfPossible), nobody knows what it chose: no more is promised than sure."""
    found = {"name": mount["name"], "mountPath": mount["mountPath"]}
    how = "Enabled" if mount.get("recursiveReadOnly") == "Enabled" else "Disabled"
    return found | ({"readOnly": True, "recursiveReadOnly": how} if mount.get("readOnly") else {})


def is_started(one: Wanted, seen: Seen, old: dict[str, Any]) -> bool:
    """Whether the startup probe has passed, if there is one; what was reported of this container counts."""
    if not one.spec.get("startupProbe") or seen.facts.started is not None:
        return seen.facts.started is not False
    return _is_same(seen, old) and bool(old.get("started"))


def _is_ready(one: Wanted, seen: Seen, old: dict[str, Any], *, started: bool) -> bool:
    if one.kind == "init" and not one.is_sidecar:
        return seen.is_over and exit_code_of(seen) == 0
    if not started or not one.spec.get("readinessProbe"):
        return started
    if seen.facts.ready is not None:
        return seen.facts.ready
    # Why: a kubelet that was restarted has not probed yet; the last answer stands until it has.
    return _is_same(seen, old) and bool(old.get("ready"))


def _is_same(seen: Seen, old: dict[str, Any]) -> bool:
    return bool(old.get("containerID") == f"docker://{seen.id}")


def _states(
    pod: Object, one: Wanted, seen: Seen, observed: ObservedPod, now: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The state, and the one before it."""
    old = reported(pod, one)
    before = _last(observed, one, old, skip=1)
    if seen.is_running:
        return {"running": {"startedAt": timestamp(seen.started_at or seen.created_at)}}, before
    terminated = {"terminated": _terminated(seen, old)}
    is_at_end = is_being_deleted(pod) or has_ended(pod, observed, now)
    if is_at_end or not one.restarts_after(exit_code_of(seen)):
        return terminated, before
    if backoff.remaining(seen, now) > timedelta(0):
        return {"waiting": _crash_loop(pod, one, seen)}, terminated
    image = observed.images.get(one.name)
    if one.name in observed.waiting or (image is not None and image.state in _IMAGE_REASONS):
        return {"waiting": _waiting(pod, one, observed)}, terminated
    return terminated, before


def _last(observed: ObservedPod, one: Wanted, old: dict[str, Any], *, skip: int) -> dict[str, Any]:
    past = [seen for seen in observed.of(one.name)[skip:] if seen.is_over]
    return {"terminated": _terminated(past[0], old)} if past else {}


def _ran_out(seen: Seen, old: dict[str, Any]) -> bool:
    """Whether its memory did: the engine tells, or told once, to this kubelet or the one before it."""
    told = [(old.get(field) or {}).get("terminated") or {} for field in ("state", "lastState")]
    was_told = (f"docker://{seen.id}", "OOMKilled")
    before = [(one.get("containerID"), one.get("reason")) for one in told]
    return seen.oom_killed or seen.facts.ran_out or was_told in before


def _terminated(seen: Seen, old: dict[str, Any]) -> dict[str, Any]:
    code = exit_code_of(seen)
    if seen.has_failed_to_start:
        reason = "StartError"
    elif _ran_out(seen, old):
        reason = "OOMKilled"
    else:
        reason = "Completed" if code == 0 else "Error"
    return {
        "exitCode": code,
        "reason": reason,
        **({"message": said} if (said := seen.message or seen.error) else {}),
        "startedAt": timestamp(seen.started_at or seen.created_at),
        "finishedAt": timestamp(seen.ended_at),
        "containerID": f"docker://{seen.id}",
    }


def _crash_loop(pod: Object, one: Wanted, seen: Seen) -> dict[str, Any]:
    wait = backoff.wait_of(seen)
    minutes, seconds = divmod(int(wait.total_seconds()), 60)
    said = f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
    message = f"back-off {said} restarting failed container={one.name} pod={_pod_said(pod)}"
    return {"reason": CRASH_LOOP, "message": message}


def _pod_said(pod: Object) -> str:
    return f"{name_of(pod)}_{namespace_of(pod)}({uid_of(pod)})"


def _waiting(pod: Object, one: Wanted, observed: ObservedPod) -> dict[str, Any]:
    """Why a container that is to be made is not there (A-118, A-124)."""
    plain = "PodInitializing" if spec_of(pod).get("initContainers") else "ContainerCreating"
    if one.name in observed.waiting:
        reason, message = observed.waiting[one.name]
        return {"reason": reason, "message": message}
    image = observed.images.get(one.name)
    if image is None or not image.message:
        return {"reason": plain}
    return {"reason": _IMAGE_REASONS.get(image.state, plain), "message": image.message}


def _never_made(one: Wanted) -> dict[str, Any]:
    return {
        "name": one.name,
        "image": one.spec.get("image") or "",
        "imageID": "",
        "restartCount": 0,
        "state": {},
        "lastState": {},
        "ready": False,
        "started": False,
    }


def _lost(old: dict[str, Any]) -> dict[str, Any]:
    """Kubernetes: status manager TerminatePod: a container that nobody saw end."""
    state: dict[str, Any] = old.get("state") or {}
    if "terminated" in state:
        return state
    message = "The container could not be located when the pod was terminated"
    return {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": message}}
