"""How containers are ended: preStop hook, asked once, killed at the deadline (A-108, A-120). Pure.

    running -> preStop hook -> its turn -> signal -> kill;      the hook and the turn end with the grace

Nobody waits: the end of a hook, the die event, or the recheck brings the next plan.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.kubelet.actions import BeginEnd, Kill, PodAction, PodPlan, RunHook, Stop
from minisets.kubelet.containers import inits, mains, wanted

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.kubelet.observe import ObservedPod, Seen
    from minisets.objects.kinds import Object

FLOOR = timedelta(seconds=2)
"""What every container gets between being asked and being killed, a grace of 0 included."""

KILL_AGAIN = timedelta(seconds=1)
_NONE = timedelta(0)


class Todo:
    """A plan in the making."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._actions: list[PodAction] = []
        self._recheck: timedelta | None = None

    def add(self, *actions: PodAction) -> None:
        """Append."""
        self._actions += actions

    def has(self, kind: type[PodAction]) -> bool:
        """Whether an action of that kind is in it."""
        return any(isinstance(action, kind) for action in self._actions)

    def recheck(self, after: timedelta) -> None:
        """Look again then; the earliest counts."""
        self._recheck = after if self._recheck is None else min(self._recheck, after)

    def plan(self) -> PodPlan:
        """What has come together."""
        return PodPlan(tuple(self._actions), self._recheck)


def stop_in_order(pod: Object, observed: ObservedPod, deadline: datetime, why: str, todo: Todo) -> None:
    """End what runs of a pod: preStop hooks all at once, then main containers, then sidecars in reverse.

    Kubernetes: kuberuntime_termination_order.go: a sidecar waits for its turn until the deadline, no longer.
    """
    running = {one.container for one in observed.running()}
    order = [one.name for one in inits(pod) if one.is_sidecar]
    first = {one.name for one in mains(pod)}
    hooked = {one.name for one in wanted(pod) if one.hook("preStop")}
    for one in observed.running():
        is_sidecar = one.container in order
        before = first.union(order[order.index(one.container) + 1 :]) if is_sidecar else set()
        plan_stop(
            one,
            deadline,
            why,
            todo,
            has_hook=one.container in hooked,
            may_be_asked=not before & running,
        )


def plan_stop(
    one: Seen, deadline: datetime, why: str, todo: Todo, *, has_hook: bool = False, may_be_asked: bool = True
) -> None:
    """The next step in the end of a running container: its hook, its turn, the signal, the kill.

    Hook and turn are waited for until the deadline; the signal leaves two seconds at least.
    """
    hook = one.facts.pre_stop
    left = deadline - todo.now
    if one.facts.stop_sent is not None:
        _kill_in_time(one, max(deadline, one.facts.stop_sent + FLOOR) - todo.now, why, todo)
    elif has_hook and hook is None and left > _NONE:
        todo.add(RunHook(one.id, one.what, "preStop", why))
    elif hook is not None and hook.passed is None and left > _NONE:
        todo.recheck(min(left, hook.over_at - todo.now) if hook.over_at else left)
    elif not may_be_asked and left > _NONE:
        if one.facts.ending_since is None:
            todo.add(BeginEnd(one.id, one.what, why))
        todo.recheck(left)
    else:
        todo.add(Stop(one.id, one.what, why))


def _kill_in_time(one: Seen, left: timedelta, why: str, todo: Todo) -> None:
    if left > _NONE:
        todo.recheck(left)
        return
    todo.add(Kill(one.id, one.what, f"{why}, and it did not stop in time"))
    todo.recheck(KILL_AGAIN)
