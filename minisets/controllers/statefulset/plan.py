"""What to do next for a statefulset: one pure, total, deterministic function of a snapshot.

    adopt -> revisions -> replicas -> condemned -> update -> status -> trim          (A-2)

Any prefix of a plan may be all that ran; planning again from what is then observed converges.
Kubernetes: stateful_set_control.go `updateStatefulSet`, `processReplica`, `processCondemned`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.actions import (
    Action,
    CreateClaim,
    CreatePod,
    DeletePod,
    OwnClaim,
    Plan,
    RefusePod,
    RepairPod,
    Warn,
)
from minisets.controllers.statefulset.identity import (
    claim_for,
    claim_name,
    claim_templates,
    first_ordinal,
    identity_matches,
    ordinal_of,
    pod_for,
    pod_name,
    repaired,
    replicas_of,
    revision_of,
    storage_matches,
)
from minisets.controllers.statefulset.members import Members, history, members
from minisets.controllers.statefulset.retention import (
    has_foreign_controller,
    is_owned_as_wanted,
    is_stale,
    wanted_owners,
)
from minisets.controllers.statefulset.revisions import Revisions, revisions, template_of, trims
from minisets.controllers.statefulset.status import (
    available_in,
    is_available,
    is_consistent,
    is_running_and_ready,
    minimum_ready,
    phase_of,
    status_for,
)
from minisets.objects.metadata import is_being_deleted, name_of, spec_of, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.controllers.statefulset.observe import Observed
    from minisets.objects.kinds import Object


def plan(observed: Observed) -> Plan:
    """The next actions, the status to write and the history to trim."""
    statefulset = observed.statefulset
    ours, adoptions = history(statefulset, observed.revisions.values())
    found = members(statefulset, observed.pods)
    live = revisions(statefulset, ours, observed.revisions)
    status = status_for(statefulset, found.pods, live, observed.now)
    step = _Step(observed, found, live)
    if not is_being_deleted(statefulset):
        step.run()
    return Plan(
        actions=(*adoptions, *found.actions, *live.actions, *step.actions),
        status=None if is_consistent(statefulset, status) else status,
        trims=() if is_being_deleted(statefulset) else trims(statefulset, ours, live, found.pods),
        recheck_after=min(
            (
                wait
                for pod in found.pods
                if (wait := available_in(pod, minimum_ready(statefulset), observed.now))
            ),
            default=None,
        ),
        waits=step.waits,
    )


@dataclass
class _Step:
    """One sync on its way: collects actions; each stage says whether the next one is reached."""

    observed: Observed
    members: Members
    live: Revisions
    actions: list[Action] = field(default_factory=list)
    waits: str = ""

    @property
    def statefulset(self) -> Object:
        return self.observed.statefulset

    @property
    def is_ordered(self) -> bool:
        return bool(spec_of(self.statefulset).get("podManagementPolicy") != "Parallel")

    def run(self) -> None:
        """Scaling beats updating (A-7)."""
        if not self._replicas():
            return
        for pod in self.members.condemned:
            self._own_claims(pod, condemned=True)
        if self._condemned():
            self._update()

    def _stop(self, why: str) -> bool:
        """Say why nothing more happens now; always False: the next stage is not reached."""
        self.waits = why
        return False

    def _is_unavailable(self, pod: Object | None) -> bool:
        minimum = minimum_ready(self.statefulset)
        return pod is None or is_being_deleted(pod) or not is_available(pod, minimum, self.observed.now)

    # Replicas: from the lowest ordinal up.

    def _replicas(self) -> bool:
        start = first_ordinal(self.statefulset)
        goes_on = True
        for ordinal in range(start, start + replicas_of(self.statefulset)):
            goes_on = self._replica(ordinal) and goes_on
            if self.is_ordered and not goes_on:
                return False
        return goes_on or not self.is_ordered

    def _replica(self, ordinal: int) -> bool:
        """Process one ordinal; False if an ordered statefulset stops here."""
        pod = self.members.replicas.get(ordinal)
        if pod is None:
            self._create(ordinal)
            return False
        if phase_of(pod) in ("Failed", "Succeeded"):
            if not is_being_deleted(pod):
                self.actions.append(DeletePod(pod, f"it is {phase_of(pod)}"))
            return False
        if phase_of(pod) == "Pending":
            self._claims(ordinal, name_of(pod))
        if self.is_ordered and (why := self._blocks(pod)):
            return self._stop(why)
        self._repair(pod, ordinal)
        return True

    def _blocks(self, pod: Object) -> str:
        """Why an ordered statefulset does not go past this pod, or nothing."""
        name = name_of(pod)
        if is_being_deleted(pod):
            return f"{name} is terminating"
        if not is_running_and_ready(pod):
            return f"{name} is not Running and Ready"
        if self._is_unavailable(pod):
            return f"{name} is not available for minReadySeconds yet"
        return ""

    def _create(self, ordinal: int) -> None:
        name = pod_name(self.statefulset, ordinal)
        stale = [claim for claim in self._existing_claims(ordinal) if is_stale(claim, name)]
        if stale:
            self._stop(f"{name} waits until claim {name_of(stale[0])} of its predecessor is collected")
            return
        if not self._claims(ordinal, name):
            return
        revision = self._revision_for(ordinal)
        pod = pod_for(self.statefulset, template_of(revision), name_of(revision), ordinal)
        self.actions.append(CreatePod(pod, f"ordinal {ordinal} has no pod"))

    def _revision_for(self, ordinal: int) -> Object:
        """Which revision a pod that is made now belongs to (A-24)."""
        strategy = spec_of(self.statefulset).get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return self.live.update
        block = strategy.get("rollingUpdate")
        kept = status_of(self.statefulset).get("currentReplicas") or 0
        if block is not None:
            kept = block.get("partition") or 0
        is_old = ordinal < first_ordinal(self.statefulset) + kept
        return self.live.current if is_old else self.live.update

    def _existing_claims(self, ordinal: int) -> Iterable[Object]:
        for template in claim_templates(self.statefulset):
            claim = self.observed.claims.get(claim_name(template, self.statefulset, ordinal))
            if claim is not None:
                yield claim

    def _claims(self, ordinal: int, pod: str) -> bool:
        """Make the claims that are missing; False if one is on its way out (A-57)."""
        for template in claim_templates(self.statefulset):
            name = claim_name(template, self.statefulset, ordinal)
            existing = self.observed.claims.get(name)
            if existing is None:
                claim = claim_for(template, self.statefulset, ordinal)
                self.actions.append(CreateClaim(claim, pod, "there is none"))
            elif is_being_deleted(existing):
                self.actions.append(RefusePod(pod, f"pvc {name} is being deleted"))
                return False
        return True

    def _repair(self, pod: Object, ordinal: int) -> None:
        wrong = "" if identity_matches(self.statefulset, pod) else "its pod-name label is wrong"
        if not storage_matches(self.statefulset, pod):
            self._claims(ordinal, name_of(pod))
            wrong = wrong or "its volumes are not its claims"
        if wrong:
            self.actions.append(RepairPod(pod, repaired(self.statefulset, pod), wrong))
        self._own_claims(pod, condemned=False)

    def _own_claims(self, pod: Object, *, condemned: bool) -> None:
        for claim in self._existing_claims(ordinal_of(self.statefulset, pod) or 0):
            if is_owned_as_wanted(self.statefulset, claim, pod, condemned=condemned):
                continue
            if has_foreign_controller(claim, self.statefulset, pod):
                cause = f"claim {name_of(claim)} has another controller: it stays"
                self.actions.append(Warn("ConflictingController", cause))
            owners = wanted_owners(self.statefulset, claim, pod, condemned=condemned)
            self.actions.append(OwnClaim(claim, owners, "the retention policy says so"))

    # Condemned: from the highest ordinal down.

    def _condemned(self) -> bool:
        for pod in self.members.condemned:
            if is_being_deleted(pod):
                if self.is_ordered:
                    return self._stop(f"{name_of(pod)} is terminating")
                continue
            if self.is_ordered and self._is_unavailable(pod) and pod is not self._first_unavailable():
                return self._stop(f"{name_of(pod)} is not Running and Ready, nor the first such pod")
            count = replicas_of(self.statefulset)
            self.actions.append(DeletePod(pod, f"{count} replicas are wanted"))
            if self.is_ordered:
                return False
        return True

    def _first_unavailable(self) -> Object | None:
        candidates = (*self.members.replicas.values(), *reversed(self.members.condemned))
        return next((pod for pod in candidates if self._is_unavailable(pod)), None)

    # Update: from the highest ordinal down to the partition.

    def _update(self) -> None:
        strategy = spec_of(self.statefulset).get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        block = strategy.get("rollingUpdate") or {}
        replicas = [self.members.replicas.get(ordinal) for ordinal in self._ordinals()]
        budget = _max_unavailable(block, len(replicas)) - sum(map(self._is_unavailable, replicas))
        for pod in reversed(replicas[int(block.get("partition") or 0) :]):
            if pod is None or revision_of(pod) == name_of(self.live.update) or is_being_deleted(pod):
                continue
            if budget <= 0:
                self._stop(f"{name_of(pod)} waits for its update until other pods are available")
                return
            budget -= 1
            self.actions.append(DeletePod(pod, f"it is not of revision {name_of(self.live.update)}"))

    def _ordinals(self) -> range:
        start = first_ordinal(self.statefulset)
        return range(start, start + replicas_of(self.statefulset))


def _max_unavailable(block: dict[str, Any], replicas: int) -> int:
    """How many pods may be unavailable during an update: percents round down, at least 1 (A-28)."""
    given = block.get("maxUnavailable", 1)
    if isinstance(given, str):
        given = floor(int(given.rstrip("%")) * replicas / 100)
    return max(1, int(given))
