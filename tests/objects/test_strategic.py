from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minisets.errors import BadRequest
from minisets.objects.patching import strategic_merge


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web-0"}, "spec": spec}


def merged(obj: dict[str, Any], **spec: Any) -> dict[str, Any]:
    found: dict[str, Any] = strategic_merge("Pod", obj, {"spec": spec})["spec"]
    return found


def names(containers: list[dict[str, Any]]) -> list[str]:
    return [container["name"] for container in containers]


TWO = pod(containers=[{"name": "a", "image": "one", "args": ["x"]}, {"name": "b", "image": "two"}])


def test_elements_merge_by_their_key() -> None:
    found = merged(TWO, containers=[{"name": "a", "image": "new"}])
    assert found["containers"] == [
        {"name": "a", "image": "new", "args": ["x"]},
        {"name": "b", "image": "two"},
    ]


def test_atomic_lists_are_replaced() -> None:
    assert merged(TWO, containers=[{"name": "a", "args": ["y"]}])["containers"][0]["args"] == ["y"]
    obj = pod(tolerations=[{"key": "a"}])
    assert merged(obj, tolerations=[{"key": "b"}])["tolerations"] == [{"key": "b"}]


def test_null_deletes_a_field_and_is_no_trouble_where_there_is_none() -> None:
    found = merged(TWO, containers=[{"name": "a", "args": None, "command": None}], hostname=None)
    assert found["containers"][0] == {"name": "a", "image": "one"}
    assert "hostname" not in found


def test_an_element_is_deleted_by_directive() -> None:
    found = merged(TWO, containers=[{"name": "a", "$patch": "delete"}])
    assert names(found["containers"]) == ["b"]


def test_a_list_is_replaced_by_directive() -> None:
    found = merged(TWO, containers=[{"name": "c"}, {"$patch": "replace"}])
    assert found["containers"] == [{"name": "c"}]


def test_a_map_is_replaced_or_emptied_by_directive() -> None:
    """A-34: rollout undo sends a revision's data, whose template replaces the present one."""
    template = {"spec": {"containers": [{"name": "old"}]}, "metadata": {"labels": {"a": "b"}}}
    undone = {"spec": {"template": {"spec": {"containers": [{"name": "new"}]}, "$patch": "replace"}}}
    found = strategic_merge("StatefulSet", {"spec": {"replicas": 2, "template": template}}, undone)
    assert found["spec"] == {"replicas": 2, "template": {"spec": {"containers": [{"name": "new"}]}}}
    assert merged(pod(securityContext={"runAsUser": 1}), securityContext={"$patch": "delete"}) == {
        "securityContext": {}
    }


def test_an_unknown_directive_is_refused() -> None:
    with pytest.raises(BadRequest, match="Unknown patch type"):
        merged(TWO, containers=[{"name": "a", "$patch": "explode"}])
    with pytest.raises(BadRequest, match="Unknown patch type"):
        merged(TWO, **{"$patch": "merge"})


def test_the_order_of_elements_can_be_set() -> None:
    order = {"$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}]}
    found = merged(TWO, containers=[{"name": "c"}], **order)
    assert names(found["containers"]) == ["b", "c", "a"]
    assert not [key for key in found if key.startswith("$")]


def test_elements_that_the_order_does_not_name_keep_their_place() -> None:
    obj = pod(containers=[{"name": name} for name in "axb"])
    found = merged(
        obj, containers=[{"name": "c"}], **{"$setElementOrder/containers": [{"name": n} for n in "abc"]}
    )
    assert names(found["containers"]) == ["a", "x", "b", "c"]


def test_a_patch_that_contradicts_its_order_is_refused() -> None:
    with pytest.raises(BadRequest, match="The order in patch list"):
        merged(TWO, containers=[{"name": "z"}], **{"$setElementOrder/containers": [{"name": "a"}]})


def test_retained_keys_drop_all_others() -> None:
    obj = pod(volumes=[{"name": "data", "emptyDir": {}}])
    change = {"name": "data", "hostPath": {"path": "/srv"}, "$retainKeys": ["name", "hostPath"]}
    assert merged(obj, volumes=[change])["volumes"] == [{"name": "data", "hostPath": {"path": "/srv"}}]
    with pytest.raises(BadRequest, match="retainKeys"):
        merged(obj, volumes=[{**change, "$retainKeys": ["name"]}])


def test_primitive_lists_merge_and_lose_elements_by_directive() -> None:
    obj = {"metadata": {"finalizers": ["a", "b"]}}
    added = strategic_merge("Pod", obj, {"metadata": {"finalizers": ["c", "a"]}})
    assert sorted(added["metadata"]["finalizers"]) == ["a", "b", "c"]
    removed = strategic_merge("Pod", obj, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a", "z"]}})
    assert removed["metadata"]["finalizers"] == ["b"]


def test_service_ports_and_mounts_have_other_keys() -> None:
    service = {"spec": {"ports": [{"port": 80, "name": "web"}]}}
    found = strategic_merge("Service", service, {"spec": {"ports": [{"port": 80, "targetPort": 8080}]}})
    assert found["spec"]["ports"] == [{"port": 80, "name": "web", "targetPort": 8080}]
    mounts = [{"name": "a", "mountPath": "/a"}]
    obj = pod(containers=[{"name": "c", "volumeMounts": mounts}])
    change = {"name": "c", "volumeMounts": [{"mountPath": "/a", "readOnly": True}]}
    assert merged(obj, containers=[change])["containers"][0]["volumeMounts"] == [
        {"name": "a", "mountPath": "/a", "readOnly": True}
    ]


def test_an_element_without_its_key_is_refused() -> None:
    with pytest.raises(BadRequest, match="does not contain declared merge key: name"):
        merged(TWO, containers=[{"image": "x"}])


def test_directives_of_what_is_new_do_not_stay() -> None:
    found = merged(pod(), containers=[{"name": "a", "args": None}, {"name": "b", "$patch": "delete"}])
    assert found["containers"] == [{"name": "a"}]


def test_what_two_places_of_an_object_share_is_changed_at_one_only() -> None:
    shared = {"path": "/s"}
    obj = pod(volumes=[{"name": "a", "hostPath": shared}, {"name": "b", "hostPath": shared}])
    found = merged(obj, volumes=[{"name": "a", "hostPath": {"path": "/t"}}])
    assert found["volumes"][1] == {"name": "b", "hostPath": {"path": "/s"}}


def test_free_form_data_merges_as_maps() -> None:
    found = strategic_merge(
        "ControllerRevision", {"data": {"a": {"b": 1}, "l": [1]}}, {"data": {"a": {"c": 2}, "l": [2]}}
    )
    assert found == {"data": {"a": {"b": 1, "c": 2}, "l": [2]}}


env = st.fixed_dictionaries({"name": st.sampled_from("EFG"), "value": st.sampled_from("12")})
optional: dict[str, st.SearchStrategy[Any]] = {
    "image": st.sampled_from(["x", "y"]),
    "args": st.lists(st.sampled_from("pq"), max_size=2),
    "env": st.lists(env, max_size=3, unique_by=lambda one: one["name"]),
}
named: dict[str, st.SearchStrategy[Any]] = {"name": st.sampled_from("abcde")}
container = st.fixed_dictionaries(named, optional=optional)
containers = st.lists(container, max_size=5, unique_by=lambda one: str(one["name"]))


@settings(max_examples=60)
@given(containers, containers)
def test_applying_a_patch_twice_changes_nothing_more(before: list[Any], change: list[Any]) -> None:
    once = strategic_merge("Pod", pod(containers=before), {"spec": {"containers": change}})
    assert strategic_merge("Pod", once, {"spec": {"containers": change}}) == once


@settings(max_examples=60)
@given(containers)
def test_an_empty_patch_and_the_object_itself_change_nothing(before: list[Any]) -> None:
    obj = pod(containers=before)
    assert strategic_merge("Pod", obj, {}) == obj
    assert strategic_merge("Pod", obj, obj) == obj
