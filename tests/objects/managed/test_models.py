"""Server-side apply against models of its rules, and what holds whatever is written.

The models say who has which path a second time, with no sets of fields and no types.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from minisets.objects.kinds import Object
from minisets.objects.managed.entries import Manager
from tests.objects.managed.world import World, configmap, containers_of, statefulset

Path = tuple[str, ...]


@dataclass
class Model:
    """Elements by name with values by field. An element is owned itself, and so is each of its fields.

    A ConfigMap's data is one element that nobody gives up.
    """

    live: dict[str, dict[str, str]] = field(default_factory=dict)
    owners: dict[Path, set[Manager]] = field(default_factory=dict)

    def apply(self, name: str, config: dict[str, dict[str, str]], *, force: bool) -> bool:
        me, wanted = Manager(name, "Apply"), paths_in(config)
        changed = {path for path in wanted if self._value(path) != value_in(config, path)}
        if not force and any(self.owners.get(path, set()) - {me} for path in changed):
            return False
        for element, values in config.items():
            self.live[element] = {**self.live.get(element, {}), **values}
        for path in wanted:
            self.owners[path] = {me} if path in changed else {*self.owners.get(path, set()), me}
        for path in sorted(
            path for path, owners in self.owners.items() if me in owners and path not in wanted
        ):
            if path in self.owners:
                self.owners[path].discard(me)
                if not self.owners[path]:
                    self._remove(path)
        self._forget_nobody()
        return True

    def update(self, name: str, new: dict[str, dict[str, str]]) -> None:
        for path in paths_in(self.live) | paths_in(new):
            if value_in(new, path) is None:
                self.owners.pop(path, None)
            elif self._value(path) != value_in(new, path):
                self.owners[path] = {Manager(name, "Update")}
        self.live = {element: dict(values) for element, values in new.items()}

    def _value(self, path: Path) -> Any:
        return value_in(self.live, path)

    def _remove(self, path: Path) -> None:
        """With an element goes all that others have of it."""
        element, *rest = path
        if rest:
            del self.live[element][rest[0]]
        else:
            del self.live[element]
        self.owners = {other: who for other, who in self.owners.items() if other[: len(path)] != path}

    def _forget_nobody(self) -> None:
        self.owners = {path: who for path, who in self.owners.items() if who}


def paths_in(elements: dict[str, dict[str, str]]) -> set[Path]:
    fields = {(element, name) for element, values in elements.items() for name in values}
    return {(element,) for element in elements} | fields


def value_in(elements: dict[str, dict[str, str]], path: Path) -> Any:
    """An element's value is that it is there."""
    if path[0] not in elements:
        return None
    return elements[path[0]].get(path[1]) if len(path) > 1 else True


def owners_in(world: World, *place: str) -> dict[Path, set[Manager]]:
    """By element and field: what a set has below a place, without the place itself."""
    found: dict[Path, set[Manager]] = {}
    for manager, fields in world.managed.fields.items():
        node = fields
        for step in place:
            node = node.get(step, {})
        for element, inner in node.items():
            if element == ".":
                continue
            below = [(element, name) for name in inner if name != "."]
            for path in below + [(element,)] * (not inner or "." in inner):
                found.setdefault(path, set()).add(manager)
    return found


ways = st.sampled_from(["apply", "force", "update"])
people = st.sampled_from(["one", "two", "three"])
NOBODY = Manager("none", "Update")

data = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=4)


def with_data(data: dict[str, str]) -> Object:
    return {**configmap(), "data": data} if data else configmap()


def wanted_by(model: Model) -> dict[str, str]:
    return {key.removeprefix("f:"): value for key, value in model.live["data"].items()}


@given(st.lists(st.tuples(ways, people, data), max_size=12))
def test_any_writes_to_a_map_come_to_what_the_model_says(
    steps: list[tuple[str, str, dict[str, str]]],
) -> None:
    """`z` is always there: a map that comes to be has owners of its own."""
    world, model = World("ConfigMap"), Model()
    world.update("none", configmap(z=""))
    model.update("none", {"data": {}})
    for way, name, wanted in steps:
        elements = {"data": {f"f:{key}": value for key, value in wanted.items()}}
        if way == "update":
            world.update(name, configmap(z="", **wanted))
            model.update(name, elements)
        elif not model.apply(name, elements, force=way == "force"):
            world.refuses(name, with_data(wanted))
        else:
            world.apply(name, with_data(wanted), force=way == "force")
        assert world.live["data"] == {
            "z": "",
            **{key[2:]: value for key, value in model.live["data"].items()},
        }
        leaves = {path[1:]: who for path, who in model.owners.items() if len(path) > 1}
        assert owners_in(world, "f:data") == {("f:z",): {NOBODY}, **leaves}


listed = st.dictionaries(
    st.sampled_from("abc"),
    st.fixed_dictionaries({}, optional={"image": st.sampled_from("12"), "workingDir": st.sampled_from("12")}),
    max_size=3,
)
PLACE = ("f:spec", "f:template", "f:spec", "f:containers")


def with_containers(elements: dict[str, dict[str, str]]) -> Object:
    return statefulset(*({"name": name, **values} for name, values in elements.items()))


@given(st.lists(st.tuples(ways, people, listed), max_size=12))
def test_any_writes_to_a_list_by_key_come_to_what_the_model_says(
    steps: list[tuple[str, str, dict[str, dict[str, str]]]],
) -> None:
    """`z` is always there: a list that comes to be has owners of its own."""
    world, model = World(), Model()
    world.update("none", with_containers({"z": {}}))
    for way, name, wanted in steps:
        elements = {
            f'k:{{"name":"{key}"}}': {"f:name": key, **{f"f:{at}": value for at, value in values.items()}}
            for key, values in wanted.items()
        }
        if way == "update":
            world.update(name, with_containers({"z": {}, **wanted}))
            model.update(name, elements)
        elif not model.apply(name, elements, force=way == "force"):
            world.refuses(name, with_containers(wanted))
        else:
            world.apply(name, with_containers(wanted), force=way == "force")
        found = {
            one["name"]: {f"f:{at}": value for at, value in one.items()} for one in containers_of(world.live)
        }
        assert found.pop("z") == {"f:name": "z"}
        assert found == {values["f:name"]: values for values in model.live.values()}
        owners = {path: who for path, who in owners_in(world, *PLACE).items() if '"z"' not in path[0]}
        assert owners == model.owners


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
