"""Claims that ask for more."""

from collections.abc import Iterator
from typing import Any

import pytest

from minisets.errors import ApiError
from minisets.kubelet.volumes.provisioner import Provisioner
from minisets.kubelet.volumes.resizing import wanted_size
from minisets.objects.kinds import Object
from minisets.objects.metadata import ref_of, spec_of, status_of
from minisets.settings import TMPFS
from tests.kubelet.volumes.provisioning import (
    CLAIM,
    asked,
    bind,
    make_class,
    provisioning,
    the_claim,
    the_volume,
)
from tests.kubelet.world import World


@pytest.fixture
def provisioner(world: World) -> Iterator[Provisioner]:
    with provisioning(world) as made:
        yield made


def bound(world: World, provisioner: Provisioner, of: str = "", **parts: Any) -> Object:
    make_class(world, "fast", *([of] if of else []), **{"allowVolumeExpansion": True, **parts})
    claim = asked(world, "fast", *([of] if of else []))
    provisioner.reconcile(str(CLAIM))
    return bind(world, claim)


def ask_for(world: World, size: str) -> None:
    def asks(claim: Object) -> Object:
        claim["spec"]["resources"] = {"requests": {"storage": size}}
        return claim

    world.registry.change(CLAIM, asks)


def capacities(world: World) -> tuple[str, str]:
    """The volume's and the claim's."""
    return spec_of(the_volume(world))["capacity"]["storage"], status_of(the_claim(world))["capacity"][
        "storage"
    ]


def test_a_claim_that_asks_for_more_gets_it_in_the_order_of_the_external_resizer(
    world: World, provisioner: Provisioner
) -> None:
    bound(world, provisioner)
    ask_for(world, "3Gi")
    provisioner.reconcile(str(CLAIM))
    assert capacities(world) == ("3Gi", "3Gi")
    assert status_of(the_claim(world))["allocatedResources"] == {"storage": "3Gi"}
    assert not status_of(the_claim(world)).keys() & {"conditions", "allocatedResourceStatuses"}
    volume = the_volume(world)["metadata"]["name"]
    assert world.events("Resizing") == [f"External resizer is resizing volume {volume}"]
    assert world.events("VolumeResizeSuccessful") == ["Resize volume succeeded"]
    version = world.store.version()
    provisioner.reconcile(str(CLAIM))
    assert world.store.version() == version


def test_a_class_that_does_not_allow_it_refuses_to_grow_and_nothing_shrinks(
    world: World, provisioner: Provisioner
) -> None:
    bound(world, provisioner, allowVolumeExpansion=False)
    with pytest.raises(ApiError, match="only dynamically provisioned pvc can be resized"):
        ask_for(world, "3Gi")
    with pytest.raises(ApiError, match=r"field can not be less than status\.capacity"):
        ask_for(world, "1Mi")


def test_what_was_begun_is_finished_after_any_of_its_writes(world: World, provisioner: Provisioner) -> None:
    bound(world, provisioner)
    ask_for(world, "3Gi")
    world.engine.fail_next("inspect_volume", RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        provisioner.reconcile(str(CLAIM))
    begun = status_of(the_claim(world))
    assert [one["type"] for one in begun["conditions"]] == ["Resizing"]
    assert begun["allocatedResourceStatuses"] == {"storage": "ControllerResizeInProgress"}
    assert capacities(world) == ("1Gi", "1Gi")

    def grown(volume: Object) -> Object:
        volume["spec"]["capacity"] = {"storage": "3Gi"}
        return volume

    world.registry.change(ref_of(the_volume(world)), grown)
    ask_for(world, "2Gi")
    provisioner.reconcile(str(CLAIM))
    assert capacities(world) == ("3Gi", "3Gi"), "the size that was promised, though less is asked for since"


def test_a_volume_in_memory_stays_as_large_as_it_is_and_says_so_once(
    world: World, provisioner: Provisioner
) -> None:
    bound(world, provisioner, TMPFS)
    ask_for(world, "3Gi")
    provisioner.reconcile(str(CLAIM))
    provisioner.reconcile(str(CLAIM))
    assert capacities(world) == ("1Gi", "1Gi")
    status = status_of(the_claim(world))
    assert status["allocatedResourceStatuses"] == {"storage": "ControllerResizeInfeasible"}
    (condition,) = status["conditions"]
    assert (condition["type"], condition["status"]) == ("ControllerResizeError", "True")
    (message,) = world.events("VolumeResizeFailed")
    assert "a volume in memory keeps the size that it was made with" in message
    assert len([one for one in world.store.list("Event").items if one["count"] > 1]) == 0
    ask_for(world, "4Gi")
    provisioner.reconcile(str(CLAIM))
    assert capacities(world) == ("1Gi", "1Gi")
    assert status_of(the_claim(world))["allocatedResources"] == {"storage": "4Gi"}
    assert [
        one["count"] for one in world.store.list("Event").items if one["reason"] == "VolumeResizeFailed"
    ] == [2]


@pytest.mark.parametrize(
    "change",
    [
        {"status": {"phase": "Pending"}},
        {"status": {"phase": "Bound", "capacity": {"storage": "5Gi"}}},
        {"metadata": {"uid": "another"}},
    ],
)
def test_only_a_bound_claim_that_asks_for_more_than_it_has_grows(change: Object) -> None:
    spec = {"resources": {"requests": {"storage": "3Gi"}}}
    status = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    claim = {"metadata": {"uid": "u"}, "spec": spec, "status": status}
    csi = {"driver": "docker.minisets.dev", "volumeHandle": "it"}
    volume = {"spec": {"csi": csi, "claimRef": {"uid": "u"}, "capacity": {"storage": "1Gi"}}}
    assert wanted_size(claim, volume) == "3Gi"
    assert wanted_size({**claim, **change}, volume) is None
    foreign = {"spec": {**volume["spec"], "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "it"}}}
    assert wanted_size(claim, foreign) is None
