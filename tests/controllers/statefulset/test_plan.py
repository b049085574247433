"""The planner, tested by the text of its plans; `write status` is left to test_status.py."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from minisets.controllers.statefulset.actions import CreatePod, RepairPod
from minisets.controllers.statefulset.plan import plan
from minisets.controllers.statefulset.revisions import revisions
from minisets.objects.metadata import name_of
from tests.controllers.statefulset.make import (
    claims,
    observed,
    pod,
    ready_since,
    revision,
    statefulset,
    template,
    terminating,
    unready,
)

if TYPE_CHECKING:
    from minisets.controllers.statefulset.observe import Observed
    from minisets.objects.kinds import Object


def lines(snapshot: Observed) -> list[str]:
    return [line for line in str(plan(snapshot)).splitlines() if line != "write status"]


def pods(owner: Object, count: int) -> list[Object]:
    return [pod(owner, ordinal) for ordinal in range(count)]


def updated(owner: Object, image: str = "nginx:2") -> Object:
    """The same statefulset with a new template; the pods' revision is the current one."""
    old = name_of(revision(owner))
    changed = {**owner, "status": {"currentRevision": old, "updateRevision": old}}
    changed["spec"] = {**owner["spec"], "template": template(image)}
    return changed


def rolling(owner: Object, *current: Object, image: str = "nginx:2") -> Observed:
    """A snapshot in the middle of an update: both revisions are stored."""
    new = updated(owner, image)
    held = {name_of(held): held for held in (revision(owner), revision(new, 2))}
    return observed(new, *current, revisions=held)


def test_a_quiet_statefulset_has_an_empty_plan() -> None:
    owner = statefulset(2)
    status = plan(observed(owner, *pods(owner, 2))).status
    settled = {**owner, "status": status}
    assert str(plan(observed(settled, *pods(owner, 2)))) == ""


def test_the_first_template_makes_a_revision_then_a_claim_then_the_first_pod_only() -> None:
    """A-4, A-36, A-55."""
    owner = statefulset(3)
    assert lines(observed(owner, claims={}, revisions={})) == [
        f"create revision {name_of(revision(owner))} as 1: the first template",
        "create claim www-web-0 for web-0: there is none",
        "create pod web-0: ordinal 0 has no pod",
    ]


def test_the_next_ordinal_waits_until_the_lower_one_is_ready() -> None:
    """A-4."""
    owner = statefulset(3)
    assert lines(observed(owner, unready(pod(owner, 0)))) == ["wait: web-0 is not Running and Ready"]
    assert lines(observed(owner, pod(owner, 0))) == ["create pod web-1: ordinal 1 has no pod"]


def test_any_unready_lower_pod_stops_the_scale_up() -> None:
    """A-6."""
    owner = statefulset(4)
    current = [unready(pod(owner, 0)), pod(owner, 1), pod(owner, 2)]
    assert lines(observed(owner, *current)) == ["wait: web-0 is not Running and Ready"]


def test_a_pod_is_available_only_after_min_ready_seconds() -> None:
    """A-31."""
    owner = statefulset(2, minReadySeconds=30)
    young = ready_since(pod(owner, 0), timedelta(seconds=20))
    step = plan(observed(owner, young))
    assert "wait: web-0 is not available for minReadySeconds yet" in str(step)
    assert step.recheck_after == timedelta(seconds=10)
    old = ready_since(pod(owner, 0), timedelta(seconds=30))
    assert lines(observed(owner, old)) == ["create pod web-1: ordinal 1 has no pod"]


def test_a_parallel_statefulset_creates_every_pod_at_once() -> None:
    """A-5."""
    owner = statefulset(3, podManagementPolicy="Parallel")
    assert lines(observed(owner)) == [f"create pod web-{n}: ordinal {n} has no pod" for n in range(3)]


def test_a_terminating_pod_blocks_only_an_ordered_statefulset() -> None:
    """A-14."""
    owner = statefulset(2)
    assert lines(observed(owner, terminating(pod(owner, 0)))) == ["wait: web-0 is terminating"]
    parallel = statefulset(2, podManagementPolicy="Parallel")
    snapshot = observed(parallel, terminating(pod(parallel, 0)))
    assert lines(snapshot) == ["create pod web-1: ordinal 1 has no pod"]


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_ended_is_deleted_and_stops_the_step(phase: str) -> None:
    """A-11."""
    owner = statefulset(3)
    ended = pod(owner, 0, phase=phase)
    assert lines(observed(owner, ended)) == [f"delete pod web-0: it is {phase}"]
    assert lines(observed(owner, terminating(ended))) == []


def test_scale_down_takes_the_highest_ordinal_one_at_a_time() -> None:
    """A-16."""
    owner = statefulset(1)
    assert lines(observed(owner, *pods(owner, 3))) == ["delete pod web-2: 1 replicas are wanted"]
    leaving = [pod(owner, 0), pod(owner, 1), terminating(pod(owner, 2))]
    assert lines(observed(owner, *leaving)) == ["wait: web-2 is terminating"]


def test_scale_down_is_refused_while_a_remaining_pod_is_unhealthy() -> None:
    """A-17."""
    owner = statefulset(2)
    current = [pod(owner, 0), unready(pod(owner, 1)), pod(owner, 2)]
    assert lines(observed(owner, *current)) == ["wait: web-1 is not Running and Ready"]


def test_an_unhealthy_condemned_pod_goes_only_if_it_is_the_first_unhealthy_one() -> None:
    """A-18."""
    owner = statefulset(1)
    highest = [pod(owner, 0), pod(owner, 1), unready(pod(owner, 2))]
    assert lines(observed(owner, *highest)) == ["delete pod web-2: 1 replicas are wanted"]
    both = [pod(owner, 0), unready(pod(owner, 1)), unready(pod(owner, 2))]
    assert lines(observed(owner, *both)) == [
        "wait: web-2 is not Running and Ready, nor the first such pod",
    ]


def test_a_parallel_scale_down_deletes_all_condemned_pods_whatever_their_health() -> None:
    """A-19."""
    owner = statefulset(0, podManagementPolicy="Parallel")
    current = [unready(pod(owner, 0)), pod(owner, 1)]
    assert lines(observed(owner, *current)) == [
        "delete pod web-1: 0 replicas are wanted",
        "delete pod web-0: 0 replicas are wanted",
    ]


def test_an_update_replaces_the_highest_pod_first() -> None:
    """A-21, A-22."""
    owner = statefulset(3)
    new = name_of(revision(updated(owner), 2))
    assert lines(rolling(owner, *pods(owner, 3))) == [
        f"delete pod web-2: it is not of revision {new}",
        "wait: web-1 waits for its update until other pods are available",
    ]


def test_an_update_waits_while_a_pod_is_away() -> None:
    """A-21."""
    owner = statefulset(3)
    held = revision(updated(owner), 2)
    current = [pod(owner, 0), pod(owner, 1), pod(owner, 2, of=held)]
    assert lines(rolling(owner, *current))[0] == f"delete pod web-1: it is not of revision {name_of(held)}"
    assert lines(rolling(owner, *current[:2], terminating(current[2]))) == ["wait: web-2 is terminating"]


def test_pods_below_the_partition_keep_their_revision() -> None:
    """A-23, A-24, A-32."""
    owner = statefulset(3, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    new = revision(updated(owner), 2)
    current = [pod(owner, 0), pod(owner, 1), pod(owner, 2, of=new)]
    assert lines(rolling(owner, *current)) == []
    step = plan(rolling(owner, current[0], current[2]))
    made = next(action for action in step.actions if isinstance(action, CreatePod))
    assert made.pod["metadata"]["labels"]["controller-revision-hash"] == name_of(revision(owner))
    assert made.pod["spec"]["containers"][0]["image"] == "nginx:1"


def test_without_a_rolling_update_block_the_stored_current_replicas_decide() -> None:
    """A-24 (ii), A-25."""
    owner = statefulset(2, updateStrategy={"type": "RollingUpdate"})
    snapshot = rolling(owner)
    snapshot.statefulset["status"]["currentReplicas"] = 1
    made = [action for action in plan(snapshot).actions if isinstance(action, CreatePod)]
    assert made[0].pod["spec"]["containers"][0]["image"] == "nginx:1"
    snapshot.statefulset["status"]["currentReplicas"] = 0
    made = [action for action in plan(snapshot).actions if isinstance(action, CreatePod)]
    assert made[0].pod["spec"]["containers"][0]["image"] == "nginx:2"


def test_on_delete_replaces_nothing_by_itself() -> None:
    """A-26."""
    owner = statefulset(2, updateStrategy={"type": "OnDelete"})
    assert lines(rolling(owner, *pods(owner, 2))) == []
    made = [action for action in plan(rolling(owner)).actions if isinstance(action, CreatePod)]
    assert made[0].pod["spec"]["containers"][0]["image"] == "nginx:2"


def test_max_unavailable_updates_several_pods_together() -> None:
    """A-28."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": "50%"}}
    owner = statefulset(5, updateStrategy=strategy)
    deleted = [line.split(":")[0] for line in lines(rolling(owner, *pods(owner, 5)))]
    assert deleted == ["delete pod web-4", "delete pod web-3", "wait"]


def test_a_bad_template_stays_stuck_after_it_was_mended() -> None:
    """A-30: the sync ends at the broken pod, before the update step; only deleting it helps."""
    owner = statefulset(2)
    broken = revision(updated(owner, "nginx:broken"), 2)
    mended = updated(owner, "nginx:mended")
    third = revision(mended, 3)
    held = {name_of(held): held for held in (revision(owner), broken, third)}
    stuck = unready(pod(owner, 1, of=broken))
    snapshot = observed(mended, pod(owner, 0), stuck, revisions=held)
    assert lines(snapshot) == ["wait: web-1 is not Running and Ready"]
    freed = plan(observed(mended, pod(owner, 0), revisions=held))
    made = next(action for action in freed.actions if isinstance(action, CreatePod))
    assert made.pod["spec"]["containers"][0]["image"] == "nginx:mended"


def test_a_rollback_reuses_the_older_revision() -> None:
    """A-39."""
    owner = statefulset(1)
    first, second = revision(owner), revision(updated(owner), 2)
    held = {name_of(first): first, name_of(second): second}
    snapshot = observed(owner, pod(owner, 0), revisions=held)
    raised = f"raise revision {name_of(first)} to 3: the template is this older revision's again"
    assert lines(snapshot)[0] == raised


def test_a_revision_name_that_is_taken_by_something_else_is_stepped_past() -> None:
    """A-41."""
    owner = statefulset(1)
    stranger = {**revision(owner), "data": {"spec": {}}}
    stranger["metadata"] = {"name": stranger["metadata"]["name"], "namespace": "default"}
    live = revisions(owner, (), {name_of(stranger): stranger})
    assert live.collisions == 1
    assert name_of(live.update) != name_of(stranger)


def test_history_beyond_the_limit_is_trimmed_oldest_first() -> None:
    """A-43."""
    owner = statefulset(1, revisionHistoryLimit=1)
    held = [revision(updated(owner, f"nginx:{n}"), n) for n in (2, 3, 4)]
    newest = revision(owner, 5)
    snapshot = observed(owner, pod(owner, 0), revisions={name_of(old): old for old in (*held, newest)})
    trimmed = [line for line in lines(snapshot) if line.startswith("delete revision")]
    assert [line.split(":")[0] for line in trimmed] == [f"delete revision {name_of(old)}" for old in held[:2]]


def test_an_orphan_that_matches_is_adopted_and_a_stranger_is_not() -> None:
    """A-66, A-68."""
    owner = statefulset(1)
    orphan = pod(owner, 0)
    del orphan["metadata"]["ownerReferences"]
    assert lines(observed(owner, orphan)) == ["adopt pod web-0: it matches and nobody controls it"]
    foreign = pod(owner, 0)
    foreign["metadata"]["ownerReferences"][0]["uid"] = "somebody-else"
    assert lines(observed(owner, foreign)) == ["create pod web-0: ordinal 0 has no pod"]


def test_a_pod_whose_labels_no_longer_match_is_released() -> None:
    """A-67."""
    owner = statefulset(1)
    strayed = pod(owner, 0)
    strayed["metadata"]["labels"]["app"] = "else"
    assert lines(observed(owner, strayed))[0] == (
        "release pod web-0: its labels no longer match the selector"
    )


def test_a_statefulset_that_is_being_deleted_only_writes_its_status() -> None:
    """A-8."""
    owner = terminating(statefulset(3))
    assert lines(observed(owner, pod(owner, 0))) == []


def test_a_claim_that_is_being_deleted_refuses_its_pod() -> None:
    """A-57."""
    owner = statefulset(1)
    going = {name: terminating(claim) for name, claim in claims(owner, 0).items()}
    assert lines(observed(owner, claims=going)) == [
        "cannot create pod web-0: pvc www-web-0 is being deleted",
    ]


def test_a_pending_pod_gets_its_missing_claims_again() -> None:
    """A-9."""
    owner = statefulset(1)
    waiting = pod(owner, 0, phase="Pending")
    assert lines(observed(owner, waiting, claims={})) == [
        "create claim www-web-0 for web-0: there is none",
        "wait: web-0 is not Running and Ready",
    ]


def test_a_lost_pod_name_label_is_written_again() -> None:
    """A-10."""
    owner = statefulset(1)
    changed = pod(owner, 0)
    del changed["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"]
    assert lines(observed(owner, changed)) == ["repair pod web-0: its pod-name label is wrong"]


def test_volumes_that_are_not_the_pods_claims_are_written_again() -> None:
    """A-10: the claims are made first; that the write is refused is the registry's."""
    owner = statefulset(1)
    strayed = pod(owner, 0)
    strayed["spec"]["volumes"] = [{"name": "www", "emptyDir": {}}, {"name": "other", "emptyDir": {}}]
    step = plan(observed(owner, strayed, claims={}))
    assert [str(action) for action in step.actions] == [
        "create claim www-web-0 for web-0: there is none",
        "repair pod web-0: its volumes are not its claims",
    ]
    repair = next(action for action in step.actions if isinstance(action, RepairPod))
    assert repair.repaired["spec"]["volumes"] == [
        {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}},
        {"name": "other", "emptyDir": {}},
    ]


def test_ordinals_may_start_anywhere() -> None:
    """A-53, A-54."""
    owner = statefulset(2, ordinals={"start": 5})
    assert lines(observed(owner, pod(owner, 0))) == ["create pod web-5: ordinal 5 has no pod"]
    complete = [pod(owner, 0), pod(owner, 5), pod(owner, 6)]
    assert lines(observed(owner, *complete)) == ["delete pod web-0: 2 replicas are wanted"]


def test_retention_makes_the_statefulset_or_the_condemned_pod_own_the_claim() -> None:
    """A-60."""
    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
    owner = statefulset(1, persistentVolumeClaimRetentionPolicy=policy)
    assert lines(observed(owner, pod(owner, 0), pod(owner, 1))) == [
        "let StatefulSet web own claim www-web-0: the retention policy says so",
        "let Pod web-1 own claim www-web-1: the retention policy says so",
        "delete pod web-1: 1 replicas are wanted",
    ]


def test_a_claim_of_a_former_pod_blocks_its_successor() -> None:
    """A-63."""
    owner = statefulset(1)
    held = claims(owner, 0)
    held["www-web-0"]["metadata"]["ownerReferences"] = [{"kind": "Pod", "name": "web-0", "uid": "former"}]
    assert lines(observed(owner, claims=held)) == [
        "wait: web-0 waits until claim www-web-0 of its predecessor is collected",
    ]


def test_an_equal_snapshot_gives_an_equal_plan() -> None:
    owner = statefulset(3)
    snapshot = observed(owner, pod(owner, 0), unready(pod(owner, 1)))
    assert plan(snapshot) == plan(snapshot)


def test_planning_changes_nothing_of_the_snapshot() -> None:
    owner = statefulset(3)
    snapshot = observed(owner, pod(owner, 0))
    before = repr(snapshot)
    plan(snapshot)
    assert repr(snapshot) == before
