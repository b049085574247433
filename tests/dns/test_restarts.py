"""When the control plane is started again, and when process 1 leaves; without processes."""

from datetime import timedelta

import pytest

from minisets.dns.restarts import REFUSED, Restarts

SHORT, LONG = timedelta(seconds=1), timedelta(seconds=10)


class History:
    """Deaths at their times: each delay passes before the next life begins."""

    def __init__(self) -> None:
        self.now = timedelta(hours=1)
        self._restarts = Restarts()

    def died(self, code: int = 1, lived: timedelta = SHORT) -> float | None:
        """The delay in seconds, or None: leave."""
        self.now += lived
        delay = self._restarts.died(code, lived, self.now)
        self.now += delay or timedelta(0)
        return None if delay is None else delay.total_seconds()

    def refused_until_it_leaves(self, lived: timedelta = SHORT) -> timedelta:
        """How long the refusals went on."""
        assert self.died(REFUSED, lived) is not None
        first = self.now
        while self.died(REFUSED, SHORT) is not None:
            assert self.now - first < timedelta(hours=1)
        return self.now - first


def test_each_death_makes_the_next_start_later_up_to_five_seconds() -> None:
    history = History()
    assert [history.died() for _ in range(9)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]


@pytest.mark.parametrize("code", [0, 1, -9, REFUSED])
def test_the_code_does_not_change_the_delay(code: int) -> None:
    history = History()
    assert [history.died(code) for _ in range(3)] == [0.1, 0.2, 0.4]


def test_a_life_of_ten_seconds_is_forgiven() -> None:
    history = History()
    assert [history.died() for _ in range(3)] == [0.1, 0.2, 0.4]
    assert history.died(lived=timedelta(seconds=9.9)) == 0.8
    assert history.died(lived=LONG) == 0.1
    assert history.died() == 0.2


def test_a_minute_of_refusals_is_enough() -> None:
    assert timedelta(minutes=1) <= History().refused_until_it_leaves() < timedelta(minutes=1, seconds=10)


def test_the_minute_begins_when_a_control_plane_that_ran_well_lost_its_engine() -> None:
    history = History()
    lasted = history.refused_until_it_leaves(lived=timedelta(days=3))
    assert timedelta(minutes=1) <= lasted < timedelta(minutes=1, seconds=10)


def test_other_deaths_never_make_it_leave() -> None:
    history = History()
    assert all(history.died(code) is not None for code in (0, 1, -9) * 100)


@pytest.mark.parametrize(("code", "lived"), [(1, SHORT), (-9, SHORT), (0, SHORT), (REFUSED, LONG)])
def test_another_death_or_a_good_life_begins_the_minute_anew(code: int, lived: timedelta) -> None:
    history = History()
    began = history.now
    while history.now - began < timedelta(seconds=50):
        assert history.died(REFUSED) is not None
    assert history.died(code, lived) is not None
    again = history.now
    while history.now - again < timedelta(seconds=50):
        assert history.died(REFUSED) is not None
