"""What the engines' contract says of data: volumes, and files in and out of what is mounted."""

import re
from pathlib import Path

import pytest

from minisets.engine.interface import PathStat
from minisets.engine.specs import Attachment, Mount, VolumeSpec
from minisets.errors import EngineConflict, EngineError, EngineNotFound
from tests.contracts.engine_suite import EngineSuite
from tests.contracts.engine_world import World, archive


class Volumes(EngineSuite):
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
