from dataclasses import replace
from datetime import timedelta

import pytest

from minisets.kubelet import backoff
from tests.kubelet.test_plan import NOW, ended, seen


@pytest.mark.parametrize(
    ("step", "seconds"),
    [(0, 0), (1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 300), (7, 300), (10_000, 300)],
)
def test_the_wait_doubles_up_to_five_minutes(step: int, seconds: int) -> None:
    """A-116."""
    assert backoff.delay(step) == timedelta(seconds=seconds)


def test_the_wait_counts_from_the_containers_end() -> None:
    one = ended("nginx", ago=timedelta(seconds=4), backoff=1)
    assert backoff.remaining(one, NOW) == timedelta(seconds=6)
    assert backoff.next_step(one) == 2


def test_a_run_of_more_than_ten_minutes_is_forgiven() -> None:
    one = ended("nginx", ran=timedelta(minutes=10, seconds=1), backoff=6)
    assert backoff.remaining(one, NOW) <= timedelta(0)
    assert backoff.next_step(one) == 1
    exactly = replace(one, started_at=one.ended_at - timedelta(minutes=10))
    assert backoff.wait_of(exactly) == timedelta(minutes=5)


def test_a_container_that_never_ran_waits_from_when_it_was_made() -> None:
    one = seen("nginx", state="created", error="no such file", started_at=None, created_at=NOW, backoff=1)
    assert backoff.remaining(one, NOW) == timedelta(seconds=10)
