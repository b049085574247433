from minisets.controllers.nodes.registering import ensure_nodes
from minisets.objects.metadata import labels_of, status_of
from minisets.objects.shape import Shape
from tests.controllers.house import House

ZONE = "topology.kubernetes.io/zone"


def test_the_nodes_that_are_always_there_are_made_with_their_names_and_places(house: House) -> None:
    ensure_nodes(house.registry, Shape(2, 2, ("a", "b")))
    assert house.names("Node") == ["minisets-0", "minisets-1"]
    second = house.get("Node", "minisets-1")
    assert labels_of(second) == {
        "kubernetes.io/hostname": "minisets-1",
        "topology.kubernetes.io/zone": "b",
        "topology.kubernetes.io/region": "minisets",
    }
    assert "conditions" not in status_of(second), "how its machine is, the kubelet says"


def test_what_is_there_already_is_kept_and_put_into_its_zone(house: House) -> None:
    """A node that an older version registered, or that grew, has no zone, or had another."""
    house.node("minisets-0")
    house.node("minisets-5")
    house.edit("Node", "minisets-5", lambda node: node["metadata"]["labels"].update(disk="fast"))
    ensure_nodes(house.registry, Shape(1, 8, ("a", "b")))
    assert labels_of(house.get("Node", "minisets-0"))[ZONE] == "a"
    assert labels_of(house.get("Node", "minisets-5"))[ZONE] == "b"
    assert labels_of(house.get("Node", "minisets-5"))["disk"] == "fast"
    assert house.get("Node", "minisets-0")["status"]["conditions"]


def test_a_node_that_somebody_else_made_is_left_alone(house: House) -> None:
    house.node("fake-1")
    ensure_nodes(house.registry, Shape())
    assert ZONE not in labels_of(house.get("Node", "fake-1"))


def test_nothing_is_written_where_all_is_as_it_should_be(house: House) -> None:
    ensure_nodes(house.registry, Shape(2))
    before = house.store.version()
    ensure_nodes(house.registry, Shape(2))
    assert house.store.version() == before
