"""The patch types by their published examples: RFC 7396, RFC 6902, and the rules of strategic merge.

Kubernetes: community contributors/devel/sig-api-machinery/strategic-merge-patch.md; apimachinery
pkg/util/strategicpatch/patch_test.go.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.errors import BadRequest, Invalid
from minisets.objects.patching import json_patch, merge_patch, strategic_merge, three_way

GONE: Any = object()

# RFC 7396, appendix A: original, patch, result. Each stands as the value of one field.
MERGED: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, GONE),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("original", "patch", "result"), MERGED)
def test_a_merge_patch_is_that_of_rfc_7396(original: Any, patch: Any, result: Any) -> None:
    assert merge_patch({"x": original}, {"x": patch}) == ({} if result is GONE else {"x": result})


# RFC 6902, appendix A, but for A.13, which is no JSON to us: document, operations, result.
PATCHED: dict[str, tuple[Any, list[Any], Any]] = {
    "A.1": ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    "A.2": ({"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}],
            {"foo": ["bar", "qux", "baz"]}),
    "A.3": ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    "A.4": ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    "A.5": ({"baz": "qux", "foo": "bar"}, [{"op": "replace", "path": "/baz", "value": "boo"}],
            {"baz": "boo", "foo": "bar"}),
    "A.6": ({"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
    "A.7": ({"foo": ["all", "grass", "cows", "eat"]}, [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
            {"foo": ["all", "cows", "eat", "grass"]}),
    "A.8": ({"baz": "qux", "foo": ["a", 2, "c"]},
            [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
            {"baz": "qux", "foo": ["a", 2, "c"]}),
    "A.9": ({"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "bar"}], GONE),
    "A.10": ({"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
             {"foo": "bar", "child": {"grandchild": {}}}),
    "A.11": ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
             {"foo": "bar", "baz": "qux"}),
    "A.12": ({"foo": "bar"}, [{"op": "add", "path": "/baz/bat", "value": "qux"}], GONE),
    "A.14": ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    "A.15": ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": "10"}], GONE),
    "A.16": ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
             {"foo": ["bar", ["abc", "def"]]}),
}  # fmt: skip


@pytest.mark.parametrize("example", PATCHED)
def test_a_json_patch_is_that_of_rfc_6902(example: str) -> None:
    document, operations, result = PATCHED[example]
    if result is GONE:
        with pytest.raises(Invalid, match="the server rejected our request due to an error in our request: "):
            json_patch(document, operations)
    else:
        assert json_patch(document, operations) == result


def pod(**spec: Any) -> Any:
    return {"metadata": {"name": "web-0"}, "spec": spec}


TWO = pod(containers=[{"name": "a", "image": "1"}, {"name": "b", "image": "2"}])
MOUNTS = [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]
DISK = pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "emptyDir": {}}])
HELD = {"metadata": {"finalizers": ["a", "b", "c"]}}

# Original, patch, result: the directives, each in each place where it may stand.
STRATEGIC: dict[str, tuple[Any, Any, Any]] = {
    "a map merges": (
        {"metadata": {"labels": {"a": "1", "b": "1"}}}, {"metadata": {"labels": {"b": "2", "c": "2"}}},
        {"metadata": {"labels": {"a": "1", "b": "2", "c": "2"}}}),
    "null deletes a key": (
        {"metadata": {"labels": {"a": "1", "b": "1"}}}, {"metadata": {"labels": {"b": None, "c": None}}},
        {"metadata": {"labels": {"a": "1"}}}),
    "$patch: replace in a map": (
        {"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"$patch": "replace", "b": "2"}}},
        {"metadata": {"labels": {"b": "2"}}}),
    "$patch: delete in a map": (
        {"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"$patch": "delete"}}},
        {"metadata": {"labels": {}}}),
    "$patch: replace of what is not there": (
        {"metadata": {}}, {"metadata": {"labels": {"$patch": "replace", "b": "2"}}}, {"metadata": {}}),
    "an element merges by its key": (
        TWO, pod(containers=[{"name": "b", "tty": True}]),
        pod(containers=[{"name": "a", "image": "1"}, {"name": "b", "image": "2", "tty": True}])),
    "a new element comes first": (
        TWO, {"spec": {"containers": [{"name": "c"}]}},
        pod(containers=[{"name": "c"}, {"name": "a", "image": "1"}, {"name": "b", "image": "2"}])),
    "$patch: delete of an element": (
        TWO, {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}},
        pod(containers=[{"name": "b", "image": "2"}])),
    "$patch: delete of an element that is not there": (
        TWO, {"spec": {"containers": [{"name": "z", "$patch": "delete"}]}}, TWO),
    "$patch: replace of a list": (
        TWO, {"spec": {"containers": [{"$patch": "replace"}, {"name": "c"}]}},
        pod(containers=[{"name": "c"}])),
    "$patch: replace of a list by nothing": (
        TWO, {"spec": {"containers": [{"$patch": "replace"}]}}, pod(containers=[])),
    "$patch: replace inside of an element": (
        pod(containers=[{"name": "a", "resources": {"limits": {"cpu": "1"}}}]),
        {"spec": {"containers": [{"name": "a",
                                  "resources": {"$patch": "replace", "requests": {"cpu": "1"}}}]}},
        pod(containers=[{"name": "a", "resources": {"requests": {"cpu": "1"}}}])),
    "mounts merge by their path": (
        pod(containers=[{"name": "a", "volumeMounts": MOUNTS}]),
        {"spec": {"containers": [{"name": "a", "volumeMounts": [{"mountPath": "/b", "readOnly": True}]}]}},
        pod(containers=[{"name": "a", "volumeMounts": [MOUNTS[0], {**MOUNTS[1], "readOnly": True}]}])),
    "owners merge by their uid": (
        {"metadata": {"ownerReferences": [{"uid": "1", "name": "x"}]}},
        {"metadata": {"ownerReferences": [{"uid": "1", "controller": True}]}},
        {"metadata": {"ownerReferences": [{"uid": "1", "name": "x", "controller": True}]}}),
    "a whole list is replaced": (
        pod(tolerations=[{"key": "a"}]), {"spec": {"tolerations": [{"key": "b"}]}},
        pod(tolerations=[{"key": "b"}])),
    "$retainKeys drops the others": (
        DISK, {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "emptyDir"], "emptyDir": {}}]}},
        pod(volumes=[{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}])),
    "$retainKeys keeps what it names": (
        DISK, {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"]}]}}, DISK),
    "$retainKeys in a map": (
        {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"x": 1}}}},
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
        {"spec": {"strategy": {"type": "Recreate"}}}),
    "$setElementOrder of elements": (
        TWO, {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
        pod(containers=[{"name": "b", "image": "2"}, {"name": "a", "image": "1"}])),
    "$setElementOrder with a new element": (
        TWO,
        {"spec": {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
                  "containers": [{"name": "c"}]}},
        pod(containers=[{"name": "c"}, {"name": "a", "image": "1"}, {"name": "b", "image": "2"}])),
    "$setElementOrder with a deletion": (
        TWO,
        {"spec": {"$setElementOrder/containers": [{"name": "b"}],
                  "containers": [{"name": "a", "$patch": "delete"}]}},
        pod(containers=[{"name": "b", "image": "2"}])),
    "a list of scalars merges as a set": (
        HELD, {"metadata": {"finalizers": ["d", "a"]}}, {"metadata": {"finalizers": ["d", "a", "b", "c"]}}),
    "$deleteFromPrimitiveList": (
        HELD, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a", "z"]}},
        {"metadata": {"finalizers": ["b", "c"]}}),
    "$deleteFromPrimitiveList with an order and more": (
        HELD,
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["d"],
                      "$setElementOrder/finalizers": ["d", "c", "b"]}},
        {"metadata": {"finalizers": ["d", "c", "b"]}}),
    "$deleteFromPrimitiveList of what is not there": (
        {"metadata": {}}, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}, {"metadata": {}}),
    "another type replaces": (
        {"spec": {"nodeName": "a"}}, {"spec": {"nodeName": {"b": 1}}}, {"spec": {"nodeName": {"b": 1}}}),
}  # fmt: skip


@pytest.mark.parametrize("rule", STRATEGIC)
def test_a_strategic_patch_goes_by_its_directives(rule: str) -> None:
    original, patch, result = STRATEGIC[rule]
    assert strategic_merge("Pod", original, patch) == result


@pytest.mark.parametrize(
    "patch",
    [
        {"metadata": {"labels": {"$patch": "merge"}}},
        {"spec": {"containers": [{"name": "a", "$patch": "merge"}]}},
        {"spec": {"containers": [{"image": "no key"}]}},
        {"spec": {"$setElementOrder/containers": {}}},
        {"spec": {"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "c"}]}},
        {"spec": {"$retainKeys": "name"}},
        {"spec": {"$retainKeys": ["a"], "b": 1}},
    ],
)
def test_a_strategic_patch_that_makes_no_sense_is_refused(patch: Any) -> None:
    original = {**pod(containers=[{"name": "a"}]), "metadata": {"labels": {"a": "1"}}}
    with pytest.raises(BadRequest):
        strategic_merge("Pod", original, patch)


# Against a model: a list by key is a dict of its elements.

containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcd")}, optional={"image": st.sampled_from("12"), "tty": st.booleans()}
    ),
    max_size=4,
    unique_by=lambda one: one["name"],
)
deletions = st.sets(st.sampled_from("abcd"), max_size=2)


@given(containers, containers, deletions)
def test_a_list_by_key_merges_as_a_dict_of_its_elements(before: Any, change: Any, gone: set[str]) -> None:
    model = {one["name"]: one for one in before if one["name"] not in gone}
    wanted = [one for one in change if one["name"] not in gone]
    model |= {one["name"]: {**model.get(one["name"], {}), **one} for one in wanted}
    marks = [{"name": name, "$patch": "delete"} for name in sorted(gone)]
    patched = strategic_merge("Pod", pod(containers=before), {"spec": {"containers": [*wanted, *marks]}})
    found = patched["spec"]["containers"]
    assert {one["name"]: one for one in found} == model
    assert len(found) == len(model)


values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from("xy")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=8,
)
trees = st.dictionaries(st.sampled_from("ab"), values, max_size=2)


@given(trees, trees)
def test_a_merge_patch_says_the_same_when_said_again(original: Any, patch: Any) -> None:
    once = merge_patch(original, patch)
    assert merge_patch(once, patch) == once


@given(trees, trees)
def test_a_json_patch_that_replaces_the_whole_is_the_value(original: Any, value: Any) -> None:
    assert json_patch(original, [{"op": "replace", "path": "", "value": value}]) == value
    there = [{"op": "add", "path": "/z", "value": value}, {"op": "move", "from": "/z", "path": "/y"}]
    assert json_patch(original, there) == {**original, "y": value}
    copied = json_patch(original, [*there, {"op": "copy", "from": "/y", "path": "/z"}])
    assert json_patch(copied, [{"op": "remove", "path": "/y"}, {"op": "remove", "path": "/z"}]) == original


# Kubernetes: docs/tasks/manage-kubernetes-objects/declarative-config, "How apply calculates differences":
# what was applied last, what is applied now, what lives, and what lives then.
def said(**spec: Any) -> Any:
    return {"spec": spec}


THREE_WAYS: dict[str, tuple[Any, Any, Any, Any]] = {
    "a field of both is set": (said(), said(hostname="a"), said(hostname="b"), said(hostname="a")),
    "a field that does not live is set": (said(), said(hostname="a"), said(), said(hostname="a")),
    "a field that was applied and is not now is cleared": (
        said(hostname="a"), said(), said(hostname="b"), said()),
    "a field that nobody applied is kept": (said(), said(), said(hostname="b"), said(hostname="b")),
    "a map goes by its keys": (
        said(nodeSelector={"a": "1", "b": "1"}), said(nodeSelector={"a": "2"}),
        said(nodeSelector={"a": "1", "b": "1", "c": "1"}), said(nodeSelector={"a": "2", "c": "1"})),
    "a list of scalars is replaced": (
        said(containers=[{"name": "a", "args": ["1"]}]), said(containers=[{"name": "a", "args": ["2"]}]),
        said(containers=[{"name": "a", "args": ["1", "3"]}]),
        said(containers=[{"name": "a", "args": ["2"]}])),
    "a list by key goes by its elements": (
        said(containers=[{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]),
        said(containers=[{"name": "a", "image": "1"}, {"name": "d", "image": "1"}]),
        said(containers=[{"name": "a", "image": "1", "tty": True}, {"name": "b", "image": "1"},
                         {"name": "c", "image": "1"}]),
        said(containers=[{"name": "a", "image": "1", "tty": True}, {"name": "d", "image": "1"},
                         {"name": "c", "image": "1"}])),
    "a list that merges as a set goes by its scalars": (
        {"metadata": {"finalizers": ["a", "b"]}}, {"metadata": {"finalizers": ["b", "d"]}},
        {"metadata": {"finalizers": ["a", "b", "c"]}}, {"metadata": {"finalizers": ["b", "d", "c"]}}),
    "a volume of another kind replaces the former": (
        said(volumes=[{"name": "v", "emptyDir": {}}]),
        said(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        said(volumes=[{"name": "v", "emptyDir": {}}]),
        said(volumes=[{"name": "v", "hostPath": {"path": "/"}}])),
}  # fmt: skip


@pytest.mark.parametrize("rule", THREE_WAYS)
def test_client_side_apply_goes_three_ways(rule: str) -> None:
    last, now, live, then = THREE_WAYS[rule]
    patch = three_way("Pod", last, now, live)
    assert strategic_merge("Pod", live, patch) == then
    assert strategic_merge("Pod", then, three_way("Pod", now, now, then)) == then
