"""Strangers that have the cluster's name."""

from collections.abc import Iterator

import pytest

from minisets.clock import FakeClock
from minisets.cluster.engine import refuse_strangers
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
