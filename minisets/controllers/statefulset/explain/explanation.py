"""Why a statefulset is as it is: its plan in sentences, what holds it up, and the command that unsticks it.

Pure: a command, a page or a log can print it. Decides which facts a person needs: next steps (`steps.py`),
what is wrong with a pod (`ailments.py`), what helps (`remedies.py`). Leaves reading to who has a client, and
how a duration is written to who prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from minisets.controllers.statefulset.actions import DeletePod, Plan, Wait
from minisets.controllers.statefulset.explain.ailments import Finding, View, what_ails
from minisets.controllers.statefulset.explain.remedies import Outlook, of_claim, remedies
from minisets.controllers.statefulset.explain.steps import told
from minisets.controllers.statefulset.identity import (
    claim_name,
    claim_templates,
    first_ordinal,
    is_parallel,
    ordinal_of,
    partition_of,
    replicas_of,
    revision_of,
    update_type,
)
from minisets.controllers.statefulset.members import Members, history, members
from minisets.controllers.statefulset.revisions import Revisions, revisions
from minisets.controllers.statefulset.rollout import max_unavailable, revision_for
from minisets.controllers.statefulset.status import is_running_and_ready, is_unavailable
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    finalizers_of,
    is_being_deleted,
    meta,
    name_of,
    namespace_of,
    ref_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta

    from minisets.controllers.statefulset.observe import Observed
    from minisets.objects.kinds import Object

_NO_PARTITION = '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'


def explained(
    observed: Observed,
    plan: Plan,
    events: Sequence[Object],
    spell: Callable[[timedelta], str],
    flags: str = "",
) -> tuple[str, ...]:
    """The lines. events: of what `concerned` names. spell: a duration, as `kubectl get` writes an age."""
    kept, _ = history(observed.statefulset, observed.revisions.values())
    live = revisions(observed.statefulset, kept, observed.revisions)
    ours = members(observed.statefulset, observed.pods)
    explanation = _Explanation(View(observed, events, spell, flags), plan, ours, live)
    lines = [explanation.headline()]
    for finding in explanation.findings() or [explanation.all_is_well()]:
        lines += [finding.line, *(f"  {hint}" for hint in finding.hints)]
    return tuple(lines)


def concerned(observed: Observed, plan: Plan) -> tuple[Ref, ...]:
    """The objects whose events say why: the statefulset, pods that are not available, and their claims."""
    statefulset = observed.statefulset
    pods = [
        pod
        for pod in members(statefulset, observed.pods).pods
        if is_unavailable(statefulset, pod, observed.now)
    ]
    refs = [ref_of(statefulset), *map(ref_of, pods)]
    for pod in pods:
        for template in claim_templates(statefulset):
            name = claim_name(template, statefulset, ordinal_of(statefulset, pod) or 0)
            refs.append(Ref("PersistentVolumeClaim", namespace_of(statefulset), name))
    return tuple(dict.fromkeys([*refs, *([plan.wait.on] if plan.wait else [])]))


@dataclass(frozen=True)
class _Explanation:
    """One statefulset, its plan, its pods and its revisions."""

    view: View
    plan: Plan
    members: Members
    live: Revisions

    @property
    def statefulset(self) -> Object:
        return self.view.statefulset

    @property
    def strategy(self) -> str:
        return update_type(self.statefulset)

    @property
    def deleted(self) -> set[str]:
        """The names of the pods that the plan deletes."""
        return {name_of(action.pod) for action in self.plan.actions if isinstance(action, DeletePod)}

    def headline(self) -> str:
        """What is wanted and what is there."""
        wanted = replicas_of(self.statefulset)
        ready = sum(map(is_running_and_ready, self.members.pods))
        current, update = name_of(self.live.current), name_of(self.live.update)
        management = "Parallel" if is_parallel(self.statefulset) else "OrderedReady"
        revision = update if current == update else f"{current} -> {update}"
        count = "1 replica" if wanted == 1 else f"{wanted} replicas"
        return (
            f"{name_of(self.statefulset)}: {count} wanted, {ready} ready, "
            f"{self.strategy} ({management}), revision {revision}"
        )

    def all_is_well(self) -> Finding:
        """Nothing to do."""
        name, wanted = name_of(self.statefulset), replicas_of(self.statefulset)
        if not wanted:
            return Finding(f"{name} is as it should be: no pod is wanted, and there is none")
        revision = name_of(self.live.update)
        return Finding(
            f"{name} is as it should be: {wanted} of {wanted} pods are ready at revision {revision}"
        )

    def findings(self) -> list[Finding]:
        """What happens next, then what does not and why, then what stays as it is on purpose."""
        if is_being_deleted(self.statefulset):
            return [self._going()]
        found = [told(self.view, action) for action in (*self.plan.actions, *self.plan.trims)]
        if self.plan.wait is not None:
            found.append(self._waiting(self.plan.wait))
        return [*found, *self._other_pods(), *self._kept_back()]

    def _going(self) -> Finding:
        """A-8."""
        since = self.view.since(meta(self.statefulset)["deletionTimestamp"])
        line = f"{name_of(self.statefulset)} is being deleted{since}: no pod is made or replaced any more"
        held = finalizers_of(self.statefulset)
        if "foregroundDeletion" in held:
            pods = ", ".join(name_of(pod) for pod in self.members.pods) or "what it controls"
            return Finding(line, (f"it goes after them: {pods}; see {self.view.command('get pods')}",))
        if held == ("orphan",):
            return Finding(line, ("it goes once its pods and claims are let go",))
        return Finding(line, (f"finalizers hold it: {', '.join(held)}; who set them must remove them",))

    # --- what does not, and why ---

    def _waiting(self, wait: Wait) -> Finding:
        before = self._held(wait)
        if wait.on.kind == "PersistentVolumeClaim":
            claim = self.view.observed.claims.get(wait.on.name)
            hints = () if claim is None else of_claim(self.view, claim)
            return Finding(f"{before}claim {wait}", hints)
        pod = self.view.pod(wait.on.name)
        if pod is None or name_of(pod) in self.deleted:
            return Finding(f"{before}{wait}")
        return Finding(f"{before}{wait.on.name} {what_ails(self.view, pod)}", self._remedies(pod))

    def _held(self, wait: Wait) -> str:
        """What is held up, before the reason; nothing where that is the same pod's own update."""
        if not wait.holds or wait.holds.startswith(f"{wait.on.name} "):
            return ""
        budget = f" (maxUnavailable is {max_unavailable(self.statefulset)})" if wait.by_budget else ""
        return f"{wait.holds}{budget}: "

    def _remedies(self, pod: Object) -> tuple[str, ...]:
        ordinal = ordinal_of(self.statefulset, pod) or 0
        if ordinal not in self.members.replicas:
            if is_being_deleted(pod):
                return remedies(self.view, pod, Outlook())
            delete = self.view.command(f"delete-pod {name_of(pod)}")
            return (f"to unstick it: {delete}; it is not wanted any more",)
        wanted = name_of(revision_for(self.statefulset, self.live, ordinal))
        return remedies(
            self.view, pod, Outlook(self._kept_by(), wanted if wanted != revision_of(pod) else "")
        )

    def _kept_by(self) -> Literal["OrderedReady", "OnDelete", ""]:
        if self.strategy == "OnDelete":
            return "OnDelete"
        return "" if is_parallel(self.statefulset) else "OrderedReady"

    def _other_pods(self) -> Iterator[Finding]:
        """Pods that are not available, and that neither an action nor the wait was about."""
        known = self.deleted | ({self.plan.wait.on.name} if self.plan.wait else set())
        for pod in self.members.pods:
            if name_of(pod) not in known and is_unavailable(self.statefulset, pod, self.view.observed.now):
                yield Finding(f"{name_of(pod)} {what_ails(self.view, pod)}", self._remedies(pod))

    # --- what stays as it is on purpose ---

    def _kept_back(self) -> Iterator[Finding]:
        """Pods of an older revision that the strategy leaves alone (A-23, A-26)."""
        update = name_of(self.live.update)
        old = {
            ordinal: pod
            for ordinal, pod in self.members.replicas.items()
            if revision_of(pod) != update and not is_being_deleted(pod)
        }
        if self.strategy == "OnDelete":
            yield from self._until_deleted(list(old.values()))
            return
        partition = partition_of(self.statefulset)
        below = [pod for ordinal, pod in old.items() if ordinal < first_ordinal(self.statefulset) + partition]
        if below:
            patch = f"patch statefulset {name_of(self.statefulset)} -p '{_NO_PARTITION}'"
            yield Finding(
                f"partition {partition}: {_names(below)} {_stay(below)} at {_revisions_of(below)}",
                (f"to update them: {self.view.kubectl(patch)}",),
            )

    def _until_deleted(self, old: list[Object]) -> Iterator[Finding]:
        if old:
            delete = self.view.command(f"delete-pod {name_of(old[-1])}")
            yield Finding(
                f"OnDelete: {_names(old)} {_stay(old)} at {_revisions_of(old)} until deleted",
                (f"to update {name_of(old[-1])}: {delete}",),
            )


def _names(pods: Sequence[Object]) -> str:
    return ", ".join(map(name_of, pods))


def _stay(pods: Sequence[Object]) -> str:
    return "stay" if len(pods) > 1 else "stays"


def _revisions_of(pods: Sequence[Object]) -> str:
    return ", ".join(dict.fromkeys(map(revision_of, pods)))
