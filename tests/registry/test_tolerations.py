"""Five minutes on a lost node, for every pod that does not say how long."""

from typing import Any

import pytest

from minisets.objects.kinds import Object
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import POD, pod

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


def defaulted(key: str) -> dict[str, Any]:
    return {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


BOTH = [defaulted(NOT_READY), defaulted(UNREACHABLE)]


def created(registry: Registry, *tolerations: dict[str, Any]) -> list[dict[str, Any]]:
    body = pod(tolerations=list(tolerations)) if tolerations else pod()
    found: list[dict[str, Any]] = registry.create("Pod", "default", body).object["spec"]["tolerations"]
    return found


def test_a_new_pod_stays_five_minutes_on_a_lost_node(registry: Registry) -> None:
    assert created(registry) == BOTH


@pytest.mark.parametrize(
    "said",
    [
        {"key": NOT_READY, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2},
        {"key": NOT_READY, "operator": "Exists"},
        {"key": NOT_READY, "operator": "Equal", "value": "x", "effect": "NoExecute"},
    ],
)
def test_what_a_pod_says_of_one_taint_is_left_and_the_other_is_added(
    registry: Registry, said: dict[str, Any]
) -> None:
    assert created(registry, said) == [said, defaulted(UNREACHABLE)]


def test_a_pod_that_tolerates_everything_is_left_as_it_is(registry: Registry) -> None:
    everything = {"operator": "Exists"}
    assert created(registry, everything) == [everything]


def test_a_toleration_of_another_effect_or_taint_says_nothing_of_a_lost_node(registry: Registry) -> None:
    others = [
        {"key": NOT_READY, "operator": "Exists", "effect": "NoSchedule"},
        {"key": "dedicated", "operator": "Exists", "effect": "NoExecute"},
    ]
    assert created(registry, *others) == [*others, *BOTH]


def relabelled(obj: Object) -> Object:
    """What a client sends that knows nothing of tolerations."""
    spec = {key: value for key, value in obj["spec"].items() if key != "tolerations"}
    return {**obj, "metadata": {**obj["metadata"], "labels": {"a": "b"}}, "spec": spec}


def test_an_update_that_leaves_them_out_does_not_take_them_away(registry: Registry) -> None:
    short = {**defaulted(NOT_READY), "tolerationSeconds": 2}
    old = registry.create("Pod", "default", pod(tolerations=[short])).object
    updated = registry.update(POD, relabelled(old)).object
    assert updated["metadata"]["labels"] == {"a": "b"}
    assert updated["spec"]["tolerations"] == [short, defaulted(UNREACHABLE)]


def test_a_pod_of_before_there_were_any_gets_none_by_an_update(
    registry: Registry, store: MemoryStore
) -> None:
    old = registry.create("Pod", "default", pod()).object
    with store.transaction() as transaction:
        before = transaction.put({**old, "spec": relabelled(old)["spec"]})
    assert "tolerations" not in registry.update(POD, relabelled(before)).object["spec"]
