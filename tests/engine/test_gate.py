"""Commands and pauses keep out of each other's way; one thread plays all sides, while somebody waits."""

import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import timedelta

import pytest

from minisets.clock import FakeClock
from minisets.engine.gate import WAITED_AT_MOST, ExecGate, StillStarting
from minisets.engine.interface import ExecState
from minisets.errors import EngineConflict, EngineError, EngineNotFound, EngineTimeout

WITHIN = timedelta(seconds=10)


class Acting(FakeClock):
    """Whoever waits has these things happen, one a wait; then time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: list[Callable[[], object]] = []

    def wait(self, condition: threading.Condition, timeout: timedelta | None) -> None:
        assert timeout is not None, "a wait without an end"
        assert condition is not None
        if self.actions:
            self.actions.pop(0)()
        else:
            self.advance(timeout)


class Box:
    """A gate, and an engine of which only commands are known."""

    def __init__(self) -> None:
        self.clock = Acting()
        self.gate = ExecGate(self.clock)
        self.begun: dict[str, bool] = {}
        self.looked_at: list[str] = []
        self._held = ExitStack()

    def inspect(self, exec_id: str) -> ExecState:
        self.looked_at.append(exec_id)
        if exec_id not in self.begun:
            raise EngineNotFound(exec_id)
        return ExecState(running=True, exit_code=None, has_begun=self.begun[exec_id])

    def run(self, container: str, exec_id: str, *, begun: bool, error: Exception | None = None) -> None:
        with self.gate.preparing(container):
            self.gate.prepared(exec_id, container)
        with self.gate.starting(exec_id):
            self.begun[exec_id] = begun
            if error is not None:
                raise error

    def close(self, containers: Iterable[str]) -> None:
        self._held.enter_context(self.gate.closed(list(containers), self.inspect, WITHIN))

    def open(self) -> None:
        self._held.close()


@pytest.fixture
def box() -> Box:
    return Box()


def test_a_command_waits_until_its_container_goes_on(box: Box) -> None:
    box.close(["a", "b"])
    box.clock.actions = [lambda: None, box.open]
    box.run("a", "1", begun=True)
    assert box.clock.actions == []
    assert box.clock.elapsed() == timedelta(0)


def test_a_command_elsewhere_does_not_wait(box: Box) -> None:
    box.close(["a"])
    box.run("b", "1", begun=True)
    assert box.clock.elapsed() == timedelta(0)


def test_a_command_that_was_made_before_waits_with_its_start(box: Box) -> None:
    with box.gate.preparing("a"):
        box.gate.prepared("1", "a")
    box.close(["a"])
    box.clock.actions = [box.open]
    with box.gate.starting("1"):
        assert box.clock.actions == []


def test_whoever_holds_longest_counts(box: Box) -> None:
    box.close(["a"])
    with box.gate.closed(["a"], box.inspect, WITHIN):
        pass
    box.clock.actions = [box.open]
    box.run("a", "1", begun=True)
    assert box.clock.actions == []


def test_a_command_waits_for_so_long_only(box: Box) -> None:
    box.close(["a"])
    with pytest.raises(EngineConflict, match=r"container a stands still while a snapshot .* try again"):
        box.run("a", "1", begun=True)
    assert box.clock.elapsed() == WAITED_AT_MOST


def test_who_waits_is_refused_when_the_server_stops(box: Box) -> None:
    box.close(["a"])
    box.clock.actions = [box.gate.refuse_waiting]
    with pytest.raises(EngineConflict, match="the command was not run"):
        box.run("a", "1", begun=True)
    assert box.clock.elapsed() == timedelta(0)
    box.open()
    box.run("a", "2", begun=True)


def test_a_pause_waits_for_a_command_that_is_being_started(box: Box) -> None:
    box.run("a", "1", begun=False)
    box.run("b", "2", begun=False)
    box.clock.actions = [lambda: None, lambda: box.begun.update({"1": True})]
    box.close(["a"])
    assert (box.clock.actions, set(box.looked_at)) == ([], {"1"})
    box.open()
    box.close(["a"])
    assert len(box.looked_at) == 3, "it is asked no more once it was seen"


def test_a_pause_waits_for_a_command_that_is_being_made(box: Box) -> None:
    made = ExitStack()
    made.enter_context(box.gate.preparing("a"))
    box.clock.actions = [made.close]
    box.close(["a"])
    assert box.clock.actions == []


def test_a_pause_is_given_up_for_a_command_that_does_not_begin(box: Box) -> None:
    box.run("a", "1", begun=False)
    with pytest.raises(StillStarting, match=r"nothing was paused: .* after 10 s in container a"):
        box.close(["a"])
    assert box.clock.elapsed() == WITHIN
    box.run("a", "2", begun=True)
    assert box.clock.elapsed() == WITHIN, "the gate is open again"


def test_nobody_is_waited_for_who_was_seen_to_have_begun_or_cannot(box: Box) -> None:
    box.run("a", "seen", begun=False)
    box.gate.began("seen")
    with pytest.raises(EngineError):
        box.run("a", "refused", begun=False, error=EngineError("no such file"))
    box.run("a", "gone", begun=False)
    del box.begun["gone"]
    box.run("removed", "removed", begun=False)
    box.gate.forget("removed")
    box.close(["a", "removed"])
    assert (box.looked_at, box.clock.elapsed()) == (["gone"], timedelta(0))


def test_a_start_that_was_not_answered_may_begin_yet(box: Box) -> None:
    with pytest.raises(EngineTimeout):
        box.run("a", "1", begun=False, error=EngineTimeout("no answer"))
    with pytest.raises(StillStarting):
        box.close(["a"])
