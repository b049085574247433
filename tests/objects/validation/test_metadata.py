from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.validation import refusal, validate, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object

Break = Any
KEY = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'MyName', or 'my.name', or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must"
    " start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


@pytest.fixture
def config_map() -> Object:
    return {"metadata": {"name": "settings", "namespace": "default"}, "data": {"a": "b"}}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "Settings", [f'metadata.name: Invalid value: "Settings": {SUBDOMAIN}']),
        ("name", "a.b", []),
        ("generateName", "web-", []),
        ("generateName", "Web-", [f'metadata.generateName: Invalid value: "Web-": {SUBDOMAIN}']),
        ("namespace", None, ["metadata.namespace: Required value"]),
        ("namespace", "a.b", ['metadata.namespace: Invalid value: "a.b": must not contain dots']),
        ("labels", {"app": "web", "example.com/tier": ""}, []),
        ("labels", {"a b": "c"}, [f'metadata.labels: Invalid value: "a b": {KEY}']),
        (
            "labels",
            {"/a": "c"},
            ['metadata.labels: Invalid value: "/a": prefix part must be non-empty'],
        ),
        (
            "labels",
            {"a": "-"},
            [
                (
                    'metadata.labels: Invalid value: "-": a valid label must be an empty string or consist of'
                    " alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
                    " character (e.g. 'MyValue', or 'my_value', or '12345', regex used for validation is"
                    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                ),
            ],
        ),
        (
            "labels",
            {"a": "x" * 64},
            [f'metadata.labels: Invalid value: "{"x" * 64}": must be no more than 63 bytes'],
        ),
        ("annotations", {"Example.com/Any": "any\nthing"}, []),
        (
            "annotations",
            {"a": "x" * 262144},
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
        ),
        (
            "finalizers",
            ["mine"],
            [
                (
                    'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name'
                    " nor is it fully qualified"
                ),
            ],
        ),
        (
            "finalizers",
            ["orphan", "foregroundDeletion"],
            [
                (
                    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]:'
                    " finalizer orphan and foregroundDeletion cannot be both set"
                ),
            ],
        ),
        (
            "ownerReferences",
            [{"apiVersion": "v1", "kind": "Pod", "name": "web-0"}],
            ["metadata.ownerReferences[0].uid: Required value: must not be empty"],
        ),
    ],
)
def test_metadata_is_refused_with_kubernetes_words(
    config_map: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    field: str,
    value: Any,
    expected: list[str],
) -> None:
    assert said(validate("ConfigMap", broken(config_map, f"metadata.{field}", value))) == expected


def test_only_one_owner_may_control(config_map: Object, broken: Break) -> None:
    owners = [
        {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": name, "controller": True} for name in "ab"
    ]

    causes = validate("ConfigMap", broken(config_map, "metadata.ownerReferences", owners))

    assert [cause.field for cause in causes] == ["metadata.ownerReferences"]
    assert causes[0].message.endswith(
        'Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/b'
    )


def test_a_cluster_scoped_object_has_no_namespace(said: Callable[[Iterable[Cause]], list[str]]) -> None:
    namespace = {"metadata": {"name": "shop", "namespace": "default"}}

    assert said(validate("Namespace", namespace)) == [
        "metadata.namespace: Forbidden: not allowed on this type"
    ]


def test_no_finalizer_is_added_while_deleting(config_map: Object, broken: Break) -> None:
    """A-74."""
    old = broken(config_map, "metadata.deletionTimestamp", "2026-01-01T00:00:00Z")
    new = broken(old, "metadata.finalizers", ["example.com/x"])

    assert str(refusal("ConfigMap", "settings", validate_update("ConfigMap", new, old))) == (
        'ConfigMap "settings" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if'
        ' the object is being deleted, found new finalizers []string{"example.com/x"}'
    )
    assert validate_update("ConfigMap", old, new) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "other"), ("namespace", "other"), ("uid", "2"), ("creationTimestamp", "2026-01-02T00:00:00Z")],
)
def test_identity_never_changes(config_map: Object, broken: Break, field: str, value: str) -> None:
    old = broken(
        broken(config_map, "metadata.uid", "1"), "metadata.creationTimestamp", "2026-01-01T00:00:00Z"
    )

    causes = validate_update("ConfigMap", broken(old, f"metadata.{field}", value), old)

    assert [(cause.field, cause.message) for cause in causes] == [
        (f"metadata.{field}", f'Invalid value: "{value}": field is immutable'),
    ]


def test_a_body_without_uid_and_stamps_is_an_update(config_map: Object, broken: Break) -> None:
    old = broken(
        broken(config_map, "metadata.uid", "1"), "metadata.creationTimestamp", "2026-01-01T00:00:00Z"
    )

    assert validate_update("ConfigMap", config_map, old) == ()
