"""The planner, tested by the text of its plans: scaling. `write status` is left to test_status.py."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from minisets.controllers.statefulset.actions import slowly
from minisets.controllers.statefulset.plan import plan
from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of
from tests.controllers.statefulset.make import (
    claims,
    lines,
    observed,
    pod,
    pods,
    ready_since,
    revision,
    rolling,
    statefulset,
    terminating,
    unready,
    updated,
)

if TYPE_CHECKING:
    from minisets.controllers.statefulset.observe import Observed


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
    assert lines(observed(owner, terminating(ended))) == [f"wait: web-0 is {phase} and terminating"]


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
    assert lines(observed(owner, *both)) == ["wait: web-1 is not available"]


def test_a_parallel_scale_down_deletes_all_condemned_pods_whatever_their_health() -> None:
    """A-19."""
    owner = statefulset(0, podManagementPolicy="Parallel")
    current = [unready(pod(owner, 0)), pod(owner, 1)]
    assert lines(observed(owner, *current)) == [
        "delete pod web-1: 0 replicas are wanted",
        "delete pod web-0: 0 replicas are wanted",
    ]


def test_a_statefulset_that_is_being_deleted_only_writes_its_status() -> None:
    """A-8."""
    owner = terminating(statefulset(3))
    assert lines(observed(owner, pod(owner, 0))) == []


def test_ordinals_may_start_anywhere() -> None:
    """A-53, A-54."""
    owner = statefulset(2, ordinals={"start": 5})
    assert lines(observed(owner, pod(owner, 0))) == ["create pod web-5: ordinal 5 has no pod"]
    complete = [pod(owner, 0), pod(owner, 5), pod(owner, 6)]
    assert lines(observed(owner, *complete)) == ["delete pod web-0: 2 replicas are wanted"]


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


def test_scaling_comes_before_updating() -> None:
    """A-7."""
    grown = statefulset(4)
    assert lines(rolling(grown, *pods(grown, 3))) == ["create pod web-3: ordinal 3 has no pod"]
    shrunk = statefulset(2)
    assert lines(rolling(shrunk, *pods(shrunk, 3))) == ["delete pod web-2: 2 replicas are wanted"]


def test_a_crash_looping_pod_is_waited_for_and_never_deleted() -> None:
    """A-13: its phase stays Running."""
    owner = statefulset(2)
    looping = unready(pod(owner, 0))
    looping["status"]["containerStatuses"] = [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    assert lines(observed(owner, looping)) == ["wait: web-0 is not Running and Ready"]


def test_an_ended_pod_blocks_the_higher_ordinals_and_needs_no_event_or_delay() -> None:
    """A-11, A-12."""
    owner = statefulset(3)
    step = plan(observed(owner, pod(owner, 0), pod(owner, 1, phase="Failed")))
    assert [str(action) for action in step.actions] == ["delete pod web-1: it is Failed"]
    assert step.recheck_after is None


def test_an_ended_pod_is_deleted_once_in_a_parallel_statefulset_that_updates() -> None:
    """A-11, A-28."""
    owner = statefulset(2, podManagementPolicy="Parallel")
    ended = pod(owner, 0, phase="Failed")
    assert lines(rolling(owner, ended, pod(owner, 1))) == [
        "delete pod web-0: it is Failed",
        "wait: web-0 is not available",
    ]


def test_what_waits_says_which_pod_it_waits_for_and_what_is_held_up() -> None:
    owner = statefulset(3)
    assert waiting(observed(owner, unready(pod(owner, 0)), pod(owner, 1))) == (
        "web-0",
        "is not Running and Ready",
        "web-2 is not created",
    )
    scaled = statefulset(1)
    assert waiting(observed(scaled, unready(pod(scaled, 0)), *pods(scaled, 3)[1:])) == (
        "web-0",
        "is not Running and Ready",
        "web-2 is not deleted",
    )
    assert waiting(observed(scaled, pod(scaled, 0), pod(scaled, 1), terminating(pod(scaled, 2)))) == (
        "web-2",
        "is terminating",
        "web-1 is not deleted",
    )
    assert waiting(rolling(owner, *pods(owner, 2), unready(pod(owner, 2)))) == (
        "web-2",
        "is not Running and Ready",
        "web-2 is not updated",
    )
    assert waiting(observed(owner, *pods(owner, 2), unready(pod(owner, 2)))) == (
        "web-2",
        "is not Running and Ready",
        "",
    )


def waiting(snapshot: Observed) -> tuple[str, str, str]:
    wait = plan(snapshot).wait
    assert wait is not None
    return wait.on.name, wait.why, wait.holds


def test_a_young_condemned_pod_waits_behind_an_unavailable_lower_one() -> None:
    """A-18, A-31."""
    owner = statefulset(1, minReadySeconds=30)
    young = ready_since(pod(owner, 2), timedelta(seconds=5))
    older = ready_since(pod(owner, 1), timedelta(seconds=7))
    assert lines(observed(owner, pod(owner, 0), older, young)) == ["wait: web-1 is not available"]
    assert lines(observed(owner, pod(owner, 0), pod(owner, 1), young)) == [
        "delete pod web-2: 1 replicas are wanted",
    ]


def test_parallel_groups_come_in_batches_that_double() -> None:
    """A-5."""
    owner = statefulset(12, podManagementPolicy="Parallel")
    step = plan(observed(owner, claims=claims(owner, *range(12))))
    assert [len(batch) for batch in step.batches] == [1, 2, 4, 5]
    assert [len(batch) for batch in slowly([()] * 1600)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 500, 500, 89]


def test_a_pod_that_is_well_takes_its_place_in_a_batch() -> None:
    """A-5: the first batch is the lowest ordinal alone, whether it needs anything or not."""
    owner = statefulset(4, podManagementPolicy="Parallel")
    step = plan(observed(owner, pod(owner, 0)))
    assert [len(list(filter(None, batch))) for batch in step.batches] == [2, 1]


def test_ordered_actions_come_one_batch_after_the_other() -> None:
    owner = statefulset(2)
    wrong = pod(owner, 0)
    del wrong["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"]
    step = plan(observed(owner, wrong))
    assert [[[str(action) for action in group] for group in batch] for batch in step.batches] == [
        [["repair pod web-0: its pod-name label is wrong"]],
        [["create pod web-1: ordinal 1 has no pod"]],
    ]


def test_raising_the_first_ordinal_makes_the_new_pods_before_the_old_ones_go() -> None:
    """A-54."""
    owner = statefulset(2, ordinals={"start": 2})
    assert lines(observed(owner, pod(owner, 0), pod(owner, 1), pod(owner, 2))) == [
        "create pod web-3: ordinal 3 has no pod"
    ]
    everything = [pod(owner, ordinal) for ordinal in range(4)]
    assert lines(observed(owner, *everything)) == ["delete pod web-1: 2 replicas are wanted"]


def test_the_next_look_is_when_the_first_young_pod_becomes_available() -> None:
    """A-31."""
    owner = statefulset(3, minReadySeconds=30, podManagementPolicy="Parallel")
    young = [ready_since(pod(owner, n), timedelta(seconds=10 * n)) for n in range(3)]
    assert plan(observed(owner, *young)).recheck_after == timedelta(seconds=10)
    assert plan(observed(owner, *pods(owner, 3))).recheck_after is None


def test_a_parallel_scale_down_deletes_a_terminating_pod_only_once_and_lets_the_update_go_on() -> None:
    """A-19, A-14."""
    owner = statefulset(2, podManagementPolicy="Parallel")
    going = terminating(pod(owner, 2))
    assert lines(observed(owner, *pods(owner, 2), going)) == []
    assert lines(rolling(owner, *pods(owner, 2), going))[0].startswith(
        "delete pod web-1: it is not of revision"
    )


def test_what_holds_an_update_up_is_named_by_kind_namespace_and_name() -> None:
    owner = statefulset(3, podManagementPolicy="Parallel")
    new = revision(updated(owner), 2)
    wait = plan(rolling(owner, pod(owner, 0), unready(pod(owner, 1, of=new)), pod(owner, 2))).wait
    assert wait is not None
    assert (wait.on, wait.holds) == (Ref("Pod", "default", "web-1"), "web-2 is not updated")
    held = plan(rolling(owner, *pods(owner, 3))).wait
    assert held is not None
    assert (held.on, held.why, held.holds) == (
        Ref("Pod", "default", "web-2"),
        "is being replaced",
        "web-1 is not updated",
    )
    shrinking = statefulset(1)
    both = [pod(shrinking, 0), unready(pod(shrinking, 1)), unready(pod(shrinking, 2))]
    last = plan(observed(shrinking, *both)).wait
    assert last is not None
    assert (last.on.name, last.holds) == ("web-1", "web-2, not available either, is not deleted")


def test_one_stale_or_ended_pod_of_a_parallel_statefulset_holds_up_no_other() -> None:
    """A-5, A-11, A-63."""
    owner = statefulset(
        3,
        podManagementPolicy="Parallel",
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Delete"},
    )
    held = claims(owner, 0, 1, 2)
    former = {"apiVersion": "v1", "kind": "Pod", "name": "web-0", "uid": "former"}
    held["www-web-0"]["metadata"]["ownerReferences"] = [former]
    ended = terminating(pod(owner, 1, phase="Failed"))
    assert lines(observed(owner, ended, claims=held)) == [
        "create pod web-2: ordinal 2 has no pod",
        "wait: web-1 is Failed and terminating",
    ]


def test_of_several_that_go_the_highest_is_waited_for() -> None:
    """A-16, A-28."""
    shrinking = statefulset(0)
    leaving = [pod(shrinking, 0), pod(shrinking, 1), terminating(pod(shrinking, 2))]
    assert waiting(observed(shrinking, *leaving)) == ("web-2", "is terminating", "web-1 is not deleted")
    assert waiting(observed(shrinking, terminating(pod(shrinking, 0)))) == ("web-0", "is terminating", "")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 2}}
    owner = statefulset(3, updateStrategy=strategy)
    assert waiting(rolling(owner, *pods(owner, 3))) == ("web-2", "is being replaced", "web-0 is not updated")


def test_an_ordered_statefulset_repairs_one_pod_after_the_other() -> None:
    """A-4, A-10."""
    owner = statefulset(3)
    wrong = pods(owner, 3)
    for each in wrong:
        del each["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"]
    assert [len(batch) for batch in plan(observed(owner, *wrong)).batches] == [1, 1, 1]


def test_a_stale_claim_leaves_its_place_in_the_batch_empty() -> None:
    """A-5, A-63."""
    policy = {"whenDeleted": "Retain", "whenScaled": "Delete"}
    owner = statefulset(3, podManagementPolicy="Parallel", persistentVolumeClaimRetentionPolicy=policy)
    held = claims(owner, 0, 1, 2)
    former = {"apiVersion": "v1", "kind": "Pod", "name": "web-1", "uid": "former"}
    held["www-web-1"]["metadata"]["ownerReferences"] = [former]
    batches = plan(observed(owner, claims=held)).batches
    assert [[len(group) for group in batch] for batch in batches] == [[1], [0, 1]]
