"""Whether a cluster may have its name on an engine, and which engine it has."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from minisets.clock import FakeClock
from minisets.cluster import network
from minisets.cluster.engine import is_in_memory, mark, refuse_container, refuse_strangers
from minisets.cluster.places import places
from minisets.engine import labels
from minisets.engine.memory import MemoryEngine
from minisets.engine.specs import ContainerSpec, NetworkSpec, VolumeSpec
from minisets.errors import MinisetsError


@pytest.fixture
def engine() -> Iterator[MemoryEngine]:
    made = MemoryEngine(FakeClock())
    yield made
    made.close()


def state_of(cluster: str) -> dict[str, str]:
    return labels.state_labels(cluster, "10.213.0.0/16")


def test_an_empty_engine_and_our_own_things_are_fine(engine: MemoryEngine) -> None:
    refuse_strangers(engine, "minisets")
    engine.create_network(network.spec_for("minisets", IPv4Network("10.213.0.0/16")))
    engine.create_volume(VolumeSpec("minisets", state_of("minisets")))
    engine.create_container(
        ContainerSpec("minisets", "nginx:1", labels.control_labels("minisets", "0123456789ab", 40123, 1))
    )
    refuse_strangers(engine, "minisets")


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({}, id="a-strangers"),
        pytest.param({labels.CLUSTER: "minisets"}, id="of-no-kind"),
        pytest.param({labels.CLUSTER: "minisets", labels.KIND: "volume"}, id="a-claims-of-ours"),
        pytest.param({labels.CLUSTER: "minisets", labels.KIND: "pod-volume"}, id="a-pods-of-ours"),
        pytest.param(state_of("other"), id="another-clusters-state"),
        pytest.param({labels.KIND: "state"}, id="of-no-cluster"),
    ],
)
def test_a_volume_of_that_name_that_is_not_the_clusters_state_is_refused_and_left_alone(
    engine: MemoryEngine, own: dict[str, str]
) -> None:
    """The server would write its state between the files of a database."""
    engine.create_volume(VolumeSpec("minisets", own))
    with pytest.raises(
        MinisetsError, match=r'volume "minisets" exists .*docker volume rm minisets.*--cluster'
    ):
        refuse_strangers(engine, "minisets")
    assert engine.inspect_volume("minisets") is not None
    refuse_strangers(engine, "other")


@pytest.mark.parametrize(
    "own", [{}, {labels.CLUSTER: "other"}, labels.control_labels("other", "0123456789ab", 40123, 1)]
)
def test_a_container_that_is_another_ones_is_refused(engine: MemoryEngine, own: dict[str, str]) -> None:
    engine.create_container(ContainerSpec("minisets", "nginx:1", own))
    with pytest.raises(MinisetsError, match=r'container "minisets" exists .*docker rename minisets NAME'):
        refuse_strangers(engine, "minisets")


def test_a_strangers_container_of_that_name_is_refused_and_left_alone(engine: MemoryEngine) -> None:
    theirs = engine.create_container(ContainerSpec("minisets", "nginx:1", {}))
    with pytest.raises(MinisetsError, match="docker rename minisets NAME"):
        refuse_strangers(engine, "minisets")
    assert engine.inspect_container(theirs).name == "minisets"


def test_a_strangers_network_of_that_name_is_refused(engine: MemoryEngine) -> None:
    engine.create_network(NetworkSpec("minisets", "172.20.0.0/16", "172.20.0.1", "172.20.0.0/17", {}))
    with pytest.raises(MinisetsError, match="docker network rm minisets"):
        refuse_strangers(engine, "minisets")


def test_a_container_whose_id_reads_like_the_clusters_name_is_no_stranger(engine: MemoryEngine) -> None:
    theirs = engine.create_container(ContainerSpec("theirs", "nginx:1", {}))
    refuse_strangers(engine, theirs)


def test_a_cluster_in_memory_does_not_take_over_one_on_docker(tmp_path: Path) -> None:
    """`down --volumes`, said to the first, would be taken for the other."""
    where = places("minisets", tmp_path, {"MINISETS_HOME": str(tmp_path)})
    where.state.mkdir()
    mark(where, "memory")
    mark(where, "memory")
    assert is_in_memory(where)
    mark(where, "docker")
    with pytest.raises(MinisetsError, match=r"is one on Docker .*--cluster NAME"):
        mark(where, "memory")
    assert not is_in_memory(where)
    where.engine.unlink()
    where.database.write_text("")
    with pytest.raises(MinisetsError, match="is one on Docker"):
        mark(where, "memory")


@pytest.mark.parametrize("text", ["", "docker\n", "memories", "docker memory"])
def test_only_what_says_memory_is_in_memory(tmp_path: Path, text: str) -> None:
    where = places("minisets", tmp_path, {"MINISETS_HOME": str(tmp_path)})
    assert not is_in_memory(where)
    where.state.mkdir()
    where.engine.write_text(text)
    assert not is_in_memory(where)


def test_a_damaged_note_of_the_engine_says_nothing(tmp_path: Path) -> None:
    where = places("minisets", tmp_path, {"MINISETS_HOME": str(tmp_path)})
    where.state.mkdir()
    where.engine.write_bytes(b"\xff\xfe")
    assert not is_in_memory(where)


# --- a host process, where a control container has the cluster ---


def test_a_host_process_does_not_begin_beside_a_control_containers_state(engine: MemoryEngine) -> None:
    """It would have another state, and take the first one's pods for orphans."""
    refuse_container(engine, "minisets")
    engine.create_volume(VolumeSpec("minisets", state_of("minisets")))
    with pytest.raises(MinisetsError, match=r"minisets up.*down --volumes.*--cluster NAME"):
        refuse_container(engine, "minisets")
    refuse_container(engine, "other")


def test_a_volume_that_is_no_state_is_not_taken_for_a_control_containers(engine: MemoryEngine) -> None:
    engine.create_volume(VolumeSpec("minisets", {labels.CLUSTER: "minisets", labels.KIND: "volume"}))
    refuse_container(engine, "minisets")
