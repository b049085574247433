from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.objects.kinds import Object
from minisets.objects.managed.merging import merged, without
from minisets.objects.managed.shapes import Shape, shape_for
from tests.objects.managed.world import fields

POD = shape_for("Pod")
NAMES = Shape("list", items=Shape("scalar", scalar="string"))


def names(*texts: str) -> Object:
    return {"metadata": {"finalizers": list(texts)}}


# Kubernetes: structured-merge-diff typed/merge_test.go: the orders of lists.
@pytest.mark.parametrize(
    ("live", "config", "expected"),
    [
        ("", "abc", "abc"),
        ("abc", "", "abc"),
        ("abc", "abc", "abc"),
        ("abc", "cba", "cba"),
        ("abc", "x", "abcx"),
        ("abc", "xb", "axbc"),
        ("ab", "ba", "ba"),
        ("abcd", "dx", "abcdx"),
        ("abc", "ca", "bca"),
        ("cbxa", "abc", "xabc"),
    ],
)
def test_a_list_is_in_the_configurations_order_and_others_keep_their_place(
    live: str, config: str, expected: str
) -> None:
    assert "".join(merged(NAMES, list(live), list(config))) == expected


def model(live: list[str], config: list[str]) -> set[str]:
    return {*live, *config}


unique = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


@given(unique, unique)
def test_a_merged_list_has_all_once_and_keeps_both_orders(live: list[str], config: list[str]) -> None:
    found = merged(NAMES, live, config)
    assert set(found) == model(live, config)
    assert len(found) == len(set(found))
    assert [one for one in found if one in config] == config
    ours = [one for one in live if one not in config]
    assert [one for one in found if one in ours] == ours
    assert merged(NAMES, found, config) == found


def test_what_is_whole_is_replaced_and_the_rest_is_merged() -> None:
    live = {
        "metadata": {"labels": {"a": "1", "b": "1"}, "finalizers": ["x"]},
        "spec": {
            "nodeSelector": {"a": "1"},
            "containers": [{"name": "a", "image": "1", "args": ["1"], "ports": [{"containerPort": 80}]}],
        },
    }
    config = {
        "metadata": {"labels": {"b": "2"}, "finalizers": ["y"]},
        "spec": {
            "nodeSelector": {"b": "2"},
            "containers": [{"name": "a", "args": ["2"], "ports": [{"containerPort": 80, "protocol": "UDP"}]}],
        },
    }
    assert merged(POD, live, config) == {
        "metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x", "y"]},
        "spec": {
            "nodeSelector": {"b": "2"},
            "containers": [
                {
                    "name": "a",
                    "image": "1",
                    "args": ["2"],
                    "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
                }
            ],
        },
    }


@pytest.mark.parametrize(
    ("live", "config", "expected"),
    [
        ({"spec": {"containers": []}}, {"spec": {"containers": None}}, {"spec": {"containers": None}}),
        ({"spec": {"securityContext": {}}}, {"spec": {}}, {"spec": {"securityContext": {}}}),
        ({"spec": {"nodeName": "a"}}, {"spec": {"nodeName": None}}, {"spec": {"nodeName": None}}),
        (
            {"metadata": {"labels": {"a": "1"}}},
            {"metadata": {"labels": None}},
            {"metadata": {"labels": {"a": "1"}}},
        ),
    ],
)
def test_null_and_empty_are_told_apart(live: Object, config: Object, expected: Object) -> None:
    assert merged(POD, live, config) == expected


def test_an_element_that_lives_twice_is_replaced_by_the_configurations() -> None:
    def env(*pairs: str) -> Object:
        listed = [{"name": pair[0], "value": pair[1]} for pair in pairs]
        return {"spec": {"containers": [{"name": "a", "env": listed}]}}

    assert merged(POD, env("a1", "a2", "b1"), env("a3")) == env("a3", "b1")
    assert merged(POD, env("a1", "a2", "b1"), env("b3")) == env("a1", "a2", "b3")
    unsaid = {"spec": {"containers": [{"name": "a", "env": [{"name": "a"}]}]}}
    assert merged(POD, env("a1", "a2"), unsaid) == unsaid


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (["metadata/labels/a"], {"metadata": {"labels": {"b": "2"}, "finalizers": ["x"]}}),
        (["metadata/labels"], {"metadata": {"finalizers": ["x"]}}),
        (["metadata/labels/a", "metadata/labels/b"], {"metadata": {"labels": None, "finalizers": ["x"]}}),
        (['metadata/finalizers/v:"x"'], {"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": None}}),
        (["spec/nodeName"], {"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x"]}}),
    ],
)
def test_paths_are_taken_away_and_what_becomes_empty_is_null(taken: list[str], expected: Any) -> None:
    live = {"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x"]}}
    assert without(POD, live, fields(*taken)) == expected
    assert live == {"metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x"]}}


def test_what_a_set_says_of_the_inside_of_something_whole_is_passed_over() -> None:
    live = {"spec": {"nodeSelector": {"a": "1"}}}
    assert without(POD, live, fields("spec/nodeSelector/a")) == live
