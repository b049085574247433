"""A cluster of one node in memory."""

import pytest

from tests.kubelet.world import World


@pytest.fixture
def world() -> World:
    return World()
