from __future__ import annotations

from datetime import timedelta

from minisets.clock import FakeClock
from minisets.kubelet.memory import Memory


def test_a_sandbox_that_fails_for_days_is_tried_once_a_minute() -> None:
    clock = FakeClock()
    memory = Memory(clock)
    waits = []
    for _ in range(100):
        memory.sandbox_failed("uid")
        again = memory.sandbox_again_at("uid")
        assert again is not None
        waits.append(again - clock.now())
    assert waits[:7] == [timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 16, 32, 60)]
    assert set(waits[7:]) == {timedelta(minutes=1)}


def test_a_sandbox_that_started_begins_anew() -> None:
    memory = Memory(FakeClock())
    memory.sandbox_failed("uid")
    memory.sandbox_started("uid")
    assert memory.sandbox_again_at("uid") is None
