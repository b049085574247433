from __future__ import annotations

from datetime import timedelta

from minisets.clock import FakeClock
from minisets.kubelet.memory import Memory
from minisets.kubelet.observe import Facts, HookRun


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


def test_an_end_begins_once_and_with_the_signal_at_the_latest() -> None:
    clock = FakeClock()
    memory = Memory(clock)
    began = clock.now()
    assert memory.end_begins("a")
    clock.advance(timedelta(seconds=3))
    assert not memory.end_begins("a")
    memory.stop_was_sent("a")
    memory.stop_was_sent("b")
    assert memory.facts("a") == Facts(ending_since=began, stop_sent=clock.now())
    assert memory.facts("b") == Facts(ending_since=clock.now(), stop_sent=clock.now())


def test_a_hook_that_sleeps_is_over_when_its_time_is() -> None:
    clock = FakeClock()
    memory = Memory(clock)
    memory.hook_begins("a", "preStop", timedelta(seconds=3))
    assert memory.facts("a").pre_stop == HookRun(over_at=clock.now() + timedelta(seconds=3))
    clock.advance(timedelta(seconds=3))
    assert memory.facts("a").pre_stop == HookRun(passed=True)


def test_of_a_container_that_is_gone_nothing_is_remembered() -> None:
    memory = Memory(FakeClock())
    for container in ("a", "b", "c"):
        memory.hook_begins(container, "postStart")
        memory.stop_was_sent(container)
        memory.ran_out(container)
    memory.forget("a")
    memory.forget_all_but({"a", "b"})
    memory.hook_ended("c", "postStart", passed=True)
    assert memory.facts("a") == memory.facts("c") == Facts()
    assert memory.facts("b").post_start == HookRun()
    memory.hook_ended("b", "postStart", passed=False)
    assert memory.facts("b").post_start == HookRun(passed=False)


def test_a_pods_end_counts_from_when_it_was_first_seen() -> None:
    clock = FakeClock()
    memory = Memory(clock)
    began = memory.pod_ends("uid")
    clock.advance(timedelta(seconds=3))
    assert memory.pod_ends("uid") == began
    memory.forget_pod("uid")
    assert memory.pod_ends("uid") == clock.now()
