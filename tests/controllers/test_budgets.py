"""What a budget's status must say, pod by pod."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minisets.controllers.budgets import judged
from minisets.objects.kinds import Object

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEB = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "u-web", "controller": True}


def budget(status: Object | None = None, **spec: Any) -> Object:
    selector = {"matchLabels": {"app": "web"}}
    metadata = {"name": "web", "namespace": "default", "generation": 3}
    return {"metadata": metadata, "spec": {"selector": selector, **spec}, "status": status or {}}


def pod(name: str, *, ready: bool = True, owner: Object | None = WEB, **metadata: Any) -> Object:
    owners = {"ownerReferences": [owner]} if owner else {}
    return {
        "metadata": {"name": name, "namespace": "default", **owners, **metadata},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def pods(*ready: bool, owner: Object | None = WEB) -> list[Object]:
    return [pod(f"web-{number}", ready=each, owner=owner) for number, each in enumerate(ready)]


def makers(replicas: int, uid: str = "u-web") -> dict[str, Object]:
    return {uid: {"metadata": {"name": "web", "uid": uid}, "spec": {"replicas": replicas}}}


def counts(status: Object) -> tuple[int, int, int, int]:
    fields = ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
    expected, desired, healthy, allowed = (status[field] for field in fields)
    return expected, desired, healthy, allowed


@pytest.mark.parametrize(
    ("spec", "ready", "replicas", "expected"),
    [
        ({"minAvailable": 2}, (True, True, True), 3, (3, 2, 3, 1)),
        ({"minAvailable": 2}, (True, True, False), 3, (3, 2, 2, 0)),
        ({"minAvailable": 5}, (True, True, True), 3, (3, 5, 3, 0)),
        ({"minAvailable": 0}, (True,), 1, (1, 0, 1, 1)),
        ({"minAvailable": "50%"}, (True, True, True), 3, (3, 2, 3, 1)),
        ({"minAvailable": "50%"}, (True,), 3, (3, 2, 1, 0)),
        ({"maxUnavailable": 1}, (True, True, True), 3, (3, 2, 3, 1)),
        ({"maxUnavailable": 1}, (True, True), 3, (3, 2, 2, 0)),
        ({"maxUnavailable": 0}, (True, True, True), 3, (3, 3, 3, 0)),
        ({"maxUnavailable": 9}, (True, True, True), 3, (3, 0, 3, 3)),
        ({"maxUnavailable": "30%"}, (True, True, True), 3, (3, 2, 3, 1)),
        ({"maxUnavailable": "100%"}, (False, False), 2, (2, 0, 0, 0)),
        ({"maxUnavailable": 1}, (True,), 0, (0, 0, 1, 0)),
        ({}, (True,), 1, (0, 0, 1, 0)),
    ],
)
def test_what_is_allowed_is_what_is_healthy_less_what_must_be(
    spec: Object, ready: tuple[bool, ...], replicas: int, expected: tuple[int, ...]
) -> None:
    """A-105."""
    verdict = judged(budget(**spec), pods(*ready), makers(replicas), NOW)
    assert counts(verdict.status) == expected
    assert verdict.status["observedGeneration"] == 3
    (said,) = verdict.status["conditions"]
    reason = "SufficientPods" if expected[-1] else "InsufficientPods"
    assert (said["type"], said["reason"]) == ("DisruptionAllowed", reason)
    assert verdict.events == ()
    assert verdict.again is None


def test_equal_input_gives_an_equal_verdict() -> None:
    first = judged(budget(maxUnavailable=1), pods(True, True), makers(2), NOW)
    later = NOW + timedelta(hours=1)
    again = judged(budget(first.status, maxUnavailable=1), pods(True, True), makers(2), later)
    assert again == first


def test_the_scales_of_several_makers_add_up() -> None:
    other = {**WEB, "name": "db", "uid": "u-db"}
    both = [*pods(True, True), pod("db-0", owner=other)]
    verdict = judged(budget(maxUnavailable="50%"), both, {**makers(2), **makers(4, "u-db")}, NOW)
    assert counts(verdict.status) == (6, 3, 3, 0)


def test_a_budget_over_nothing_says_so_and_allows_nothing() -> None:
    verdict = judged(budget(minAvailable=0), [], {}, NOW)
    assert counts(verdict.status) == (0, 0, 0, 0)
    (told,) = verdict.events
    assert (told.type, told.reason, told.message) == ("Normal", "NoPods", "No matching pods found")


def test_bare_pods_count_by_number_and_not_by_share() -> None:
    """A-105."""
    bare = pods(True, True, owner=None)
    assert counts(judged(budget(minAvailable=1), bare, {}, NOW).status) == (2, 1, 2, 1)
    assert judged(budget(minAvailable=1), bare, {}, NOW).events == ()
    for spec in ({"minAvailable": "50%"}, {"maxUnavailable": 1}):
        verdict = judged(budget(**spec), bare, {}, NOW)
        assert counts(verdict.status) == (0, 0, 2, 0)
        (told,) = verdict.events
        assert (told.type, told.reason) == ("Warning", "UnmanagedPods")
        assert told.message.startswith("Pods selected by this PodDisruptionBudget (selector: app=web) were")


@pytest.mark.parametrize(
    ("owner", "why"),
    [
        (WEB, 'found no controllers for pod "web-0"'),
        ({**WEB, "kind": "ReplicaSet"}, 'no matches for kind "ReplicaSet" in version "apps/v1"'),
        (
            {**WEB, "apiVersion": "v1", "kind": "ConfigMap"},
            "configmaps does not implement the scale subresource",
        ),
    ],
)
def test_a_scale_that_cannot_be_known_fails_safe(owner: Object, why: str) -> None:
    before = {"disruptionsAllowed": 2, "expectedPods": 3, "observedGeneration": 2}
    verdict = judged(budget(before, maxUnavailable=1), pods(True, owner=owner), {}, NOW)
    (said,) = verdict.status.pop("conditions")
    assert (said["status"], said["reason"], said["message"]) == ("False", "SyncFailed", why)
    assert verdict.status == {**before, "disruptionsAllowed": 0}
    (told,) = verdict.events
    assert (told.type, told.reason) == ("Warning", "CalculateExpectedPodCountFailed")
    assert told.message == f"Failed to calculate the number of expected pods: {why}"


def test_pods_that_go_are_not_healthy() -> None:
    going = pod("web-1", deletionTimestamp="2026-11-23T12:00:30Z")
    evicted = budget({"disruptedPods": {"web-1": "2026-11-23T12:00:00Z"}}, minAvailable=1)
    verdict = judged(evicted, [pod("web-0"), going], {}, NOW)
    assert counts(verdict.status) == (2, 1, 1, 0)
    assert "disruptedPods" not in verdict.status
    assert verdict.again is None


def test_an_evicted_pod_that_stays_counts_again_after_two_minutes() -> None:
    said = {"web-0": "2026-11-23T11:59:00Z", "web-1": "2026-11-23T11:59:30Z", "gone": "2026-11-23T11:59:00Z"}
    evicted = budget({"disruptedPods": said}, minAvailable=1)
    first = judged(evicted, pods(True, True, True), {}, NOW)
    assert counts(first.status) == (3, 1, 1, 0)
    assert first.status["disruptedPods"] == {name: said[name] for name in ("web-0", "web-1")}
    assert first.again == timedelta(minutes=1)
    then = judged(budget(first.status, minAvailable=1), pods(True, True, True), {}, NOW + first.again)
    assert counts(then.status) == (3, 1, 2, 1)
    assert then.status["disruptedPods"] == {"web-1": said["web-1"]}
    assert then.again == timedelta(seconds=30)
    (told,) = then.events
    assert told.about["metadata"]["name"] == "web-0"
    assert (told.reason, told.message) == (
        "NotDeleted",
        "Pod was expected by PDB default/web to be deleted but it wasn't",
    )
