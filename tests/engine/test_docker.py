"""Docker as our engine: the contract, and what only a real engine can show."""

import contextlib
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import docker
import pytest

from minisets.engine.docker import DockerEngine
from minisets.engine.interface import Engine, Output
from minisets.engine.sandbox_image import SandboxImage
from minisets.engine.specs import Attachment, ContainerSpec, ExecSpec, LogOptions, Mount, VolumeSpec
from minisets.errors import EngineConflict, EngineUnavailable
from tests.contracts.engine import EngineContract
from tests.contracts.engine_world import SAYS_HELLO, World, collecting, drained, until
from tests.engines import PrivateEngine, engine_address

pytestmark = pytest.mark.docker


@pytest.fixture
def connected(docker_engine: docker.DockerClient) -> Iterator[DockerEngine]:  # noqa: ARG001 - it must answer
    engine = DockerEngine.connect(engine_address())
    yield engine
    engine.close()


class TestDockerEngine(EngineContract):
    @pytest.fixture
    def engine(self, connected: DockerEngine) -> Engine:
        return connected

    def read(self, world: World, container: str, path: str) -> bytes:
        output, _ = world.run(container, ("cat", path))
        return b"".join(data for _, data in output)

    def unreachable_image(self, engine: Engine) -> str:
        del engine
        return "localhost:1/none:1"


@pytest.fixture
def world(connected: DockerEngine, cluster_name: str) -> Iterator[World]:
    world = World(connected, cluster_name)
    try:
        yield world
    finally:
        world.remove()


def test_a_container_is_made_as_the_kubelet_needs_it(
    world: World, docker_engine: docker.DockerClient
) -> None:
    container = world.create(
        attachment=Attachment("bridge"),
        hostname="web-0",
        stop_timeout=timedelta(seconds=17),
        mounts=(Mount("tmpfs", "/scratch", size_bytes=4096),),
        memory_bytes=64 * 1024**2,
        cap_drop=("ALL",),
        no_new_privileges=True,
        read_only_root=True,
    )
    made: dict[str, Any] = docker_engine.api.inspect_container(container)
    config, host = made["Config"], made["HostConfig"]
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}}
    assert config["StopTimeout"] == 17
    assert (config["Hostname"], config["Domainname"]) == ("web-0", "")
    assert host["IpcMode"] == "shareable"
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["AutoRemove"] is False
    assert host["Init"] is False
    assert host["MemorySwap"] == host["Memory"] == 64 * 1024**2
    assert host["ReadonlyRootfs"] is True
    assert "no-new-privileges" in host["SecurityOpt"]


@pytest.mark.parametrize("propagation", ["rslave", "rshared"])
@pytest.mark.parametrize("is_made", [True, False])
def test_a_bind_reaches_as_far_as_it_says(
    world: World, docker_engine: docker.DockerClient, propagation: Any, *, is_made: bool
) -> None:
    """Why only made: to run, it needs a machine whose own mounts are shared."""
    mount = Mount("bind", "/x", "/", read_only=True, is_made=is_made, propagation=propagation)
    (found,) = docker_engine.api.inspect_container(world.create(mounts=(mount,)))["Mounts"]
    assert (found["Propagation"], found["RW"]) == (propagation, False)


def test_a_new_volume_is_empty_whatever_the_image_has_there(world: World) -> None:
    name = world.name("empty")
    container = world.start(mounts=(Mount("volume", "/etc", name),))
    try:
        output, _ = world.run(container, ("ls", "/etc"))
        seen = b"".join(data for _, data in output).split()
        assert b"passwd" not in seen  # Docker itself puts hosts, hostname, resolv.conf and mtab there
    finally:
        world.engine.remove_container(container, force=True)
        world.engine.remove_volume(name)


def test_output_that_comes_with_the_answers_headers_is_not_lost(world: World) -> None:
    container = world.start()
    for _ in range(20):
        assert world.run(container, SAYS_HELLO)[0] == [("stdout", b"hello\n")]


def test_a_terminal_can_be_resized(world: World) -> None:
    container = world.start()
    spec = ExecSpec(("sh",), stdin=True, tty=True)
    exec_id = world.engine.create_exec(container, spec)
    stream = world.engine.start_exec(exec_id, spec)
    with collecting(stream) as (output, ended):
        until(lambda: bool(output))  # the prompt: now there is a terminal
        world.engine.resize_exec(exec_id, 93, 27)
        stream.write(b"stty size; exit\n")
        until(ended)
    assert b"27 93" in b"".join(data for _, data in output)


def test_a_containers_own_terminal_can_be_resized(world: World) -> None:
    loop = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"
    container = world.start("reader", arguments=("sh", "-c", loop), stdin=True, tty=True)
    stream = world.engine.attach_container(container, stdin=True, tty=True)
    with collecting(stream) as (output, _):
        world.engine.resize_container(container, 93, 27)
        until(lambda: b"27 93" in b"".join(data for _, data in output))


@pytest.mark.parametrize("typed", [b"\x10", b"\x1e"], ids=["docker detach", "ours"])
def test_no_key_of_a_terminal_waits_for_the_next_one_unless_nobody_types_it(
    world: World, typed: bytes
) -> None:
    """By default Docker keeps ctrl-p, a shell's last command, until the next key."""
    container = world.start()
    spec = ExecSpec(("sh", "-c", "stty raw -echo; echo ready; od -An -tx1 -N1"), stdin=True, tty=True)
    exec_id = world.engine.create_exec(container, spec)
    stream = world.engine.start_exec(exec_id, spec)
    with collecting(stream) as (output, ended):
        until(lambda: b"ready" in b"".join(data for _, data in output))
        stream.write(typed)
        if typed == b"\x1e":
            stream.write(b"x")
        until(ended)
    assert typed.hex().encode() in b"".join(data for _, data in output)


def test_a_container_in_which_commands_begin_all_the_time_can_be_paused(world: World) -> None:
    """Without the gate Docker 20.10 could, at the second pause, neither let it go nor remove it."""
    container, engine = world.start(), world.engine
    stop, begun = threading.Event(), [0]

    def run() -> None:
        while not stop.is_set():
            # Why suppressed: right after a short pause the engine says for a moment that it is still paused.
            with contextlib.suppress(EngineConflict):
                world.run(container, SAYS_HELLO)
                begun[0] += 1

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            before = begun[0]
            until(lambda before=before: begun[0] > before)  # type: ignore[misc]
            with engine.execs.closed([container], engine.inspect_exec, timedelta(seconds=30)):
                engine.pause_container(container)
                engine.unpause_container(container)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    until(lambda: engine.inspect_container(container).state == "running")


def test_a_missing_program_is_said_on_stdout_with_126_or_127(world: World) -> None:
    output, state = world.run(world.start(), ("no-such-program",))
    assert state.exit_code in (126, 127)
    assert b"no-such-program" in output[0][1]


def test_many_threads_share_one_engine(world: World) -> None:
    container = world.create()
    seen: list[str] = []

    def look() -> None:
        for _ in range(10):
            seen.append(world.engine.inspect_container(container).id)

    threads = [threading.Thread(target=look) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == [container] * 160


def test_an_engine_that_is_killed_ends_streams_quietly_and_answers_again_later(
    private_engine: PrivateEngine, cluster_name: str
) -> None:
    """Events and logs end without an error (decision 12); the same client works with the next dockerd."""
    private_engine.load("minisets.test/busy:1")
    engine = DockerEngine.connect(private_engine.address)
    world = World(engine, cluster_name)
    container = world.start()
    with (
        collecting(engine.events(world.labels)) as (_, events_ended),
        collecting(engine.logs(container, LogOptions(follow=True))) as (lines, log_ended),
    ):
        until(lambda: bool(lines))
        private_engine.kill()
        until(events_ended)
        until(log_ended)
    with pytest.raises(EngineUnavailable, match="does not answer"):
        engine.inspect_container(container)
    private_engine.start()
    assert drained(engine.logs(container, LogOptions())) == [("stdout", b"ready\n")]
    world.remove()
    engine.close()


def test_a_volume_that_exists_is_returned_with_its_labels_after_the_engine_was_restarted_too(
    private_engine: PrivateEngine, cluster_name: str
) -> None:
    """Else it looks like a stranger's, and a claim whose older volume has the name waits for ever."""
    engine = DockerEngine.connect(private_engine.address)
    spec = VolumeSpec("volume", World(engine, cluster_name).labels)
    engine.create_volume(spec)
    private_engine.kill()
    private_engine.start()
    again = engine.create_volume(VolumeSpec(spec.name, {**spec.labels, "own": "yes"}))
    assert again.labels == spec.labels
    engine.close()


def test_an_exec_in_a_sandbox_reaches_what_listens_there(world: World) -> None:
    """A port-forward to the pod's loopback; the command's input ends, and its answer still comes."""
    engine = world.engine
    sandbox = engine.create_container(
        ContainerSpec(
            world.name("sandbox"),
            SandboxImage(engine).ensured(),
            world.labels,
            attachment=Attachment("bridge"),
        )
    )
    engine.start_container(sandbox)
    listen = ("sh", "-c", "trap exit TERM; nc -ll -p 7000 -e cat & wait")
    engine.start_container(world.create(arguments=listen, joins=sandbox))

    def answered() -> list[Output]:
        spec = ExecSpec(("/pause", "dial", "localhost", "7000"), stdin=True)
        stream = engine.start_exec(engine.create_exec(sandbox, spec), spec)
        stream.write(b"hello")
        stream.close_stdin()
        output = drained(stream)
        return [] if ("stderr", b"pause: cannot connect localhost:7000: error 111\n") in output else output

    assert until(answered) == [("stdout", b"hello")]
