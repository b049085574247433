"""Whose log is meant, and which run of a container is to be read next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from minisets.cli.log_choice import (
    Reading,
    Runs,
    Step,
    as_of,
    first_pod,
    is_of,
    next_step,
    runs_of,
)
from minisets.cli.log_lines import Place

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

HALF = Place(b"stamp", 3)


def pod(name: str = "web-0", **status: Any) -> Object:
    spec = {
        "nodeName": "a",
        "initContainers": [{"name": "init"}],
        "containers": [{"name": "nginx"}, {"name": "side"}],
        "ephemeralContainers": [{"name": "debug"}],
    }
    meta = {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"kind": "Pod", "metadata": meta, "spec": spec, "status": {"phase": "Running", **status}}


def ready(since: str) -> list[dict[str, str]]:
    return [{"type": "Ready", "status": "True", "lastTransitionTime": f"2026-01-01T00:00:{since}Z"}]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (pod(), {**pod(), "spec": {}}),
        (pod(), pod(phase="Pending")),
        (pod(phase="Unknown"), pod(phase="Pending")),
        (pod(conditions=ready("09")), pod()),
        (pod(conditions=ready("01")), pod(conditions=ready("02"))),
        (pod(containerStatuses=[{"restartCount": 2}]), pod(containerStatuses=[{"restartCount": 1}])),
        (pod("web-2"), pod("web-10")),
    ],
)
def test_the_pod_that_kubectl_takes_is_the_one_that_has_most_to_tell(better: Object, worse: Object) -> None:
    assert first_pod([worse, better]) is better
    assert first_pod([better, worse]) is better


def test_a_pod_is_of_the_statefulset_that_controls_it_whichever_had_the_name() -> None:
    held = pod()
    assert not is_of(held, "StatefulSet", "web")
    held["metadata"]["ownerReferences"] = [{"kind": "StatefulSet", "name": "web", "controller": True}]
    assert is_of(held, "StatefulSet", "web")
    assert not is_of(held, "StatefulSet", "db")


RUNNING: dict[str, Any] = {"running": {}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}
BACKOFF = {"waiting": {"reason": "CrashLoopBackOff"}}


def ended(run: str) -> dict[str, Any]:
    return {"terminated": {"containerID": run}}


@pytest.mark.parametrize(
    ("status", "runs"),
    [
        (None, Runs(is_over=True)),
        ({"state": CREATING}, Runs(is_over=True)),
        ({"state": RUNNING, "containerID": "a"}, Runs("a")),
        ({"state": ended("a"), "containerID": "a"}, Runs("a", is_over=True)),
        ({"state": BACKOFF, "lastState": ended("a"), "restartCount": 1}, Runs("a", is_over=True, number=1)),
        (
            {"state": RUNNING, "containerID": "b", "lastState": ended("a"), "restartCount": 1},
            Runs("b", last="a", number=1),
        ),
        (
            {"state": ended("b"), "lastState": ended("a"), "restartCount": 1},
            Runs("b", is_over=True, last="a", number=1),
        ),
    ],
)
def test_a_status_tells_of_the_runs_whose_logs_can_be_had(status: dict[str, Any] | None, runs: Runs) -> None:
    held = pod(containerStatuses=[{"name": "nginx", **status}] if status else [])
    assert runs_of(held, "nginx") == runs


def test_a_pod_that_is_over_has_no_other_run() -> None:
    held = pod(phase="Succeeded", ephemeralContainerStatuses=[{"name": "debug", "state": ended("a")}])
    assert runs_of(held, "debug") == Runs("a", is_over=True, is_final=True)


def step(run: str, number: int, place: Place | None = None, **what: bool) -> Step:
    reading = Reading(run, number, is_done=False, place=place or Place())
    return Step(reading, what.get("previous", False), what.get("over", False), what.get("gap", False))


SECOND = Runs("b", last="a", number=1)
FOURTH = Runs("d", last="c", number=3)


@pytest.mark.parametrize(
    ("reading", "runs", "next_"),
    [
        # nothing is read yet, and what is there begins it
        (Reading(), Runs(is_over=True), None),
        (Reading(), Runs("a"), step("a", 0)),
        (Reading(), SECOND, step("b", 1)),
        # nothing is read yet, and everything is wanted
        (Reading(number=-1), Runs("a", is_over=True), step("a", 0, over=True)),
        (Reading(number=-1), SECOND, step("a", 0, previous=True, over=True)),
        (Reading(number=-1), FOURTH, step("c", 2, previous=True, over=True, gap=True)),
        # the same run, whose reading has ended
        (Reading("a", 0, is_done=False, place=HALF), Runs("a"), step("a", 0, HALF)),
        (Reading("a", 0, is_done=False, place=HALF), Runs("a", is_over=True), step("a", 0, HALF, over=True)),
        (Reading("a", 0), Runs("a", is_over=True), None),
        # it restarted
        (Reading("a", 0, is_done=False, place=HALF), SECOND, step("a", 0, HALF, previous=True, over=True)),
        (Reading("a", 0, place=HALF), SECOND, step("b", 1)),
        # it restarted more than once
        (Reading("b", 1), FOURTH, step("c", 2, previous=True, over=True)),
        (Reading("b", 1, is_done=False), FOURTH, step("c", 2, previous=True, over=True, gap=True)),
        (Reading("a", 0), FOURTH, step("c", 2, previous=True, over=True, gap=True)),
        (Reading("c", 2), FOURTH, step("d", 3)),
        # the one before is not kept
        (Reading("a", 0, is_done=False), Runs("b", number=1), step("b", 1, gap=True)),
        (Reading("a", 0), Runs("c", number=2), step("c", 2, gap=True)),
    ],
)
def test_what_is_read_next(reading: Reading, runs: Runs, next_: Step | None) -> None:
    assert next_step(reading, runs) == next_


BEGAN = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "later"),
    [
        ({}, {}),
        # what there is none of begins with the answer
        ({"tailLines": "0"}, {"sinceTime": "2026-01-01T12:00:30Z"}),
        ({"tailLines": "0", "sinceSeconds": "10"}, {"sinceTime": "2026-01-01T12:00:30Z"}),
        ({"tailLines": "0", "sinceTime": "2025-01-01T00:00:00Z"}, {"sinceTime": "2026-01-01T12:00:30Z"}),
        (
            {"tailLines": "0", "sinceTime": "2026-01-01T13:00:30.123456789+01:00"},
            {"sinceTime": "2026-01-01T13:00:30.123456789+01:00"},
        ),
        # seconds are those before the answer
        ({"sinceSeconds": "10"}, {"sinceTime": "2026-01-01T12:00:20Z"}),
        ({"sinceSeconds": str(10**15)}, {"sinceTime": "1994-04-25T10:13:50Z"}),
        # the last lines are those that it had, and whoever has read none of them asks for them again
        ({"tailLines": "10", "sinceSeconds": "10"}, {"tailLines": "10", "sinceTime": "2026-01-01T12:00:20Z"}),
        ({"tailLines": "10"}, {"tailLines": "10"}),
        ({"sinceTime": "2026-01-01T00:00:00.5Z"}, {"sinceTime": "2026-01-01T00:00:00.5Z"}),
    ],
)
def test_what_is_asked_again_counts_from_the_first_answer(
    query: dict[str, str], later: dict[str, str]
) -> None:
    asked = as_of(query, BEGAN)
    assert {name: text for name, text in asked.items() if text} == later
    assert as_of(asked, datetime(2027, 1, 1, tzinfo=UTC)) == asked
