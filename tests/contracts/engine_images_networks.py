"""What the engines' contract says of images and networks."""

from dataclasses import replace

import pytest

from minisets.engine.interface import Engine
from minisets.engine.specs import Attachment
from minisets.errors import EngineConflict, EngineError, EngineNotFound
from tests.contracts.engine_suite import EngineSuite
from tests.contracts.engine_world import World, archive


class ImagesAndNetworks(EngineSuite):
    # --- images ---

    def test_an_image_is_made_found_by_label_and_removed(self, world: World) -> None:
        name = f"minisets.test/{world.cluster}:1"
        made = world.engine.import_image(
            name, archive({"hello": b"hello"}), (f"LABEL minisets.test={world.cluster}",)
        )
        try:
            image = world.engine.inspect_image(name)
            assert image is not None
            assert (image.id, image.tags) == (made, (name,))
            assert image.labels == {"minisets.test": world.cluster}
            assert image.architecture == world.engine.info().architecture
            (found,) = world.engine.list_images({"minisets.test": world.cluster})
            assert found.id == made
        finally:
            world.engine.remove_image(name)
        assert world.engine.inspect_image(name) is None
        world.engine.remove_image(name)

    def test_an_image_that_cannot_be_pulled_says_why(self, engine: Engine) -> None:
        image = self.unreachable_image(engine)
        assert engine.inspect_image(image) is None
        with pytest.raises(EngineError, match=image):
            list(engine.pull_image(image))

    # --- networks ---

    def test_a_container_gets_the_address_that_was_chosen_for_it(self, world: World) -> None:
        network = world.network()
        id_ = world.engine.create_network(network)
        (found,) = (one for one in world.engine.list_networks() if one.id == id_)
        assert (found.name, found.subnet, found.gateway) == (network.name, network.subnet, network.gateway)
        assert found.labels == world.labels
        address = network.gateway.rpartition(".")[0] + ".70"
        container = world.start(attachment=Attachment(network.name, address))
        assert world.engine.inspect_container(container).addresses == {network.name: address}
        rival = world.create(attachment=Attachment(network.name, address))
        with pytest.raises(EngineConflict):
            world.engine.start_container(rival)
        with pytest.raises(EngineConflict):
            world.engine.remove_network(network.name)
        world.engine.remove_container(container, force=True)
        world.engine.remove_network(network.name)
        world.engine.remove_network(network.name)

    def test_a_networks_name_and_subnet_are_its_own(self, world: World) -> None:
        network = world.network()
        world.engine.create_network(network)
        with pytest.raises(EngineConflict):
            world.engine.create_network(replace(network, subnet="198.19.255.0/24", gateway="", ip_range=""))
        with pytest.raises(EngineConflict):
            world.engine.create_network(replace(network, name=world.name("net")))

    def test_a_container_of_a_missing_network_does_not_start(self, world: World) -> None:
        with pytest.raises(EngineNotFound):
            world.engine.start_container(world.create(attachment=Attachment(world.name("missing"))))
