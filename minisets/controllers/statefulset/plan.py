"""What to do next for a statefulset: one pure, total, deterministic function of a snapshot.

    adopt -> revisions -> replicas -> condemned -> update -> status -> trim          (A-2)

Any prefix of a plan may be all that ran; planning again from what is then observed converges.
Kubernetes: stateful_set_control.go `updateStatefulSet`, `processReplica`, `processCondemned`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minisets.controllers.statefulset.actions import (
    Batch,
    CreatePod,
    DeletePod,
    Group,
    Plan,
    Refuse,
    RepairPod,
    Wait,
    slowly,
)
from minisets.controllers.statefulset.claims import Claims
from minisets.controllers.statefulset.identity import (
    identity_matches,
    is_parallel,
    ordinals_of,
    pod_for,
    pod_name,
    repaired,
    replicas_of,
    storage_matches,
)
from minisets.controllers.statefulset.members import Members, history, members
from minisets.controllers.statefulset.revisions import Revisions, revisions, template_of, trims
from minisets.controllers.statefulset.rollout import due, replacing, revision_for
from minisets.controllers.statefulset.status import (
    available_in,
    is_consistent,
    is_running_and_ready,
    is_unavailable,
    minimum_ready,
    phase_of,
    status_for,
)
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_being_deleted, name_of, namespace_of, ref_of

if TYPE_CHECKING:
    from minisets.controllers.statefulset.observe import Observed
    from minisets.objects.kinds import Object


def plan(observed: Observed) -> Plan:
    """The next actions, the status to write and the history to trim."""
    statefulset = observed.statefulset
    ours, adoptions = history(statefulset, observed.revisions.values())
    found = members(statefulset, observed.pods)
    live = revisions(statefulset, ours, observed.revisions)
    step = _Step(observed, found, live)
    if not is_being_deleted(statefulset):
        first = (*adoptions, *found.actions, *live.actions)
        step.batches += [(first,)] if first else []
        step.run()
    status = status_for(statefulset, found.pods, live, observed.now, replaced=step.replaced)
    waits = (available_in(pod, minimum_ready(statefulset), observed.now) for pod in found.pods)
    return Plan(
        batches=tuple(step.batches),
        status=None if is_consistent(statefulset, status) else status,
        trims=() if is_being_deleted(statefulset) else trims(statefulset, ours, live, found.pods),
        recheck_after=min((wait for wait in waits if wait), default=None),
        wait=step.wait,
    )


@dataclass
class _Step:
    """One sync on its way: collects batches; each stage says whether the next one is reached."""

    observed: Observed
    members: Members
    live: Revisions
    batches: list[Batch] = field(default_factory=list)
    replaced: int = 0
    wait: Wait | None = None

    @property
    def statefulset(self) -> Object:
        return self.observed.statefulset

    @property
    def is_ordered(self) -> bool:
        return not is_parallel(self.statefulset)

    @property
    def replicas(self) -> list[Object | None]:
        return [self.members.replicas.get(ordinal) for ordinal in ordinals_of(self.statefulset)]

    def run(self) -> None:
        """Scaling beats updating (A-7)."""
        if not self._replicas():
            return
        self._append([self._claims(pod).owners(condemned=True) for pod in self._wrongly_owned()])
        if self._condemned():
            self._update()

    def _append(self, groups: list[Group]) -> None:
        """An ordered statefulset does one thing after the other, a parallel one more and more at once."""
        batches = [(group,) for group in groups] if self.is_ordered else slowly(groups)
        self.batches += [batch for batch in batches if any(batch)]

    def _claims(self, pod: Object) -> Claims:
        return Claims(self.statefulset, self.observed.claims, pod)

    def _is_unavailable(self, pod: Object | None) -> bool:
        return is_unavailable(self.statefulset, pod, self.observed.now)

    # Replicas: from the lowest ordinal up.

    def _replicas(self) -> bool:
        """Process every ordinal, an ordered statefulset only up to the first that stops it."""
        groups: list[Group] = []
        for ordinal in ordinals_of(self.statefulset):
            group, goes_on = self._replica(ordinal)
            groups.append(group)
            if self.is_ordered and not goes_on:
                self._append(groups)
                return False
        self._append(groups)
        return True

    def _replica(self, ordinal: int) -> tuple[Group, bool]:
        """What one ordinal needs, and whether an ordered statefulset goes on to the next."""
        pod = self.members.replicas.get(ordinal)
        if pod is None:
            return self._create(ordinal), False
        if phase_of(pod) in ("Failed", "Succeeded"):
            return self._replace(pod), False
        actions = self._claims_of_pending(pod) if phase_of(pod) == "Pending" else ()
        if _is_refused(actions):
            return actions, False
        if self.is_ordered and (why := self._blocks(pod)):
            self.wait = Wait(ref_of(pod), why, self._held())
            return actions, False
        return (*actions, *self._repair(pod)), True

    def _claims_of_pending(self, pod: Object) -> Group:
        """Kubernetes: `createMissingPersistentVolumeClaims` (A-9)."""
        claims = self._claims(pod)
        missing = claims.missing("")
        return missing if _is_refused(missing) else (*missing, *claims.owners())

    def _blocks(self, pod: Object) -> str:
        """Why an ordered statefulset does not go past this pod, or nothing."""
        if is_being_deleted(pod):
            return "is terminating"
        if not is_running_and_ready(pod):
            return "is not Running and Ready"
        if self._is_unavailable(pod):
            return "is not available for minReadySeconds yet"
        return ""

    def _held(self) -> str:
        """What an ordered statefulset would do next, did its pods not have to be available first."""
        for ordinal in ordinals_of(self.statefulset):
            if ordinal not in self.members.replicas:
                return f"{pod_name(self.statefulset, ordinal)} is not created"
        if self.members.condemned:
            return f"{name_of(self.members.condemned[0])} is not deleted"
        for pod in due(self.statefulset, self.replicas, name_of(self.live.update)):
            return f"{name_of(pod)} is not updated"
        return ""

    def _create(self, ordinal: int) -> Group:
        revision = revision_for(self.statefulset, self.live, ordinal)
        pod = pod_for(self.statefulset, template_of(revision), name_of(revision), ordinal)
        claims = self._claims(pod)
        if (stale := claims.stale()) is not None:
            why = f"still belongs to a former {name_of(pod)} and waits to be collected"
            self.wait = Wait(ref_of(stale), why, f"{name_of(pod)} is not created")
            return ()
        missing = claims.missing("create")
        if _is_refused(missing):
            return missing
        return (*missing, CreatePod(pod, f"ordinal {ordinal} has no pod"), *claims.owners())

    def _replace(self, pod: Object) -> Group:
        """A pod that has ended goes; its successor comes once it is really gone (A-11)."""
        if is_being_deleted(pod):
            held = f"a new {name_of(pod)} is not created"
            self.wait = Wait(ref_of(pod), f"is {phase_of(pod)} and terminating", held)
            return ()
        return (DeletePod(pod, f"it is {phase_of(pod)}"),)

    def _repair(self, pod: Object) -> Group:
        """Identity, storage and the claims' owners, then one write of the pod and its Event (A-10)."""
        claims = self._claims(pod)
        is_named, is_stored = (
            matches(self.statefulset, pod) for matches in (identity_matches, storage_matches)
        )
        owned = () if claims.are_owned_as_wanted() else claims.owners()
        missing = () if is_stored else claims.missing("update")
        if (is_named and is_stored and not owned) or _is_refused(missing):
            return missing
        written = pod if is_named and is_stored else repaired(self.statefulset, pod)
        return (*missing, *owned, RepairPod(pod, written, _wrong(named=is_named, stored=is_stored)))

    # Condemned: from the highest ordinal down.

    def _wrongly_owned(self) -> list[Object]:
        return [
            pod for pod in self.members.condemned if not self._claims(pod).are_owned_as_wanted(condemned=True)
        ]

    def _condemned(self) -> bool:
        condemned = [pod for pod in self.members.condemned if self.is_ordered or not is_being_deleted(pod)]
        if self.is_ordered and condemned:
            if self._keeps(condemned[0]):
                return False
            condemned = condemned[:1]
        cause = f"{replicas_of(self.statefulset)} replicas are wanted"
        self._append([(DeletePod(pod, cause),) for pod in condemned])
        return not condemned or not self.is_ordered

    def _keeps(self, pod: Object) -> bool:
        """Whether an ordered statefulset leaves the highest condemned pod alone for now (A-16, A-18)."""
        if is_being_deleted(pod):
            self.wait = Wait(ref_of(pod), "is terminating", self._next_to_go(pod))
            return True
        first = self._first_unavailable()
        if first is None or first is pod or not self._is_unavailable(pod):
            return False
        held = f"{name_of(pod)}, not available either, is not deleted"
        self.wait = Wait(ref_of(first), "is not available", held)
        return True

    def _next_to_go(self, pod: Object) -> str:
        rest = [other for other in self.members.condemned if other is not pod]
        return f"{name_of(rest[0])} is not deleted" if rest else ""

    def _first_unavailable(self) -> Object | None:
        candidates = (*self.members.replicas.values(), *reversed(self.members.condemned))
        return next((pod for pod in candidates if self._is_unavailable(pod)), None)

    # Update: from the highest ordinal down to the partition.

    def _update(self) -> None:
        update = name_of(self.live.update)
        step = replacing(self.statefulset, self.replicas, update, self.observed.now)
        known = {name_of(action.pod) for batch in self.batches for action in _deletions(batch)}
        going = [pod for pod in step.now if name_of(pod) not in known]
        if going:
            self.batches.append((tuple(DeletePod(pod, f"it is not of revision {update}") for pod in going),))
        self.replaced = len(going)
        if step.later is not None:
            self.wait = self._budget_wait(going, name_of(step.later))

    def _budget_wait(self, going: list[Object], later: str) -> Wait:
        held = f"{later} is not updated"
        if going:
            return Wait(ref_of(going[0]), "is being replaced", held, by_budget=True)
        away = (
            ordinal
            for ordinal, pod in zip(ordinals_of(self.statefulset), self.replicas, strict=True)
            if self._is_unavailable(pod)
        )
        name = pod_name(self.statefulset, next(away))
        ref = Ref("Pod", namespace_of(self.statefulset), name)
        return Wait(ref, "is not available", held, by_budget=True)


def _wrong(*, named: bool, stored: bool) -> str:
    if not named:
        return "its pod-name label is wrong"
    return "its claims had other owners" if stored else "its volumes are not its claims"


def _is_refused(group: Group) -> bool:
    return any(isinstance(action, Refuse) for action in group)


def _deletions(batch: Batch) -> list[DeletePod]:
    return [action for group in batch for action in group if isinstance(action, DeletePod)]
