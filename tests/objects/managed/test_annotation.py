import json

import pytest

from minisets.objects.applying import LAST_APPLIED, with_last_applied
from minisets.objects.kinds import Object
from tests.objects.managed.world import World, configmap


def applied_by_client(world: World, config: Object) -> None:
    """What `kubectl apply` did, before it was told to do so on the server."""
    world.update("kubectl-client-side-apply", with_last_applied(config))


def annotation_of(world: World) -> Object:
    told: Object = json.loads(world.live["metadata"]["annotations"][LAST_APPLIED])
    return told


def test_kubectl_does_not_conflict_with_its_own_former_self() -> None:
    world = World("ConfigMap")
    applied_by_client(world, configmap(a="1", b="1"))
    world.apply("kubectl", configmap(a="2", b="1"))
    assert world.live["data"] == {"a": "2", "b": "1"}
    assert annotation_of(world) == configmap(a="2", b="1")
    assert world.live["metadata"]["annotations"][LAST_APPLIED].endswith("}\n")


def test_what_somebody_else_changed_since_is_still_a_conflict() -> None:
    world = World("ConfigMap")
    applied_by_client(world, configmap(a="1", b="1"))
    world.update("human", {**world.live, "data": {"a": "1", "b": "2"}})
    assert world.refuses("kubectl", configmap(a="2", b="3")) == (
        'Apply failed with 1 conflict: conflict with "human" using v1: .data.b'
    )


def test_another_name_than_kubectls_has_nothing_to_do_with_the_annotation() -> None:
    world = World("ConfigMap")
    applied_by_client(world, configmap(a="1"))
    assert world.refuses("ci", configmap(a="2")).startswith("Apply failed with 1 conflict")
    world.apply("ci", configmap(a="2"), force=True)
    assert annotation_of(world)["data"] == {"a": "1"}


@pytest.mark.parametrize(
    "told", ["", "{", "[]", "{}", "[" * 100_000, '{"apiVersion":"v2"}', '{"apiVersion":"v1","bogus":1}']
)
def test_an_annotation_that_says_nothing_allows_nothing(told: str) -> None:
    world = World("ConfigMap")
    world.update("human", configmap({"annotations": {LAST_APPLIED: told}}, a="1"))
    assert world.refuses("kubectl", configmap(a="2")).endswith('"human" using v1: .data.a')


def test_an_annotation_that_would_be_too_large_goes() -> None:
    world = World("ConfigMap")
    applied_by_client(world, configmap(a="1"))
    world.apply("kubectl", configmap(a="1", b="x" * 262_144))
    assert world.live["metadata"]["annotations"] == {}
    assert world.apply("kubectl", configmap(a="1"))["data"] == {"a": "1"}


def test_a_configuration_that_carries_the_annotation_is_told_without_it() -> None:
    world = World("ConfigMap")
    applied_by_client(world, configmap(a="1"))
    world.apply("kubectl", configmap({"annotations": {LAST_APPLIED: "old", "x": "y"}}, a="1"), force=True)
    assert annotation_of(world) == configmap({"annotations": {"x": "y"}}, a="1")
