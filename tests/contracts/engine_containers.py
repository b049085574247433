"""What the engines' contract says of containers: their life, names, pauses, and the sandbox they join."""

from contextlib import suppress

import pytest

from minisets.engine.interface import ExecState
from minisets.engine.specs import Attachment, ExecSpec, LogOptions, PublishedPort
from minisets.errors import EngineConflict, EngineError, EngineNotFound
from tests.contracts.engine_suite import EngineSuite
from tests.contracts.engine_world import IMAGE, SAYS_HELLO, World, until


class Containers(EngineSuite):
    # --- containers ---

    def test_a_container_is_found_by_its_labels(self, world: World) -> None:
        own = {**world.labels, "own": "yes"}
        container = world.create(labels=own)
        world.create()
        (found,) = world.engine.list_containers(own)
        assert (found.id, found.state) == (container, "created")
        assert own.items() <= found.labels.items()
        assert [one.id for one in world.engine.list_containers({**world.labels, "own": ""})] == [container]
        assert world.engine.list_containers({**world.labels, "own": "no"}) == ()
        assert len(world.engine.list_containers(world.labels)) == 2

    def test_a_container_is_found_by_name_and_by_id(self, world: World) -> None:
        spec = world.spec()
        container = world.engine.create_container(spec)
        assert world.engine.inspect_container(spec.name) == world.engine.inspect_container(container)

    def test_a_container_tells_its_life(self, world: World) -> None:
        container = world.create()
        created = world.engine.inspect_container(container)
        assert (created.state, created.started_at, created.finished_at) == ("created", None, None)
        assert created.image == IMAGE
        assert created.image_id.startswith("sha256:")
        world.engine.start_container(container)
        running = world.engine.inspect_container(container)
        assert running.state == "running"
        assert running.started_at is not None
        assert running.started_at >= running.created_at
        world.engine.signal_container(container, "SIGKILL")
        ended = world.ended(container)
        assert ended.exit_code == 137
        assert ended.finished_at is not None
        assert ended.finished_at >= running.started_at

    def test_what_a_running_container_uses_is_told_at_once(self, world: World) -> None:
        container = world.create()
        assert world.engine.stats(container) is None
        world.engine.start_container(container)
        first = until(lambda: world.engine.stats(container))
        assert first.memory_bytes > 0

        def has_used_more() -> bool:
            now = world.engine.stats(container)
            return now is not None and now.at > first.at and now.cpu_nanoseconds > first.cpu_nanoseconds

        until(has_used_more)
        world.engine.signal_container(container, "SIGKILL")
        world.ended(container)
        assert world.engine.stats(container) is None

    def test_a_taken_name_is_a_conflict(self, world: World) -> None:
        spec = world.spec()
        world.engine.create_container(spec)
        with pytest.raises(EngineConflict, match=spec.name):
            world.engine.create_container(spec)

    def test_a_missing_image_is_not_found(self, world: World) -> None:
        missing = self.unreachable_image(world.engine)
        with pytest.raises(EngineNotFound, match="No such image"):
            world.create(image=missing)

    def test_a_missing_container_is_not_found(self, world: World) -> None:
        for call in (
            world.engine.inspect_container,
            world.engine.stats,
            world.engine.start_container,
            world.engine.signal_container,
            lambda name: world.engine.rename_container(name, "other"),
            lambda name: world.engine.create_exec(name, ExecSpec(SAYS_HELLO)),
            lambda name: world.engine.logs(name, LogOptions()),
        ):
            with pytest.raises(EngineNotFound):
                call(world.name("missing"))

    def test_starting_a_running_container_does_nothing(self, world: World) -> None:
        container = world.start()
        before = world.engine.inspect_container(container)
        world.engine.start_container(container)
        assert world.engine.inspect_container(container) == before

    def test_a_program_leaves_on_the_stop_signal_with_its_own_code(self, world: World) -> None:
        container = world.start()
        world.engine.signal_container(container)
        assert world.ended(container).exit_code == 3

    def test_a_program_that_ignores_sigterm_is_killed(self, world: World) -> None:
        container = world.start("stubborn")
        world.engine.signal_container(container, "SIGTERM")
        _, state = world.run(container, SAYS_HELLO)  # it goes on long enough to do something
        assert state == ExecState(running=False, exit_code=0)
        world.engine.signal_container(container, "SIGKILL")
        assert world.ended(container).exit_code == 137

    def test_a_container_that_does_not_run_takes_no_signal_and_no_command(self, world: World) -> None:
        container = world.create()
        with pytest.raises(EngineConflict):
            world.engine.signal_container(container, "SIGTERM")
        with pytest.raises(EngineConflict):
            world.engine.create_exec(container, ExecSpec(SAYS_HELLO))

    def test_a_paused_container_has_its_program_and_takes_no_command(self, world: World) -> None:
        container = world.start()
        world.engine.pause_container(container)
        world.engine.pause_container(container)
        assert world.engine.inspect_container(container).state == "paused"
        assert [one.state for one in world.engine.list_containers(world.labels)] == ["paused"]
        with pytest.raises(EngineConflict, match="paused"):
            world.engine.create_exec(container, ExecSpec(SAYS_HELLO))
        world.engine.unpause_container(container)
        world.engine.unpause_container(container)

        def has_run() -> ExecState | None:
            """Why not at once: right after a pause Docker says for a moment that it is still paused."""
            with suppress(EngineConflict):
                return world.run(container, SAYS_HELLO)[1]
            return None

        assert until(has_run) == ExecState(running=False, exit_code=0)

    def test_a_stop_signal_wakes_a_paused_container(self, world: World) -> None:
        """Whoever relies on a pause has to look whether it lasted."""
        container = world.start()
        world.engine.pause_container(container)
        world.engine.signal_container(container)
        assert world.ended(container).exit_code == 3
        world.engine.unpause_container(container)

    def test_what_does_not_run_cannot_be_paused(self, world: World) -> None:
        container = world.create()
        with pytest.raises(EngineConflict, match="is not running"):
            world.engine.pause_container(container)
        world.engine.unpause_container(container)
        for call in (world.engine.pause_container, world.engine.unpause_container):
            with pytest.raises(EngineNotFound):
                call(world.name("missing"))

    def test_a_paused_container_is_removed_by_force(self, world: World) -> None:
        container = world.start()
        world.engine.pause_container(container)
        with pytest.raises(EngineConflict):
            world.engine.remove_container(container)
        world.engine.remove_container(container, force=True)
        with pytest.raises(EngineNotFound):
            world.engine.inspect_container(container)

    def test_renaming_makes_the_name_free(self, world: World) -> None:
        spec = world.spec()
        old = world.start(name=spec.name)
        new_name = world.name("kept")
        world.engine.rename_container(old, new_name)
        new = world.engine.create_container(spec)
        assert world.engine.inspect_container(old).name == new_name
        assert world.engine.inspect_container(spec.name).id == new
        with pytest.raises(EngineConflict):
            world.engine.rename_container(new, new_name)

    def test_removing_takes_force_while_it_runs_and_never_minds_what_is_gone(self, world: World) -> None:
        container = world.start()
        with pytest.raises(EngineConflict):
            world.engine.remove_container(container)
        world.engine.remove_container(container, force=True)
        with pytest.raises(EngineNotFound):
            world.engine.inspect_container(container)
        world.engine.remove_container(container)
        world.engine.remove_container(container, force=True)

    # --- sandboxes ---

    def test_a_port_of_the_machine_is_one_containers_at_a_time(self, world: World) -> None:
        taken = (PublishedPort(80, "tcp", "127.0.0.1", 21181),)
        first = world.start(attachment=Attachment("bridge"), ports=taken)
        second = world.create(attachment=Attachment("bridge"), ports=taken)
        with pytest.raises(EngineError, match="21181"):
            world.engine.start_container(second)
        world.engine.remove_container(first, force=True)
        world.engine.start_container(second)
        assert world.engine.inspect_container(second).state == "running"

    def test_a_container_joins_a_running_sandbox_and_has_no_address_of_its_own(self, world: World) -> None:
        sandbox = world.start(attachment=Attachment("bridge"))
        app = world.start(joins=sandbox)
        assert list(world.engine.inspect_container(sandbox).addresses) == ["bridge"]
        assert world.engine.inspect_container(app).addresses == {}

    def test_no_container_joins_a_dead_sandbox(self, world: World) -> None:
        sandbox = world.start(attachment=Attachment("bridge"))
        app = world.create(joins=sandbox)
        world.engine.signal_container(sandbox, "SIGKILL")
        world.ended(sandbox)
        with pytest.raises(EngineConflict, match="non running container"):
            world.engine.start_container(app)
        world.engine.remove_container(sandbox)
        with pytest.raises(EngineError):
            world.engine.start_container(app)

    def test_process_ids_are_shared_with_any_container_that_runs_and_end_with_it(self, world: World) -> None:
        sandbox = world.start(attachment=Attachment("bridge"))
        target = world.start(joins=sandbox)
        debugger = world.start(joins=sandbox, joins_pid=target)
        late = world.create(joins=sandbox, joins_pid=target)
        world.engine.signal_container(target, "SIGKILL")
        assert world.ended(debugger).exit_code == 137
        world.ended(target)
        with pytest.raises(EngineError, match="is not running"):
            world.engine.start_container(late)
        failed = world.engine.inspect_container(late)
        assert (failed.state, failed.error, failed.exit_code) == (
            "created",
            f"container {target} is not running",
            128,
        )

    def test_containers_outlive_their_sandbox_unless_they_share_its_process_ids(self, world: World) -> None:
        sandbox = world.start(attachment=Attachment("bridge"))
        apart, shared = world.start(joins=sandbox), world.start(joins=sandbox, joins_pid=sandbox)
        world.engine.signal_container(sandbox, "SIGKILL")
        assert world.ended(shared).exit_code == 137
        assert world.engine.inspect_container(apart).state == "running"
