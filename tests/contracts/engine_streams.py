"""What the engines' contract says of what flows: logs, commands and events."""

from collections.abc import Iterable
from datetime import timedelta

from minisets.clock import SystemClock
from minisets.engine import labels
from minisets.engine.ending import Endings
from minisets.engine.interface import EngineEvent, ExecState
from minisets.engine.specs import ExecSpec, LogOptions
from tests.contracts.engine_suite import EngineSuite
from tests.contracts.engine_world import COUNTS, FAILS, HANGS, SAYS_HELLO, World, collecting, drained, until


class Streams(EngineSuite):
    # --- logs ---

    def test_a_log_tells_which_output_a_line_came_from(self, world: World) -> None:
        container = world.start("printer")
        assert world.ended(container).exit_code == 7
        assert drained(world.engine.logs(container, LogOptions())) == [
            ("stdout", b"one\n"),
            ("stderr", b"two\n"),
        ]

    def test_a_log_can_be_cut_and_stamped(self, world: World) -> None:
        container = world.start("printer")
        ended = world.ended(container)
        assert ended.finished_at is not None
        last = drained(world.engine.logs(container, LogOptions(tail=1)))
        assert last == [("stderr", b"two\n")]
        ((_, stamped),) = drained(world.engine.logs(container, LogOptions(tail=1, timestamps=True)))
        stamp, _, line = stamped.partition(b" ")
        assert line == b"two\n"
        assert stamp.startswith(str(ended.finished_at.year).encode())
        assert stamp.endswith(b"Z")
        later = ended.finished_at + timedelta(minutes=1)
        assert drained(world.engine.logs(container, LogOptions(since=later))) == []

    def test_following_a_log_ends_with_the_container(self, world: World) -> None:
        container = world.start()
        with collecting(world.engine.logs(container, LogOptions(follow=True))) as (lines, ended):
            until(lambda: lines == [("stdout", b"ready\n")])
            assert not ended()
            world.engine.signal_container(container, "SIGKILL")
            until(ended)

    def test_following_a_log_can_be_ended_by_another_thread(self, world: World) -> None:
        container = world.start()
        stream = world.engine.logs(container, LogOptions(follow=True))
        with collecting(stream) as (lines, ended):
            until(lambda: bool(lines))
            stream.close()
            until(ended)
        stream.close()

    # --- commands ---

    def test_a_command_tells_its_output_and_its_code(self, world: World) -> None:
        container = world.start()
        done = ExecState(running=False, exit_code=0)
        assert world.run(container, SAYS_HELLO) == ([("stdout", b"hello\n")], done)
        failed = ExecState(running=False, exit_code=4)
        assert world.run(container, FAILS) == ([("stderr", b"oops\n")], failed)

    def test_a_commands_input_can_end_before_its_output(self, world: World) -> None:
        container = world.start()
        spec = ExecSpec(COUNTS, stdin=True)
        exec_id = world.engine.create_exec(container, spec)
        stream = world.engine.start_exec(exec_id, spec)
        stream.write(b"12")
        stream.write(b"345")
        stream.close_stdin()
        assert drained(stream) == [("stdout", b"5\n")]

    def test_a_command_answers_while_its_input_is_open(self, world: World) -> None:
        container = world.start()
        spec = ExecSpec(("cat",), stdin=True)
        exec_id = world.engine.create_exec(container, spec)
        stream = world.engine.start_exec(exec_id, spec)
        with collecting(stream) as (output, ended):
            for line in (b"one\n", b"two\n"):
                stream.write(line)
                until(lambda line=line: bool(output) and output[-1] == ("stdout", line))  # type: ignore[misc]
            assert world.engine.inspect_exec(exec_id) == ExecState(running=True, exit_code=None)
            assert world.engine.inspect_exec(exec_id).has_begun
            stream.close_stdin()
            until(ended)

    def test_a_commands_stream_can_be_closed_while_it_runs(self, world: World) -> None:
        container = world.start()
        spec = ExecSpec(HANGS)
        exec_id = world.engine.create_exec(container, spec)
        stream = world.engine.start_exec(exec_id, spec)
        with collecting(stream) as (_, ended):
            assert world.engine.inspect_exec(exec_id).running
            stream.close()
            until(ended)

    def test_a_running_command_tells_its_process(self, world: World) -> None:
        container = world.start()
        assert world.run(container, SAYS_HELLO)[1].pid == 0
        exec_ids = [hanging(world, container) for _ in range(2)]
        one, other = (world.engine.inspect_exec(each).pid for each in exec_ids)
        assert one != other

    def test_a_command_is_ended_from_outside_and_no_other(self, world: World) -> None:
        container, elsewhere = world.start(), world.start()
        endings = Endings(world.engine, SystemClock())
        ending, *staying = (hanging(world, each) for each in (container, container, elsewhere))
        endings.end(container, ending)
        until(lambda: not world.engine.inspect_exec(ending).running)
        assert all(world.engine.inspect_exec(each).running for each in staying)
        assert world.engine.inspect_container(container).state == "running"
        assert world.engine.list_containers(labels.end_labels(world.cluster)) == ()

    def test_a_command_that_is_yet_to_begin_tells_no_end(self, world: World) -> None:
        exec_id = world.engine.create_exec(world.start(), ExecSpec(HANGS))
        state = world.engine.inspect_exec(exec_id)
        assert (state.running, state.exit_code, state.pid) == (False, None, 0)

    def test_a_command_that_has_ended_needs_no_end(self, world: World) -> None:
        container = world.start()
        endings = Endings(world.engine, SystemClock())
        ended = hanging(world, container)
        endings.end(container, ended)
        until(lambda: not world.engine.inspect_exec(ended).running)
        endings.end(container, ended)
        world.engine.remove_container(container, force=True)
        endings.end(container, ended)
        assert world.engine.list_containers(labels.end_labels(world.cluster)) == ()

    def test_a_terminal_makes_one_output_of_both(self, world: World) -> None:
        container = world.start()
        spec = ExecSpec(FAILS, tty=True)
        exec_id = world.engine.create_exec(container, spec)
        output = drained(world.engine.start_exec(exec_id, spec))
        assert {stream for stream, _ in output} == {"stdout"}
        assert b"".join(data for _, data in output).strip() == b"oops"

    # --- events ---

    def test_events_tell_the_life_of_what_carries_the_labels(self, world: World) -> None:
        own = {**world.labels, "own": "yes"}
        stream = world.engine.events(own)
        with collecting(stream) as (events, ended):
            world.create()
            container = world.start(labels=own)
            world.engine.signal_container(container, "SIGKILL")
            until(lambda: "die" in actions(events))
            world.engine.remove_container(container)
            until(lambda: "destroy" in actions(events))
            assert actions(events) == ["create", "start", "die", "destroy"]
            assert {event.id for event in events} == {container}
            assert {event.kind for event in events} == {"container"}
            assert all(own.items() <= event.labels.items() for event in events)
            assert not ended()
            stream.close()
            until(ended)


def hanging(world: World, container: str) -> str:
    """A command that runs, and that nobody holds any more."""
    exec_id = world.engine.create_exec(container, ExecSpec(HANGS))
    world.engine.start_exec(exec_id, ExecSpec(HANGS)).close()
    until(lambda: world.engine.inspect_exec(exec_id).pid)
    return exec_id


def actions(events: Iterable[EngineEvent]) -> list[str]:
    return [event.action for event in events]
