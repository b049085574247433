"""Updates: which pods are replaced, in which order, how many at once; which revision a new pod gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.statefulset.actions import CreatePod
from minisets.controllers.statefulset.plan import plan
from minisets.controllers.statefulset.rollout import max_unavailable
from minisets.objects.metadata import name_of
from tests.controllers.statefulset.make import (
    lines,
    observed,
    pod,
    pods,
    revision,
    rolling,
    statefulset,
    terminating,
    unready,
    updated,
)

if TYPE_CHECKING:
    from minisets.controllers.statefulset.observe import Observed
    from minisets.objects.kinds import Object


def test_an_update_replaces_the_highest_pod_first() -> None:
    """A-21, A-22."""
    owner = statefulset(3)
    new = name_of(revision(updated(owner), 2))
    assert lines(rolling(owner, *pods(owner, 3))) == [
        f"delete pod web-2: it is not of revision {new}",
        "wait: web-2 is being replaced",
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


def partitioned(replicas: int, partition: int, **spec: Any) -> Object:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    return statefulset(replicas, updateStrategy=strategy, **spec)


def deleted(snapshot: Observed) -> list[str]:
    return [line.split(":")[0].split()[-1] for line in lines(snapshot) if line.startswith("delete pod")]


def images(snapshot: Observed) -> dict[str, str]:
    """The image of each pod that is created, by its name."""
    made = [action.pod for action in plan(snapshot).actions if isinstance(action, CreatePod)]
    return {name_of(pod): pod["spec"]["containers"][0]["image"] for pod in made}


def test_a_partition_beyond_the_replicas_updates_nothing_and_records_the_revision() -> None:
    """A-23."""
    owner = partitioned(2, 5)
    snapshot = rolling(owner, *pods(owner, 2))
    assert lines(snapshot) == []
    assert (plan(snapshot).status or {})["updateRevision"] == name_of(revision(updated(owner), 2))


def test_the_partition_counts_from_the_first_ordinal() -> None:
    """A-23, A-24."""
    owner = partitioned(3, 1, ordinals={"start": 5})
    current = [pod(owner, ordinal) for ordinal in (5, 6, 7)]
    assert deleted(rolling(owner, *current)) == ["web-7"]
    assert images(rolling(owner)) == {"web-5": "nginx:1"}
    assert images(rolling(owner, current[0])) == {"web-6": "nginx:2"}


def test_pods_above_the_partition_are_born_at_the_update_revision() -> None:
    """A-33."""
    owner = partitioned(4, 2)
    new = revision(updated(owner), 2)
    assert images(rolling(owner, pod(owner, 0), pod(owner, 1), pod(owner, 2, of=new))) == {"web-3": "nginx:2"}


def test_the_first_ordinal_counts_where_there_is_no_rolling_update_block() -> None:
    """A-24 (ii)."""
    owner = statefulset(2, updateStrategy={"type": "RollingUpdate"}, ordinals={"start": 3})
    snapshot = rolling(owner, pod(owner, 3))
    snapshot.statefulset["status"]["currentReplicas"] = 2
    assert images(snapshot) == {"web-4": "nginx:1"}
    snapshot.statefulset["status"]["currentReplicas"] = 1
    assert images(snapshot) == {"web-4": "nginx:2"}


def test_an_unready_old_pod_is_replaced_only_in_a_parallel_statefulset() -> None:
    """A-30, A-21."""
    owner = statefulset(2)
    assert deleted(rolling(owner, pod(owner, 0), unready(pod(owner, 1)))) == []
    parallel = statefulset(2, podManagementPolicy="Parallel")
    assert deleted(rolling(parallel, pod(parallel, 0), unready(pod(parallel, 1)))) == ["web-1"]


def test_broken_pods_of_the_old_revision_cost_a_parallel_statefulset_nothing() -> None:
    """A-28: all that are broken go, then sound ones as the budget allows."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 3}}
    owner = statefulset(5, podManagementPolicy="Parallel", updateStrategy=strategy)
    current = [unready(pod(owner, 0)), unready(pod(owner, 1)), *pods(owner, 5)[2:]]
    assert deleted(rolling(owner, *current)) == ["web-1", "web-0", "web-4"]


def test_broken_pods_below_the_partition_stay_and_use_up_the_budget() -> None:
    """A-28, A-23."""
    owner = partitioned(3, 1, podManagementPolicy="Parallel")
    current = [unready(pod(owner, 0)), *pods(owner, 3)[1:]]
    assert lines(rolling(owner, *current)) == ["wait: web-0 is not available"]


def test_broken_pods_of_the_new_revision_use_up_the_budget() -> None:
    """A-28."""
    owner = statefulset(3, podManagementPolicy="Parallel")
    new = revision(updated(owner), 2)
    current = [*pods(owner, 2), unready(pod(owner, 2, of=new))]
    assert lines(rolling(owner, *current)) == ["wait: web-2 is not available"]


def test_a_pod_that_is_missing_uses_up_the_budget() -> None:
    """A-28."""
    owner = statefulset(3, podManagementPolicy="Parallel")
    assert lines(rolling(owner, *pods(owner, 2))) == [
        "create pod web-2: ordinal 2 has no pod",
        "wait: web-2 is not available",
    ]


def test_a_terminating_pod_is_not_deleted_again_by_an_update() -> None:
    """A-21, A-14."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 2}}
    owner = statefulset(3, podManagementPolicy="Parallel", updateStrategy=strategy)
    current = [*pods(owner, 2), terminating(pod(owner, 2))]
    assert deleted(rolling(owner, *current)) == ["web-1"]


@pytest.mark.parametrize(
    ("given", "replicas", "allowed"),
    [(None, 5, 1), (1, 5, 1), (3, 5, 3), ("50%", 5, 2), ("10%", 5, 1), ("100%", 5, 5), ("34%", 3, 1)],
)
def test_max_unavailable_rounds_down_and_is_never_zero(given: Any, replicas: int, allowed: int) -> None:
    """A-28."""
    block = {"partition": 0, **({} if given is None else {"maxUnavailable": given})}
    owner = statefulset(replicas, updateStrategy={"type": "RollingUpdate", "rollingUpdate": block})
    assert max_unavailable(owner) == allowed


def test_max_unavailable_is_honoured_as_it_is_stored() -> None:
    """A-29: on in 1.37."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 2}}
    owner = statefulset(3, updateStrategy=strategy)
    assert deleted(rolling(owner, *pods(owner, 3))) == ["web-2", "web-1"]


def test_pods_that_an_update_deletes_are_not_current_any_more() -> None:
    owner = statefulset(3)
    status = plan(rolling(owner, *pods(owner, 3))).status
    assert (status or {})["currentReplicas"] == 2
    third = revision(updated(owner, "nginx:3"), 3)
    current = [pod(owner, ordinal, of=third) for ordinal in range(3)]
    status = plan(rolling(owner, *current)).status
    assert "currentReplicas" not in (status or {})


def test_on_delete_never_advances_the_current_revision() -> None:
    """A-26."""
    owner = statefulset(2, updateStrategy={"type": "OnDelete"})
    new = revision(updated(owner), 2)
    status = plan(rolling(owner, pod(owner, 0, of=new), pod(owner, 1, of=new))).status or {}
    assert (status["currentRevision"], status["updatedReplicas"]) == (name_of(revision(owner)), 2)


def test_on_delete_ignores_the_stored_current_replicas() -> None:
    """A-24 (iii)."""
    owner = statefulset(2, updateStrategy={"type": "OnDelete"})
    snapshot = rolling(owner)
    snapshot.statefulset["status"]["currentReplicas"] = 2
    assert images(snapshot) == {"web-0": "nginx:2"}


def test_more_pods_away_than_allowed_leave_the_sound_ones_alone() -> None:
    """A-28."""
    owner = statefulset(4, podManagementPolicy="Parallel")
    new = revision(updated(owner), 2)
    away = [unready(pod(owner, ordinal, of=new)) for ordinal in (2, 3)]
    assert deleted(rolling(owner, *pods(owner, 2), *away)) == []


def test_99_percent_of_two_is_one() -> None:
    """A-28."""
    block = {"partition": 0, "maxUnavailable": "99%"}
    assert (
        max_unavailable(statefulset(2, updateStrategy={"type": "RollingUpdate", "rollingUpdate": block})) == 1
    )


def test_a_statefulset_without_a_strategy_is_rolled() -> None:
    owner = statefulset(2)
    del owner["spec"]["updateStrategy"]
    assert deleted(rolling(owner, *pods(owner, 2))) == ["web-1"]
    snapshot = rolling(owner)
    snapshot.statefulset["status"]["currentReplicas"] = 1
    assert images(snapshot) == {"web-0": "nginx:1"}


def test_a_broken_pod_that_would_come_back_as_it_was_is_left_alone() -> None:
    """A-24 (ii), A-28: upstream would delete it again and again."""
    owner = statefulset(3, updateStrategy={"type": "RollingUpdate"}, podManagementPolicy="Parallel")
    snapshot = rolling(owner, unready(pod(owner, 0)), pod(owner, 1), pod(owner, 2))
    snapshot.statefulset["status"]["currentReplicas"] = 3
    assert lines(snapshot) == ["wait: web-0 is not available"]
    snapshot = rolling(owner, pod(owner, 0), unready(pod(owner, 1)), unready(pod(owner, 2)))
    snapshot.statefulset["status"]["currentReplicas"] = 3
    assert deleted(snapshot) == ["web-2", "web-1"]
    snapshot = rolling(owner, unready(pod(owner, 0)), pod(owner, 1), pod(owner, 2))
    snapshot.statefulset["status"]["currentReplicas"] = 1
    assert deleted(snapshot) == ["web-0"]
    for kept, broken in ((3, 1), (2, 0)):
        current = [unready(pod(owner, n)) if n == broken else pod(owner, n) for n in range(3)]
        snapshot = rolling(owner, *current)
        snapshot.statefulset["status"]["currentReplicas"] = kept
        assert deleted(snapshot) == []


def test_a_pod_that_is_left_alone_is_said_to_hold_up_its_own_update() -> None:
    """A-24 (ii), A-28."""
    owner = statefulset(2, updateStrategy={"type": "RollingUpdate"}, podManagementPolicy="Parallel")
    snapshot = rolling(owner, unready(pod(owner, 0)), pod(owner, 1, of=revision(updated(owner), 2)))
    snapshot.statefulset["status"]["currentReplicas"] = 2
    wait = plan(snapshot).wait
    assert wait is not None
    assert (str(wait), wait.holds) == ("web-0 is not available", "web-0 is not updated")


def test_a_broken_pod_at_or_above_a_partition_goes_whatever_the_status_counts() -> None:
    """A-28: with a block its successor is of the update revision."""
    owner = statefulset(3, podManagementPolicy="Parallel")
    snapshot = rolling(owner, unready(pod(owner, 0)), pod(owner, 1), pod(owner, 2))
    snapshot.statefulset["status"]["currentReplicas"] = 3
    assert deleted(snapshot) == ["web-0"]
