"""What snapshots, contents and classes may say: the CRDs' own rules and words."""

from typing import Any

import pytest

from minisets.objects.kinds import Object
from minisets.objects.validation import validate, validate_status, validate_update

META = {"name": "one", "namespace": "default"}


def snapshot(**spec: Any) -> Object:
    return {"metadata": META, "spec": {"source": {"persistentVolumeClaimName": "a"}, **spec}}


def content(**spec: Any) -> Object:
    good = {
        "volumeSnapshotRef": {"name": "one", "namespace": "default"},
        "source": {"volumeHandle": "a"},
        "driver": "docker.minisets.dev",
        "deletionPolicy": "Delete",
    }
    return {"metadata": {"name": "c"}, "spec": {**good, **spec}}


def said(kind: str, obj: Object, old: Object | None = None) -> list[str]:
    found = validate(kind, obj) if old is None else validate_update(kind, obj, old)
    return [f"{cause.field}: {cause.message}" for cause in found]


ONE_OF = "exactly one of volumeSnapshotContentName and persistentVolumeClaimName must be set"
ONE_HANDLE = "exactly one of volumeHandle and snapshotHandle must be set"


@pytest.mark.parametrize(
    ("kind", "obj", "expected"),
    [
        ("VolumeSnapshot", snapshot(), []),
        ("VolumeSnapshot", snapshot(source=None), ["spec.source: Required value"]),
        ("VolumeSnapshot", snapshot(source={}), [f'spec.source: Invalid value: "object": {ONE_OF}']),
        (
            "VolumeSnapshot",
            snapshot(source={"persistentVolumeClaimName": "a", "volumeSnapshotContentName": "b"}),
            [f'spec.source: Invalid value: "object": {ONE_OF}'],
        ),
        (
            "VolumeSnapshot",
            snapshot(volumeSnapshotClassName=""),
            [
                (
                    'spec.volumeSnapshotClassName: Invalid value: "": '
                    "volumeSnapshotClassName must not be the empty string when set"
                )
            ],
        ),
        ("VolumeSnapshotContent", content(), []),
        ("VolumeSnapshotContent", content(driver=None), ["spec.driver: Required value"]),
        (
            "VolumeSnapshotContent",
            content(source={}),
            [f'spec.source: Invalid value: "object": {ONE_HANDLE}'],
        ),
        (
            "VolumeSnapshotContent",
            content(volumeSnapshotRef={"name": "one"}),
            [
                (
                    'spec.volumeSnapshotRef: Invalid value: "object": both spec.volumeSnapshotRef.name and '
                    "spec.volumeSnapshotRef.namespace must be set"
                )
            ],
        ),
        (
            "VolumeSnapshotContent",
            content(deletionPolicy="Recycle"),
            ['spec.deletionPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
        ),
        ("VolumeSnapshotClass", {"metadata": {"name": "c"}, "driver": "d", "deletionPolicy": "Retain"}, []),
        (
            "VolumeSnapshotClass",
            {"metadata": {"name": "c"}},
            ["deletionPolicy: Required value", "driver: Required value"],
        ),
    ],
)
def test_what_is_wrong_is_named(kind: str, obj: Object, expected: list[str]) -> None:
    assert said(kind, obj) == expected


def test_a_source_stays() -> None:
    other = snapshot(source={"persistentVolumeClaimName": "b"})
    assert said("VolumeSnapshot", other, snapshot()) == [
        'spec.source.persistentVolumeClaimName: Invalid value: "b": persistentVolumeClaimName is immutable'
    ]
    moved = snapshot(source={"volumeSnapshotContentName": "b"})
    assert said("VolumeSnapshot", moved, snapshot()) == [
        'spec.source: Invalid value: "object": persistentVolumeClaimName is required once set'
    ]
    assert said("VolumeSnapshotContent", content(sourceVolumeMode="Block"), content()) == []
    assert said("VolumeSnapshotContent", content(), content(sourceVolumeMode="Block")) == [
        'spec: Invalid value: "object": sourceVolumeMode is required once set'
    ]
    assert said("VolumeSnapshotClass", {"deletionPolicy": "Delete", "driver": "d", "metadata": {}}, {}) == []


def test_a_size_below_zero_is_refused() -> None:
    found = validate_status("VolumeSnapshotContent", {**content(), "status": {"restoreSize": -1}}, content())
    assert [cause.field for cause in found] == ["status.restoreSize"]
