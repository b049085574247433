"""What to do about a pod: its object and everything observed of it, to engine calls with their causes. Pure.

    nothing -> volumes, sandbox -> files -> init containers in order -> containers -> restarts
    container: created -> started -> postStart hook -> up;  whoever comes after it starts after its hook
    being deleted: stop -> terminal phase stored -> remove -> forget.  Sandbox gone: kill, all anew

Any prefix of a plan may be all that ran; planning again goes on from what is there. A plan holds only what
can be done now: what waits for its outcome comes in the next. Kubernetes: kuberuntime computePodActions.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

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
    RunHook,
    SetAside,
    Start,
    Warn,
    WriteFiles,
)
from minisets.kubelet.containers import (
    Wanted,
    are_inits_done,
    ephemerals,
    exit_code_of,
    has_come_up,
    has_ended,
    inits,
    is_init_done,
    mains,
    reported,
    was_made,
)
from minisets.kubelet.deadlines import active_deadline, is_past_deadline
from minisets.kubelet.observe import ImageState, ObservedPod, Seen
from minisets.kubelet.stopping import KILL_AGAIN, Todo, plan_stop, stop_in_order
from minisets.kubelet.volumes.exclusive import ATTACHER, FAILED
from minisets.kubelet.volumes.mounts import file_volumes, pod_volumes
from minisets.objects.metadata import is_being_deleted, meta, moment, spec_of
from minisets.objects.pods import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minisets.objects.kinds import Object

FAILED_POST_START = "FailedPostStartHook"
_NOW = timedelta(0)
_KEPT = 2  # the newest container, and the one before for `logs --previous`


def plan_pod(pod: Object, observed: ObservedPod, now: datetime) -> PodPlan:
    """What to do now about a pod on this node."""
    todo = Todo(now)
    if is_being_deleted(pod):
        _end(pod, observed, todo)
    elif has_ended(pod, observed, now):
        _wind_down(pod, observed, todo)
    elif observed.sandbox is None:
        _begin(pod, observed, todo)
    elif observed.sandbox.is_startable:
        todo.add(Start(observed.sandbox.id, "sandbox", "it was created"))
    else:
        _run(pod, observed, observed.sandbox, todo)
    if (deadline := active_deadline(pod)) is not None and deadline > now:
        todo.recheck(deadline - now)
    return todo.plan()


def plan_left(observed: ObservedPod, now: datetime) -> PodPlan:
    """What to do about a pod whose object went while its node stood still: it ends at once."""
    todo = Todo(now)
    _remove_all(observed, "its pod is gone, and its node stood still", todo)
    return todo.plan()


def plan_orphan(observed: ObservedPod, now: datetime) -> PodPlan:
    """What to do about a pod whose object is gone (A-107): two seconds, then it ends."""
    todo = Todo(now)
    why = "its pod is gone"
    for one in observed.running():
        # Differs: no preStop hook: what it is stands in the object, and that is gone.
        plan_stop(one, one.facts.stop_sent or now, why, todo)
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
    if observed.unattached is not None:
        if not observed.unattached.is_told:
            todo.add(Warn(FAILED, observed.unattached.message, ATTACHER))
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
    _follow_sources(observed, sandbox, todo)
    _bring_in(pod, observed, sandbox, todo)
    due = tuple(_due(pod, observed))
    hooked = next((one for one in due if _runs_its_hook(pod, one, observed)), None)
    may_start = True
    for one in due if hooked is None else (hooked,):
        _bring_up(pod, one, observed, sandbox, todo, may_start=may_start)
        may_start = may_start and not _makes_others_wait(pod, one, observed, todo.now)
    _clear_away(pod, observed, todo)


def _follow_sources(observed: ObservedPod, sandbox: Seen, todo: Todo) -> None:
    """What changed in a ConfigMap, a Secret or the pod's own labels changes in the files too."""
    if any(one.sandbox == sandbox.id for one in observed.containers):
        changed = [name for name, files in observed.wanted_files.items() if observed.files.get(name) != files]
        todo.add(*(WriteFiles(name, sandbox.id, "what they are made from changed") for name in changed))


def _bring_in(pod: Object, observed: ObservedPod, sandbox: Seen, todo: Todo) -> None:
    """Ephemeral containers, each once, however far the others are. Kubernetes: EphemeralContainersToStart.

    Differs: a postStart hook that goes on does not keep them out: it may be what is to be looked into.
    """
    for one in ephemerals(pod):
        seen = observed.current(one.name)
        if not was_made(pod, one, observed):
            _replace(pod, one, observed, sandbox, todo, "it was added to the pod")
        elif seen is not None and seen.is_startable:
            todo.add(Start(seen.id, seen.what, "it was created"))


def _runs_its_hook(pod: Object, one: Wanted, observed: ObservedPod) -> bool:
    """Whether its postStart hook goes on. Kubernetes: nothing else of the pod is done meanwhile."""
    seen = observed.current(one.name)
    return seen is not None and seen.is_running and not has_come_up(pod, one, seen)


def _makes_others_wait(pod: Object, one: Wanted, observed: ObservedPod, now: datetime) -> bool:
    """Whether those after it start only once its postStart hook is done. Kubernetes: startContainer."""
    if not one.hook("postStart"):
        return False
    seen = observed.current(one.name)
    if seen is not None and (seen.is_running or seen.is_startable):
        return not has_come_up(pod, one, seen)
    if seen is not None and (
        not one.restarts_after(exit_code_of(seen)) or backoff.remaining(seen, now) > _NOW
    ):
        return False
    image = observed.images.get(one.name, ImageState())
    return one.name not in observed.waiting and image.state in ("ready", "wanted", "pulling")


def _due(pod: Object, observed: ObservedPod) -> Iterable[Wanted]:
    """The containers that may run now: inits one after the other, then all others beside the sidecars."""
    sidecars = [one for one in inits(pod) if one.is_sidecar]
    if are_inits_done(pod, observed):
        yield from sidecars
        yield from mains(pod)
        return
    for one in inits(pod):
        done = is_init_done(pod, one, observed)
        if one.is_sidecar or not done:
            yield one
        if not done:
            return


def _bring_up(
    pod: Object, one: Wanted, observed: ObservedPod, sandbox: Seen, todo: Todo, *, may_start: bool
) -> None:
    """One step for one container."""
    seen = observed.current(one.name)
    if seen is None:
        _replace(pod, one, observed, sandbox, todo, "the sandbox has none")
    elif seen.is_running:
        _keep_up(pod, one, seen, todo)
    elif seen.is_startable:
        if may_start:
            todo.add(Start(seen.id, seen.what, "it was created"))
    elif one.restarts_after(exit_code_of(seen)):
        left = backoff.remaining(seen, todo.now)
        if left > _NOW:
            todo.recheck(left)
        else:
            _replace(pod, one, observed, sandbox, todo, f"it ended with {exit_code_of(seen)}")


def _keep_up(pod: Object, one: Wanted, seen: Seen, todo: Todo) -> None:
    """A running container goes on unless a hook, a probe or its own spec says otherwise (A-113)."""
    hook = seen.facts.post_start
    why = _why_it_ends(pod, one, seen)
    if why or seen.facts.ending_since is not None:
        grace = _grace(pod, one, seen)
        deadline = (seen.facts.ending_since or todo.now) + grace
        plan_stop(seen, deadline, why or "it was asked to stop", todo, has_hook=bool(one.hook("preStop")))
    elif has_come_up(pod, one, seen):
        return
    elif hook is None:
        todo.add(RunHook(seen.id, seen.what, "postStart", "it was started"))
    elif hook.over_at is not None:
        todo.recheck(hook.over_at - todo.now)


def _why_it_ends(pod: Object, one: Wanted, seen: Seen) -> str:
    """Empty: it does not. Kubernetes: a restart is announced where there is one, but not a sidecar's."""
    again = ", will be restarted" if one.kind == "container" and one.is_restartable else ""
    if seen.facts.post_start is not None and seen.facts.post_start.passed is False:
        return FAILED_POST_START
    if not has_come_up(pod, one, seen):
        return ""
    if seen.facts.live is False:
        return f"failed {_failed_probe(seen)} probe{again}"
    if seen.facts.ending_since is None and seen.spec_hash and seen.spec_hash != one.spec_hash:
        return f"definition changed{again}"
    return ""


def _failed_probe(seen: Seen) -> str:
    return "startup" if seen.facts.started is False else "liveness"


def _grace(pod: Object, one: Wanted, seen: Seen) -> timedelta:
    """The failed probe's own, or the pod's."""
    probe = one.spec.get(f"{_failed_probe(seen)}Probe") or {} if seen.facts.live is False else {}
    own = probe.get("terminationGracePeriodSeconds")
    return timedelta(seconds=int(_pod_grace(pod) if own is None else own))


def _pod_grace(pod: Object) -> int:
    return int(spec_of(pod).get("terminationGracePeriodSeconds") or 0)


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
    status = reported(pod, one)
    return int(status.get("restartCount") or 0) + 1 if status.get("containerID") else 0


def _clear_away(pod: Object, observed: ObservedPod, todo: Todo) -> None:
    """Of each container's past, one is kept."""
    for one in (*inits(pod), *mains(pod)):
        for old in observed.of(one.name)[_KEPT:]:
            if not old.is_running:
                todo.add(Remove(old.id, f"{old.what} (restart {old.restart})", "one back is kept"))


# --- the end ---


def _end(pod: Object, observed: ObservedPod, todo: Todo) -> None:
    """Stopped, and removed once the end is on record (A-109)."""
    why = "the pod is being deleted"
    if observed.running():
        stop_in_order(pod, observed, _deletion_deadline(pod, observed), why, todo)
    elif is_terminal(pod):
        _remove_all(observed, why, todo)
        todo.add(Forget("nothing of it is left"))


def _deletion_deadline(pod: Object, observed: ObservedPod) -> datetime:
    """The grace, from when the deletion was seen.

    Why between these two: what is on record is cut to whole seconds, and survives a kubelet.
    """
    recorded = moment(meta(pod)["deletionTimestamp"])
    if observed.ending_since is None:
        return recorded
    grace = timedelta(seconds=int(meta(pod).get("deletionGracePeriodSeconds") or 0))
    return min(max(recorded, observed.ending_since + grace), recorded + timedelta(seconds=1))


def _wind_down(pod: Object, observed: ObservedPod, todo: Todo) -> None:
    """The pod ended by itself, or had its time: what still runs stops, the rest stays for its logs."""
    why = "the pod's time is up" if is_past_deadline(pod, todo.now) else "the pod has ended"
    if observed.running():
        since = observed.ending_since or todo.now
        stop_in_order(pod, observed, since + timedelta(seconds=_pod_grace(pod)), why, todo)
    else:
        todo.add(*(Remove(one.id, "sandbox", why) for one in observed.sandboxes))


def _remove_all(observed: ObservedPod, why: str, todo: Todo) -> None:
    """Containers before the sandbox: it holds their volumes; volumes last."""
    parts: tuple[Seen, ...] = (*observed.containers, *observed.sandboxes)
    todo.add(*(Remove(one.id, one.what, why) for one in parts))
    todo.add(*(RemoveVolume(name, why) for name in sorted(observed.volumes.values())))
