from __future__ import annotations

from typing import Any

import pytest

from minisets.objects.defaulting import with_defaults
from minisets.objects.kinds import KINDS


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("ConfigMap", {"data": None}, {"data": None}),
        (
            "Endpoints",
            {"subsets": [{"ports": [{"port": 80}]}]},
            {
                "subsets": [{"ports": [{"port": 80, "protocol": "TCP"}]}],
            },
        ),
        (
            "EndpointSlice",
            {"ports": [{"port": 80}]},
            {"ports": [{"port": 80, "name": "", "protocol": "TCP"}]},
        ),
        (
            "Namespace",
            {"metadata": {"name": "shop", "labels": {"a": "b"}}},
            {
                "metadata": {"name": "shop", "labels": {"a": "b", "kubernetes.io/metadata.name": "shop"}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            },
        ),
        (
            "Node",
            {"status": {"capacity": {"cpu": "2"}}},
            {"status": {"capacity": {"cpu": "2"}, "allocatable": {"cpu": "2"}}},
        ),
        (
            "PersistentVolume",
            {"spec": {"hostPath": {"path": "/srv"}}},
            {
                "spec": {
                    "hostPath": {"path": "/srv", "type": ""},
                    "persistentVolumeReclaimPolicy": "Retain",
                    "volumeMode": "Filesystem",
                },
                "status": {"phase": "Pending"},
            },
        ),
        (
            "PersistentVolumeClaim",
            {"spec": {"volumeMode": "Block"}, "status": {"phase": "Bound"}},
            {"spec": {"volumeMode": "Block"}, "status": {"phase": "Bound"}},
        ),
        ("StorageClass", {}, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}),
        ("Secret", {"data": {"a": "MQ=="}}, {"data": {"a": "MQ=="}, "type": "Opaque"}),
        (
            "Secret",
            {"type": "a/b", "data": {"a": "MQ==", "c": "Mw=="}, "stringData": {"a": "2"}},
            {"type": "a/b", "data": {"a": "Mg==", "c": "Mw=="}},
        ),
    ],
)
def test_each_kind_gets_its_defaults(kind: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    """A-91; A-154 for the namespace."""
    assert with_defaults(kind, given) == expected


def test_a_namespace_that_is_being_deleted_keeps_its_finalizer_list_as_it_is() -> None:
    leaving = {"metadata": {"name": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": {}}

    assert with_defaults("Namespace", leaving)["spec"] == {}


@pytest.mark.parametrize("kind", [kind.title for kind in KINDS])
def test_an_empty_object_of_any_kind_never_raises_and_settles(kind: str) -> None:
    once = with_defaults(kind, {})

    assert with_defaults(kind, once) == once
