from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.defaulting import with_defaults
from minisets.objects.validation import validate, validate_status, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object

Break = Any
MODES = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
IMMUTABLE = (
    "spec: Forbidden: spec is immutable after creation except resources.requests and"
    " volumeAttributesClassName for bound claims\n  "
)


@pytest.fixture
def storage_class() -> Object:
    return with_defaults(
        "StorageClass",
        {"metadata": {"name": "standard"}, "provisioner": "docker.minisets.dev"},
    )


def test_the_good_ones_are_accepted(claim: Object, volume: Object, storage_class: Object) -> None:
    assert validate("PersistentVolumeClaim", claim) == ()
    assert validate("PersistentVolume", volume) == ()
    assert validate("StorageClass", storage_class) == ()


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec.accessModes", None, ["spec.accessModes: Required value: at least 1 access mode is required"]),
        (
            "spec.accessModes",
            ["RWO"],
            [f'spec.accessModes: Unsupported value: "RWO": supported values: {MODES}'],
        ),
        ("spec.resources", {}, ["spec.resources[storage]: Required value"]),
        (
            "spec.volumeMode",
            "Tape",
            ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
        ),
        ("spec.storageClassName", "", []),
        (
            "spec.selector",
            {"matchExpressions": [{"key": "a", "operator": "In"}]},
            [
                (
                    "spec.selector.matchExpressions[0].values: Required value:"
                    " must be specified when `operator` is 'In' or 'NotIn'"
                ),
            ],
        ),
    ],
)
def test_a_broken_claim_is_refused(
    claim: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    path: str,
    value: Any,
    expected: list[str],
) -> None:
    """A-85."""
    assert said(validate("PersistentVolumeClaim", broken(claim, path, value))) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec.volumeName", "pvc-1", []),
        ("spec.storageClassName", "standard", []),
        (
            "spec.accessModes",
            ["ReadWriteMany"],
            [f'{IMMUTABLE}spec.accessModes[0]: "ReadWriteOnce" -> "ReadWriteMany"'],
        ),
        (
            "spec.resources.requests.storage",
            "2Gi",
            [f'{IMMUTABLE}spec.resources.requests.storage: "1Gi" -> "2Gi"'],
        ),
    ],
)
def test_an_unbound_claim_may_only_be_given_its_volume_and_class(
    claim: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    path: str,
    value: Any,
    expected: list[str],
) -> None:
    """A-79."""
    assert said(validate_update("PersistentVolumeClaim", broken(claim, path, value), claim)) == expected


def test_a_bound_claim_may_grow_but_not_shrink_below_its_volume(
    claim: Object, broken: Break, said: Callable[[Iterable[Cause]], list[str]]
) -> None:
    """A-79."""
    bound = broken(claim, "status", {"phase": "Bound", "capacity": {"storage": "1Gi"}})

    grown = broken(bound, "spec.resources.requests.storage", "2Gi")
    shrunk = broken(bound, "spec.resources.requests.storage", "512Mi")

    assert validate_update("PersistentVolumeClaim", grown, bound) == ()
    assert said(validate_update("PersistentVolumeClaim", shrunk, bound)) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity",
    ]


def test_a_class_or_volume_once_set_stays(claim: Object, broken: Break) -> None:
    """A-79."""
    old = broken(broken(claim, "spec.volumeName", "pvc-1"), "spec.storageClassName", "")

    for path in ("spec.volumeName", "spec.storageClassName"):
        causes = validate_update("PersistentVolumeClaim", broken(old, path, "other"), old)
        assert [(cause.field, cause.reason) for cause in causes] == [("spec", "FieldValueForbidden")]


def test_a_claims_capacity_is_an_amount(claim: Object, said: Callable[[Iterable[Cause]], list[str]]) -> None:
    new = {**claim, "status": {"capacity": {"storage": "-1Gi"}}}

    assert said(validate_status("PersistentVolumeClaim", new, claim)) == [
        'status.capacity[storage]: Invalid value: "-1Gi": must be greater than or equal to 0',
    ]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec.accessModes", [], ["spec.accessModes: Required value"]),
        (
            "spec.capacity",
            {},
            [
                "spec.capacity: Required value",
                'spec.capacity: Unsupported value: {}: supported values: "storage"',
            ],
        ),
        ("spec.csi", None, ["spec: Required value: must specify a volume type"]),
        (
            "spec.hostPath",
            {"path": "/srv"},
            ["spec.hostPath: Forbidden: may not specify more than 1 volume type"],
        ),
        ("spec.csi.volumeHandle", "", ["spec.csi.volumeHandle: Required value"]),
        (
            "spec.persistentVolumeReclaimPolicy",
            "Keep",
            [
                (
                    'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep":'
                    ' supported values: "Delete", "Recycle", "Retain"'
                ),
            ],
        ),
    ],
)
def test_a_broken_volume_is_refused(
    volume: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    path: str,
    value: Any,
    expected: list[str],
) -> None:
    assert said(validate("PersistentVolume", broken(volume, path, value))) == expected


def test_a_volume_keeps_its_source_but_not_its_policy(
    volume: Object, broken: Break, said: Callable[[Iterable[Cause]], list[str]]
) -> None:
    """A-79."""
    policy = broken(volume, "spec.persistentVolumeReclaimPolicy", "Delete")
    moved = broken(volume, "spec.csi.volumeHandle", "other")

    assert validate_update("PersistentVolume", policy, volume) == ()
    assert said(validate_update("PersistentVolume", moved, volume)) == [
        (
            "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"
            '\n  spec.csi.volumeHandle: "www-web-0" -> "other"'
        ),
    ]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("provisioner", "", ["provisioner: Required value"]),
        (
            "reclaimPolicy",
            "Recycle",
            ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
        ),
        (
            "volumeBindingMode",
            "Later",
            [
                (
                    'volumeBindingMode: Unsupported value: "Later":'
                    ' supported values: "Immediate", "WaitForFirstConsumer"'
                ),
            ],
        ),
    ],
)
def test_a_broken_storage_class_is_refused(
    storage_class: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    path: str,
    value: Any,
    expected: list[str],
) -> None:
    assert said(validate("StorageClass", broken(storage_class, path, value))) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provisioner", "example.com/other"),
        ("parameters", {"type": "fast"}),
        ("reclaimPolicy", "Retain"),
        ("volumeBindingMode", "WaitForFirstConsumer"),
    ],
)
def test_how_a_class_makes_volumes_stays(storage_class: Object, field: str, value: Any) -> None:
    causes = validate_update("StorageClass", {**storage_class, field: value}, storage_class)

    assert [(cause.field, cause.message.endswith("field is immutable")) for cause in causes] == [
        (field, True)
    ]
    assert (
        validate_update("StorageClass", {**storage_class, "allowVolumeExpansion": True}, storage_class) == ()
    )
