"""Ending a command from outside: what is waited for, what is left, and what is said."""

import threading
from datetime import timedelta

import pytest

from minisets.clock import FakeClock
from minisets.engine import labels
from minisets.engine.ending import Endings, sweep
from minisets.engine.memory import MemoryEngine
from minisets.engine.memory_containers import HUNG_UP
from minisets.engine.memory_scripts import ExecResult
from minisets.engine.specs import ContainerSpec, ExecSpec
from minisets.errors import EngineError, EngineTimeout
from tests.waiting import holds, until

CLUSTER = "minisets"
HELPERS = labels.end_labels(CLUSTER)
HELPER = "minisets__end-*"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(clock: FakeClock) -> MemoryEngine:
    engine = MemoryEngine(clock)
    engine.behave("web-0", run=lambda command, _: ExecResult(hangs=True, begins=command != ("slow",)))
    return engine


def command(engine: MemoryEngine, *words: str, cluster: str = CLUSTER) -> tuple[str, str]:
    """A container, and a command that runs in it."""
    own = {labels.CLUSTER: cluster} if cluster else {}
    container = engine.create_container(ContainerSpec("web-0", "nginx", own))
    engine.start_container(container)
    spec = ExecSpec(words or ("sleep",))
    exec_id = engine.create_exec(container, spec)
    engine.start_exec(exec_id, spec)
    return container, exec_id


def ending(endings: Endings, of: tuple[str, str], said: list[str]) -> threading.Thread:
    def run() -> None:
        try:
            endings.end(*of)
        except EngineError as error:
            said.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def passes_until_the_end_of(thread: threading.Thread, clock: FakeClock) -> bool:
    clock.advance(timedelta(seconds=1))
    return not thread.is_alive()


def test_a_command_that_has_not_begun_is_waited_for(engine: MemoryEngine, clock: FakeClock) -> None:
    of, said = command(engine, "slow"), list[str]()
    thread = ending(Endings(engine, clock), of, said)
    until(lambda: passes_until_the_end_of(thread, clock), "the deadline")
    assert said == [f"command {of[1][:12]} in container {of[0][:12]} is not ended: its process is not known"]
    assert engine.list_containers(HELPERS) == ()


def test_a_command_that_begins_only_after_its_client_left_is_ended(
    engine: MemoryEngine, clock: FakeClock
) -> None:
    container, _ = command(engine)
    exec_id = engine.create_exec(container, ExecSpec(("sleep",)))
    thread = ending(Endings(engine, clock), (container, exec_id), [])
    holds(thread.is_alive, "it waits")
    engine.start_exec(exec_id, ExecSpec(("sleep",)))
    until(lambda: passes_until_the_end_of(thread, clock), "its end")
    assert engine.inspect_exec(exec_id).exit_code == HUNG_UP


def test_a_command_that_never_begins_is_forgotten(engine: MemoryEngine, clock: FakeClock) -> None:
    container, _ = command(engine)
    of, said = (container, engine.create_exec(container, ExecSpec(("sleep",)))), list[str]()
    thread = ending(Endings(engine, clock), of, said)
    until(lambda: passes_until_the_end_of(thread, clock), "its end")
    assert (said, engine.list_containers(HELPERS)) == ([], ())


def test_a_helper_that_does_not_end_is_removed(engine: MemoryEngine, clock: FakeClock) -> None:
    engine.behave(HELPER, hangs=True)
    of, said = command(engine), list[str]()
    thread = ending(Endings(engine, clock), of, said)
    until(lambda: passes_until_the_end_of(thread, clock), "the deadline")
    assert said == [f"command {of[1][:12]} in container {of[0][:12]} has not ended within 20 s"]
    assert engine.list_containers(HELPERS) == ()


def test_a_helper_that_fails_says_why(engine: MemoryEngine, clock: FakeClock) -> None:
    engine.behave(HELPER, exits_with=1, output=(("stderr", b"pause: cannot hold 7: error 38\n"),))
    with pytest.raises(EngineError, match=r"is not ended: pause: cannot hold 7: error 38$"):
        Endings(engine, clock).end(*command(engine))
    assert engine.list_containers(HELPERS) == ()


def test_a_helper_that_cannot_be_begun_is_removed(engine: MemoryEngine, clock: FakeClock) -> None:
    of = command(engine)
    engine.fail_next("start_container", EngineTimeout("no answer"))
    with pytest.raises(EngineTimeout):
        Endings(engine, clock).end(*of)
    assert engine.list_containers(HELPERS) == ()


def test_a_strangers_container_is_left_alone(engine: MemoryEngine, clock: FakeClock) -> None:
    of = command(engine, cluster="")
    with pytest.raises(EngineError, match="no cluster of minisets made the container"):
        Endings(engine, clock).end(*of)
    assert engine.inspect_exec(of[1]).running


def test_a_helper_sees_the_machine_and_may_do_nothing_but_signal(
    engine: MemoryEngine, clock: FakeClock
) -> None:
    engine.behave(HELPER, hangs=True)
    endings, of = Endings(engine, clock), command(engine)
    thread = ending(endings, of, [])
    (helper,) = until(lambda: engine.list_containers(HELPERS), "the helper")
    spec = engine.spec_of(helper.id)
    assert spec.arguments == ("end", str(engine.inspect_exec(of[1]).pid), of[0])
    assert (spec.host_pid, spec.user, spec.cap_drop, spec.cap_add) == (True, "0", ("ALL",), ("KILL",))
    assert (spec.attachment, spec.joins, spec.read_only_root) == (None, "", True)
    assert (spec.no_new_privileges, spec.privileged, spec.mounts) == (True, False, ())
    endings.stop()
    thread.join(10)


def test_a_server_that_ends_waits_for_no_helper_and_the_next_one_removes_it(
    engine: MemoryEngine, clock: FakeClock
) -> None:
    engine.behave(HELPER, hangs=True)
    endings, said = Endings(engine, clock), list[str]()
    thread = ending(endings, command(engine), said)
    until(lambda: engine.list_containers(HELPERS), "the helper")
    endings.stop()
    thread.join(10)
    assert (thread.is_alive(), said) == (False, [])
    sweep(engine, CLUSTER, clock.now())
    assert engine.list_containers(HELPERS), "a living server's may be as young"
    clock.advance(timedelta(minutes=2))
    sweep(engine, CLUSTER, clock.now())
    assert engine.list_containers(HELPERS) == ()


def test_after_the_stop_nothing_is_begun(engine: MemoryEngine, clock: FakeClock) -> None:
    endings, of = Endings(engine, clock), command(engine)
    endings.stop()
    endings.end(*of)
    assert engine.inspect_exec(of[1]).running
    assert engine.list_containers(HELPERS) == ()
