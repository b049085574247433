import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisets.errors import ApiError, BadRequest, Invalid, TooLarge
from minisets.objects.canonical import canonical
from minisets.objects.fidelity import warnings
from minisets.objects.patching import json_patch, merge_patch, strategic_merge, three_way
from minisets.objects.strictness import check

OBJ: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"a": "1", "b": "2"}},
    "spec": {"list": [1, 2, 3]},
}


def test_a_merge_patch_merges_maps_deletes_nulls_and_replaces_lists() -> None:
    patch = {"metadata": {"labels": {"a": None, "c": "3"}}, "spec": {"list": [4]}}
    assert merge_patch(OBJ, patch) == {
        "metadata": {"name": "web", "labels": {"b": "2", "c": "3"}},
        "spec": {"list": [4]},
    }


def test_a_merge_patch_drops_nulls_from_what_is_new() -> None:
    assert merge_patch({}, {"spec": {"a": None, "b": {"c": None}}}) == {"spec": {"b": {}}}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/spec/list/1", "value": 9}, [1, 9, 2, 3]),
        ({"op": "add", "path": "/spec/list/-", "value": 9}, [1, 2, 3, 9]),
        ({"op": "remove", "path": "/spec/list/0"}, [2, 3]),
        ({"op": "remove", "path": "/spec/list/-1"}, [1, 2]),
        ({"op": "remove", "path": "/spec/list/-3"}, [2, 3]),
        ({"op": "add", "path": "/spec/list/-1", "value": 9}, [1, 2, 3, 9]),
        ({"op": "add", "path": "/spec/list/-4", "value": 9}, [9, 1, 2, 3]),
        ({"op": "replace", "path": "/spec/list/-2", "value": 9}, [1, 9, 3]),
        ({"op": "test", "path": "/spec/list/-1", "value": 3}, [1, 2, 3]),
        ({"op": "replace", "path": "/spec/list/0", "value": 9}, [9, 2, 3]),
        ({"op": "move", "from": "/spec/list/0", "path": "/spec/list/2"}, [2, 3, 1]),
        ({"op": "copy", "from": "/spec/list/0", "path": "/spec/list/-"}, [1, 2, 3, 1]),
        ({"op": "test", "path": "/spec/list/0", "value": 1}, [1, 2, 3]),
    ],
)
def test_json_patch_operations(operation: dict[str, Any], expected: list[int]) -> None:
    assert json_patch(OBJ, [operation])["spec"]["list"] == expected


def test_json_pointers_are_unescaped() -> None:
    obj = {"metadata": {"annotations": {"minisets.dev/a~b": "old"}}}
    path = "/metadata/annotations/minisets.dev~1a~0b"
    patched = json_patch(obj, [{"op": "replace", "path": path, "value": "new"}])
    assert patched["metadata"]["annotations"] == {"minisets.dev/a~b": "new"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/list/0", "value": True},
        {"op": "remove", "path": "/spec/absent"},
        {"op": "replace", "path": "/spec/list/3", "value": 1},
        {"op": "add", "path": "/spec/list/5", "value": 1},
        {"op": "add", "path": "/spec/list/-5", "value": 1},
        {"op": "remove", "path": "/spec/list/-4"},
        {"op": "remove", "path": "/spec/list/3"},
        {"op": "remove", "path": "/spec/list/--1"},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "remove", "path": ""},
    ],
)
def test_an_operation_that_does_not_fit_the_object_is_invalid(operation: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        json_patch(OBJ, [operation])


@pytest.mark.parametrize(
    "operations",
    [
        {},
        ["add"],
        [{"op": "add", "path": "/a"}],
        [{"op": "jump", "path": "/a"}],
        [{"op": "add", "path": "a", "value": 1}],
    ],
)
def test_what_is_no_json_patch_is_a_bad_request(operations: Any) -> None:
    with pytest.raises(BadRequest):
        json_patch(OBJ, operations)


def test_a_json_patch_has_a_limit() -> None:
    with pytest.raises(TooLarge):
        json_patch(OBJ, [{"op": "test", "path": ""}] * 10_001)


@pytest.mark.parametrize("patch", [[], "x", None])
def test_other_patches_must_be_objects(patch: Any) -> None:
    with pytest.raises(BadRequest):
        merge_patch(OBJ, patch)
    with pytest.raises(BadRequest):
        strategic_merge("Pod", OBJ, patch)


def test_no_patch_changes_what_it_is_given() -> None:
    before, patch = copy.deepcopy(OBJ), {"metadata": {"labels": {"x": "y"}}}
    merged = merge_patch(OBJ, patch)
    strategic = strategic_merge("StatefulSet", OBJ, patch)
    patched = json_patch(OBJ, [{"op": "add", "path": "/metadata/labels/x", "value": "y"}])
    for result in (merged, strategic, patched):
        result["metadata"]["labels"]["x"] = "changed"
    assert (before, patch) == (OBJ, {"metadata": {"labels": {"x": "y"}}})


keys = st.sampled_from(
    [
        *("metadata", "spec", "containers", "name", "env", "ports", "containerPort", "finalizers", "labels"),
        *("volumes", "emptyDir", "sizeLimit", "creationTimestamp", "tolerations", "securityContext"),
        *("$patch", "$retainKeys", "$setElementOrder/containers", "$setElementOrder/finalizers"),
        *("$deleteFromPrimitiveList/finalizers", "$deleteFromPrimitiveList/containers"),
    ]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from(["a", "delete", "replace", "1Gi", "name", ""])
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=30,
)
objects = st.fixed_dictionaries(
    {"metadata": anything, "spec": st.dictionaries(keys, anything, max_size=4)},
)


@settings(max_examples=200)
@given(objects, objects, objects)
def test_whatever_is_sent_is_merged_or_refused_in_one_line(obj: Any, patch: Any, third: Any) -> None:
    before = copy.deepcopy((obj, patch, third))
    with contextlib.suppress(ApiError):
        strategic_merge("Pod", obj, patch)
    with contextlib.suppress(ApiError):
        three_way("Pod", third, patch, obj)
    merge_patch(obj, patch)
    pruned, _ = check("Pod", obj)
    once = canonical("Pod", pruned)
    assert canonical("Pod", once) == once
    assert check("Pod", pruned) == (pruned, ())
    canonical("Pod", obj)
    warnings("Pod", obj)
    assert (obj, patch, third) == before
