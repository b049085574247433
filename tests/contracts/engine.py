"""What any container engine must do for us: one suite, inherited by Docker's and the memory's tests.

Programs are named in a container's name: Docker runs them as scripts, the engine in memory is told of them.
"""

from minisets.engine.interface import Engine
from tests.contracts.engine_containers import Containers
from tests.contracts.engine_images_networks import ImagesAndNetworks
from tests.contracts.engine_streams import Streams
from tests.contracts.engine_volumes import Volumes


class EngineContract(Containers, Streams, Volumes, ImagesAndNetworks):
    """Inherit, and give what EngineSuite wants: the fixture `engine`, and what only that engine knows."""

    def test_it_says_what_it_is(self, engine: Engine) -> None:
        info = engine.info()
        assert info.architecture in ("amd64", "arm64")
        assert info.os_type == "linux"
        assert info.cpus > 0
        assert info.memory_bytes > 0
