"""Server-side apply by its published rules, and against a model of them.

Kubernetes: docs/reference/using-api/server-side-apply; structured-merge-diff merge/*_test.go.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.objects.kinds import Object
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
    assert world.managed.times[Manager("one", "Apply")] == "1"
    world.apply("two", configmap(b="1"))
    world.apply("one", configmap(a="2"))
    assert world.managed.times[Manager("one", "Apply")] == "4"
    assert world.managed.times[Manager("two", "Apply")] == "3"


def test_a_way_of_writing_that_resets_a_field_never_owns_it() -> None:
    world = World(reset={"f:status": {}})
    world.update("one", {**statefulset(replicas=1), "status": {"replicas": 3}})
    world.apply("two", {**statefulset(serviceName="s"), "status": {"replicas": 4}})
    assert world.owned("one", "Update") == [".spec.replicas"]
    assert world.owned("two") == [".spec.serviceName"]


def test_what_does_not_fit_its_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="field not declared in schema"):
        World().apply("one", statefulset(replicsa=1))


def test_elements_that_cannot_be_told_apart_are_refused_in_an_update() -> None:
    with pytest.raises(ValueError, match="omits all key fields"):
        World().update("one", statefulset({"image": "a"}))


# A model of one map: who has which key. Kubernetes' rules, said a second time and with no sets of fields.


@dataclass
class Model:
    live: dict[str, str] = field(default_factory=dict)
    owners: dict[str, set[Manager]] = field(default_factory=dict)

    def apply(self, name: str, config: dict[str, str], *, force: bool) -> bool:
        me = Manager(name, "Apply")
        changed = {key for key, value in config.items() if self.live.get(key) != value}
        if not force and any(self.owners.get(key, set()) - {me} for key in changed):
            return False
        for key, value in config.items():
            self.live[key] = value
            self.owners[key] = {me} if key in changed else {*self.owners[key], me}
        for key in [key for key, owners in self.owners.items() if me in owners and key not in config]:
            self.owners[key].discard(me)
            if not self.owners[key]:
                del self.owners[key], self.live[key]
        return True

    def update(self, name: str, new: dict[str, str]) -> None:
        for key in {*self.live, *new}:
            if key not in new:
                self.owners.pop(key)
            elif self.live.get(key) != new[key]:
                self.owners[key] = {Manager(name, "Update")}
        self.live = dict(new)


data = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=4)
writes = st.lists(
    st.tuples(st.sampled_from(["apply", "force", "update"]), st.sampled_from(["one", "two", "three"]), data),
    max_size=12,
)


def owners_in(world: World) -> dict[str, set[Manager]]:
    found: dict[str, set[Manager]] = {}
    for manager, fields in world.managed.fields.items():
        for element in fields.get("f:data", {}):
            if element != ".":
                found.setdefault(element[2:], set()).add(manager)
    return found


def with_data(data: dict[str, str]) -> Object:
    return {**configmap(), "data": data} if data else configmap()


@given(writes)
def test_any_writes_come_to_what_the_model_says(steps: list[tuple[str, str, dict[str, str]]]) -> None:
    """`z` is always there: a map that comes to be has owners of its own."""
    world, model = World("ConfigMap"), Model()
    world.update("none", configmap(z=""))
    for way, name, wanted in steps:
        if way == "update":
            world.update(name, with_data({"z": "", **wanted}))
            model.update(name, wanted)
        elif not model.apply(name, wanted, force=way == "force"):
            world.refuses(name, with_data(wanted))
        else:
            world.apply(name, with_data(wanted), force=way == "force")
        assert world.live["data"] == {"z": "", **model.live}
        assert owners_in(world) == {"z": {Manager("none", "Update")}, **model.owners}


def containers(names: str) -> st.SearchStrategy[list[Object]]:
    ports = st.fixed_dictionaries(
        {"containerPort": st.integers(1, 3)}, optional={"name": st.sampled_from(names)}
    )
    inside = {
        "image": st.sampled_from("12"),
        "args": st.lists(st.sampled_from("xy"), max_size=2),
        "ports": st.lists(ports, max_size=3, unique_by=lambda port: port["containerPort"]),
    }
    one = st.fixed_dictionaries({"name": st.sampled_from(names)}, optional=inside)
    return st.lists(one, max_size=3, unique_by=lambda one: one["name"])


def configs_of(names: str, **spec: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    def config(inside: list[Object], spec: Object, labels: Object) -> Object:
        return {**statefulset(*inside, **spec), "metadata": {"name": "w", "labels": labels}}

    labels = st.dictionaries(st.sampled_from(names), st.sampled_from("12"), max_size=3)
    return st.builds(config, containers(names), st.fixed_dictionaries({}, optional=spec), labels)


configs = configs_of("abc", replicas=st.integers(0, 2), serviceName=st.sampled_from("st"))
others = configs_of("xyz", podManagementPolicy=st.sampled_from(["Parallel", "OrderedReady"]))


@given(configs, configs)
def test_an_apply_is_idempotent_and_leaves_its_own_values(before: Object, config: Object) -> None:
    world = World()
    world.apply("other", before)
    world.apply("one", config, force=True)
    once, managed = world.live, world.managed.copy()
    assert holds(config, once)
    assert world.apply("one", config) == once
    assert world.managed == managed


def holds(config: Any, live: Any) -> bool:
    """Whether everything that was said stands there; elements by their key, in their order."""
    if isinstance(config, dict):
        return all(not value or (key in live and holds(value, live[key])) for key, value in config.items())
    if isinstance(config, list) and isinstance(config[0], dict):
        key = "containerPort" if "containerPort" in config[0] else "name"
        found = {one[key]: one for one in live}
        wanted = [one[key] for one in config]
        return [one for one in found if one in wanted] == wanted and all(
            holds(one, found[one[key]]) for one in config
        )
    return bool(config == live)


@given(configs, configs)
def test_there_and_back_again_is_where_one_was(first: Object, second: Object) -> None:
    world = World()
    once = world.apply("one", first)
    owned = world.owned("one")
    world.apply("one", second)
    assert plain(world.apply("one", first)) == plain(once)
    assert world.owned("one") == owned


def plain(value: Any) -> Any:
    """Kubernetes: what became empty stays as nothing, in canonical form."""
    if isinstance(value, dict):
        found = {key: plain(inner) for key, inner in value.items()}
        return {key: inner for key, inner in found.items() if inner not in ({}, [], None)}
    return [plain(one) for one in value] if isinstance(value, list) else value


@given(configs, others)
def test_who_has_no_field_in_common_never_conflicts_and_loses_nothing(ours: Object, theirs: Object) -> None:
    world = World()
    world.apply("one", ours)
    owned = world.owned("one")
    world.apply("two", theirs)
    assert world.owned("one") == owned
    assert holds(ours, world.live)
    assert holds(theirs, world.live)
    world.apply("two", {**statefulset(), "metadata": {"name": "w"}})
    assert world.owned("two") == []
    assert plain(world.live) == plain(ours)


@given(configs, configs)
def test_no_apply_changes_what_it_is_given(before: Object, config: Object) -> None:
    world = World()
    world.apply("other", before)
    live, copies = world.live, (plain(world.live), plain(config), world.managed.copy())
    managed = world.managed
    world.apply("one", config, force=True)
    assert (plain(live), plain(config), managed) == copies
