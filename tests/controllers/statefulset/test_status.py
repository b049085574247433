from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from minisets.controllers.statefulset.plan import plan
from minisets.controllers.statefulset.status import (
    available_in,
    is_available,
    is_unavailable,
    minimum_ready,
    phase_of,
)
from minisets.objects.metadata import name_of
from tests.controllers.statefulset.make import (
    NOW,
    observed,
    pod,
    ready_since,
    revision,
    statefulset,
    template,
    terminating,
)

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


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


@pytest.mark.parametrize(
    "field",
    [
        "observedGeneration",
        "replicas",
        "readyReplicas",
        "availableReplicas",
        "currentReplicas",
        "updatedReplicas",
    ],
)
def test_each_count_alone_makes_a_status_worth_writing(field: str) -> None:
    """A-95."""
    owner = statefulset(1)
    settled = settle(owner, pod(owner, 0))
    settled["status"][field] += 1
    status = plan(observed(settled, pod(owner, 0))).status
    assert status is not None
    assert status[field] == 1


@pytest.mark.parametrize("field", ["currentRevision", "updateRevision"])
def test_each_revision_alone_makes_a_status_worth_writing(field: str) -> None:
    """A-95."""
    owner = statefulset(1)
    settled = settle(owner, pod(owner, 0))
    settled["status"][field] = "web-other"
    assert (plan(observed(settled, pod(owner, 0))).status or {})[field] == name_of(revision(owner))


def test_collisions_alone_are_not_worth_writing() -> None:
    """A-95."""
    owner = statefulset(1)
    settled = settle(owner, pod(owner, 0))
    del settled["status"]["collisionCount"]
    assert plan(observed(settled, pod(owner, 0))).status is None


def settle(owner: Object, *pods: Object) -> Object:
    """The statefulset with the status that says what is."""
    status = plan(observed(owner, *pods)).status
    assert status is not None
    return {**owner, "status": dict(status)}


def test_a_count_that_is_missing_says_zero() -> None:
    """A-95, A-97."""
    owner = statefulset(0)
    settled = settle(owner)
    assert "readyReplicas" not in settled["status"]
    settled["status"] |= {"readyReplicas": 0, "currentReplicas": 0, "updatedReplicas": 0}
    assert plan(observed(settled)).status is None
    for field in ("replicas", "availableReplicas"):
        del settled["status"][field]
    assert plan(observed(settled)).status is None


def test_a_pod_without_a_phase_is_not_there_yet() -> None:
    """A-93, A-94."""
    owner = statefulset(1)
    new = pod(owner, 0)
    new["status"] = {}
    status = plan(observed(owner, new)).status or {}
    assert (status["replicas"], status.get("currentReplicas"), status["availableReplicas"]) == (0, None, 0)
    assert phase_of(new) == ""


def test_a_pending_pod_that_claims_to_be_ready_is_not() -> None:
    """A-93."""
    owner = statefulset(1)
    odd = pod(owner, 0)
    odd["status"]["phase"] = "Pending"
    status = plan(observed(owner, odd)).status or {}
    assert (status["replicas"], status.get("readyReplicas"), status["availableReplicas"]) == (1, None, 0)


@pytest.mark.parametrize("seconds", [0, None])
def test_without_min_ready_seconds_ready_is_available_whatever_the_stamp(seconds: int | None) -> None:
    """A-31."""
    owner = statefulset(1, minReadySeconds=seconds)
    made = pod(owner, 0)
    del made["status"]["conditions"][0]["lastTransitionTime"]
    assert minimum_ready(owner) == timedelta(0)
    assert is_available(made, minimum_ready(owner), NOW)
    assert available_in(made, timedelta(0), NOW) == timedelta(0)


def test_ready_since_nobody_knows_when_is_not_available() -> None:
    """A-31."""
    made = pod(statefulset(1), 0)
    del made["status"]["conditions"][0]["lastTransitionTime"]
    assert available_in(made, timedelta(seconds=5), NOW) is None
    assert not is_available(made, timedelta(seconds=5), NOW)


def test_a_terminating_pod_is_unavailable_though_ready() -> None:
    """A-4, A-14."""
    owner = statefulset(1)
    assert is_unavailable(owner, terminating(pod(owner, 0)), NOW)
    assert is_unavailable(owner, None, NOW)
    assert not is_unavailable(owner, pod(owner, 0), NOW)


def test_a_rollout_of_a_strategy_without_type_completes_as_rolling() -> None:
    """A-27."""
    owner = statefulset(1, updateStrategy={})
    first = revision(owner)
    changed = {**owner, "status": {"currentRevision": name_of(first)}}
    changed["spec"] = {**owner["spec"], "template": template("nginx:2")}
    second = revision(changed, 2)
    held = {name_of(first): first, name_of(second): second}
    status = plan(observed(changed, pod(owner, 0, of=second), revisions=held)).status or {}
    assert status["currentRevision"] == name_of(second)
