"""Snapshots and their contents, bound by the controller; a test plays the snapshotter."""

from typing import Any

import pytest

from minisets.controllers.snapshots.reconciler import Snapshots, ensure_default_snapshot_class
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import annotations_of, finalizers_of, name_of, spec_of, status_of, uid_of
from minisets.objects.snapshots import AS_SOURCE, BEING_DELETED, BOUND, CONTENT_BOUND
from minisets.settings import PROVISIONER
from tests.controllers.house import House

SNAPSHOT, CONTENT, CLASS = "VolumeSnapshot", "VolumeSnapshotContent", "VolumeSnapshotClass"


@pytest.fixture
def house(house: House) -> House:
    ensure_default_snapshot_class(house.registry)
    house.run(Snapshots(house.store, house.registry, house.recorder("snapshot-controller"), house.clock))
    return house


def bound_claim(house: House, name: str = "www-web-0", driver: str = PROVISIONER) -> None:
    capacity = {"storage": "1Gi"}
    wanted: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": capacity}}
    house.create("PersistentVolumeClaim", name, spec={**wanted, "volumeName": f"pv-{name}"})
    house.set_status("PersistentVolumeClaim", name, phase="Bound")
    source = {"driver": driver, "volumeHandle": name}
    spec = {"capacity": capacity, "accessModes": ["ReadWriteOnce"], "csi": source}
    house.create("PersistentVolume", f"pv-{name}", spec=spec)


def snapshot(house: House, name: str = "one", **spec: Any) -> Object:
    source = {"persistentVolumeClaimName": "www-web-0"}
    created = house.create(SNAPSHOT, name, spec={"source": source, **spec})
    house.settle()
    return created


def content(house: House) -> Object:
    (name,) = house.names(CONTENT)
    return house.get(CONTENT, name, "")


def taken(house: House, **status: Any) -> None:
    """What the snapshotter says."""
    told = {"snapshotHandle": "copy", "creationTime": 1_795_000_000_000_000_000, "restoreSize": 2**30}
    house.set_status(CONTENT, name_of(content(house)), "", **told, readyToUse=True, **status)
    house.settle()


def error_of(house: House, name: str = "one") -> str:
    return str((status_of(house.get(SNAPSHOT, name)).get("error") or {}).get("message") or "")


def let_go(house: House) -> None:
    def without(obj: Object) -> None:
        obj["metadata"]["finalizers"] = []

    house.edit(CONTENT, name_of(content(house)), without, "")
    house.settle()


def test_a_snapshot_gets_a_content_that_names_it_and_the_volume(house: House) -> None:
    bound_claim(house)
    made = snapshot(house)
    found = content(house)
    assert name_of(found) == f"snapcontent-{uid_of(made)}"
    assert spec_of(found)["source"] == {"volumeHandle": "www-web-0"}
    assert spec_of(found)["volumeSnapshotRef"]["uid"] == uid_of(made)
    assert (spec_of(found)["driver"], spec_of(found)["deletionPolicy"]) == (PROVISIONER, "Delete")
    assert finalizers_of(found) == (CONTENT_BOUND,)
    assert set(finalizers_of(house.get(SNAPSHOT, "one"))) == {BOUND, AS_SOURCE}
    status = status_of(house.get(SNAPSHOT, "one"))
    assert status == {"boundVolumeSnapshotContentName": name_of(found), "readyToUse": False}
    assert [reason for _, reason, _ in house.events("one")] == ["CreatingSnapshot"]


def test_a_snapshot_tells_what_its_content_tells(house: House) -> None:
    bound_claim(house)
    snapshot(house)
    taken(house)
    status = status_of(house.get(SNAPSHOT, "one"))
    assert (status["readyToUse"], status["restoreSize"]) == (True, "1Gi")
    assert status["creationTime"] == "2026-11-18T11:06:40Z"
    said = [message for _, _, message in house.events("one")]
    assert "Snapshot default/one was successfully created by the CSI driver." in said
    assert "Snapshot default/one is ready to use." in said
    before = house.store.version()
    house.reconcile_all_again()
    assert house.store.version() == before


def test_what_failed_is_told(house: House) -> None:
    bound_claim(house)
    snapshot(house)
    error = {"message": "no space", "time": "2026-11-23T12:00:00Z"}
    house.set_status(CONTENT, name_of(content(house)), "", readyToUse=False, error=error)
    house.settle()
    assert error_of(house) == "no space"


def test_a_snapshot_without_a_class_gets_the_default_one(house: House) -> None:
    bound_claim(house)
    house.create(CLASS, "other", driver="elsewhere.example.com", deletionPolicy="Delete")
    snapshot(house)
    assert spec_of(house.get(SNAPSHOT, "one"))["volumeSnapshotClassName"] == "standard"
    assert spec_of(content(house))["volumeSnapshotClassName"] == "standard"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"volumeSnapshotClassName": "no"},
            (
                "Failed to get snapshot class with error volumesnapshotclass.snapshot.storage.k8s.io"
                ' "no" not found'
            ),
        ),
        (
            {"volumeSnapshotClassName": "other"},
            (
                "Failed to create snapshot content with error the snapshot class other is for"
                " elsewhere.example.com, the volume is docker.minisets.dev's"
            ),
        ),
        (
            {"source": {"persistentVolumeClaimName": "no"}},
            'Failed to create snapshot content with error persistentvolumeclaim "no" not found',
        ),
        (
            {"source": {"persistentVolumeClaimName": "waits"}},
            (
                "Failed to create snapshot content with error the PVC waits is not yet bound to a PV,"
                " will not attempt to take a snapshot"
            ),
        ),
        ({"source": {"volumeSnapshotContentName": "no"}}, "VolumeSnapshotContent is missing"),
    ],
)
def test_what_stands_in_the_way_is_told_once(house: House, spec: dict[str, Any], said: str) -> None:
    bound_claim(house)
    house.create(CLASS, "other", driver="elsewhere.example.com", deletionPolicy="Delete")
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    house.create("PersistentVolumeClaim", "waits", spec=wanted)
    snapshot(house, **spec)
    assert error_of(house) == said
    house.reconcile_all_again()
    assert [kind for kind, _, message in house.events("one") if message == said] == ["Warning"]
    assert house.names(CONTENT) == []


def test_a_claim_that_comes_later_is_taken_then(house: House) -> None:
    snapshot(house)
    assert error_of(house)
    bound_claim(house)
    house.settle()
    assert spec_of(content(house))["source"] == {"volumeHandle": "www-web-0"}
    assert error_of(house) == ""


@pytest.mark.parametrize("number", [0, 2])
def test_there_must_be_one_default_class(house: House, number: int) -> None:
    bound_claim(house)
    house.registry.delete(Ref(CLASS, "", "standard"))
    annotations = {"snapshot.storage.kubernetes.io/is-default-class": "true"}
    for each in range(number):
        metadata = {"annotations": annotations}
        house.create(CLASS, f"c{each}", metadata=metadata, driver=PROVISIONER, deletionPolicy="Delete")
    snapshot(house)
    why = "2 default snapshot classes were found" if number else "cannot find default snapshot class"
    assert error_of(house) == f"Failed to set default snapshot class with error {why}"


def test_a_content_goes_with_its_snapshot_unless_retained(house: House) -> None:
    bound_claim(house)
    snapshot(house)
    taken(house)
    house.registry.delete(Ref(SNAPSHOT, "default", "one"))
    house.settle()
    assert annotations_of(content(house))[BEING_DELETED] == "yes"
    assert house.find(SNAPSHOT, "one") is not None, "it waits for its content"
    let_go(house)
    assert (house.find(SNAPSHOT, "one"), house.names(CONTENT)) == (None, [])


def test_a_retained_content_stays(house: House) -> None:
    bound_claim(house)
    house.create(CLASS, "keep", driver=PROVISIONER, deletionPolicy="Retain")
    snapshot(house, volumeSnapshotClassName="keep")
    taken(house)
    house.registry.delete(Ref(SNAPSHOT, "default", "one"))
    house.settle()
    assert house.find(SNAPSHOT, "one") is None
    assert "deletionTimestamp" not in content(house)["metadata"]


def there(house: House, name: str = "one") -> None:
    house.create(
        CONTENT,
        "there",
        spec={
            "volumeSnapshotRef": {"name": name, "namespace": "default"},
            "source": {"snapshotHandle": "copy"},
            "driver": PROVISIONER,
            "deletionPolicy": "Retain",
        },
    )


def test_a_content_that_is_there_is_bound(house: House) -> None:
    there(house)
    made = snapshot(house, source={"volumeSnapshotContentName": "there"})
    assert spec_of(content(house))["volumeSnapshotRef"]["uid"] == uid_of(made)
    assert finalizers_of(content(house)) == (CONTENT_BOUND,)
    taken(house)
    assert status_of(house.get(SNAPSHOT, "one"))["readyToUse"] is True


def test_a_content_of_another_snapshot_is_not_taken(house: House) -> None:
    there(house, "other")
    snapshot(house, source={"volumeSnapshotContentName": "there"})
    assert error_of(house) == "VolumeSnapshotContent [there] is bound to a different snapshot"
    assert "uid" not in spec_of(content(house))["volumeSnapshotRef"]


def test_a_content_that_was_lost_is_told(house: House) -> None:
    bound_claim(house)
    snapshot(house)
    taken(house)
    house.registry.delete(Ref(CONTENT, "", name_of(content(house))))
    let_go(house)
    assert error_of(house) == "VolumeSnapshotContent is missing"
    assert status_of(house.get(SNAPSHOT, "one"))["readyToUse"] is False
