from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.validation import refusal, validate, validate_status, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object

Break = Any
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start"
    " and end with an alphanumeric character (e.g. 'my-name', or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
CONTAINER = "spec.template.spec.containers.0"
TEMPLATE = "spec.volumeClaimTemplates.0.spec"

REFUSED = [
    ("metadata.name", "we.b", ['metadata.name: Invalid value: "we.b": must not contain dots']),
    ("metadata.name", "Web", [f'metadata.name: Invalid value: "Web": {LABEL}']),
    (
        "metadata.name",
        "w" * 64,
        [f'metadata.name: Invalid value: "{"w" * 64}": must be no more than 63 characters'],
    ),
    ("metadata.name", None, ["metadata.name: Required value: name or generateName is required"]),
    ("spec.serviceName", "a.b", ['spec.serviceName: Invalid value: "a.b": must not contain dots']),
    (
        "spec.selector",
        None,
        [
            "spec.selector: Required value",
            (
                'spec.template.metadata.labels: Invalid value: {"app":"nginx"}:'
                " `selector` does not match template `labels`"
            ),
        ],
    ),
    ("spec.selector", {}, ["spec.selector: Invalid value: {}: empty selector is invalid for statefulset"]),
    (
        "spec.selector.matchLabels.app",
        "other",
        [
            (
                'spec.template.metadata.labels: Invalid value: {"app":"nginx"}:'
                " `selector` does not match template `labels`"
            ),
        ],
    ),
    (
        "spec.podManagementPolicy",
        "Sometimes",
        ["spec.podManagementPolicy: Invalid value: \"Sometimes\": must be 'OrderedReady' or 'Parallel'"],
    ),
    (
        "spec.updateStrategy",
        {"type": "Recreate"},
        [
            (
                'spec.updateStrategy: Invalid value: {"type":"Recreate"}:'
                " must be 'RollingUpdate' or 'OnDelete'"
            ),
        ],
    ),
    (
        "spec.updateStrategy",
        {"type": "OnDelete", "rollingUpdate": {"partition": 1}},
        [
            (
                'spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}:'
                " only allowed for updateStrategy 'RollingUpdate'"
            ),
        ],
    ),
    ("spec.replicas", -1, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    (
        "spec.minReadySeconds",
        -1,
        ["spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        "spec.ordinals",
        {"start": -2},
        ["spec.ordinals.start: Invalid value: -2: must be greater than or equal to 0"],
    ),
    (
        "spec.updateStrategy.rollingUpdate.partition",
        -1,
        [
            (
                "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1:"
                " must be greater than or equal to 0"
            ),
        ],
    ),
    (
        "spec.updateStrategy.rollingUpdate.maxUnavailable",
        0,
        ["spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"],
    ),
    (
        "spec.updateStrategy.rollingUpdate.maxUnavailable",
        "101%",
        [
            (
                'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%":'
                " must not be greater than 100%"
            ),
        ],
    ),
    (
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
        "Keep",
        [
            (
                'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep":'
                ' supported values: "Retain", "Delete"'
            ),
        ],
    ),
    (
        "spec.template.spec.restartPolicy",
        "Never",
        ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ),
    (
        "spec.template.spec.activeDeadlineSeconds",
        5,
        [
            (
                "spec.template.spec.activeDeadlineSeconds: Forbidden:"
                " activeDeadlineSeconds in StatefulSet is not Supported"
            ),
        ],
    ),
    (f"{CONTAINER}.image", None, ["spec.template.spec.containers[0].image: Required value"]),
    (
        f"{CONTAINER}.volumeMounts.0.name",
        "data",
        ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    ),
    (
        f"{TEMPLATE}.accessModes",
        [],
        [
            (
                "spec.volumeClaimTemplates[0].spec.accessModes: Required value:"
                " at least 1 access mode is required"
            ),
        ],
    ),
    (
        f"{TEMPLATE}.accessModes",
        ["ReadWriteOnce", "ReadWriteOncePod"],
        [
            (
                "spec.volumeClaimTemplates[0].spec.accessModes: Forbidden:"
                " may not use ReadWriteOncePod with other access modes"
            ),
        ],
    ),
    (f"{TEMPLATE}.resources", {}, ["spec.volumeClaimTemplates[0].spec.resources[storage]: Required value"]),
    (
        f"{TEMPLATE}.resources.requests.storage",
        "0",
        [
            (
                'spec.volumeClaimTemplates[0].spec.resources[storage]: Invalid value: "0":'
                " must be greater than zero"
            ),
        ],
    ),
]

ACCEPTED = [
    ("spec.serviceName", None),
    ("spec.podManagementPolicy", "Parallel"),
    ("spec.updateStrategy", {"type": "OnDelete"}),
    ("spec.updateStrategy.rollingUpdate.maxUnavailable", "100%"),
    ("spec.replicas", 0),
    ("spec.template.spec.hostname", "Not_Looked_At"),
    # Traps of real manifests: a volume that a claim template shadows, with no source or a dummy one.
    ("spec.template.spec.volumes", [{"name": "www"}]),
    ("spec.template.spec.volumes", [{"name": "www", "persistentVolumeClaim": {"claimName": ""}}]),
]


def test_the_good_statefulset_is_accepted(statefulset: Object) -> None:
    assert validate("StatefulSet", statefulset) == ()


@pytest.mark.parametrize(("path", "value", "expected"), REFUSED)
def test_one_broken_field_is_refused_with_kubernetes_words(
    statefulset: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    path: str,
    value: Any,
    expected: list[str],
) -> None:
    """A-80 to A-86."""
    assert said(validate("StatefulSet", broken(statefulset, path, value))) == expected


@pytest.mark.parametrize(("path", "value"), ACCEPTED)
def test_unusual_but_sound_fields_are_accepted(
    statefulset: Object, broken: Break, path: str, value: Any
) -> None:
    assert validate("StatefulSet", broken(statefulset, path, value)) == ()


def test_the_refusal_names_object_fields_and_causes(statefulset: Object, broken: Break) -> None:
    """A-76."""
    worse = broken(broken(statefulset, "spec.replicas", -1), f"{CONTAINER}.image", None)

    error = refusal("StatefulSet", "web", validate("StatefulSet", worse))

    assert str(error) == (
        'StatefulSet.apps "web" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal'
        " to 0, spec.template.spec.containers[0].image: Required value]"
    )
    assert error.as_status()["details"] == {
        "name": "web",
        "group": "apps",
        "kind": "StatefulSet",
        "causes": [
            {
                "reason": "FieldValueInvalid",
                "message": "Invalid value: -1: must be greater than or equal to 0",
                "field": "spec.replicas",
            },
            {
                "reason": "FieldValueRequired",
                "message": "Required value",
                "field": "spec.template.spec.containers[0].image",
            },
        ],
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.serviceName", "other"),
        ("spec.podManagementPolicy", "Parallel"),
        ("spec.selector", {"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
        (f"{TEMPLATE}.resources.requests.storage", "2Gi"),
    ],
)
def test_what_makes_a_statefulset_itself_cannot_change(
    statefulset: Object, broken: Break, path: str, value: Any
) -> None:
    """A-75, A-76."""
    causes = validate_update("StatefulSet", broken(statefulset, path, value), statefulset)

    assert str(refusal("StatefulSet", "web", causes)) == (
        'StatefulSet.apps "web" is invalid: spec: Forbidden: updates to statefulset spec for fields other'
        " than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit',"
        " 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    )
    assert [(cause.field, cause.reason) for cause in causes] == [("spec", "FieldValueForbidden")]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.replicas", 5),
        ("spec.ordinals", {"start": 3}),
        (f"{CONTAINER}.image", "nginx:2"),
        ("spec.updateStrategy", {"type": "OnDelete"}),
        ("spec.revisionHistoryLimit", 1),
        ("spec.minReadySeconds", 9),
        ("spec.persistentVolumeClaimRetentionPolicy.whenScaled", "Delete"),
    ],
)
def test_the_mutable_fields_can_change(statefulset: Object, broken: Break, path: str, value: Any) -> None:
    """A-75."""
    assert validate_update("StatefulSet", broken(statefulset, path, value), statefulset) == ()


def test_a_broken_template_is_refused_on_update_unless_the_stored_one_is_broken_too(
    statefulset: Object, broken: Break
) -> None:
    worse = broken(statefulset, f"{CONTAINER}.image", None)

    assert len(validate_update("StatefulSet", worse, statefulset)) == 1
    assert validate_update("StatefulSet", worse, worse) == ()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"replicas": 2, "readyReplicas": 2, "availableReplicas": 1}, []),
        (
            {"readyReplicas": -1, "availableReplicas": -1},
            [
                "status.readyReplicas: Invalid value: -1: must be greater than or equal to 0",
                "status.availableReplicas: Invalid value: -1: must be greater than or equal to 0",
            ],
        ),
        (
            {"replicas": 1, "currentReplicas": 2},
            ["status.currentReplicas: Invalid value: 2: cannot be greater than status.replicas"],
        ),
        (
            {"replicas": 2, "readyReplicas": 1, "availableReplicas": 2},
            ["status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas"],
        ),
        ({"collisionCount": 1}, ["status.collisionCount: Invalid value: 1: cannot be decremented"]),
    ],
)
def test_the_counts_of_a_status_must_fit_each_other(
    statefulset: Object,
    said: Callable[[Iterable[Cause]], list[str]],
    status: dict[str, int],
    expected: list[str],
) -> None:
    """A-87."""
    old = {**statefulset, "status": {"collisionCount": 2}}
    new = {**statefulset, "status": {"collisionCount": 2, **status}}

    assert said(validate_status("StatefulSet", new, old)) == expected
