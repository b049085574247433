"""The engine in memory: what every engine does, and what tests may say about it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from minisets.clock import FakeClock, SystemClock
from minisets.engine.interface import Engine, Image, PathStat
from minisets.engine.memory import MemoryEngine
from minisets.engine.memory_scripts import ExecResult
from minisets.engine.specs import Attachment, ContainerSpec, ExecSpec, LogOptions, Mount, VolumeSpec
from minisets.errors import EngineConflict, EngineError, EngineNotFound, EngineUnavailable
from tests.contracts.engine import EngineContract
from tests.contracts.engine_world import (
    COUNTS,
    FAILS,
    HANGS,
    SAYS_HELLO,
    World,
    archive,
    collecting,
    drained,
    until,
)

LABELS = {"dev.minisets.cluster": "test-memory"}


def shell(command: tuple[str, ...], stdin: bytes) -> ExecResult:
    """What the contract's commands do."""
    return {
        SAYS_HELLO: ExecResult(b"hello\n"),
        FAILS: ExecResult(stderr=b"oops\n", exit_code=4),
        COUNTS: ExecResult(f"{len(stdin)}\n".encode()),
        HANGS: ExecResult(hangs=True),
    }[command]


class TestMemoryEngine(EngineContract):
    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = MemoryEngine(SystemClock())
        ready = (("stdout", b"ready\n"),)
        engine.behave("*-obedient-*", sigterm_exit=3, output=ready, run=shell)
        engine.behave("*-stubborn-*", ignores_sigterm=True, output=ready, run=shell)
        engine.behave(
            "*-reader-*", output=ready, answers=lambda data: b"got " + data, input_exit=5, run=shell
        )
        engine.behave("*-reciter-*", exits_with=0, output=(("stdout", b"x" * 100_000 + b"\nend\n"),))
        engine.behave("*-printer-*", output=ready)
        yield engine
        engine.close()

    def read(self, world: World, container: str, path: str) -> bytes:
        assert isinstance(world.engine, MemoryEngine)
        return world.engine.read_file(container, path) or b""

    def print_the_rest(self, world: World, container: str) -> None:
        assert isinstance(world.engine, MemoryEngine)
        world.engine.write_log(container, b"two\n", "stderr")
        world.engine.exit(container, 7)

    def miss_on_host(self, world: World, path: str) -> None:
        assert isinstance(world.engine, MemoryEngine)
        world.engine.set_on_host(path, None)

    def unreachable_image(self, engine: Engine) -> str:
        assert isinstance(engine, MemoryEngine)
        engine.refuse_pull("registry.test/none:1", "connection refused")
        return "registry.test/none:1"


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine(FakeClock())


def web(engine: MemoryEngine, **changes: object) -> str:
    """A running container `web-0`."""
    spec = ContainerSpec("web-0", "nginx", LABELS, **changes)  # type: ignore[arg-type] # any of its fields
    container = engine.create_container(spec)
    engine.start_container(container)
    return container


def test_a_container_that_nobody_scripted_runs_until_sigterm_and_leaves_with_0(engine: MemoryEngine) -> None:
    web(engine)
    engine.signal_container("web-0", "15")
    assert engine.inspect_container("web-0").exit_code == 0
    assert engine.signals_of("web-0") == ("TERM",)


def test_other_signals_are_noted_and_the_program_goes_on(engine: MemoryEngine) -> None:
    web(engine)
    engine.signal_container("web-0", "SIGHUP")
    assert engine.inspect_container("web-0").state == "running"
    assert engine.signals_of("web-0") == ("HUP",)


def test_the_images_stop_signal_ends_a_program(engine: MemoryEngine) -> None:
    engine.add_image(Image("sha256:1", ("nginx:latest",), (), {}, "amd64", stop_signal="SIGUSR1"))
    web(engine)
    engine.signal_container("web-0")
    assert engine.signals_of("web-0") == ("USR1",)
    assert engine.inspect_container("web-0").state == "exited"


def test_a_program_crashes_when_a_test_says_so(engine: MemoryEngine) -> None:
    web(engine)
    engine.exit("web-0", 9, oom_killed=True)
    crashed = engine.inspect_container("web-0")
    assert (crashed.state, crashed.exit_code, crashed.oom_killed) == ("exited", 9, True)


def test_the_latest_script_for_a_name_or_an_image_counts(engine: MemoryEngine) -> None:
    engine.behave("nginx", exits_with=1)
    engine.behave("web-*", fails_to_start="no such program")
    with pytest.raises(EngineError, match="no such program"):
        web(engine)
    failed = engine.inspect_container("web-0")
    assert (failed.state, failed.exit_code, failed.error) == ("created", 127, "no such program")
    engine.behave("nginx", exits_with=1)
    engine.start_container("web-0")
    assert engine.inspect_container("web-0").exit_code == 1


def test_a_fault_hits_the_next_call_only_and_leaves_nothing_behind(engine: MemoryEngine) -> None:
    engine.fail_next("create_container", EngineError("no space left on device"))
    with pytest.raises(EngineError, match="no space"):
        web(engine)
    assert engine.list_containers(LABELS) == ()
    assert web(engine)


def test_a_fault_of_a_method_that_does_not_exist_is_the_tests_mistake(engine: MemoryEngine) -> None:
    with pytest.raises(AttributeError, match="create_pod"):
        engine.fail_next("create_pod", EngineError("never"))


def test_an_engine_that_goes_away_ends_event_streams_and_refuses_calls(engine: MemoryEngine) -> None:
    web(engine)
    with collecting(engine.events(LABELS)) as (events, ended):
        engine.go_away()
        until(ended)
    assert events == []
    with pytest.raises(EngineUnavailable):
        engine.info()
    engine.come_back()
    assert engine.inspect_container("web-0").state == "running"


def test_a_command_that_nobody_scripted_is_echoed_with_its_input(engine: MemoryEngine) -> None:
    spec = ExecSpec(("sh", "-c", "echo hello"), stdin=True)
    exec_id = engine.create_exec(web(engine), spec)
    stream = engine.start_exec(exec_id, spec)
    stream.write(b"in")
    stream.close_stdin()
    assert drained(stream) == [("stdout", b"sh -c echo hello\nin")]


def test_a_command_that_hangs_ends_with_its_container(engine: MemoryEngine) -> None:
    engine.behave("web-0", run=lambda _command, _stdin: ExecResult(hangs=True))
    spec = ExecSpec(("sleep", "9"), tty=True)
    exec_id = engine.create_exec(web(engine), spec)
    stream = engine.start_exec(exec_id, spec)
    engine.resize_exec(exec_id, 80, 24)
    assert engine.inspect_exec(exec_id).running
    engine.exit("web-0")
    assert drained(stream) == []
    assert engine.inspect_exec(exec_id).exit_code == 137
    assert engine.sizes_of(exec_id) == ((80, 24),)


def test_an_image_is_missing_until_it_is_pulled(engine: MemoryEngine) -> None:
    engine.miss_image("nginx")
    with pytest.raises(EngineNotFound):
        web(engine)
    engine.refuse_pull("nginx", "toomanyrequests")
    with pytest.raises(EngineError, match="toomanyrequests"):
        list(engine.pull_image("nginx"))
    engine.allow_pull("nginx")
    assert list(engine.pull_image("nginx"))
    assert web(engine)
    with pytest.raises(EngineConflict):
        engine.remove_image("nginx:latest")


def test_a_swapped_link_shows_the_new_files(engine: MemoryEngine) -> None:
    """As the kubelet writes a configMap: files below a folder, `pause swap`, links to `..data`."""
    engine.create_volume(VolumeSpec("conf", LABELS))
    sandbox = web(engine, mounts=(Mount("volume", "/v/conf", "conf"),))
    for version, files in (("..1", {"key": b"old", "gone": b""}), ("..2", {"key": b"new"})):
        engine.put_archive(sandbox, "/v/conf", archive({f"{version}/{name}": files[name] for name in files}))
        spec = ExecSpec(("/pause", "swap", "/v/conf", version))
        drained(engine.start_exec(engine.create_exec(sandbox, spec), spec))
    assert engine.read_file(sandbox, "/v/conf/..data/key") == b"new"
    assert engine.read_file(sandbox, "/v/conf/none") is None
    assert engine.read_file(sandbox, "/v/conf/key") == b"new"
    assert set(engine.files_of("conf")) == {"..2/key", "..data", "key"}


@pytest.mark.parametrize(("verb", "mode"), [("own", 0o664), ("match", 0o644)])
def test_a_folder_is_given_to_a_group(engine: MemoryEngine, verb: str, mode: int) -> None:
    engine.create_volume(VolumeSpec("data", LABELS))
    sandbox = web(engine, mounts=(Mount("volume", "/v/data", "data"),))

    def give(command: str) -> None:
        spec = ExecSpec(("/pause", command, "/v/data", "7"))
        drained(engine.start_exec(engine.create_exec(sandbox, spec), spec))

    give("own")
    engine.put_archive(sandbox, "/v/data", archive({"late": b""}))
    give(verb)
    assert (engine.root_of("data").group, engine.root_of("data").mode) == (7, 0o2775)
    assert engine.files_of("data")["late"].mode == mode


def test_what_the_machine_has_at_a_path_is_what_a_test_says(engine: MemoryEngine) -> None:
    engine.set_on_host("/dev/kvm", "character device")
    engine.set_on_host("/srv/none", None)
    with pytest.raises(EngineError, match="bind source path does not exist: /srv/none"):
        web(engine, mounts=(Mount("bind", "/x", "/srv/none"),))
    mounts = (Mount("bind", "/kvm", "/dev/kvm"), Mount("bind", "/made", "/srv/none", is_made=True))
    container = web(engine, mounts=mounts)
    assert engine.stat_path(container, "/kvm") == PathStat("character device", 0o755)
    assert engine.kind_on_host("/srv/none") == "directory"


def test_a_part_of_a_volume_is_mounted(engine: MemoryEngine) -> None:
    engine.create_volume(VolumeSpec("data", LABELS))
    whole = web(engine, mounts=(Mount("volume", "/v", "data"),))
    engine.put_archive(whole, "/v", archive({"a/b/file": b"deep"}))
    spec = ContainerSpec("part", "nginx", LABELS, mounts=(Mount("volume", "/x", "data", sub_path="a/b"),))
    assert engine.read_file(engine.create_container(spec), "/x/file") == b"deep"


def test_a_volume_in_memory_is_empty_when_its_last_user_stops(engine: MemoryEngine) -> None:
    engine.create_volume(VolumeSpec("cache", LABELS, options={"type": "tmpfs", "device": "tmpfs"}))
    sandbox = web(engine, mounts=(Mount("volume", "/v/cache", "cache"),))
    engine.put_archive(sandbox, "/v/cache", archive({"one": b"1"}))
    engine.exit(sandbox)
    assert engine.files_of("cache") == {}


def test_a_dead_container_cannot_be_started(engine: MemoryEngine) -> None:
    web(engine)
    engine.exit("web-0")
    engine.set_state("web-0", "dead")
    with pytest.raises(EngineConflict, match="dead"):
        engine.start_container("web-0")


def test_a_log_grows_while_it_is_followed_and_is_stamped_by_the_clock() -> None:
    clock = FakeClock()
    engine = MemoryEngine(clock)
    web(engine)
    with collecting(engine.logs("web-0", LogOptions(follow=True, timestamps=True))) as (lines, ended):
        clock.advance(timedelta(seconds=1))
        engine.write_log("web-0", b"one\ntwo\n")
        until(lambda: len(lines) == 2)
        assert lines[0] == ("stdout", b"2026-01-01T00:00:01.000000000Z one\n")
        assert not ended()


def test_addresses_without_a_wish_are_the_lowest_free_ones(engine: MemoryEngine) -> None:
    web(engine, attachment=Attachment("bridge"))
    assert engine.inspect_container("web-0").addresses == {"bridge": "172.17.0.2"}
    assert engine.spec_of("web-0").attachment == Attachment("bridge")
    engine.exit("web-0")
    assert engine.inspect_container("web-0").addresses == {}


def test_a_volume_of_another_driver_is_in_the_way_of_a_name(engine: MemoryEngine) -> None:
    """As Docker does with two drivers; the suite's engine has one, so that the contract cannot show it."""
    engine.create_volume(VolumeSpec("data", LABELS))
    with pytest.raises(EngineConflict, match="volume name must be unique"):
        engine.create_volume(VolumeSpec("data", LABELS, "vieux/sshfs"))


def test_what_its_program_reads_and_its_size_can_be_seen(engine: MemoryEngine) -> None:
    stream = engine.attach_container(web(engine, stdin=True, tty=True), stdin=True, tty=True)
    stream.write(b"hello")
    engine.resize_container("web-0", 80, 24)
    stream.close_stdin()
    assert drained(stream) == []
    assert (engine.stdin_of("web-0"), engine.container_sizes_of("web-0")) == (b"hello", ((80, 24),))
