from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from minisets.clock import FakeClock
from minisets.engine import labels
from minisets.engine.info import EngineInfo
from minisets.engine.interface import PathKind
from minisets.engine.memory import MemoryEngine
from minisets.engine.sandbox_image import SandboxImage
from minisets.engine.specs import ContainerSpec, Mount
from minisets.errors import EngineError, EngineTimeout
from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes.host_paths import HostPaths
from minisets.kubelet.volumes.mounts import LOCAL
from minisets.settings import Settings
from tests.kubelet.world import SOON, World, container
from tests.waiting import until


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine(FakeClock())


@pytest.fixture
def host_paths(engine: MemoryEngine) -> HostPaths:
    return HostPaths(engine, SandboxImage(engine), Settings("minisets", Path(), "memory"))


@pytest.mark.parametrize(
    ("kind", "present", "problem"),
    [
        ("", "file", ""),
        ("", None, ""),
        ("Directory", "directory", ""),
        ("Directory", "file", "/srv/x is not a directory"),
        ("Directory", None, "/srv/x is not a directory"),
        ("DirectoryOrCreate", "file", "/srv/x is not a directory"),
        ("File", "file", ""),
        ("File", "directory", "/srv/x is not a file"),
        ("File", None, "/srv/x is not a file"),
        ("FileOrCreate", "directory", "/srv/x is not a file"),
        ("Socket", "socket", ""),
        ("Socket", "file", "/srv/x is not a socket file"),
        ("CharDevice", "character device", ""),
        ("CharDevice", "block device", "/srv/x is not a character device"),
        ("BlockDevice", "block device", ""),
        ("BlockDevice", "character device", "/srv/x is not a block device"),
    ],
)
def test_a_path_has_to_be_what_its_type_says(
    engine: MemoryEngine, host_paths: HostPaths, kind: str, present: PathKind | None, problem: str
) -> None:
    engine.set_on_host("/srv/x", present)
    if problem:
        with pytest.raises(NotYet) as caught:
            host_paths.check("/srv/x", kind)
        assert str(caught.value) == f"hostPath type check failed: {problem}"
        assert caught.value.reason == "FailedMount"
    else:
        host_paths.check("/srv/x", kind)
    assert engine.list_containers({}) == (), "what was looked through is gone"


def test_what_may_be_missing_is_made(engine: MemoryEngine, host_paths: HostPaths) -> None:
    for path in ("/srv/a", "/srv/a/b", "/srv/a/b/c", "/srv/file"):
        engine.set_on_host(path, None)
    host_paths.check("/srv/a/b/c", "DirectoryOrCreate")
    host_paths.check("/srv/file", "FileOrCreate")
    assert [engine.kind_on_host(path) for path in ("/srv/a", "/srv/a/b", "/srv/a/b/c")] == ["directory"] * 3
    assert engine.kind_on_host("/srv/file") == "file"


def test_the_path_of_a_local_volume_has_to_be_there(engine: MemoryEngine, host_paths: HostPaths) -> None:
    host_paths.check("/mnt/disk", LOCAL)
    engine.set_on_host("/mnt/disk", None)
    with pytest.raises(NotYet, match='path "/mnt/disk" does not exist'):
        host_paths.check("/mnt/disk", LOCAL)


def test_a_file_is_not_made_where_no_folder_is(engine: MemoryEngine, host_paths: HostPaths) -> None:
    engine.set_on_host("/srv/a", None)
    engine.set_on_host("/srv/a/file", None)
    with pytest.raises(NotYet, match="open /srv/a/file: no such file or directory"):
        host_paths.check("/srv/a/file", "FileOrCreate")


@pytest.mark.parametrize("error", [EngineTimeout("slow"), EngineError("no space left on device")])
def test_an_engine_that_fails_says_nothing_of_the_path(
    engine: MemoryEngine, host_paths: HostPaths, error: EngineError
) -> None:
    engine.fail_next("create_container", error)
    with pytest.raises(type(error)):
        host_paths.check("/srv/x", "Directory")


def test_what_a_killed_kubelet_left_is_removed_and_what_is_in_use_is_not(
    engine: MemoryEngine, host_paths: HostPaths
) -> None:
    left = ContainerSpec("minisets__look-old", "pause", labels.look_labels("minisets"))
    other = ContainerSpec("another__look-x", "pause", labels.look_labels("another"))
    for spec in (left, other):
        engine.create_container(spec)
    with host_paths.opened("/srv") as container:
        host_paths.sweep()
        names = {one.name for one in engine.list_containers({})}
        assert names == {"another__look-x", engine.inspect_container(container).name}


def test_a_new_kubelet_removes_what_the_one_before_left(world: World) -> None:
    world.engine.create_container(
        ContainerSpec("minisets__look-old", "pause", labels.look_labels("minisets"))
    )
    with world.kubelet() as kubelet:
        assert kubelet.settle(SOON)
        assert world.engine.list_containers({}) == ()


@pytest.mark.usefixtures("kubelet")
def test_a_pod_waits_until_a_path_is_what_it_should_be(world: World) -> None:
    world.engine.set_on_host("/run/x.sock", None)
    volume = {"name": "host", "hostPath": {"path": "/run/x.sock", "type": "Socket"}}
    mount = {"name": "host", "mountPath": "/x.sock"}
    world.create_pod(volumes=[volume], containers=[container(volumeMounts=[mount])])
    said = (
        'MountVolume.SetUp failed for volume "host" : '
        "hostPath type check failed: /run/x.sock is not a socket file"
    )
    until(lambda: world.events("FailedMount") == [said], "the Event", SOON)
    assert world.waiting_reason() == "ContainerCreating"
    world.engine.set_on_host("/run/x.sock", "socket")
    world.pass_time(timedelta(seconds=31))
    world.wait_ready()


# --- what no pod may reach ---

ADVICE = (
    "no pod may reach that, not even to read, because every volume and the state of minisets lie there or "
    "behind it; name a path outside of it"
)


@pytest.mark.parametrize("kind", ["", "Directory", "DirectoryOrCreate", "Socket", LOCAL])
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/", 'path "/" contains /var/lib/docker, the engine\'s data'),
        ("/var/lib/docker/x", 'path "/var/lib/docker/x" lies in /var/lib/docker, the engine\'s data'),
        ("/var/run/docker.sock", 'path "/var/run/docker.sock" is /var/run/docker.sock, the engine\'s socket'),
        ("/srv/link", 'path "/srv/link" leads to /var, which contains /var/lib/docker, the engine\'s data'),
        (
            "/srv/near/lib/docker",
            'path "/srv/near/lib/docker" leads to /var/lib/docker, the engine\'s data',
        ),
        (
            "/other/docker.sock",
            'path "/other/docker.sock" leads to /run/docker.sock, the engine\'s socket',
        ),
        (
            "/srv/process/root",
            'path "/srv/process/root" leads to /proc/7/root, which lies in /proc/7, what a process sees',
        ),
    ],
)
def test_a_path_that_leads_to_the_engines_own_is_refused_and_nothing_is_made(
    engine: MemoryEngine, host_paths: HostPaths, path: str, says: str, kind: str
) -> None:
    engine.link_on_host("/srv/link", "/var")
    engine.link_on_host("/srv/near", "../srv/link")
    engine.link_on_host("/other", "/run")
    engine.link_on_host("/srv/process", "/proc/7")
    engine.set_on_host("/var/lib/docker/x", None)
    with pytest.raises(NotYet) as caught:
        host_paths.check(path, kind)
    assert str(caught.value) == f"{says}: {ADVICE}"
    assert caught.value.reason == "FailedMount"
    assert engine.kind_on_host("/var/lib/docker/x") is None
    assert engine.list_containers({}) == (), "what was looked through is gone"


@pytest.mark.parametrize("path", ["/srv/deep/er", "/srv/link/x", "/proc", "/var/log", "/gone/deep/er"])
def test_any_other_path_is_not(engine: MemoryEngine, host_paths: HostPaths, path: str) -> None:
    engine.link_on_host("/srv/link", "/home/me")
    engine.set_on_host("/gone", None)
    host_paths.refuse(path)
    assert engine.list_containers({}) == ()


def test_only_links_are_read(engine: MemoryEngine, host_paths: HostPaths) -> None:
    """To read anything else would have the engine pack all that is in it."""
    engine.fail_next("read_link", AssertionError("it is no link"))
    host_paths.refuse("/srv/deep/er")


def test_what_the_control_container_mounts_is_the_machines_way_to_us(
    engine: MemoryEngine, host_paths: HostPaths
) -> None:
    """A rootless engine's socket, and a state that lies outside of the engine's data."""
    engine.link_on_host("/run/user", "/run/.ro/user")
    control = labels.control_labels("minisets", "content", 1, 1)
    mounts = (
        Mount("bind", "/var/run/docker.sock", "/run/user/1000/docker.sock"),
        Mount("bind", "/var/lib/minisets", "/pool/minisets"),
        Mount("tmpfs", "/scratch"),
    )
    engine.create_container(ContainerSpec("minisets", "control", control, mounts=mounts))
    for path, what in {
        "/run/user/1000": "contains /run/user/1000/docker.sock, the engine's socket",
        "/run/.ro/user/1000": "contains /run/.ro/user/1000/docker.sock, the engine's socket",
        "/pool": "contains /pool/minisets, the state of minisets",
    }.items():
        with pytest.raises(NotYet) as caught:
            host_paths.refuse(path)
        assert what in str(caught.value)
    host_paths.refuse("/run/user/1001", "/scratch")


def test_a_socket_at_its_usual_place_is_not_followed(engine: MemoryEngine, host_paths: HostPaths) -> None:
    """Its names are known, and to read a link takes the engine longer than all else."""
    engine.link_on_host("/var/run", "/run")
    control = labels.control_labels("minisets", "content", 1, 1)
    mounts = (Mount("bind", "/var/run/docker.sock", "/var/run/docker.sock"),)
    engine.create_container(ContainerSpec("minisets", "control", control, mounts=mounts))
    engine.fail_next("read_link", AssertionError("there is no need to"))
    host_paths.refuse("/srv")


def test_a_stranger_that_has_the_control_containers_name_bars_nothing(
    engine: MemoryEngine, host_paths: HostPaths
) -> None:
    mounts = (Mount("bind", "/x", "/pool"),)
    engine.create_container(ContainerSpec("minisets", "x", {}, mounts=mounts))
    host_paths.refuse("/pool")


def test_a_server_on_the_machine_itself_keeps_its_state_and_its_socket(engine: MemoryEngine) -> None:
    class Elsewhere(MemoryEngine):
        def info(self) -> EngineInfo:
            return replace(super().info(), socket="/home/me/docker.sock")

    engine = Elsewhere(FakeClock())
    host_paths = HostPaths(engine, SandboxImage(engine), Settings("minisets", Path("/home/you/state")))
    for path, what in {"/home/me": "the engine's socket", "/home/you": "the state of minisets"}.items():
        with pytest.raises(NotYet, match=what):
            host_paths.refuse(path)


@pytest.mark.usefixtures("kubelet")
def test_a_pod_waits_that_would_reach_the_engine(world: World) -> None:
    world.engine.link_on_host("/srv/link", "/run")
    volume = {"name": "host", "hostPath": {"path": "/srv/link"}}
    mount = {"name": "host", "mountPath": "/x", "subPath": "harmless"}
    world.create_pod(volumes=[volume], containers=[container(volumeMounts=[mount])])
    said = (
        'MountVolume.SetUp failed for volume "host" : path "/srv/link" leads to /run, which contains '
        f"/run/docker.sock, the engine's socket: {ADVICE}"
    )
    until(lambda: world.events("FailedMount") == [said], "the Event", SOON)
    assert world.waiting_reason() == "ContainerCreating"
    assert world.names() == []
    world.engine.link_on_host("/srv/link", "/home")
    world.pass_time(timedelta(seconds=31))
    world.wait_ready()


@pytest.mark.usefixtures("kubelet")
def test_a_pod_that_waits_for_a_path_goes_when_it_is_deleted(world: World) -> None:
    world.create_pod(volumes=[{"name": "host", "hostPath": {"path": "/"}}])
    until(lambda: world.events("FailedMount"), "the Event", SOON)
    world.delete_pod()
    until(lambda: not world.has_pod(), "the pod to go", SOON)


@pytest.mark.usefixtures("kubelet")
def test_a_link_that_was_changed_since_is_looked_at_before_each_container(world: World) -> None:
    world.engine.link_on_host("/srv/link", "/home")
    volume = {"name": "host", "hostPath": {"path": "/srv/link"}}
    mount = {"name": "host", "mountPath": "/x"}
    world.create_pod(volumes=[volume], containers=[container(volumeMounts=[mount])])
    world.wait_ready()
    world.engine.link_on_host("/srv/link", "/var/lib/docker")
    world.engine.exit("web-0")
    until(lambda: world.waiting_reason() == "FailedMount", "the refusal", SOON)
    assert "leads to /var/lib/docker" in str(world.container_status()["state"])
