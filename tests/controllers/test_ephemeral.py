from datetime import timedelta
from typing import Any

import pytest

from minisets.controllers.ephemeral import EphemeralVolumes
from minisets.controllers.garbage import Garbage
from minisets.objects.metadata import annotations_of, labels_of, spec_of, uid_of
from minisets.objects.owners import is_controlled_by
from minisets.registry.options import DeleteOptions
from tests.controllers.house import House, ref

SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
NOW = DeleteOptions(grace=timedelta(0))


@pytest.fixture
def house(house: House) -> House:
    house.run(EphemeralVolumes(house.store, house.registry))
    house.run(Garbage(house.store, house.registry))
    return house


def make_pod(house: House, **metadata: Any) -> None:
    template = {"metadata": metadata, "spec": SPEC}
    volume = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}
    house.create("Pod", "web-0", spec={"containers": [{"name": "c", "image": "x:1"}], "volumes": [volume]})


def test_an_ephemeral_volumes_claim_is_made_for_the_pod_and_goes_with_it(house: House) -> None:
    make_pod(house, labels={"a": "1"}, annotations={"b": "2"})
    house.settle()
    claim = house.get("PersistentVolumeClaim", "web-0-scratch")
    assert is_controlled_by(claim, house.get("Pod", "web-0"))
    assert (labels_of(claim), annotations_of(claim)["b"]) == ({"a": "1"}, "2")
    assert spec_of(claim)["resources"] == SPEC["resources"]
    house.registry.delete(ref("Pod", "web-0"), NOW)
    house.settle()
    left = house.store.get(ref("PersistentVolumeClaim", "web-0-scratch"))
    assert left is None or left["metadata"]["deletionTimestamp"]


def test_a_claim_that_is_deleted_under_its_pod_is_made_again(house: House) -> None:
    make_pod(house)
    house.settle()
    first = uid_of(house.get("PersistentVolumeClaim", "web-0-scratch"))
    claim = ref("PersistentVolumeClaim", "web-0-scratch")
    house.registry.delete(claim, NOW)
    house.registry.change(claim, lambda old: {**old, "metadata": {**old["metadata"], "finalizers": []}})
    house.settle()
    assert uid_of(house.get("PersistentVolumeClaim", "web-0-scratch")) != first


def test_a_claim_of_somebody_elses_is_left_as_it_is(house: House) -> None:
    house.create("PersistentVolumeClaim", "web-0-scratch", spec=SPEC)
    make_pod(house)
    house.settle()
    claim = house.get("PersistentVolumeClaim", "web-0-scratch")
    assert not is_controlled_by(claim, house.get("Pod", "web-0"))
