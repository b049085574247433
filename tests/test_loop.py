import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

import pytest

from minisets import errors
from minisets.clock import Clock, FakeClock, SystemClock
from minisets.loop import FIRST_RETRY, LONGEST_RETRY, Worker
from tests.waiting import advanced, until

STOP_WITHIN = timedelta(seconds=5)


class Recorded:
    """Counts runs, does what the test says, and notices a key that runs twice at once."""

    def __init__(self, act: Callable[[str], timedelta | None] = lambda _key: None) -> None:
        self.runs: list[str] = []
        self.overlaps: list[str] = []
        self.act = act
        self._running: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def reconcile(self, key: str) -> timedelta | None:
        with self._lock:
            self._running[key] += 1
            if self._running[key] > 1:
                self.overlaps.append(key)
            self.runs.append(key)
        try:
            return self.act(key)
        finally:
            with self._lock:
                self._running[key] -= 1


class Gate:
    """A reconciler's act that waits inside until the test lets it go on."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.released = threading.Semaphore(0)

    def __call__(self, _key: str) -> None:
        self.entered.release()
        assert self.released.acquire(timeout=10)


@contextmanager
def started(worker: Worker) -> Iterator[Worker]:
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop(STOP_WITHIN), "a thread runs on"


def reaches(runs: Sized, count: int) -> Callable[[], bool]:
    return lambda: len(runs) == count


@pytest.fixture
def clock() -> Clock:
    return SystemClock()


def test_every_added_key_is_reconciled_once(clock: Clock) -> None:
    seen = Recorded()
    worker = Worker("t", seen, clock, threads=2)
    for key in ("a", "b", "a", "c"):
        worker.add(key)
    with started(worker):
        until(worker.is_idle, "quiet")
    assert sorted(seen.runs) == ["a", "b", "c"]


def test_a_key_added_while_it_runs_runs_again_after(clock: Clock) -> None:
    gate = Gate()
    seen = Recorded(gate)
    with started(Worker("t", seen, clock, threads=2)) as worker:
        worker.add("a")
        assert gate.entered.acquire(timeout=10)
        worker.add("a")
        worker.add("a")
        assert not worker.is_idle()
        gate.released.release()
        assert gate.entered.acquire(timeout=10)
        gate.released.release()
        until(worker.is_idle, "quiet")
    assert seen.runs == ["a", "a"]


def test_one_key_is_never_on_two_threads_at_once(clock: Clock) -> None:
    seen = Recorded()
    with started(Worker("t", seen, clock, threads=4)) as worker:
        for number in range(2_000):
            worker.add(f"key-{number % 3}")
        until(worker.is_idle, "quiet")
    assert not seen.overlaps
    assert set(seen.runs) == {"key-0", "key-1", "key-2"}


def test_different_keys_run_side_by_side(clock: Clock) -> None:
    gate = Gate()
    with started(Worker("t", Recorded(gate), clock, threads=2)) as worker:
        worker.add("a")
        worker.add("b")
        assert gate.entered.acquire(timeout=10)
        assert gate.entered.acquire(timeout=10), "the second key waited for the first"
        gate.released.release(2)


def test_a_failing_key_is_retried_with_doubling_delays() -> None:
    clock, told = FakeClock(), []
    times: list[timedelta] = []

    def fail(_key: str) -> None:
        times.append(clock.elapsed())
        raise ValueError("not yet")

    worker = Worker("t", Recorded(fail), clock, on_error=lambda key, error: told.append((key, str(error))))
    with started(worker):
        worker.add("a")
        until(lambda: len(times) == 1 and worker.is_idle(), "the first run")
        for number in range(1, 5):
            advanced(clock, FIRST_RETRY * 2 ** (number - 1), reaches(times, number + 1))
            until(worker.is_idle, "quiet")
    waits = [after - before for before, after in pairwise(times)]
    assert waits == [FIRST_RETRY * factor for factor in (1, 2, 4, 8)]
    assert told == [("a", "not yet")] * 5


def test_the_delay_between_retries_is_bounded() -> None:
    def fail(_key: str) -> None:
        raise ValueError("never")

    clock, seen = FakeClock(), Recorded(fail)
    with started(Worker("t", seen, clock, on_error=lambda _key, _error: None)) as worker:
        worker.add("a")
        for number in range(1, 40):
            until(reaches(seen.runs, number), "the run")
            until(worker.is_idle, "quiet")
            advanced(clock, LONGEST_RETRY, reaches(seen.runs, number + 1))


def test_success_forgets_earlier_failures() -> None:
    clock, seen = FakeClock(), Recorded()
    outcomes = iter([ValueError(), ValueError(), None, ValueError(), None])

    def act(_key: str) -> None:
        if outcome := next(outcomes):
            raise outcome

    seen.act = act
    with started(Worker("t", seen, clock, on_error=lambda _key, _error: None)) as worker:
        worker.add("a")
        until(lambda: len(seen.runs) == 1 and worker.is_idle(), "the first failure")
        advanced(clock, FIRST_RETRY, lambda: len(seen.runs) == 2)
        until(worker.is_idle, "quiet")
        advanced(clock, FIRST_RETRY * 2, lambda: len(seen.runs) == 3)
        until(worker.is_idle, "quiet")
        worker.add("a")
        until(lambda: len(seen.runs) == 4 and worker.is_idle(), "the later failure")
        advanced(clock, FIRST_RETRY, lambda: len(seen.runs) == 5)


def test_a_terminal_failure_is_not_retried_until_the_key_is_added_again() -> None:
    clock, told = FakeClock(), []

    def refuse(_key: str) -> None:
        raise errors.Terminal("makes no sense")

    seen = Recorded(refuse)
    with started(Worker("t", seen, clock, on_error=lambda key, _error: told.append(key))) as worker:
        worker.add("a")
        until(lambda: seen.runs and worker.is_idle(), "the refusal")
        clock.advance(timedelta(hours=1))
        until(worker.is_idle, "quiet")
        assert seen.runs == ["a"]
        worker.add("a")
        until(lambda: len(seen.runs) == 2, "the second run")
    assert told == ["a", "a"]


def test_add_after_waits_for_its_time_and_does_not_poll() -> None:
    clock, seen = FakeClock(), Recorded()
    with started(Worker("t", seen, clock)) as worker:
        worker.add_after("a", timedelta(seconds=10))
        clock.advance(timedelta(seconds=9))
        until(worker.is_idle, "quiet")
        assert seen.runs == []
        advanced(clock, timedelta(seconds=1), lambda: seen.runs == ["a"])


def test_a_key_that_asks_for_it_is_looked_at_again() -> None:
    clock, seen = FakeClock(), Recorded(lambda _key: timedelta(seconds=5))
    with started(Worker("t", seen, clock)) as worker:
        worker.add("a")
        until(lambda: len(seen.runs) == 1 and worker.is_idle(), "the first look")
        advanced(clock, timedelta(seconds=5), lambda: len(seen.runs) == 2)


def test_only_the_newest_look_again_counts() -> None:
    clock, seen = FakeClock(), Recorded(lambda _key: timedelta(seconds=10))
    with started(Worker("t", seen, clock)) as worker:
        for number in range(1, 6):
            worker.add("a")
            until(reaches(seen.runs, number), "a run")
            until(worker.is_idle, "quiet")
            clock.advance(timedelta(seconds=1))
        advanced(clock, timedelta(seconds=8), worker.is_idle)
        assert len(seen.runs) == 5, "look-agains of runs before the last one were kept"
        advanced(clock, timedelta(seconds=1), lambda: len(seen.runs) == 6)


def test_a_look_again_does_not_swallow_an_earlier_add_after() -> None:
    clock, seen = FakeClock(), Recorded()
    with started(Worker("t", seen, clock)) as worker:
        worker.add_after("a", timedelta(seconds=10))
        worker.add("a")
        until(lambda: seen.runs == ["a"] and worker.is_idle(), "the first run")
        advanced(clock, timedelta(seconds=10), lambda: len(seen.runs) == 2)


def test_waking_drains_the_source_on_a_worker_thread(clock: Clock) -> None:
    waiting, threads, seen = ["a", "b"], set(), Recorded()

    def source() -> list[str]:
        threads.add(threading.current_thread().name)
        taken, waiting[:] = list(waiting), []
        return taken

    worker = Worker("pods", seen, clock, source=source)
    worker.wake()
    assert not worker.is_idle()
    with started(worker):
        until(worker.is_idle, "quiet")
    assert sorted(seen.runs) == ["a", "b"]
    assert threads == {"minisets-pods-0"}


def test_a_source_that_fails_is_asked_again(clock: Clock) -> None:
    answers: list[object] = [ValueError("no store"), ["a"]]
    told: list[tuple[str, str]] = []
    seen = Recorded()

    def source() -> list[str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, list)
        return answer

    worker = Worker(
        "t", seen, clock, source=source, on_error=lambda key, error: told.append((key, str(error)))
    )
    with started(worker):
        worker.wake()
        until(lambda: seen.runs == ["a"], "the key of the second answer")
    assert told == [("", "no store")]


def test_stopping_says_whether_a_thread_runs_on(clock: Clock) -> None:
    gate = Gate()
    worker = Worker("t", Recorded(gate), clock)
    worker.start()
    worker.add("a")
    assert gate.entered.acquire(timeout=10)
    assert not worker.stop(timedelta(milliseconds=20))
    gate.released.release()
    assert worker.stop(STOP_WITHIN)


def test_a_stopped_worker_leaves_queued_keys_alone(clock: Clock) -> None:
    gate = Gate()
    seen = Recorded(gate)
    worker = Worker("t", seen, clock)
    worker.start()
    worker.add("a")
    worker.add("b")
    assert gate.entered.acquire(timeout=10)
    assert not worker.stop(timedelta(0))
    gate.released.release()
    assert worker.stop(STOP_WITHIN)
    assert seen.runs == ["a"]


def test_a_worker_that_never_started_can_be_stopped(clock: Clock) -> None:
    assert Worker("t", Recorded(), clock).stop(timedelta(0))


def test_failures_are_logged_unless_somebody_else_hears_of_them(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def act(key: str) -> None:
        raise errors.Terminal("gone") if key == "said" else ValueError("a bug")

    with caplog.at_level("INFO"), started(Worker("pods", Recorded(act), clock)) as worker:
        worker.add("said")
        until(lambda: "pods: said: gone" in caplog.text, "the line")
        assert "Traceback" not in caplog.text
        worker.add("bug")
        until(lambda: "Traceback" in caplog.text, "the traceback of a bug")


def test_settling_ends_with_the_last_key_or_with_its_time() -> None:
    clock = SystemClock()
    may_end = threading.Event()

    class Slow:
        def reconcile(self, key: str) -> timedelta | None:
            del key
            may_end.wait(5)
            return timedelta(hours=1)

    worker = Worker("settling", Slow(), clock)
    worker.add("a")
    worker.start()
    try:
        assert not worker.settle(timedelta(milliseconds=20))
        may_end.set()
        assert worker.settle(timedelta(seconds=5))
        assert worker.is_idle()
    finally:
        may_end.set()
        assert worker.stop(timedelta(seconds=5))
