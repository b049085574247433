"""What holds of claims, revisions and status: of every sync, and of every quiet end; each by its name.

Kubernetes: stateful_set_control_test.go checkClaimInvariants and assertUpdateInvariants, and what the
spec's items A-n add to these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import (
    finalizers_of,
    is_being_deleted,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    uid_of,
)
from minisets.objects.owners import owners_of
from tests.models.statefulset_seen import Seen, Sync, is_ready, phase_of, revision_of, template_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_COUNTS = ("readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas")


# --- every sync ---


def a_sync_keeps_every_claim(sync: Sync) -> None:
    """A claim is reused as it is (A-56), outlives its pod (A-59), and is deleted by nobody here (A-61)."""
    for name, claim in sync.before.claims.items():
        now = sync.after.claims.get(name)
        assert now is not None, f"{name} is gone"
        for part in (uid_of, spec_of, labels_of, is_being_deleted, finalizers_of):
            assert part(now) == part(claim), f"{name}: {part.__name__}"


def a_claim_gets_the_owners_of_the_policy(sync: Sync) -> None:
    """A claim in range is the set's or nobody's; out of range it may be its pod's (A-60, A-62, A-65)."""
    for name, claim in sync.after.claims.items():
        before = sync.before.claims.get(name)
        owners = _owner_uids(claim)
        if (before is None and owners) or (before is not None and _owner_uids(before) != owners):
            wanted = _wanted_owners(sync.after, sync.before, int(name.rpartition("-")[2]))
            assert owners == wanted, f"{name}: {owners_of(claim)}"


def _owner_uids(claim: Object) -> set[str]:
    return {owner["uid"] for owner in owners_of(claim)}


def _wanted_owners(now: Seen, before: Seen, ordinal: int) -> set[str]:
    """A-60: by the spec that the sync saw; the pod may have vanished since."""
    if before.deletes("whenScaled") and ordinal not in before.wanted:
        return {uid_of(each.members[ordinal]) for each in (before, now) if ordinal in each.members}
    return {uid_of(now.statefulset)} if before.deletes("whenDeleted") else set()


def new_revisions_are_the_newest(sync: Sync) -> None:
    """A new revision, or an old one that is wanted again, is numbered above all others (A-38, A-39)."""
    before = {name: revision["revision"] for name, revision in sync.before.ours.items()}
    highest = max(before.values(), default=0)
    for name, revision in sync.after.ours.items():
        if revision["revision"] != before.get(name) and name not in sync.before.revisions:
            assert revision["revision"] == highest + 1, f"{name} is {revision['revision']} after {highest}"
        elif name in before and revision["revision"] != before[name]:
            assert revision["revision"] > highest, f"{name} is {revision['revision']} after {highest}"
            assert name == sync.update, f"{name} is raised and not {sync.update}"


def equal_payloads_exist_once(sync: Sync) -> None:
    """A template has one revision (A-39), whose payload never changes (A-44)."""
    templates = [template_of(revision) for revision in sync.after.ours.values()]
    assert all(template not in templates[:index] for index, template in enumerate(templates))
    for name, revision in sync.before.ours.items():
        assert sync.after.revisions.get(name, revision)["data"] == revision["data"], name


def revisions_in_use_are_kept(sync: Sync) -> None:
    """The current one, the update one and those of pods are not trimmed (A-43)."""
    gone = sync.before.revisions.keys() - sync.after.revisions.keys()
    used = {revision_of(pod) for pod in sync.after.members.values()}
    assert not gone & {sync.current, sync.update, *used}, gone
    assert gone <= sync.before.ours.keys(), gone


def the_current_revision_moves_on_completion(sync: Sync) -> None:
    """Only a rolling update that reached every replica moves it (A-26, A-27), or that it is lost (A-42)."""
    before, after = sync.before.status.get("currentRevision"), sync.after.status.get("currentRevision")
    if before not in sync.before.ours or before == after or sync.before.is_going:
        return
    counts = [sync.after.status.get(field) or 0 for field in ("replicas", "readyReplicas", "updatedReplicas")]
    assert sync.before.is_rolling, f"{after} under OnDelete"
    assert counts == [len(sync.before.wanted)] * 3, f"{after} at {counts}"
    assert after == sync.after.status.get("updateRevision") == sync.update, f"{after} is not {sync.update}"


def counts_are_within_replicas(sync: Sync) -> None:
    """No count is negative or above the pods that exist (A-87)."""
    status = sync.after.status
    for field in _COUNTS:
        assert 0 <= (status.get(field) or 0) <= (status.get("replicas") or 0), f"{field} of {status}"
    assert (status.get("availableReplicas") or 0) <= (status.get("readyReplicas") or 0), status


OF_A_SYNC = (
    a_sync_keeps_every_claim,
    a_claim_gets_the_owners_of_the_policy,
    new_revisions_are_the_newest,
    equal_payloads_exist_once,
    revisions_in_use_are_kept,
    the_current_revision_moves_on_completion,
    counts_are_within_replicas,
)


# --- what a played garbage collector or volume controller did to a claim ---


def a_claim_goes_after_all_its_owners(before: Object, living: set[str]) -> None:
    """Only people take a claim that has an owner which stays, or had none (A-59, A-61, A-65, A-70, A-73)."""
    owners = {owner["uid"] for owner in owners_of(before)}
    assert owners, f"{name_of(before)} had no owner"
    assert not owners & living, f"{name_of(before)} still has {owners & living}"


def a_claim_keeps_its_uid(before: Object, after: Object) -> None:
    """The claim of an ordinal stays the same object (A-59)."""
    assert (uid_of(before), namespace_of(before)) == (uid_of(after), namespace_of(after)), name_of(before)


# --- every quiet end ---


def quiet_means_an_empty_plan(seen: Seen, plan: str) -> None:
    """Nothing is left to do but to wait, or to try again what cannot be done (A-5, A-57, A-64, A-67)."""
    taken = tuple(f"create pod {name}:" for name in seen.pods)
    for line in plan.splitlines():
        if line.startswith(("cannot", *taken)):
            break  # what comes after it is not tried
        assert line.startswith(("wait", "warn")), line
    assert "write status" not in plan, plan


def the_status_counts_what_is_there(seen: Seen, plan: str) -> None:
    """Each count, taken anew, is the one that was written (A-93 to A-95)."""
    del plan
    members = seen.members.values()
    staying = [pod for pod in members if not is_being_deleted(pod)]
    status = seen.status
    counted = {
        "replicas": len(members),
        "readyReplicas": sum(map(is_ready, members)),
        "availableReplicas": sum(map(seen.is_available, members)),
        "currentReplicas": sum(revision_of(pod) == status["currentRevision"] for pod in staying),
        "updatedReplicas": sum(revision_of(pod) == status["updateRevision"] for pod in staying),
        "observedGeneration": seen.statefulset["metadata"]["generation"],
    }
    assert {field: status.get(field) or 0 for field in counted} == counted, status
    assert seen.is_going or status["updateRevision"] == seen.update, status


def the_history_keeps_its_limit(seen: Seen, plan: str) -> None:
    """Beyond what is in use there are no more revisions than revisionHistoryLimit (A-43)."""
    del plan
    used = {seen.status["currentRevision"], seen.update, *map(revision_of, seen.members.values())}
    limit = int(seen.spec["revisionHistoryLimit"])
    unused = seen.ours.keys() - used
    assert seen.is_going or limit < 0 or len(unused) <= limit, f"{unused} beyond {limit}"


def claims_have_the_owners_of_the_policy(seen: Seen, plan: str) -> None:
    """Kubernetes: checkClaimInvariants, of the pods that the walk over the ordinals reaches (A-60, A-62)."""
    if seen.is_going or _is_refused(plan):
        return
    for ordinal, pod in seen.members.items():
        if not is_ready(pod) or not _is_reached(seen, ordinal):
            continue
        for name in seen.claims_of(ordinal).values():
            claim = seen.claims.get(name)
            if claim is not None and not _is_of_former_times(seen, claim):
                wanted = _wanted_owners(seen, seen, ordinal)
                assert _owner_uids(claim) == wanted, f"{name}: {owners_of(claim)}"


def pending_pods_have_their_claims(seen: Seen, plan: str) -> None:
    """A claim that a person took from a pod which never ran is made again (A-9)."""
    if seen.is_going or _is_refused(plan):
        return
    for ordinal, pod in seen.replicas.items():
        lower = [each for each in seen.unavailable if each < ordinal]
        if phase_of(pod) == "Pending" and not (seen.is_ordered and lower):
            missing = set(seen.claims_of(ordinal).values()) - seen.claims.keys()
            assert not missing, f"{name_of(pod)} has no {missing}"


def scaling_goes_on_while_it_may(seen: Seen, plan: str) -> None:
    """No ordinal lacks its pod, and no pod is too many, unless a pod blocks (A-4, A-5, A-16 to A-19)."""
    if seen.is_going or _is_refused(plan):
        return
    first = seen.unavailable[:1] if seen.is_ordered else seen.wanted
    missing = [each for each in first if each not in seen.members]
    assert not missing, missing
    staying = [each for each, pod in seen.condemned.items() if not is_being_deleted(pod)]
    if not seen.is_ordered:
        assert not staying, staying
    elif seen.condemned and not seen.unavailable:
        highest = max(seen.condemned)
        unhealthy = [each for each in seen.condemned if seen.is_unavailable(each)]
        assert highest not in staying or highest in unhealthy[1:], f"{highest} could go"


def updating_goes_on_while_it_may(seen: Seen, plan: str) -> None:
    """No pod from the partition on is outdated, unless scaling or the budget says so (A-7, A-21, A-28)."""
    is_held = seen.is_ordered and (seen.unavailable or seen.condemned)
    if seen.is_going or _is_refused(plan) or not seen.is_rolling or is_held:
        return
    outdated = [
        ordinal
        for ordinal, pod in seen.replicas.items()
        if ordinal >= seen.lowest_updated and revision_of(pod) != seen.update and not is_being_deleted(pod)
    ]
    may = seen.max_unavailable > len(seen.unavailable)
    left = outdated if may else [each for each in outdated if seen.is_unavailable(each)]
    assert not set(left) - _left_alone(seen), left


def _left_alone(seen: Seen) -> set[int]:
    """Those that are not available, and would come back as they are (A-24)."""
    kept = int(seen.status.get("currentReplicas") or 0)
    low = {ordinal for ordinal in seen.replicas if ordinal < seen.start + kept - 1}
    return {ordinal for ordinal in low if seen.may_be_left_alone and seen.is_unavailable(ordinal)}


def _is_refused(plan: str) -> bool:
    """Whether something cannot be done, which keeps the batches after it from being tried (A-5)."""
    return any(line.startswith(("cannot", "create pod")) for line in plan.splitlines())


def _is_reached(seen: Seen, ordinal: int) -> bool:
    if not seen.is_ordered:
        return True
    return not any(each <= ordinal or ordinal not in seen.wanted for each in seen.unavailable)


def _is_of_former_times(seen: Seen, claim: Object) -> bool:
    """Whether it goes with a pod or a set that is no more (A-63)."""
    living = {uid_of(seen.statefulset), *map(uid_of, seen.pods.values())}
    return bool(_owner_uids(claim) - living)


OF_QUIET = (
    quiet_means_an_empty_plan,
    the_status_counts_what_is_there,
    the_history_keeps_its_limit,
    claims_have_the_owners_of_the_policy,
    pending_pods_have_their_claims,
    scaling_goes_on_while_it_may,
    updating_goes_on_while_it_may,
)
