"""Strangers that have the cluster's name."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from minisets.clock import FakeClock
from minisets.cluster.engine import Claim, is_in_memory, mark, refuse_strangers
from minisets.cluster.places import places
from minisets.engine import labels
from minisets.engine.interface import ContainerSpec, NetworkSpec
from minisets.engine.memory import MemoryEngine
from minisets.errors import MinisetsError


@pytest.fixture
def engine() -> Iterator[MemoryEngine]:
    made = MemoryEngine(FakeClock())
    yield made
    made.close()


def test_an_empty_engine_and_our_own_things_are_fine(engine: MemoryEngine) -> None:
    refuse_strangers(engine, "minisets")
    engine.create_container(ContainerSpec("minisets", "nginx:1", {labels.CLUSTER: "minisets"}))
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


def test_one_server_has_a_cluster_on_an_engine_whatever_its_state(engine: MemoryEngine) -> None:
    """Two would end each other's pods: each takes the other's for orphans."""
    first = Claim(engine, "minisets")
    try:
        Claim(engine, "other").release()
        for _ in range(3):
            with pytest.raises(MinisetsError, match=f"process {os.getpid()} serves cluster"):
                Claim(engine, "minisets")
    finally:
        first.release()
    Claim(engine, "minisets").release()


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
