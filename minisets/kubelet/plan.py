"""What to do about a pod: its object and everything observed of it, to engine calls with their causes. Pure.

    nothing -> volumes, sandbox -> files -> init containers in order -> containers -> restarts
    being deleted: stop -> terminal phase stored -> remove -> forget.  Sandbox gone: kill, all anew

Any prefix of a plan may be all that ran; planning again goes on from what is there. A plan holds only what
can be done now: what waits for its outcome comes in the next. Kubernetes: kuberuntime computePodActions.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.kubelet import backoff
from minisets.kubelet.actions import (
    CreateContainer,
    CreateSandbox,
    CreateVolume,
    Forget,
    Kill,
    PodPlan,
    PullImage,
    Remove,
    RemoveVolume,
    SetAside,
    Start,
    Warn,
    WriteFiles,
)
from minisets.kubelet.containers import (
    FINISHED,
    Wanted,
    are_inits_done,
    exit_code_of,
    inits,
    is_init_done,
    mains,
    will_not_run_again,
)
from minisets.kubelet.mounts import file_volumes, pod_volumes
from minisets.kubelet.observe import ImageState, ObservedPod, Seen
from minisets.kubelet.stopping import FLOOR, KILL_AGAIN, Todo, plan_stop, stop_all
from minisets.objects.metadata import is_being_deleted, meta, moment, spec_of, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minisets.objects.kinds import Object

_KEPT = 2  # the newest container, and the one before for `logs --previous`


def plan_pod(pod: Object, observed: ObservedPod, now: datetime) -> PodPlan:
    """What to do now about a pod on this node."""
    todo = Todo(now)
    if is_being_deleted(pod):
        _end(pod, observed, todo)
    elif status_of(pod).get("phase") in FINISHED or will_not_run_again(pod, observed):
        _wind_down(pod, observed, todo)
    elif observed.sandbox is None:
        _begin(pod, observed, todo)
    elif observed.sandbox.is_startable:
        todo.add(Start(observed.sandbox.id, "sandbox", "it was created"))
    else:
        _run(pod, observed, observed.sandbox, todo)
    return todo.plan()


def plan_orphan(observed: ObservedPod, now: datetime) -> PodPlan:
    """What to do about a pod whose object is gone (A-107): two seconds, then it ends."""
    todo = Todo(now)
    why = "its pod is gone"
    stop_all(observed.running(), now + FLOOR, why, todo, floor_from_stop=True)
    if not observed.running():
        _remove_all(observed, why, todo)
    return todo.plan()


# --- the beginning ---


def _begin(pod: Object, observed: ObservedPod, todo: Todo) -> None:
    """No sandbox: what lived in the last one ends, then there is a new one."""
    if running := observed.running():
        todo.add(*(Kill(one.id, one.what, "its sandbox is gone") for one in running))
        todo.recheck(KILL_AGAIN)
        return
    if observed.problems:
        todo.add(*(Warn("FailedMount", problem) for problem in observed.problems))
        return
    if observed.sandbox_again_at is not None and observed.sandbox_again_at > todo.now:
        todo.recheck(observed.sandbox_again_at - todo.now)
        return
    stillborn = [one for one in observed.containers if one.is_startable]
    gone = observed.sandboxes
    todo.add(*(Remove(one.id, one.what, "its sandbox is gone") for one in stillborn))
    todo.add(*(Remove(one.id, "sandbox", "it ended") for one in gone))
    missing = [name for name in pod_volumes(pod) if name not in observed.volumes]
    todo.add(*(CreateVolume(name, "not there") for name in missing))
    attempt = max((one.restart for one in gone), default=-1) + 1
    todo.add(CreateSandbox(attempt, "the last one ended" if gone else "the pod has none"))


def _run(pod: Object, observed: ObservedPod, sandbox: Seen, todo: Todo) -> None:
    """The sandbox lives: its containers come up, and stay up."""
    strays = [one for one in observed.running() if one.sandbox != sandbox.id]
    if strays:
        todo.add(*(Kill(one.id, one.what, "its sandbox is gone") for one in strays))
        todo.recheck(KILL_AGAIN)
        return
    todo.add(*(Remove(one.id, "sandbox", "it ended") for one in observed.sandboxes if one.id != sandbox.id))
    for one in _due(pod, observed):
        _bring_up(pod, one, observed, sandbox, todo)
    _clear_away(pod, observed, todo)


def _due(pod: Object, observed: ObservedPod) -> Iterable[Wanted]:
    """The containers that may run now: inits one after the other, then all others beside the sidecars."""
    sidecars = [one for one in inits(pod) if one.is_sidecar]
    if are_inits_done(pod, observed):
        yield from sidecars
        yield from mains(pod)
        return
    for one in inits(pod):
        done = is_init_done(one, observed)
        if one.is_sidecar or not done:
            yield one
        if not done:
            return


def _bring_up(pod: Object, one: Wanted, observed: ObservedPod, sandbox: Seen, todo: Todo) -> None:
    """One step for one container."""
    seen = observed.current(one.name)
    if seen is None:
        _replace(pod, one, observed, sandbox, todo, "the sandbox has none")
    elif seen.is_running:
        _keep_up(pod, one, seen, todo)
    elif seen.is_startable:
        todo.add(Start(seen.id, seen.what, "it was created"))
    elif one.restarts_after(exit_code_of(seen)):
        left = backoff.remaining(seen, todo.now)
        if left > timedelta(0):
            todo.recheck(left)
        else:
            _replace(pod, one, observed, sandbox, todo, f"it ended with {exit_code_of(seen)}")


def _keep_up(pod: Object, one: Wanted, seen: Seen, todo: Todo) -> None:
    """A running container goes on unless a probe or its own spec says otherwise (A-113)."""
    grace = timedelta(seconds=int(spec_of(pod).get("terminationGracePeriodSeconds") or 0))
    probe: dict[str, Any] = {}
    why = ""
    if seen.facts.live is False:
        name = "startup" if seen.facts.started is False else "liveness"
        probe, why = one.spec.get(f"{name}Probe") or {}, f"failed {name} probe, will be restarted"
    elif seen.facts.stop_sent is None and seen.spec_hash and seen.spec_hash != one.spec_hash:
        why = "definition changed, will be restarted"
    if seen.facts.stop_sent is not None or why:
        own = probe.get("terminationGracePeriodSeconds")
        grace = grace if own is None else timedelta(seconds=int(own))
        plan_stop(seen, (seen.facts.stop_sent or todo.now) + grace, why or "it was asked to stop", todo)


def _replace(pod: Object, one: Wanted, observed: ObservedPod, sandbox: Seen, todo: Todo, cause: str) -> None:
    """A new container, once its image is there; the last one makes way, and the first brings the files."""
    old = observed.newest(one.name)
    restart = old.restart + 1 if old else _restarts_known(pod, one)
    image = observed.images.get(one.name, ImageState())
    if image.state != "ready":
        _await_image(one, restart, image, todo)
        return
    if not any(each.sandbox == sandbox.id for each in observed.containers) and not todo.has(WriteFiles):
        todo.add(*(WriteFiles(name, sandbox.id, "no container was made yet") for name in file_volumes(pod)))
    if old is not None:
        todo.add(SetAside(old.id, one.name, one.kind, old.restart, "another one follows"))
    step = backoff.next_step(old) if old else 0
    todo.add(CreateContainer(one.name, one.kind, restart, step, sandbox.id, cause))


def _await_image(one: Wanted, restart: int, image: ImageState, todo: Todo) -> None:
    if image.again is not None and image.again > todo.now:
        todo.recheck(image.again - todo.now)
    elif image.state in ("wanted", "failed", "backoff"):
        todo.add(PullImage(one.name, restart, image.message or "it is to be here before the container"))


def _restarts_known(pod: Object, one: Wanted) -> int:
    """The number of a container of which the engine has no trace: what was reported counts on."""
    listed = "initContainerStatuses" if one.kind == "init" else "containerStatuses"
    for status in status_of(pod).get(listed) or ():
        if status.get("name") == one.name and status.get("containerID"):
            return int(status.get("restartCount") or 0) + 1
    return 0


def _clear_away(pod: Object, observed: ObservedPod, todo: Todo) -> None:
    """Of each container's past, one is kept."""
    for one in (*inits(pod), *mains(pod)):
        for old in observed.of(one.name)[_KEPT:]:
            if not old.is_running:
                todo.add(Remove(old.id, f"{old.what} (restart {old.restart})", "one back is kept"))


# --- the end ---


def _end(pod: Object, observed: ObservedPod, todo: Todo) -> None:
    """Main containers first, sidecars after them in reverse; removed once the end is on record (A-109)."""
    why = "the pod is being deleted"
    deadline = moment(meta(pod)["deletionTimestamp"])
    sidecars = [one.name for one in inits(pod) if one.is_sidecar]
    first = [one for one in observed.running() if one.container not in sidecars]
    if first:
        stop_all(first, deadline, why, todo)
    elif last := sorted(observed.running(), key=lambda one: sidecars.index(one.container)):
        stop_all(last[-1:], deadline, why, todo)
    elif status_of(pod).get("phase") in FINISHED:
        _remove_all(observed, why, todo)
        todo.add(Forget("nothing of it is left"))


def _wind_down(pod: Object, observed: ObservedPod, todo: Todo) -> None:
    """The pod ended by itself: what still runs stops, the rest stays for its logs."""
    why = "the pod has ended"
    grace = timedelta(seconds=int(spec_of(pod).get("terminationGracePeriodSeconds") or 0))
    running = observed.running()
    for one in running:
        plan_stop(one, (one.facts.stop_sent or todo.now) + grace, why, todo)
    if not running:
        todo.add(*(Remove(one.id, "sandbox", why) for one in observed.sandboxes))


def _remove_all(observed: ObservedPod, why: str, todo: Todo) -> None:
    """Containers before the sandbox: it holds their volumes; volumes last."""
    parts: tuple[Seen, ...] = (*observed.containers, *observed.sandboxes)
    todo.add(*(Remove(one.id, one.what, why) for one in parts))
    todo.add(*(RemoveVolume(name, why) for name in sorted(observed.volumes.values())))
