"""What any container engine must do for us: one suite, inherited by Docker's and the memory's tests.

Programs are named in a container's name: Docker runs them as scripts, the engine in memory is told of them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from minisets.engine.interface import (
    Attachment,
    Engine,
    EngineEvent,
    ExecSpec,
    ExecState,
    LogOptions,
    Mount,
    PathStat,
    PublishedPort,
    VolumeSpec,
)
from minisets.errors import EngineConflict, EngineError, EngineNotFound
from tests.contracts.engine_world import (
    COUNTS,
    FAILS,
    HANGS,
    IMAGE,
    SAYS_HELLO,
    World,
    archive,
    collecting,
    drained,
    until,
    until_told,
)


class EngineContract:
    """Inherit, and give the fixtures `engine` and what `read` and `unreachable_image` want."""

    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        raise NotImplementedError

    def read(self, world: World, container: str, path: str) -> bytes:
        """What the container reads at a path."""
        raise NotImplementedError

    def unreachable_image(self, engine: Engine) -> str:
        """An image that is not here and cannot be pulled."""
        raise NotImplementedError

    def miss_on_host(self, world: World, path: str) -> None:
        """Tell an engine that does not look that its machine has nothing there."""

    @pytest.fixture
    def world(self, engine: Engine, cluster_name: str) -> Iterator[World]:
        world = World(engine, cluster_name)
        try:
            yield world
        finally:
            world.remove()

    def test_it_says_what_it_is(self, engine: Engine) -> None:
        info = engine.info()
        assert info.architecture in ("amd64", "arm64")
        assert info.os_type == "linux"
        assert info.cpus > 0
        assert info.memory_bytes > 0

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
        first = until_told(lambda: world.engine.stats(container))
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
        assert world.run(container, SAYS_HELLO)[1] == ExecState(running=False, exit_code=0)

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

    def test_a_terminal_makes_one_output_of_both(self, world: World) -> None:
        container = world.start()
        spec = ExecSpec(FAILS, tty=True)
        exec_id = world.engine.create_exec(container, spec)
        output = drained(world.engine.start_exec(exec_id, spec))
        assert {stream for stream, _ in output} == {"stdout"}
        assert b"".join(data for _, data in output).strip() == b"oops"

    # --- files ---

    def test_files_go_in_through_the_container_that_mounts_the_volume_writable(self, world: World) -> None:
        name = world.name("files")
        world.engine.create_volume(VolumeSpec(name, world.labels))
        sandbox = world.start(mounts=(Mount("volume", "/v/conf", name),), attachment=Attachment("bridge"))
        app = world.start(mounts=(Mount("volume", "/etc/conf", name, read_only=True),), joins=sandbox)
        world.engine.put_archive(sandbox, "/v/conf", archive({"one": b"1", "deep/two": b"2"}))
        assert self.read(world, app, "/etc/conf/one") == b"1"
        assert self.read(world, app, "/etc/conf/deep/two") == b"2"
        with pytest.raises(EngineError):
            world.engine.put_archive(app, "/etc/conf", archive({"one": b"3"}))

    def test_the_end_of_a_file_is_read_while_its_container_runs_and_when_it_has_ended(
        self, world: World
    ) -> None:
        container = world.start()
        world.engine.put_archive(container, "/tmp", archive({"said": b"a long story, in short"}))  # noqa: S108 - a container's
        path = "/tmp/said"  # noqa: S108 - likewise
        assert world.engine.file_end(container, path, 8) == b"in short"
        world.engine.signal_container(container, "SIGKILL")
        world.ended(container)
        assert world.engine.file_end(container, path, 100) == b"a long story, in short"
        assert world.engine.file_end(container, "/tmp/nothing", 100) is None  # noqa: S108 - likewise
        with pytest.raises(EngineNotFound):
            world.engine.file_end(world.name("missing"), path, 100)

    def test_a_mount_without_a_source_is_a_volume_of_the_containers_own(self, world: World) -> None:
        own = {**world.labels, "own": "yes"}
        lender = world.start(mounts=(Mount("volume", "/lent", labels=own),))
        (volume,) = world.engine.list_volumes(own)
        where = world.engine.inspect_container(lender).mounts["/lent"]
        assert where == volume.mountpoint
        world.engine.put_archive(lender, "/lent", archive({"one": b"1", "two": b"2"}))
        user = world.start(mounts=(Mount("bind", "/etc/seen", f"{where}/one"),))
        assert self.read(world, user, "/etc/seen") == b"1"
        world.engine.signal_container(user, "SIGKILL")
        world.ended(user)
        assert world.engine.file_end(user, "/etc/seen", 100) == b"1"
        for container in (user, lender):
            world.engine.remove_container(container, force=True)
        assert world.engine.list_volumes(own) == ()

    def test_files_go_into_a_container_that_was_only_made(self, world: World) -> None:
        name = world.name("files")
        world.engine.create_volume(VolumeSpec(name, world.labels))
        made = world.create(mounts=(Mount("volume", "/v/data", name),))
        world.engine.put_archive(made, "/v/data", archive({"deep/one": b"1"}))
        app = world.start(mounts=(Mount("volume", "/data", name),))
        assert self.read(world, app, "/data/deep/one") == b"1"

    @pytest.mark.parametrize("runs", [True, False])
    def test_what_lies_at_a_path_is_told_and_where_links_lead(self, world: World, *, runs: bool) -> None:
        name = world.name("files")
        world.engine.create_volume(VolumeSpec(name, world.labels))
        mounts = (Mount("volume", "/v/data", name),)
        container = world.start(mounts=mounts) if runs else world.create(mounts=mounts)
        files: dict[str, bytes | str] = {
            "deep/one": b"1",
            "near": "deep/one",
            "far": "/",
            "chain": "folder/one",
        }
        world.engine.put_archive(container, "/v/data", archive({**files, "folder": "deep"}))

        def seen(path: str) -> PathStat | None:
            return world.engine.stat_path(container, f"/v/data{path}")

        assert seen("") == PathStat("directory", 0o755)
        assert seen("/deep/one") == PathStat("file", 0o644)
        assert seen("/folder/one") == PathStat("file", 0o644), "links on the way are followed"
        links = {"near": "/deep/one", "folder": "/deep", "chain": "/deep/one"}
        for link, target in links.items():
            assert seen(f"/{link}") == PathStat("symlink", 0o777, f"/v/data{target}")
        assert seen("/far") == PathStat("symlink", 0o777, "/")
        assert seen("/none") is None
        assert seen("/none/deeper") is None
        said = {path: world.engine.read_link(container, f"/v/data/{path}") for path in files}
        assert said == {path: text if isinstance(text, str) else "" for path, text in files.items()}
        assert world.engine.read_link(container, "/v/data/folder") == "deep"
        with pytest.raises(EngineNotFound):
            world.engine.stat_path(world.name("missing"), "/")

    def test_a_path_that_is_bound_has_to_be_there_unless_it_is_made(
        self, world: World, tmp_path: Path
    ) -> None:
        missing = str(tmp_path / "deep/er")
        self.miss_on_host(world, missing)
        with pytest.raises(EngineError, match=f"bind source path does not exist: {missing}"):
            world.create(mounts=(Mount("bind", "/x", missing),))
        world.start(mounts=(Mount("bind", "/x", missing, is_made=True),))
        container = world.create(mounts=(Mount("bind", "/x", missing),))
        found = world.engine.stat_path(container, "/x")
        assert found == PathStat("directory", 0o755)

    def test_a_volumes_place_on_the_machine_can_be_bound(self, world: World) -> None:
        """How a part of a volume is mounted where the engine does not know of parts."""
        name = world.name("files")
        volume = world.engine.create_volume(VolumeSpec(name, world.labels))
        sandbox = world.start(mounts=(Mount("volume", "/v/data", name),))
        world.engine.put_archive(sandbox, "/v/data", archive({"deep/one": b"1", "two": b"2"}))
        mounts = (
            Mount("bind", "/folder", f"{volume.mountpoint}/deep"),
            Mount("bind", "/etc/file", f"{volume.mountpoint}/two", read_only=True),
        )
        app = world.start(mounts=mounts)
        assert self.read(world, app, "/folder/one") == b"1"
        assert self.read(world, app, "/etc/file") == b"2"

    # --- sandboxes ---

    def test_a_port_of_the_machine_is_one_containers_at_a_time(self, world: World) -> None:
        taken = (PublishedPort(80, "tcp", "127.0.0.1", 39181),)
        first = world.start(attachment=Attachment("bridge"), ports=taken)
        second = world.create(attachment=Attachment("bridge"), ports=taken)
        with pytest.raises(EngineError, match="39181"):
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

    def test_containers_outlive_their_sandbox_unless_they_share_its_process_ids(self, world: World) -> None:
        sandbox = world.start(attachment=Attachment("bridge"))
        apart, shared = world.start(joins=sandbox), world.start(joins=sandbox, joins_pid=True)
        world.engine.signal_container(sandbox, "SIGKILL")
        assert world.ended(shared).exit_code == 137
        assert world.engine.inspect_container(apart).state == "running"

    # --- images ---

    def test_an_image_is_made_found_by_label_and_removed(self, world: World) -> None:
        name = f"minisets.test/{world.cluster}:1"
        made = world.engine.import_image(
            name, archive({"hello": b"hello"}), (f"LABEL minisets.test={world.cluster}",)
        )
        try:
            image = world.engine.inspect_image(name)
            assert image is not None
            assert (image.id, image.tags) == (made, (name,))
            assert image.labels == {"minisets.test": world.cluster}
            assert image.architecture == world.engine.info().architecture
            (found,) = world.engine.list_images({"minisets.test": world.cluster})
            assert found.id == made
        finally:
            world.engine.remove_image(name)
        assert world.engine.inspect_image(name) is None
        world.engine.remove_image(name)

    def test_an_image_that_cannot_be_pulled_says_why(self, engine: Engine) -> None:
        image = self.unreachable_image(engine)
        assert engine.inspect_image(image) is None
        with pytest.raises(EngineError, match=image):
            list(engine.pull_image(image))

    # --- volumes ---

    def test_a_volume_is_found_by_its_labels_and_by_its_name(self, world: World) -> None:
        own = {**world.labels, "own": "yes"}
        name = world.name("volume")
        made = world.engine.create_volume(VolumeSpec(name, own))
        assert (made.name, made.labels) == (name, own)
        assert world.engine.inspect_volume(name) == made
        assert world.engine.list_volumes(own) == (made,)
        world.engine.remove_volume(name)
        world.engine.remove_volume(name)
        assert world.engine.inspect_volume(name) is None

    def test_creating_a_volume_that_exists_returns_it_as_it_is(self, world: World) -> None:
        name = world.name("volume")
        world.engine.create_volume(VolumeSpec(name, world.labels))
        again = world.engine.create_volume(VolumeSpec(name, {**world.labels, "own": "yes"}))
        assert again.labels == world.labels

    @pytest.mark.parametrize(
        ("driver", "options", "error", "said"),
        [
            ("nosuch", {}, EngineNotFound, 'plugin "nosuch" not found'),
            ("local", {"colour": "red"}, EngineError, 'invalid option: "colour"'),
            ("local", {"type": "nfs"}, EngineError, 'missing required option: "device"'),
        ],
    )
    def test_a_volume_that_its_driver_will_not_make_is_not_there(
        self, world: World, driver: str, options: dict[str, str], error: type[EngineError], said: str
    ) -> None:
        name = world.name("volume")
        with pytest.raises(error, match=re.escape(said)):
            world.engine.create_volume(VolumeSpec(name, world.labels, driver, options))
        assert world.engine.inspect_volume(name) is None

    def test_a_volume_in_memory_keeps_its_content_while_a_container_holds_it(self, world: World) -> None:
        name = world.name("volume")
        memory = {"type": "tmpfs", "device": "tmpfs", "o": "mode=0755,size=1048576"}
        assert world.engine.create_volume(VolumeSpec(name, world.labels, options=memory)).is_in_memory
        mounts = (Mount("volume", "/x", name),)
        holder = world.start(mounts=(Mount("volume", "/x", name, read_only=True),))
        made = world.create(mounts=mounts)
        world.engine.put_archive(made, "/x", archive({"it": b"kept"}))
        world.engine.remove_container(made)
        seen = world.create(mounts=mounts)
        assert world.engine.stat_path(seen, "/x/it") is not None
        world.engine.remove_container(holder, force=True)
        assert world.engine.stat_path(seen, "/x/it") is None

    def test_a_volume_that_even_a_stopped_container_mounts_is_in_use(self, world: World) -> None:
        name = world.name("volume")
        world.engine.create_volume(VolumeSpec(name, world.labels))
        container = world.create(mounts=(Mount("volume", "/data", name),))
        with pytest.raises(EngineConflict):
            world.engine.remove_volume(name)
        world.engine.remove_container(container)
        assert world.engine.inspect_volume(name) is not None
        world.engine.remove_volume(name)

    def test_a_mount_makes_the_volume_that_it_names_without_labels(self, world: World) -> None:
        name = world.name("volume")
        container = world.create(mounts=(Mount("volume", "/data", name),))
        try:
            made = world.engine.inspect_volume(name)
            assert made is not None
            assert made.labels == {}
        finally:
            world.engine.remove_container(container)
            world.engine.remove_volume(name)

    # --- networks ---

    def test_a_container_gets_the_address_that_was_chosen_for_it(self, world: World) -> None:
        network = world.network()
        id_ = world.engine.create_network(network)
        (found,) = (one for one in world.engine.list_networks() if one.id == id_)
        assert (found.name, found.subnet, found.gateway) == (network.name, network.subnet, network.gateway)
        assert found.labels == world.labels
        address = network.gateway.rpartition(".")[0] + ".70"
        container = world.start(attachment=Attachment(network.name, address))
        assert world.engine.inspect_container(container).addresses == {network.name: address}
        rival = world.create(attachment=Attachment(network.name, address))
        with pytest.raises(EngineConflict):
            world.engine.start_container(rival)
        with pytest.raises(EngineConflict):
            world.engine.remove_network(network.name)
        world.engine.remove_container(container, force=True)
        world.engine.remove_network(network.name)
        world.engine.remove_network(network.name)

    def test_a_networks_name_and_subnet_are_its_own(self, world: World) -> None:
        network = world.network()
        world.engine.create_network(network)
        with pytest.raises(EngineConflict):
            world.engine.create_network(replace(network, subnet="198.19.255.0/24", gateway="", ip_range=""))
        with pytest.raises(EngineConflict):
            world.engine.create_network(replace(network, name=world.name("net")))

    def test_a_container_of_a_missing_network_does_not_start(self, world: World) -> None:
        with pytest.raises(EngineNotFound):
            world.engine.start_container(world.create(attachment=Attachment(world.name("missing"))))

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


def actions(events: Iterable[EngineEvent]) -> list[str]:
    return [event.action for event in events]
