"""What the engines' contract says of what flows: logs, commands and events."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from minisets.clock import SystemClock
from minisets.engine import labels
from minisets.engine.ending import Endings
from minisets.engine.interface import EngineEvent, ExecState, ExecStream, Output
from minisets.engine.specs import ExecSpec, LogOptions
from minisets.errors import EngineConflict
from tests.contracts.engine_suite import EngineSuite
from tests.contracts.engine_world import COUNTS, FAILS, HANGS, SAYS_HELLO, World, collecting, drained, until


class Streams(EngineSuite):
    # --- logs ---

    def test_a_log_tells_which_output_a_line_came_from(self, world: World) -> None:
        container = world.start("printer")
        self.print_the_rest(world, container)
        assert world.ended(container).exit_code == 7
        assert drained(world.engine.logs(container, LogOptions())) == [
            ("stdout", b"ready\n"),
            ("stderr", b"two\n"),
        ]

    def test_a_log_can_be_cut_and_stamped(self, world: World) -> None:
        container = world.start("printer")
        self.print_the_rest(world, container)
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

    @pytest.mark.parametrize("tty", [False, True])
    def test_a_long_line_comes_whole_and_is_stamped_once(self, world: World, *, tty: bool) -> None:
        container = world.create("reciter", tty=tty)
        world.engine.start_container(container)
        world.ended(container)

        def lines(*, timestamps: bool) -> list[bytes]:
            log = drained(world.engine.logs(container, LogOptions(timestamps=timestamps)))
            return b"".join(data for _, data in log).splitlines()

        assert lines(timestamps=False) == [b"x" * 100_000, b"end"]
        assert [line.partition(b" ")[2] for line in lines(timestamps=True)] == [b"x" * 100_000, b"end"]

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

    # --- attaching ---

    def test_who_is_attached_sees_what_is_printed_from_then_on(self, world: World) -> None:
        container = world.start("reader", stdin=True, stdin_once=True)
        with (
            attached(world, container) as (stream, first, first_ended),
            attached(world, container, stdin=False) as (_, second, second_ended),
        ):
            stream.write(b"one\n")
            until(lambda: printed(first) == printed(second) == b"got one\n")
            world.engine.signal_container(container, "SIGKILL")
            until(lambda: first_ended() and second_ended())
        assert {name for name, _ in first} == {"stdout"}

    def test_the_end_of_the_input_is_the_programs_where_it_may_come_only_once(self, world: World) -> None:
        container = world.start("reader", stdin=True, stdin_once=True)
        with attached(world, container) as (stream, output, ended):
            stream.write(b"one\ntwo\n")
            until(lambda: b"two" in printed(output))
            stream.close_stdin()
            until(ended)
        assert world.ended(container).exit_code == 5

    def test_an_input_that_may_come_again_outlives_who_is_attached(self, world: World) -> None:
        container = world.start("reader", stdin=True)
        for line in (b"one\n", b"two\n"):
            with attached(world, container) as (stream, output, ended):
                stream.write(line)
                until(lambda output=output, line=line: printed(output) == b"got " + line)  # type: ignore[misc]
                stream.close_stdin()
                until(ended)
        assert world.engine.inspect_container(container).state == "running"

    def test_who_leaves_takes_an_input_that_comes_only_once_along(self, world: World) -> None:
        container = world.start("reader", stdin=True, stdin_once=True)
        world.engine.attach_container(container, stdin=True, tty=False).close()
        assert world.ended(container).exit_code == 5

    def test_a_container_without_an_input_gets_none(self, world: World) -> None:
        container = world.start()
        with attached(world, container) as (stream, output, ended):
            stream.write(b"one\n")
            stream.close_stdin()
            world.engine.signal_container(container, "SIGTERM")
            until(ended)
            assert printed(output) == b""
        assert world.ended(container).exit_code == 3

    def test_a_containers_terminal_is_one_output_and_has_a_size(self, world: World) -> None:
        container = world.start("reader", stdin=True, tty=True)
        with attached(world, container, tty=True) as (stream, output, _):
            world.engine.resize_container(container, 93, 27)
            stream.write(b"one\n")
            until(lambda: b"got one" in printed(output))
            assert {name for name, _ in output} == {"stdout"}

    def test_nobody_is_attached_to_what_does_not_run(self, world: World) -> None:
        with pytest.raises(EngineConflict, match="not running"):
            world.engine.attach_container(world.create(), stdin=False, tty=False)
        container = world.start()
        world.engine.signal_container(container)
        world.ended(container)
        with pytest.raises(EngineConflict, match="not running"):
            world.engine.attach_container(container, stdin=False, tty=False)

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
            until(lambda: world.engine.inspect_exec(exec_id).running)
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

            def has_begun() -> bool:
                """Why not at once: Docker answers a moment before it takes note of who asks."""
                world.engine.remove_container(world.create(labels=own))
                return bool(events)

            until(has_begun)
            other, container = world.create(), world.start(labels=own)
            world.engine.signal_container(container, "SIGKILL")
            until(lambda: "die" in actions(events, container))
            world.engine.remove_container(container)
            until(lambda: "destroy" in actions(events, container))
            assert actions(events, container) == ["create", "start", "die", "destroy"]
            assert actions(events, other) == []
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


@contextmanager
def attached(
    world: World, container: str, *, stdin: bool = True, tty: bool = False
) -> Iterator[tuple[ExecStream, list[Output], Callable[[], bool]]]:
    """The stream, what came of it so far, and whether it has ended."""
    stream = world.engine.attach_container(container, stdin=stdin, tty=tty)
    with collecting(stream) as (output, ended):
        yield stream, output, ended
    stream.close()


def printed(output: Iterable[Output]) -> bytes:
    return b"".join(data for _, data in output)


def actions(events: Iterable[EngineEvent], container: str) -> list[str]:
    return [event.action for event in events if event.id == container]
