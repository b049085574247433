"""How a container is ended: asked once, looked at again at the deadline, then killed (A-108). Pure.

Nobody waits: the die event, or the recheck, brings the next plan.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.kubelet.actions import Kill, PodAction, PodPlan, Stop

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from minisets.kubelet.observe import Seen

FLOOR = timedelta(seconds=2)
"""What every container gets between being asked and being killed, a grace of 0 included."""

KILL_AGAIN = timedelta(seconds=1)


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


def stop_all(
    running: Iterable[Seen], deadline: datetime, why: str, todo: Todo, *, floor_from_stop: bool = False
) -> None:
    """End each of them by the deadline; floor_from_stop: the floor is all the time there is."""
    for one in running:
        asked = one.facts.stop_sent or todo.now
        plan_stop(one, asked if floor_from_stop else deadline, why, todo)


def plan_stop(one: Seen, deadline: datetime, why: str, todo: Todo) -> None:
    """The next step in the end of a running container."""
    if one.facts.stop_sent is None:
        todo.add(Stop(one.id, one.what, why))
        return
    left = max(deadline, one.facts.stop_sent + FLOOR) - todo.now
    if left > timedelta(0):
        todo.recheck(left)
        return
    todo.add(Kill(one.id, one.what, f"{why}, and it did not stop in time"))
    todo.recheck(KILL_AGAIN)
