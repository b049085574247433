"""A cluster of one node in memory, and its kubelet."""

from collections.abc import Iterator

import pytest

from minisets.kubelet.kubelet import Kubelet
from tests.kubelet.commands import Commands
from tests.kubelet.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def kubelet(world: World) -> Iterator[Kubelet]:
    with world.kubelet() as kubelet:
        yield kubelet


@pytest.fixture
def commands(world: World) -> Commands:
    """What is run in the containers of web-0."""
    return Commands(world)
