import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisets.objects.patching import LAST_APPLIED, apply_patch, strategic_merge, three_way, with_last_applied


def manifest(replicas: int = 2, **container: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "nginx", "image": "nginx", **container}]}},
        },
    }


def as_served(applied: dict[str, Any]) -> dict[str, Any]:
    """The object as the server would keep it: with defaults and a status."""
    live = with_last_applied(applied)
    live["metadata"]["uid"] = "u"
    live["spec"]["podManagementPolicy"] = "OrderedReady"
    live["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    return live | {"status": {"replicas": 1}}


def test_the_annotation_is_what_kubectl_writes() -> None:
    written = with_last_applied({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "é<&>"}})
    assert written["metadata"]["annotations"][LAST_APPLIED] == (
        '{"apiVersion":"v1","kind":"ConfigMap",'
        '"metadata":{"annotations":{},"name":"é\\u003c\\u0026\\u003e"}}\n'
    )
    assert json.loads(written["metadata"]["annotations"][LAST_APPLIED])["metadata"]["name"] == "é<&>"


def test_an_older_annotation_is_not_nested_into_the_new_one() -> None:
    once = with_last_applied(manifest())
    assert with_last_applied(once) == once


def test_applying_the_same_again_changes_nothing() -> None:
    before = as_served(manifest())
    live = copy.deepcopy(before)
    assert apply_patch("StatefulSet", manifest(), live) == {}
    assert live == before


def test_a_change_is_sent_with_the_new_annotation_only() -> None:
    patch = apply_patch("StatefulSet", manifest(replicas=3), as_served(manifest()))
    assert patch["spec"] == {"replicas": 3}
    assert set(patch) == {"metadata", "spec"}
    assert json.loads(patch["metadata"]["annotations"][LAST_APPLIED]) == {
        **manifest(replicas=3),
        "metadata": {"annotations": {}, "name": "web", "namespace": "default"},
    }


def test_what_was_applied_and_is_gone_is_deleted_and_what_the_server_set_stays() -> None:
    live = as_served(manifest(args=["-v"]))
    patched = strategic_merge("StatefulSet", live, apply_patch("StatefulSet", manifest(), live))
    container = patched["spec"]["template"]["spec"]["containers"][0]
    assert container == {"name": "nginx", "image": "nginx", "imagePullPolicy": "Always"}
    assert patched["spec"]["podManagementPolicy"] == "OrderedReady"


def test_what_somebody_else_changed_is_set_back_and_what_they_added_stays() -> None:
    live = as_served(manifest())
    live["spec"]["replicas"] = 7
    live["metadata"]["labels"] = {"theirs": "x"}
    assert apply_patch("StatefulSet", manifest(), live) == {"spec": {"replicas": 2}}


def test_elements_are_changed_deleted_and_ordered_as_kubectl_asks_for_it() -> None:
    original = {"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}
    modified = {"spec": {"containers": [{"name": "c"}, {"name": "a", "image": "x"}]}}
    assert three_way("Pod", original, modified, original) == {
        "spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [
                {"name": "c"},
                {"name": "a", "image": "x"},
                {"$patch": "delete", "name": "b"},
            ],
        }
    }


def test_another_kind_of_volume_replaces_the_former() -> None:
    live = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    wanted = {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/srv"}}]}}
    patch = three_way("Pod", {}, wanted, live)
    assert patch["spec"]["volumes"][0]["$retainKeys"] == ["hostPath", "name"]
    assert strategic_merge("Pod", live, patch) == wanted


def test_finalizers_are_deleted_one_by_one() -> None:
    original = {"metadata": {"finalizers": ["a", "b"]}}
    live = {"metadata": {"finalizers": ["a", "b", "theirs"]}}
    patch = three_way("Pod", original, {"metadata": {"finalizers": ["b"]}}, live)
    assert strategic_merge("Pod", live, patch)["metadata"]["finalizers"] == ["b", "theirs"]


@pytest.mark.parametrize("broken", ["{", "[]", "7", "[" * 100_000])
def test_a_broken_annotation_deletes_nothing(broken: str) -> None:
    live = as_served(manifest(args=["-v"]))
    live["metadata"]["annotations"][LAST_APPLIED] = broken
    patch = apply_patch("StatefulSet", manifest(), live)
    assert "args" not in json.dumps(patch.get("spec", {}))


Fields = dict[str, st.SearchStrategy[Any]]


def named(names: str, fields: Fields, optional: Fields | None = None) -> st.SearchStrategy[dict[str, Any]]:
    name: Fields = {"name": st.sampled_from(names)}
    return st.fixed_dictionaries(name | fields, optional=optional or {})


def lists(items: st.SearchStrategy[dict[str, Any]], *, least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(items, min_size=least, max_size=4, unique_by=lambda one: str(one["name"]))


args = st.lists(st.sampled_from("pq"), min_size=1, max_size=2)
env = lists(named("EFG", {"value": st.sampled_from("12")}), least=1)
container = named("abcd", {"image": st.sampled_from("xy")}, {"args": args, "env": env})
volume = st.one_of(
    named("vw", {"emptyDir": st.just({})}),
    named("vw", {"hostPath": st.sampled_from([{"path": "/s"}, {"path": "/t"}])}),
)
labels = st.dictionaries(st.sampled_from("klm"), st.sampled_from("12"), max_size=3)
finalizers = st.lists(st.sampled_from("fgh"), unique=True, min_size=1)
spec_fields: Fields = {"containers": lists(container, least=1), "volumes": lists(volume)}
optional_fields: Fields = {"hostname": st.sampled_from("hi")}
pod_fields: Fields = {
    "metadata": named("w", {}, {"labels": labels, "finalizers": finalizers}),
    "spec": st.fixed_dictionaries(spec_fields, optional=optional_fields),
}
pods = st.fixed_dictionaries(pod_fields)


def contains(whole: Any, part: Any) -> bool:
    """Whether everything said in `part` holds in `whole`; lists of elements by name, in the same order."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and contains(whole[key], part[key]) for key in part
        )
    if isinstance(part, list) and part and isinstance(part[0], dict):
        wanted = [item["name"] for item in part]
        there = {item["name"]: item for item in whole}
        order = [item["name"] for item in whole if item["name"] in wanted]
        return order == wanted and all(contains(there[item["name"]], item) for item in part)
    if isinstance(part, list):
        return all(item in whole for item in part)
    return bool(whole == part)


@settings(max_examples=60)
@given(pods, pods, pods)
def test_the_patched_object_says_everything_that_the_manifest_says(
    original: Any, modified: Any, current: Any
) -> None:
    patched = strategic_merge("Pod", current, three_way("Pod", original, modified, current))
    assert contains(patched, modified)
    again = three_way("Pod", modified, modified, patched)
    assert strategic_merge("Pod", patched, again) == patched


@settings(max_examples=60)
@given(pods, pods)
def test_what_only_we_changed_becomes_exactly_the_manifest(original: Any, modified: Any) -> None:
    patched = strategic_merge("Pod", original, three_way("Pod", original, modified, original))
    finalizers = modified["metadata"].get("finalizers", [])
    assert set(patched["metadata"].get("finalizers") or []) == set(finalizers)
    patched["metadata"]["finalizers"] = modified["metadata"]["finalizers"] = finalizers
    assert patched == modified
