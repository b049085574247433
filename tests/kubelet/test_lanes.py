"""A lane: bounded, in order, and no more threads than jobs."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from minisets.errors import MinisetsError
from minisets.kubelet.lanes import Lane
from tests.waiting import until

SOON = timedelta(seconds=5)
NAME = "minisets-tests-"


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("tests", 2)
    yield lane
    assert lane.stop(SOON)


def threads() -> int:
    return sum(thread.name.startswith(NAME) for thread in threading.enumerate())


def test_jobs_that_come_one_by_one_share_a_thread(lane: Lane) -> None:
    done: list[int] = []
    for number in range(5):
        lane.submit(lambda number=number: done.append(number))  # type: ignore[misc] # a lambda's default
        until(lambda number=number: number in done and lane._unfinished == 0, "the job")  # type: ignore[misc] # likewise
    assert done == [0, 1, 2, 3, 4]
    assert threads() == 1


def test_no_more_jobs_run_at_once_than_there_may_be(lane: Lane) -> None:
    running: list[int] = []
    free = threading.Event()

    def job() -> None:
        running.append(1)
        free.wait(5)

    for _ in range(3):
        lane.submit(job)
    until(lambda: len(running) == 2, "two jobs")
    assert threads() == 2
    free.set()
    until(lambda: len(running) == 3, "the third")


def test_a_job_that_fails_ends_neither_the_lane_nor_the_count(lane: Lane) -> None:
    def job() -> None:
        raise MinisetsError("no")

    done = threading.Event()
    for _ in range(3):
        lane.submit(job)
    lane.submit(done.set)
    assert done.wait(5)


def test_after_its_end_a_lane_takes_nothing_up() -> None:
    lane, done = Lane("tests", 1), threading.Event()
    assert lane.stop(SOON)
    lane.submit(done.set)
    assert threads() == 0
    assert not done.is_set()
