"""Server-side apply by its published rules; against models of them: `test_models.py`.

Kubernetes: docs/reference/using-api/server-side-apply; structured-merge-diff merge/*_test.go.
"""

import pytest

from minisets.objects.managed.entries import Manager
from tests.objects.managed.world import World, configmap, containers_of, statefulset


def test_a_configuration_makes_what_is_not_there() -> None:
    world = World()
    config = statefulset({"name": "a", "image": "1"}, replicas=2)
    assert world.apply("one", config) == config
    assert world.owned("one") == [
        ".spec.replicas",
        '.spec.template.spec.containers[name="a"]',
        '.spec.template.spec.containers[name="a"].image',
        '.spec.template.spec.containers[name="a"].name',
    ]


def test_an_update_owns_the_fields_that_it_changes_and_no_others() -> None:
    world = World("ConfigMap")
    world.update("one", configmap(a="1", b="1"))
    world.update("two", configmap(a="1", b="2", c="2"))
    assert world.owned("one", "Update") == [".data", ".data.a"]
    assert world.owned("two", "Update") == [".data.b", ".data.c"]
    world.update("two", configmap(b="2", c="2"))
    assert world.owned("one", "Update") == [".data"]


def test_an_update_that_changes_nothing_leaves_owners_and_times() -> None:
    world = World("ConfigMap")
    world.update("one", configmap(a="1"))
    before = world.managed.copy()
    world.update("two", configmap(a="1"))
    assert world.managed == before


def test_what_others_have_is_refused_with_all_that_would_change() -> None:
    world = World()
    world.apply("one", statefulset({"name": "a", "image": "1"}, replicas=2))
    assert world.refuses("two", statefulset(replicas=3)) == (
        'Apply failed with 1 conflict: conflict with "one": .spec.replicas'
    )
    world.update("three", {**world.live, "spec": {**world.live["spec"], "serviceName": "s"}})
    wanted = statefulset({"name": "a", "image": "2"}, replicas=3, serviceName="t")
    assert world.refuses("two", wanted) == (
        'Apply failed with 3 conflicts: conflicts with "one":\n'
        "- .spec.replicas\n"
        '- .spec.template.spec.containers[name="a"].image\n'
        'conflicts with "three" using apps/v1:\n'
        "- .spec.serviceName"
    )


def test_force_takes_what_others_have() -> None:
    world = World()
    world.apply("one", statefulset(replicas=2, serviceName="s"))
    assert world.apply("two", statefulset(replicas=3), force=True)["spec"] == {
        "replicas": 3,
        "serviceName": "s",
    }
    assert world.owned("one") == [".spec.serviceName"]
    assert world.owned("two") == [".spec.replicas"]


def test_equal_values_are_shared_and_the_last_owner_takes_them_along() -> None:
    world = World()
    world.apply("one", statefulset(replicas=2, serviceName="s"))
    world.apply("two", statefulset(replicas=2))
    assert world.owned("one") == [".spec.replicas", ".spec.serviceName"]
    assert world.owned("two") == [".spec.replicas"]
    assert world.apply("one", statefulset(serviceName="s"))["spec"] == {"replicas": 2, "serviceName": "s"}
    assert world.apply("two", statefulset())["spec"] == {"serviceName": "s"}
    assert world.owned("two") == []


def test_an_updater_keeps_what_an_applier_gives_up() -> None:
    world = World("ConfigMap")
    world.update("human", configmap(a="1"))
    world.apply("one", configmap(a="1", b="1"))
    assert world.apply("one", configmap())["data"] == {"a": "1"}


def test_a_field_that_an_updater_took_is_nobodys_to_give_up() -> None:
    world = World("ConfigMap")
    world.apply("one", configmap(a="1", b="1"))
    world.update("human", {**world.live, "data": {"a": "2", "b": "1"}})
    assert world.apply("one", configmap(b="1"))["data"] == {"a": "2", "b": "1"}
    assert world.owned("one") == [".data.b"]


def test_a_container_that_one_gives_up_stays_with_what_others_have_of_it() -> None:
    world = World()
    world.apply("one", statefulset({"name": "a", "image": "1"}, {"name": "b", "image": "1"}))
    world.apply("two", statefulset({"name": "b", "workingDir": "/"}))
    world.apply("one", statefulset({"name": "a", "image": "1"}))
    assert containers_of(world.live) == [{"name": "a", "image": "1"}, {"name": "b", "workingDir": "/"}]
    world.apply("two", statefulset())
    assert containers_of(world.live) == [{"name": "a", "image": "1"}]


def test_whole_lists_and_maps_have_one_owner() -> None:
    world = World()
    world.apply("one", statefulset({"name": "a", "args": ["1", "2"]}, selector={"matchLabels": {"a": "1"}}))
    assert world.refuses("two", statefulset({"name": "a", "args": ["1"]})).endswith('[name="a"].args')
    assert world.refuses("two", statefulset(selector={"matchLabels": {"a": "1", "b": "1"}})).endswith(
        ".selector"
    )


def test_ports_are_told_apart_by_number_and_protocol() -> None:
    world = World()
    port = {"containerPort": 80, "name": "web"}
    world.apply("one", statefulset({"name": "a", "ports": [port]}))
    world.apply("two", statefulset({"name": "a", "ports": [{"containerPort": 80, "protocol": "UDP"}]}))
    assert containers_of(world.live)[0]["ports"] == [port, {"containerPort": 80, "protocol": "UDP"}]
    said = world.refuses("two", statefulset({"name": "a", "ports": [{"containerPort": 80, "name": "dns"}]}))
    assert said.endswith('.ports[containerPort=80,protocol="TCP"].name')


def test_the_order_of_a_list_follows_the_last_configuration_and_is_no_conflict() -> None:
    world = World()
    world.apply("one", statefulset({"name": "a"}, {"name": "b"}))
    world.apply("two", statefulset({"name": "b"}, {"name": "a"}))
    assert [one["name"] for one in containers_of(world.live)] == ["b", "a"]


def test_an_object_nobody_kept_track_of_is_given_to_before_first_apply() -> None:
    world = World("ConfigMap", live=configmap(a="1", b="1"))
    assert world.refuses("one", configmap(a="2")) == (
        'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a'
    )
    world.apply("one", configmap(a="2"), force=True)
    assert world.owned("before-first-apply", "Update") == [".data", ".data.b"]
    assert world.apply("one", configmap())["data"] == {"b": "1"}


def test_what_says_which_object_it_is_is_nobodys() -> None:
    world = World("ConfigMap")
    world.update(
        "one", configmap({"uid": "1", "generation": 1, "resourceVersion": "1", "labels": {"a": "1"}})
    )
    assert world.owned("one", "Update") == [".metadata.labels", ".metadata.labels.a"]
    world.apply("two", configmap({"namespace": "default"}))
    assert world.owned("two") == []


def test_times_tell_when_the_object_changed_last_by_a_manager() -> None:
    world = World("ConfigMap")
    world.apply("one", configmap(a="1"))
    world.apply("one", configmap(a="1"))
    assert world.managed.times[Manager("one", "Apply")] == "01"
    world.apply("two", configmap(b="1"))
    world.apply("one", configmap(a="2"))
    assert world.managed.times[Manager("one", "Apply")] == "04"
    assert world.managed.times[Manager("two", "Apply")] == "03"


def test_a_way_of_writing_that_resets_a_field_never_owns_it() -> None:
    world = World(reset={"f:status": {}})
    world.update("one", {**statefulset(replicas=1), "status": {"replicas": 3}})
    world.apply("two", {**statefulset(serviceName="s"), "status": {"replicas": 4}})
    assert world.owned("one", "Update") == [".spec.replicas"]
    assert world.owned("two") == [".spec.serviceName"]


def test_of_many_updaters_the_oldest_become_one() -> None:
    world = World("ConfigMap")
    world.update("first", configmap(z="1"))
    for count in range(11):
        world.update(f"m{count}", {**world.live, "data": {**world.live["data"], f"k{count}": "1"}})
    assert len(world.managed.fields) == 10
    assert world.owned("ancient-changes", "Update") == [".data", ".data.k0", ".data.k1", ".data.z"]
    assert world.owned("first", "Update") == []


def test_what_does_not_fit_its_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="field not declared in schema"):
        World().apply("one", statefulset(replicsa=1))


def test_elements_that_cannot_be_told_apart_are_refused_in_an_update() -> None:
    with pytest.raises(ValueError, match="omits all key fields"):
        World().update("one", statefulset({"image": "a"}))
