"""Complete removal: everything with the cluster's label, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from minisets.clock import FakeClock
from minisets.cluster import credentials, network
from minisets.cluster.engine import mark
from minisets.cluster.places import places
from minisets.cluster.removal import end_holders_on, remove, remove_files, remove_from
from minisets.engine import labels
from minisets.engine.interface import Image
from minisets.engine.memory import MemoryEngine
from minisets.engine.specs import ContainerSpec, Mount, VolumeSpec
from minisets.errors import EngineUnavailable, MinisetsError

ACTIONS = {
    "created": ["destroy"],
    "running": ["die", "destroy"],
    "paused": ["unpause", "die", "destroy"],
}
"""What the engine tells of the removal of a container in that state."""

CONTROL = "minisets.local/control:0123456789ab"


@pytest.fixture
def engine() -> Iterator[MemoryEngine]:
    made = MemoryEngine(FakeClock())
    yield made
    made.close()


@pytest.mark.parametrize("state", ACTIONS)
def test_what_is_ours_goes_and_what_is_not_stays(engine: MemoryEngine, state: str) -> None:
    for cluster in ("minisets", "other"):
        network.ensure(engine, cluster, [])
        made = engine.create_container(ContainerSpec(f"{cluster}-pod", "nginx:1", {labels.CLUSTER: cluster}))
        if state != "created":
            engine.start_container(made)
        if state == "paused":
            engine.pause_container(made)
        engine.create_volume(VolumeSpec(f"{cluster}-data", {labels.CLUSTER: cluster}))
    engine.create_container(ContainerSpec("theirs", "nginx:1", {}))
    engine.create_volume(VolumeSpec("theirs", {}))
    told = engine.events({})
    remove_from(engine, "minisets")
    told.end()
    assert [event.action for event in told] == ACTIONS[state]
    assert sorted(held.name for held in engine.list_containers({})) == ["other-pod", "theirs"]
    assert sorted(held.name for held in engine.list_volumes({})) == ["other-data", "theirs"]
    assert "minisets" not in [held.name for held in engine.list_networks()]
    assert "other" in [held.name for held in engine.list_networks()]


def contained(engine: MemoryEngine, cluster: str) -> None:
    """What `up` makes on an engine."""
    subnet = network.ensure(engine, cluster, [])
    engine.create_volume(VolumeSpec(cluster, labels.state_labels(cluster, str(subnet))))
    own = labels.control_labels(cluster, "0123456789ab", 40123, 1)
    mounts = (Mount("volume", "/var/lib/minisets", cluster),)
    engine.start_container(engine.create_container(ContainerSpec(cluster, CONTROL, own, mounts=mounts)))


def test_a_control_container_goes_with_its_state_and_its_network(engine: MemoryEngine) -> None:
    for cluster in ("minisets", "other"):
        contained(engine, cluster)
    remove_from(engine, "minisets")
    assert [held.name for held in engine.list_containers({})] == ["other"]
    assert [held.name for held in engine.list_volumes({})] == ["other"]
    assert {"minisets", "other"} & {held.name for held in engine.list_networks()} == {"other"}


def test_removing_again_what_is_gone_is_no_error(engine: MemoryEngine) -> None:
    contained(engine, "minisets")
    for _ in range(2):
        remove_from(engine, "minisets")
    assert engine.list_volumes({}) == ()


def test_a_state_that_a_stranger_reads_is_named_and_goes_the_next_time(engine: MemoryEngine) -> None:
    """Somebody makes a copy of it."""
    contained(engine, "minisets")
    mounts = (Mount("volume", "/state", "minisets", read_only=True),)
    engine.create_container(ContainerSpec("backup", "alpine:3", {}, mounts=mounts))
    with pytest.raises(MinisetsError, match=r"uses what was to go: .*minisets.*then type the same again"):
        remove_from(engine, "minisets")
    assert [held.name for held in engine.list_containers({})] == ["backup"]
    engine.remove_container("backup")
    remove_from(engine, "minisets")
    assert engine.list_volumes({}) == ()


def test_images_of_ours_go_with_the_last_cluster_and_no_others(engine: MemoryEngine) -> None:
    engine.add_image(Image("sha256:c0", (CONTROL,), (), labels.image_labels("0123456789ab"), "amd64"))
    engine.add_image(Image("sha256:pa", ("minisets.local/pause:1",), (), labels.image_labels("1"), "amd64"))
    engine.add_image(Image("sha256:th", ("theirs:1",), (), {}, "amd64"))
    contained(engine, "minisets")
    remove_from(engine, "minisets")
    assert [image.tags for image in engine.list_images({})] == [("theirs:1",)]


def test_a_container_in_which_an_image_is_being_made_is_another_commands() -> None:
    """It has no cluster, and that command may be making it for another one; a killed one's is left over."""
    clock = FakeClock(datetime.now(UTC) - timedelta(minutes=16))
    engine = MemoryEngine(clock)
    engine.create_container(ContainerSpec("abandoned", "python:3.11-slim", labels.build_labels()))
    clock.advance(timedelta(minutes=2))
    engine.create_container(ContainerSpec("busy", "python:3.11-slim", labels.build_labels()))
    contained(engine, "minisets")
    remove_from(engine, "minisets")
    assert [held.name for held in engine.list_containers({})] == ["busy"]
    engine.close()


def test_a_persons_own_tag_on_an_image_of_ours_stays(engine: MemoryEngine) -> None:
    own = labels.image_labels("0123456789ab")
    engine.add_image(Image("sha256:th", ("theirs/of-ours:1",), (), own, "amd64"))
    engine.add_image(Image("sha256:un", (), (), own, "amd64"))
    remove_from(engine, "minisets")
    assert [image.tags for image in engine.list_images({})] == [("theirs/of-ours:1",)]


def test_what_a_strangers_container_holds_is_named_and_the_rest_goes(engine: MemoryEngine) -> None:
    for name in ("free", "held"):
        engine.create_volume(VolumeSpec(name, {labels.CLUSTER: "minisets"}))
    engine.create_container(ContainerSpec("theirs", "nginx:1", {}, mounts=(Mount("volume", "/d", "held"),)))
    with pytest.raises(MinisetsError, match=r"held.*then type the same again"):
        remove_from(engine, "minisets")
    assert [volume.name for volume in engine.list_volumes({})] == ["held"]
    assert [container.name for container in engine.list_containers({})] == ["theirs"]


def test_only_our_files_go(tmp_path: Path) -> None:
    """MINISETS_HOME may be any folder, and have one of the cluster's name in it."""
    where = places("projects", tmp_path, {"MINISETS_HOME": str(tmp_path)})
    credentials.ensure(where.state / credentials.FOLDER, (), datetime(2026, 1, 1, tzinfo=UTC))
    for file in (where.database, where.lock, where.port, where.subnet, where.kubeconfig):
        file.write_text("")
    (where.state / ".daemon.json.0a1b2c3d").write_text("what a killed server left")
    (where.state / "thesis.txt").write_text("theirs")
    remove_files(where)
    assert [file.name for file in where.state.iterdir()] == ["thesis.txt"]
    (where.state / "thesis.txt").unlink()
    remove_files(where)
    assert not where.state.exists()


def test_a_cluster_in_memory_has_nothing_on_docker_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    where = places("minisets", tmp_path, {"MINISETS_HOME": str(tmp_path)})
    where.state.mkdir()
    mark(where, "memory")
    remove(where)
    assert not where.state.exists()


def test_without_an_engine_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    where = places("minisets", tmp_path, {"MINISETS_HOME": str(tmp_path)})
    where.state.mkdir()
    where.database.write_text("")
    with pytest.raises(EngineUnavailable):
        remove(where)
    assert where.database.exists()


def test_down_ends_the_holders_of_its_own_cluster_and_says_what_is_lost(engine: MemoryEngine) -> None:
    for cluster in ("minisets", "other"):
        for volume in ("b", "a"):
            made = labels.holder_labels(cluster, volume)
            engine.start_container(
                engine.create_container(ContainerSpec(f"{cluster}-{volume}", "pause", made))
            )
    engine.create_container(ContainerSpec("pod", "nginx:1", {labels.CLUSTER: "minisets"}))
    assert end_holders_on(engine, "minisets") == ("a", "b")
    assert sorted(held.name for held in engine.list_containers({})) == ["other-a", "other-b", "pod"]
    assert end_holders_on(engine, "minisets") == ()
