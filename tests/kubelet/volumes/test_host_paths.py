from datetime import timedelta

import pytest

from minisets.clock import FakeClock
from minisets.engine import labels
from minisets.engine.interface import ContainerSpec, PathKind
from minisets.engine.memory import MemoryEngine
from minisets.errors import EngineError, EngineTimeout
from minisets.kubelet.failures import NotYet
from minisets.kubelet.images.sandbox_image import SandboxImage
from minisets.kubelet.volumes.host_paths import HostPaths
from minisets.kubelet.volumes.mounts import LOCAL
from tests.kubelet.world import SOON, World, container
from tests.waiting import until


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine(FakeClock())


@pytest.fixture
def host_paths(engine: MemoryEngine) -> HostPaths:
    return HostPaths(engine, SandboxImage(engine), "minisets")


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


def test_the_whole_machine_is_not_bound_to_be_looked_at(engine: MemoryEngine, host_paths: HostPaths) -> None:
    engine.fail_next("create_container", AssertionError("it is known to be a directory"))
    host_paths.check("/", "Directory")


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
