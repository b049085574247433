from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.objects.managed.elements import SELF
from minisets.objects.managed.fieldsets import (
    Fields,
    difference,
    has,
    intersection,
    of_path,
    paths,
    read,
    union,
    with_named,
    without_below,
)
from minisets.objects.managed.shapes import shape_for
from tests.objects.managed.world import fields

steps = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', "v:1"])
listed = st.sets(st.lists(steps, min_size=1, max_size=3).map(tuple), max_size=8)


def made(members: set[tuple[str, ...]]) -> Fields:
    found: Fields = {}
    for path in members:
        found = union(found, of_path(path))
    return found


def is_short(node: Fields, *, top: bool = True) -> bool:
    """`{}` and `.` each where the form on the wire has them."""
    if node == {SELF: {}} or (top and SELF in node):
        return False
    return all(is_short(inner, top=False) for element, inner in node.items() if element != SELF)


@given(listed)
def test_a_set_has_the_paths_that_it_was_made_of(members: set[tuple[str, ...]]) -> None:
    assert set(paths(made(members))) == members
    assert all(has(made(members), path) for path in members)
    assert not has(made(members), ("f:z",))


@given(listed, listed)
def test_sets_are_joined_cut_and_subtracted_as_sets_of_paths(
    left: set[tuple[str, ...]], right: set[tuple[str, ...]]
) -> None:
    for found, wanted in (
        (union(made(left), made(right)), left | right),
        (intersection(made(left), made(right)), left & right),
        (difference(made(left), made(right)), left - right),
        (
            without_below(made(left), made(right)),
            {path for path in left if not any(path[:end] in right for end in range(1, len(path) + 1))},
        ),
    ):
        assert set(paths(found)) == wanted
        assert is_short(found)
        assert read(found) == found


@given(listed, listed)
def test_no_set_is_changed(left: set[tuple[str, ...]], right: set[tuple[str, ...]]) -> None:
    ours, theirs = made(left), made(right)
    for act in (union, intersection, difference, without_below):
        act(ours, theirs)
    assert (ours, theirs) == (made(left), made(right))


def test_paths_come_level_by_level_and_numbers_by_their_size() -> None:
    found = fields("b/z", "a", 'ports/k:{"containerPort":443}', 'ports/k:{"containerPort":80}', "v:2", "v:10")
    assert list(paths(found)) == [
        ("f:a",),
        ("v:2",),
        ("v:10",),
        ("f:b", "f:z"),
        ("f:ports", 'k:{"containerPort":80}'),
        ("f:ports", 'k:{"containerPort":443}'),
    ]


def test_the_fields_of_types_on_the_way_are_named_and_keys_of_maps_are_not() -> None:
    found = with_named(fields("spec/template/metadata/labels/a"), shape_for("StatefulSet"))
    assert set(paths(found)) == {
        ("f:spec",),
        ("f:spec", "f:template"),
        ("f:spec", "f:template", "f:metadata"),
        ("f:spec", "f:template", "f:metadata", "f:labels"),
        ("f:spec", "f:template", "f:metadata", "f:labels", "f:a"),
    }


def test_what_a_client_wrote_is_read_in_our_spelling() -> None:
    written = {
        "f:spec": {'k:{ "protocol": "TCP", "containerPort": 80 }': {SELF: {}, "f:name": {SELF: {}}}},
        "x:later": {"f:a": {}},
        SELF: {},
    }
    element = 'k:{"containerPort":80,"protocol":"TCP"}'
    assert read(written) == {"f:spec": {element: {SELF: {}, "f:name": {}}}}


@pytest.mark.parametrize(
    "wrong", [[], "f:a", {"spec": {}}, {"f:a": 1}, {"k:[": {}}, {"k:1": {}}, {"i:a": {}}, {"": {}}]
)
def test_what_is_no_set_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(wrong)


def test_a_set_without_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(1000):
        deep = {"f:a": deep}
    with pytest.raises(ValueError, match="object of objects"):
        read(deep)
