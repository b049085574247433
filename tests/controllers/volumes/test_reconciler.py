from typing import Any

import pytest

from minisets.controllers.volumes.reconciler import Volumes
from minisets.errors import Conflict
from minisets.objects.kinds import Object
from minisets.objects.metadata import annotations_of, finalizers_of, spec_of, status_of, uid_of
from tests.controllers.house import House, ref

CLAIM = "PersistentVolumeClaim"
VOLUME = "PersistentVolume"


@pytest.fixture
def house(house: House) -> House:
    house.run(Volumes(house.store, house.registry, house.recorder("persistentvolume-controller")))
    return house


def make_claim(house: House, name: str = "www-web-0", **spec: Any) -> Object:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return house.create(CLAIM, name, spec=wanted)


def make_volume(house: House, name: str = "disk", annotations: Any = None, **spec: Any) -> Object:
    wanted = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv"}}
    metadata = {"annotations": annotations} if annotations else {}
    return house.create(VOLUME, name, metadata=metadata, spec={**wanted, **spec})


def make_class(house: House, name: str = "standard", *, default: bool = True, **parts: Any) -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    house.create(
        "StorageClass",
        name,
        metadata={"annotations": annotations},
        **{"provisioner": "docker.minisets.dev", **parts},
    )


def provision(house: House, subject: Object, reclaim: str = "Delete") -> str:
    """What `kubelet/volumes/` does for a claim that is annotated."""
    name = f"pvc-{uid_of(subject)}"
    source = {"driver": "docker.minisets.dev", "volumeHandle": subject["metadata"]["name"]}
    target = {
        "kind": CLAIM,
        "apiVersion": "v1",
        "namespace": "default",
        "name": subject["metadata"]["name"],
        "uid": uid_of(subject),
    }
    house.create(
        VOLUME,
        name,
        metadata={"annotations": {"pv.kubernetes.io/provisioned-by": "docker.minisets.dev"}},
        spec={
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "standard",
            "persistentVolumeReclaimPolicy": reclaim,
            "claimRef": target,
            "csi": source,
        },
    )
    return name


def phases(house: House) -> dict[str, str]:
    found = (*house.store.list(CLAIM).items, *house.store.list(VOLUME).items)
    return {obj["metadata"]["name"]: status_of(obj)["phase"] for obj in found}


def test_a_claim_and_a_volume_find_each_other_whichever_comes_first(house: House) -> None:
    """A-135, A-138."""
    make_claim(house)
    house.settle()
    assert phases(house) == {"www-web-0": "Pending"}
    make_volume(house)
    house.settle()
    assert phases(house) == {"www-web-0": "Bound", "disk": "Bound"}
    bound, disk = house.get(CLAIM, "www-web-0"), house.get(VOLUME, "disk")
    assert spec_of(bound)["volumeName"] == "disk"
    assert spec_of(disk)["claimRef"]["uid"] == uid_of(bound)
    assert status_of(bound)["capacity"] == {"storage": "1Gi"}
    assert annotations_of(bound)["pv.kubernetes.io/bind-completed"] == "yes"
    assert annotations_of(bound)["pv.kubernetes.io/bound-by-controller"] == "yes"
    assert annotations_of(disk)["pv.kubernetes.io/bound-by-controller"] == "yes"


def test_what_is_bound_stays_as_it_is(house: House) -> None:
    make_claim(house)
    make_volume(house)
    house.settle()
    before = house.store.version()
    house.reconcile_all_again()
    assert house.store.version() == before


def test_two_claims_never_get_the_same_volume(house: House) -> None:
    make_claim(house, "a")
    make_claim(house, "b")
    make_volume(house)
    house.settle()
    assert sorted(phases(house).items()) == [("a", "Bound"), ("b", "Pending"), ("disk", "Bound")]
    make_volume(house, "disk-2")
    house.settle()
    assert spec_of(house.get(CLAIM, "b"))["volumeName"] == "disk-2"


def test_a_claim_that_chose_too_late_tries_again(house: House) -> None:
    """Two workers may choose for two claims at once: the slower reservation is refused."""
    make_claim(house, "a")
    make_claim(house, "b")
    make_volume(house)
    house.set_status(VOLUME, "disk", phase="Available")
    late = Volumes(_Before(house, "a"), house.registry, house.recorder())
    with pytest.raises(Conflict):
        late.reconcile(f"{CLAIM} default/b")
    assert spec_of(house.get(VOLUME, "disk"))["claimRef"]["name"] == "a"


class _Before:
    """A reader whose reader is overtaken: claim `winner` is bound just after it listed the volumes."""

    def __init__(self, house: House, winner: str) -> None:
        self._house, self._winner = house, winner
        self.get = house.store.get

    def list(self, kind: str, namespace: str = "") -> Any:
        listing = self._house.store.list(kind, namespace)
        if kind == VOLUME:
            others = Volumes(self._house.store, self._house.registry, self._house.recorder())
            others.reconcile(f"{CLAIM} default/{self._winner}")
        return listing


def test_a_claim_is_provisioned_and_bound(house: House) -> None:
    """A-139."""
    make_class(house)
    subject = make_claim(house)
    house.settle()
    asked = house.get(CLAIM, "www-web-0")
    assert spec_of(asked)["storageClassName"] == "standard"
    for annotation in (
        "volume.kubernetes.io/storage-provisioner",
        "volume.beta.kubernetes.io/storage-provisioner",
    ):
        assert annotations_of(asked)[annotation] == "docker.minisets.dev"
    assert [reason for _, reason, _ in house.events("www-web-0")] == ["ExternalProvisioning"]
    made = provision(house, subject)
    house.settle()
    assert phases(house) == {"www-web-0": "Bound", made: "Bound"}
    assert "pv.kubernetes.io/bound-by-controller" not in annotations_of(house.get(VOLUME, made))


def test_a_claim_older_than_the_default_class_gets_it_later(house: House) -> None:
    """A-139."""
    make_claim(house)
    house.settle()
    assert [reason for _, reason, _ in house.events("www-web-0")] == ["FailedBinding"]
    make_class(house)
    house.settle()
    assert spec_of(house.get(CLAIM, "www-web-0"))["storageClassName"] == "standard"


def test_a_claim_that_wants_no_class_is_never_provisioned(house: House) -> None:
    """A-139."""
    make_class(house)
    make_claim(house, storageClassName="")
    house.settle()
    assert annotations_of(house.get(CLAIM, "www-web-0")) == {}


def test_a_retained_volume_stays_released_until_a_person_clears_its_claim(house: House) -> None:
    """A-141."""
    make_claim(house)
    make_volume(house)
    house.settle()
    house.registry.delete(ref(CLAIM, "www-web-0"))
    house.settle()
    assert phases(house) == {"disk": "Released"}
    make_claim(house)
    house.settle()
    assert phases(house) == {"www-web-0": "Pending", "disk": "Released"}
    house.edit(VOLUME, "disk", lambda obj: obj["spec"].pop("claimRef"))
    house.settle()
    assert phases(house) == {"www-web-0": "Bound", "disk": "Bound"}


def test_a_released_volume_can_be_removed_by_its_provisioner(house: House) -> None:
    """A-141, A-142: the two finalizers go when their time has come."""
    make_class(house)
    made = provision(house, make_claim(house))
    house.settle()
    house.registry.delete(ref(VOLUME, made))
    house.settle()
    assert finalizers_of(house.get(VOLUME, made)) == ("kubernetes.io/pv-protection",)
    house.registry.delete(ref(CLAIM, "www-web-0"))
    house.settle()
    assert phases(house) == {}


def test_a_claim_in_use_is_deleted_only_after_its_pod(house: House) -> None:
    """A-142."""
    make_claim(house)
    make_volume(house)
    house.node()
    house.pod("web-0", claims=["www-web-0"])
    house.registry.bind(ref("Pod", "web-0"), "minisets-0")
    house.settle()
    house.registry.delete(ref(CLAIM, "www-web-0"))
    house.settle()
    assert phases(house) == {"www-web-0": "Bound", "disk": "Bound"}
    house.end("web-0")
    house.settle()
    assert phases(house) == {"disk": "Released"}


def test_a_claim_whose_volume_is_torn_away_is_lost(house: House) -> None:
    """A-141."""
    make_claim(house)
    make_volume(house)
    house.settle()
    house.store_delete(VOLUME, "disk")
    house.settle()
    assert phases(house) == {"www-web-0": "Lost"}
    assert ("Warning", "ClaimLost") in [event[:2] for event in house.events("www-web-0")]


def test_a_volume_named_by_a_claim_may_come_later(house: House) -> None:
    """A-137."""
    make_claim(house, volumeName="disk", storageClassName="")
    house.settle()
    assert phases(house) == {"www-web-0": "Pending"}
    make_volume(house, "another")
    make_volume(house)
    house.settle()
    assert phases(house) == {"www-web-0": "Bound", "another": "Available", "disk": "Bound"}
    assert "pv.kubernetes.io/bound-by-controller" not in annotations_of(house.get(CLAIM, "www-web-0"))


def test_a_claim_of_a_late_binding_class_waits_until_a_node_is_selected(house: House) -> None:
    """A-140."""
    make_class(house, volumeBindingMode="WaitForFirstConsumer")
    make_claim(house)
    house.settle()
    assert [reason for _, reason, _ in house.events("www-web-0")] == ["WaitForFirstConsumer"]
    assert "volume.kubernetes.io/storage-provisioner" not in annotations_of(house.get(CLAIM, "www-web-0"))
    selected = {"volume.kubernetes.io/selected-node": "minisets-0"}
    house.edit(CLAIM, "www-web-0", lambda obj: obj["metadata"].update(annotations=selected))
    house.settle()
    assert "volume.kubernetes.io/storage-provisioner" in annotations_of(house.get(CLAIM, "www-web-0"))


def test_a_claim_that_waited_gets_a_volume_that_its_node_reaches(house: House) -> None:
    """A-140."""
    make_class(house, volumeBindingMode="WaitForFirstConsumer")
    hostname = "kubernetes.io/hostname"
    for name in ("minisets-0", "minisets-1"):
        house.create("Node", name, metadata={"labels": {hostname: name}})
        term = {"matchExpressions": [{"key": hostname, "operator": "In", "values": [name]}]}
        affinity = {"required": {"nodeSelectorTerms": [term]}}
        make_volume(house, f"on-{name}", storageClassName="standard", nodeAffinity=affinity)
    make_claim(house)
    house.settle()
    selected = {"volume.kubernetes.io/selected-node": "minisets-1"}
    house.edit(CLAIM, "www-web-0", lambda obj: obj["metadata"].update(annotations=selected))
    house.settle()
    assert house.get(CLAIM, "www-web-0")["spec"]["volumeName"] == "on-minisets-1"
