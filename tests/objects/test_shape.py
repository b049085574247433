import pytest

from minisets.objects.shape import MOST, Shape
from minisets.settings import NODE, node_name, node_ordinal


def read(**data: str) -> Shape:
    return Shape.of({"data": {key.replace("_", "-"): value for key, value in data.items()}})


def test_a_cluster_without_a_shape_has_one_node_and_grows_to_eight_in_three_zones() -> None:
    assert Shape.of(None) == Shape(1, 8, ("minisets-a", "minisets-b", "minisets-c"))


def test_a_shape_is_read_as_it_is_written() -> None:
    shape = Shape(3, 5, ("east", "west"))
    assert Shape.of({"data": shape.as_data()}) == shape
    assert shape.as_data() == {"nodes": "3", "max-nodes": "5", "zones": "east,west"}


def test_nodes_take_turns_in_the_zones() -> None:
    shape = read(zones="a, b")
    assert [shape.zone_of(ordinal) for ordinal in range(3)] == ["a", "b", "a"]


@pytest.mark.parametrize("bad", ["", "0", "-1", "two", "1.5", "²", str(MOST + 1), "9" * 5000])
def test_a_number_that_is_none_counts_as_absent(bad: str) -> None:
    assert read(nodes=bad, max_nodes=bad) == Shape()


@pytest.mark.parametrize("bad", ["", ",", "a,", "a b", "-a", "x" * 64])
def test_zones_that_no_label_could_have_count_as_absent(bad: str) -> None:
    assert read(zones=bad) == Shape()


def test_a_shape_grows_at_least_to_what_is_always_there() -> None:
    assert read(nodes="12").max_nodes == 12
    assert read(nodes="3", max_nodes="2").max_nodes == 3


@pytest.mark.parametrize(
    "name", ["minisets", "minisets-", "minisets-01", "minisets-a", "node-1", "minisets-²"]
)
def test_a_name_of_another_form_is_no_node_of_ours(name: str) -> None:
    assert node_ordinal(name) is None


def test_nodes_are_counted_from_the_first() -> None:
    assert node_name(0) == NODE
    assert node_ordinal(node_name(12)) == 12
