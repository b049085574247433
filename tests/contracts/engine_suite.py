"""What each part of the engines' contract stands on: an engine, its world, and what it alone knows."""

from collections.abc import Iterator

import pytest

from minisets.engine.interface import Engine
from tests.contracts.engine_world import World


class EngineSuite:
    """Inherit, and give the fixtures `engine` and what `read` and `unreachable_image` want."""

    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        raise NotImplementedError

    def read(self, world: World, container: str, path: str) -> bytes:
        """What the container reads at a path."""
        raise NotImplementedError

    def unreachable_image(self, engine: Engine) -> str:
        """An image that is not here and cannot be pulled."""
        raise NotImplementedError

    def miss_on_host(self, world: World, path: str) -> None:
        """Tell an engine that does not look that its machine has nothing there."""

    def print_the_rest(self, world: World, container: str) -> None:
        """Have a printer that is ready say `two` as an error, and leave with 7."""
        world.engine.signal_container(container, "SIGTERM")

    @pytest.fixture
    def world(self, engine: Engine, cluster_name: str) -> Iterator[World]:
        world = World(engine, cluster_name)
        try:
            yield world
        finally:
            world.remove()
