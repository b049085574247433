from __future__ import annotations

from datetime import timedelta

from minisets.controllers.statefulset.plan import plan
from minisets.objects.metadata import name_of
from tests.controllers.statefulset.make import (
    observed,
    pod,
    ready_since,
    revision,
    statefulset,
    template,
    terminating,
)


def test_a_complete_statefulset_counts_every_pod_everywhere() -> None:
    """A-93, A-97."""
    owner = statefulset(2)
    held = name_of(revision(owner))
    assert plan(observed(owner, pod(owner, 0), pod(owner, 1))).status == {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "currentReplicas": 2,
        "updatedReplicas": 2,
        "currentRevision": held,
        "updateRevision": held,
        "collisionCount": 0,
    }


def test_a_terminating_pod_counts_as_a_replica_but_not_as_current() -> None:
    """A-93."""
    owner = statefulset(2)
    status = plan(observed(owner, pod(owner, 0), terminating(pod(owner, 1)))).status
    assert status is not None
    assert (status["replicas"], status["readyReplicas"], status["currentReplicas"]) == (2, 2, 1)


def test_a_young_pod_is_ready_but_not_available() -> None:
    """A-31, A-93."""
    owner = statefulset(1, minReadySeconds=60)
    status = plan(observed(owner, ready_since(pod(owner, 0), timedelta(seconds=1)))).status
    assert status is not None
    assert (status["readyReplicas"], status["availableReplicas"]) == (1, 0)


def test_counts_that_are_zero_are_left_out_as_upstream_does() -> None:
    """A-97."""
    owner = statefulset(0)
    status = plan(observed(owner)).status
    assert status is not None
    assert {"readyReplicas", "currentReplicas", "updatedReplicas"}.isdisjoint(status)
    assert (status["replicas"], status["availableReplicas"], status["collisionCount"]) == (0, 0, 0)


def test_a_rollout_is_complete_when_every_replica_is_updated_and_ready() -> None:
    """A-27."""
    owner = statefulset(2)
    first = revision(owner)
    changed = {**owner, "status": {"currentRevision": name_of(first)}}
    changed["spec"] = {**owner["spec"], "template": template("nginx:2")}
    second = revision(changed, 2)
    held = {name_of(first): first, name_of(second): second}
    half = [pod(owner, 0), pod(owner, 1, of=second)]
    status = plan(observed(changed, *half, revisions=held)).status
    assert status is not None
    assert (status["currentRevision"], status["updatedReplicas"]) == (name_of(first), 1)
    whole = [pod(owner, 0, of=second), pod(owner, 1, of=second)]
    status = plan(observed(changed, *whole, revisions=held)).status
    assert status is not None
    assert (status["currentRevision"], status["currentReplicas"]) == (name_of(second), 2)


def test_a_status_that_says_the_same_is_not_written_again() -> None:
    """A-95."""
    owner = statefulset(1)
    status = plan(observed(owner, pod(owner, 0))).status
    assert plan(observed({**owner, "status": status}, pod(owner, 0))).status is None
