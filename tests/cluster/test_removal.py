"""Complete removal: everything with the cluster's label, and nothing else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from minisets.clock import FakeClock
from minisets.cluster import credentials, network
from minisets.cluster.engine import mark
from minisets.cluster.places import places
from minisets.cluster.removal import remove, remove_files, remove_from
from minisets.engine import labels
from minisets.engine.interface import ContainerSpec, Mount, VolumeSpec
from minisets.engine.memory import MemoryEngine
from minisets.errors import EngineUnavailable, MinisetsError


@pytest.mark.parametrize("state", ["created", "running"])
def test_what_is_ours_goes_and_what_is_not_stays(state: str) -> None:
    engine = MemoryEngine(FakeClock())
    for cluster in ("minisets", "other"):
        network.ensure(engine, cluster, [])
        made = engine.create_container(ContainerSpec(f"{cluster}-pod", "nginx:1", {labels.CLUSTER: cluster}))
        if state == "running":
            engine.start_container(made)
        engine.create_volume(VolumeSpec(f"{cluster}-data", {labels.CLUSTER: cluster}))
    engine.create_container(ContainerSpec("theirs", "nginx:1", {}))
    engine.create_volume(VolumeSpec("theirs", {}))
    remove_from(engine, "minisets")
    assert sorted(held.name for held in engine.list_containers({})) == ["other-pod", "theirs"]
    assert sorted(held.name for held in engine.list_volumes({})) == ["other-data", "theirs"]
    assert "minisets" not in [held.name for held in engine.list_networks()]
    assert "other" in [held.name for held in engine.list_networks()]
    engine.close()


def test_what_a_strangers_container_holds_is_named_and_the_rest_goes() -> None:
    engine = MemoryEngine(FakeClock())
    for name in ("free", "held"):
        engine.create_volume(VolumeSpec(name, {labels.CLUSTER: "minisets"}))
    engine.create_container(ContainerSpec("theirs", "nginx:1", {}, mounts=(Mount("volume", "/d", "held"),)))
    with pytest.raises(MinisetsError, match=r"held.*then type the same again"):
        remove_from(engine, "minisets")
    assert [volume.name for volume in engine.list_volumes({})] == ["held"]
    assert [container.name for container in engine.list_containers({})] == ["theirs"]
    engine.close()


def test_only_our_files_go(tmp_path: Path) -> None:
    """MINISETS_HOME may be any folder, and have one of the cluster's name in it."""
    where = places("projects", tmp_path, {"MINISETS_HOME": str(tmp_path)})
    credentials.ensure(where.state / credentials.FOLDER, (), datetime(2026, 1, 1, tzinfo=UTC))
    for file in (where.database, where.lock, where.log, where.port, where.subnet, where.kubeconfig):
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
