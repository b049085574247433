"""Priority classes, and the priority that a pod gets of one."""

import pytest

from minisets.controllers.priorities import ensure_priority_classes
from minisets.errors import Forbidden, Invalid
from minisets.objects.kinds import Object, Ref
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import pod


def made(registry: Registry, name: str, **fields: object) -> Object:
    return registry.create("PriorityClass", "", {"metadata": {"name": name}, **fields}).object


def with_spec(**fields: object) -> Object:
    body = pod()
    return {**body, "spec": {**body["spec"], **fields}}


def test_a_pod_gets_the_priority_of_its_class(registry: Registry) -> None:
    plain = registry.create("Pod", "default", pod("a")).object["spec"]
    assert (plain["priority"], plain["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert "priorityClassName" not in plain
    made(registry, "high", value=1000, preemptionPolicy="Never")
    made(registry, "usual", value=7, globalDefault=True)
    named = registry.create("Pod", "default", with_spec(priorityClassName="high")).object["spec"]
    assert (named["priority"], named["preemptionPolicy"]) == (1000, "Never")
    other = registry.create("Pod", "default", pod("b")).object["spec"]
    assert (other["priority"], other["priorityClassName"]) == (7, "usual")


def test_a_priority_that_no_class_says_is_refused(registry: Registry) -> None:
    with pytest.raises(
        Forbidden, match=r'pods "web-0" is forbidden: no PriorityClass with name high was found'
    ):
        registry.create("Pod", "default", with_spec(priorityClassName="high"))
    with pytest.raises(
        Forbidden, match=r"the integer value of priority \(3\) must not be provided in pod spec"
    ):
        registry.create("Pod", "default", with_spec(priority=3))
    with pytest.raises(
        Forbidden, match=r"the string value of PreemptionPolicy \(Never\) must not be provided"
    ):
        registry.create("Pod", "default", with_spec(preemptionPolicy="Never"))


def test_an_update_that_leaves_the_priority_out_keeps_it(registry: Registry) -> None:
    made(registry, "high", value=1000)
    stored = registry.create("Pod", "default", with_spec(priorityClassName="high")).object
    body = {**stored, "spec": {key: value for key, value in stored["spec"].items() if key != "priority"}}
    updated = registry.update(Ref("Pod", "default", "web-0"), body).object
    assert updated["spec"]["priority"] == 1000


def test_the_systems_classes_are_there_from_the_start(registry: Registry, store: MemoryStore) -> None:
    for _ in range(2):
        ensure_priority_classes(registry)
    found = store.get(Ref("PriorityClass", "", "system-node-critical"))
    assert found is not None
    assert (found["value"], found["preemptionPolicy"]) == (2000001000, "PreemptLowerPriority")
    with pytest.raises(Invalid, match="system-mine is not a known system priority class"):
        made(registry, "system-mine", value=1)


def test_only_one_class_is_the_default_and_none_changes_its_value(registry: Registry) -> None:
    first = made(registry, "usual", value=7, globalDefault=True)
    with pytest.raises(
        Forbidden, match=r"PriorityClass usual is already marked as default\. Only one default can"
    ):
        made(registry, "other", value=8, globalDefault=True)
    ref = Ref("PriorityClass", "", "usual")
    first = registry.update(ref, {**first, "description": "mine"}).object
    assert first["description"] == "mine"
    with pytest.raises(Invalid, match=r"value: Forbidden: may not be changed in an update\."):
        registry.update(ref, {**first, "value": 9})
