"""What holds of the pods in every sync and after it; each by its name.

Kubernetes: stateful_set_control_test.go assertMonotonicInvariants, assertBurstInvariants,
assertUpdateInvariants, and what the spec's items A-n add to these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import (
    is_being_deleted,
    labels_of,
    name_of,
    spec_of,
    version_of,
)
from minisets.objects.owners import owners_of
from tests.models.statefulset_seen import (
    NAME,
    SELECTED,
    TERMINAL,
    Seen,
    Sync,
    claim_names,
    image_of,
    ordinal_of,
    phase_of,
    revision_of,
    template_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Violated(AssertionError):
    """An invariant does not hold: its name, its sentence, and what was found."""


def check(invariants: Iterable[Callable[..., None]], *seen: Any) -> None:
    for invariant in invariants:
        try:
            invariant(*seen)
        except AssertionError as found:
            raise Violated(f"{invariant.__name__}: {invariant.__doc__} Found: {found}") from found


# --- every sync: pods ---


def an_ordered_sync_changes_one_pod(sync: Sync) -> None:
    """An ordered sync creates or deletes one pod at most, unless it updates several (A-4, A-16, A-28)."""
    if sync.before.is_ordered:
        changed = [name_of(pod) for pod in (*sync.created, *sync.deleted)]
        assert len(changed) <= max(1, len(sync.updated)), changed


def an_ordered_pod_comes_after_all_lower_ones(sync: Sync) -> None:
    """An ordinal gets its pod once every lower one is available and stays (A-4, A-6, A-14)."""
    if sync.before.is_ordered:
        for pod in sync.created:
            lower = [each for each in sync.before.unavailable if each < ordinal_of(pod)]
            assert not lower, f"{name_of(pod)} is made while {lower} are unavailable"


def only_missing_pods_in_range_are_made(sync: Sync) -> None:
    """A pod is made for an ordinal in range that has none (A-5, A-53)."""
    for pod in sync.created:
        assert ordinal_of(pod) in sync.before.wanted, name_of(pod)
        assert name_of(pod) not in sync.before.pods, name_of(pod)


def a_created_pod_has_the_revision_of_its_side(sync: Sync) -> None:
    """The partition, the stored count or the strategy say which revision a new pod has (A-24, A-25)."""
    for pod in sync.created:
        wanted = sync.current if _is_born_old(sync, ordinal_of(pod)) else sync.update
        assert revision_of(pod) == wanted, f"{name_of(pod)} has {revision_of(pod)} and not {wanted}"
        template = template_of(sync.after.revisions[wanted])
        assert image_of(spec_of(pod)) == image_of(template["spec"]), name_of(pod)


def _is_born_old(sync: Sync, ordinal: int) -> bool:
    before = sync.before
    if not before.is_rolling:
        return False
    if before.block is not None:
        return ordinal < before.lowest_updated
    return ordinal < before.start + int(before.status.get("currentReplicas") or 0)


def a_created_pod_has_its_claims(sync: Sync) -> None:
    """Claims are made before the pod (A-55), never on claims that are being deleted (A-57)."""
    for pod in sync.created:
        for claim in sync.before.claims_of(ordinal_of(pod)).values():
            assert claim in sync.after.claims, f"{name_of(pod)} has no {claim}"
            assert not is_being_deleted(sync.after.claims[claim]), f"{name_of(pod)} is on a going {claim}"


def only_what_must_go_is_deleted(sync: Sync) -> None:
    """A pod is deleted because it ended, is out of range, or has an old revision; once (A-11, A-16, A-21)."""
    names = [name_of(pod) for pod in sync.deleted]
    assert len(names) == len(set(names)), names
    for pod in sync.deleted:
        assert ordinal_of(pod) in sync.before.members, f"{name_of(pod)} is not ours"
        assert not is_being_deleted(pod), f"{name_of(pod)} is terminating already"
    outdated = sync.updated.keys() - sync.outdated.keys()
    assert not outdated, f"{outdated} need no update"


def an_ordered_pod_that_ended_blocks_the_higher_ones(sync: Sync) -> None:
    """A Failed or Succeeded pod is replaced in its turn (A-6, A-11)."""
    if sync.before.is_ordered:
        for pod in sync.deleted:
            if ordinal_of(pod) in sync.before.wanted and phase_of(pod) in TERMINAL:
                assert sync.before.unavailable[0] == ordinal_of(pod), sync.before.unavailable


def an_ordered_scale_down_goes_from_the_top(sync: Sync) -> None:
    """The highest pod goes first, while all in range are available (A-16, A-17)."""
    if sync.before.is_ordered:
        for pod in sync.deleted:
            if ordinal_of(pod) in sync.before.condemned:
                assert ordinal_of(pod) == max(sync.before.condemned), f"{name_of(pod)} is not the highest"
                assert not sync.before.unavailable, f"{sync.before.unavailable} are unavailable"


def an_unhealthy_condemned_pod_waits_for_lower_ones(sync: Sync) -> None:
    """One that is not available goes only if it is the first such pod (A-18)."""
    if sync.before.is_ordered:
        for pod in sync.deleted:
            unhealthy = [each for each in sync.before.condemned if sync.before.is_unavailable(each)]
            if ordinal_of(pod) in unhealthy:
                assert unhealthy[0] == ordinal_of(pod), f"{name_of(pod)} goes before {unhealthy}"


def updates_wait_for_scaling(sync: Sync) -> None:
    """An ordered update begins when nothing is left to create, delete or wait for (A-6, A-7, A-30)."""
    if sync.updated and sync.before.is_ordered:
        assert not sync.before.condemned, list(sync.before.condemned)
        assert not sync.before.unavailable, sync.before.unavailable


def updates_go_from_the_top_to_the_partition(sync: Sync) -> None:
    """The highest outdated pods go, none below the partition (A-21 to A-23); in Parallel the broken first."""
    assert all(ordinal >= sync.before.lowest_updated for ordinal in sync.updated), list(sync.updated)
    healthy = [each for each in sync.outdated if not sync.before.is_unavailable(each)]
    broken = [each for each in sync.outdated if sync.before.is_unavailable(each)]
    turns = list(sync.outdated) if sync.before.is_ordered else broken + healthy
    assert list(sync.updated) == turns[: len(sync.updated)], f"{list(sync.updated)} of {turns}"


def updates_keep_within_max_unavailable(sync: Sync) -> None:
    """No more pods are unavailable than may be; in Parallel broken outdated ones do not count (A-28)."""
    took = [each for each in sync.updated if sync.before.is_ordered or not sync.before.is_unavailable(each)]
    left = max(0, sync.before.max_unavailable - len(sync.before.unavailable))
    assert len(took) <= left, f"{took} are taken, {sync.before.unavailable} are unavailable"


def nothing_is_updated_on_delete(sync: Sync) -> None:
    """OnDelete leaves every pod to its owner (A-26)."""
    assert sync.before.is_rolling or not sync.updated, list(sync.updated)


def a_set_that_goes_touches_nothing(sync: Sync) -> None:
    """While the set is being deleted only its status is written (A-8), and takes up no new revision."""
    if sync.before.is_going:
        named = {sync.after.status.get("updateRevision"), sync.after.status.get("currentRevision")}
        known = {*sync.before.revisions, *sync.before.status.values()}
        assert named <= known or not sync.before.status.get("updateRevision"), named
        for kind in ("pods", "claims", "revisions"):
            assert getattr(sync.before, kind) == getattr(sync.after, kind), kind


def strangers_are_left_alone(sync: Sync) -> None:
    """A pod is ours by its name, its labels and its controller (A-3, A-68)."""
    ours = {name_of(pod) for pod in sync.before.members.values()}
    for name, pod in sync.before.pods.items():
        if name not in ours:
            now = sync.after.pods.get(name)
            assert now is not None, f"{name} is gone"
            assert version_of(now) == version_of(pod), f"{name} is written"


OF_A_SYNC = (
    an_ordered_sync_changes_one_pod,
    an_ordered_pod_comes_after_all_lower_ones,
    only_missing_pods_in_range_are_made,
    a_created_pod_has_the_revision_of_its_side,
    a_created_pod_has_its_claims,
    only_what_must_go_is_deleted,
    an_ordered_pod_that_ended_blocks_the_higher_ones,
    an_ordered_scale_down_goes_from_the_top,
    an_unhealthy_condemned_pod_waits_for_lower_ones,
    updates_wait_for_scaling,
    updates_go_from_the_top_to_the_partition,
    updates_keep_within_max_unavailable,
    nothing_is_updated_on_delete,
    a_set_that_goes_touches_nothing,
    strangers_are_left_alone,
)


# --- every moment after a sync ---


def every_pod_has_its_identity(seen: Seen) -> None:
    """Names, labels, host name and claims are those of its ordinal (A-45 to A-50)."""
    for ordinal, pod in seen.members.items():
        labels, spec = labels_of(pod), spec_of(pod)
        assert labels["statefulset.kubernetes.io/pod-name"] == name_of(pod) == f"{NAME}-{ordinal}"
        assert labels["apps.kubernetes.io/pod-index"] == str(ordinal), name_of(pod)
        assert labels.items() >= SELECTED.items(), name_of(pod)
        assert revision_of(pod).startswith(f"{NAME}-"), name_of(pod)
        assert (spec["hostname"], spec["subdomain"]) == (name_of(pod), seen.spec["serviceName"])
        assert claim_names(pod).items() >= seen.claims_of(ordinal).items(), claim_names(pod)
        assert pod["metadata"]["generateName"] == f"{NAME}-", name_of(pod)


def every_pod_has_one_controller(seen: Seen) -> None:
    """The set controls its pods, and nobody twice (A-48, A-66)."""
    for pod in seen.members.values():
        controllers = [owner for owner in owners_of(pod) if owner.get("controller")]
        assert len(controllers) <= 1, f"{name_of(pod)}: {controllers}"
        uids = [owner["uid"] for owner in owners_of(pod)]
        assert len(uids) == len(set(uids)), f"{name_of(pod)}: {uids}"


OF_A_MOMENT = (every_pod_has_its_identity, every_pod_has_one_controller)
