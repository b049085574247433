from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.validation import validate, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object

Break = Any
C = "spec.containers.0"

REFUSED: list[tuple[str, Any, list[str]]] = [
    ("spec.containers", [], ["spec.containers: Required value"]),
    (
        "spec.volumes",
        [{"name": "cache", "emptyDir": {}}, {"name": "cache", "emptyDir": {}}],
        ['spec.volumes[1].name: Duplicate value: "cache"'],
    ),
    (
        "spec.volumes.0",
        {"name": "cache", "emptyDir": {}, "hostPath": {"path": "/srv"}},
        ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    ),
    (
        "spec.volumes.0",
        {"name": "cache", "configMap": {"defaultMode": 420}},
        ["spec.volumes[0].configMap.name: Required value"],
    ),
    (
        "spec.volumes.0",
        {"name": "cache", "secret": {"secretName": "s", "defaultMode": 755}},
        [
            (
                "spec.volumes[0].secret.defaultMode: Invalid value: 755:"
                " must be a number between 0 and 0777 (octal), both inclusive"
            ),
        ],
    ),
    (
        "spec.volumes.0",
        {"name": "cache", "configMap": {"name": "c", "items": [{"key": "k", "path": "/abs"}]}},
        [
            'spec.volumes[0].configMap.items[0].path: Invalid value: "/abs": must be a relative path',
        ],
    ),
    (
        "spec.volumes.0",
        {"name": "cache", "persistentVolumeClaim": {}},
        ["spec.volumes[0].persistentVolumeClaim.claimName: Required value"],
    ),
    (
        "spec.volumes.0",
        {"name": "cache", "hostPath": {"path": "/srv/../etc"}},
        ["spec.volumes[0].hostPath.path: Invalid value: \"/srv/../etc\": must not contain '..'"],
    ),
    (
        "spec.volumes.0",
        {
            "name": "cache",
            "projected": {
                "sources": [
                    {"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}},
                    {"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}},
                ],
            },
        },
        ['spec.volumes[0].projected: Invalid value: "p": conflicting duplicate paths'],
    ),
    (
        "spec.volumes.0",
        {
            "name": "cache",
            "downwardAPI": {
                "items": [
                    {"path": "p", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['a b']"}},
                ],
            },
        },
        [
            (
                'spec.volumes[0].downwardAPI.fieldRef: Invalid value: "a b": name part must consist of'
                " alphanumeric characters, '-', '_' or '.', and must start and end with an"
                " alphanumeric character"
                " (e.g. 'MyName', or 'my.name', or '123-abc', regex used for validation is"
                " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            ),
        ],
    ),
    (
        "spec.restartPolicy",
        "Maybe",
        [
            (
                'spec.restartPolicy: Unsupported value: "Maybe":'
                ' supported values: "Always", "OnFailure", "Never"'
            ),
        ],
    ),
    (
        "spec.terminationGracePeriodSeconds",
        -1,
        ["spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0"],
    ),
    ("spec.hostname", "a.b", ['spec.hostname: Invalid value: "a.b": must not contain dots']),
    ("spec.subdomain", "a.b", ['spec.subdomain: Invalid value: "a.b": must not contain dots']),
    (
        "spec.activeDeadlineSeconds",
        0,
        ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
    ),
    (
        "spec.dnsPolicy",
        "None",
        ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    ),
    (
        "spec.tolerations",
        [{"operator": "Equal"}],
        [
            (
                'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is'
                ' empty, which means "match all values and all keys"'
            ),
        ],
    ),
    (
        "spec.affinity",
        {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": "kubernetes.io/hostname "}
                ],
            },
        },
        [
            (
                "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey:"
                ' Invalid value: "kubernetes.io/hostname ": name part must consist of alphanumeric'
                " characters,"
                " '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName', or"
                " 'my.name', or '123-abc', regex used for validation is"
                " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            ),
        ],
    ),
    (
        "spec.topologySpreadConstraints",
        [{"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        ["spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"],
    ),
    (
        "spec.ephemeralContainers",
        [{"name": "debug", "image": "busybox"}],
        ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
    ),
]

ACCEPTED: list[tuple[str, Any]] = [
    ("spec.terminationGracePeriodSeconds", 0),
    ("spec.subdomain", "nginx"),
    (
        "spec.affinity",
        {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{}]},
            },
        },
    ),
    ("spec.tolerations", [{"operator": "Exists"}]),
]


def test_the_good_pod_is_accepted(pod: Object) -> None:
    assert validate("Pod", pod) == ()


@pytest.mark.parametrize(("path", "value", "expected"), REFUSED)
def test_one_broken_field_is_refused_with_kubernetes_words(
    pod: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    path: str,
    value: Any,
    expected: list[str],
) -> None:
    assert said(validate("Pod", broken(pod, path, value))) == expected


@pytest.mark.parametrize(("path", "value"), ACCEPTED)
def test_unusual_but_sound_fields_are_accepted(pod: Object, broken: Break, path: str, value: Any) -> None:
    assert validate("Pod", broken(pod, path, value)) == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{C}.image", "nginx:2"),
        ("spec.initContainers.0.image", "busybox:2"),
        ("spec.activeDeadlineSeconds", 60),
        ("spec.tolerations", [{"operator": "Exists"}]),
        ("metadata.labels", {"app": "other"}),
    ],
)
def test_images_deadlines_and_added_tolerations_may_change(
    pod: Object, broken: Break, path: str, value: Any
) -> None:
    """A-78."""
    assert validate_update("Pod", broken(pod, path, value), pod) == ()


def test_nothing_else_of_a_pod_may_change_and_the_refusal_names_it(
    pod: Object, broken: Break, said: Callable[[Iterable[Cause]], list[str]]
) -> None:
    """A-78."""
    assert said(validate_update("Pod", broken(pod, f"{C}.env.0.value", "db"), pod)) == [
        (
            "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only"
            " additions to"
            " existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
            ' previously negative)\n  spec.containers[0].env[0].value: "web" -> "db"'
        ),
    ]


def test_containers_may_not_be_added(
    pod: Object, broken: Break, said: Callable[[Iterable[Cause]], list[str]]
) -> None:
    assert said(validate_update("Pod", broken(pod, "spec.initContainers", []), pod)) == [
        "spec.initContainers: Forbidden: pod updates may not add or remove containers",
    ]


def test_a_deadline_may_only_shorten(
    pod: Object, broken: Break, said: Callable[[Iterable[Cause]], list[str]]
) -> None:
    old = broken(pod, "spec.activeDeadlineSeconds", 60)

    assert said(validate_update("Pod", broken(pod, "spec.activeDeadlineSeconds", 61), old)) == [
        "spec.activeDeadlineSeconds: Invalid value: 61: must be less than or equal to previous value",
    ]


def test_a_toleration_may_not_be_taken_away(
    pod: Object, broken: Break, said: Callable[[Iterable[Cause]], list[str]]
) -> None:
    old = broken(pod, "spec.tolerations", [{"operator": "Exists"}])

    assert said(validate_update("Pod", pod, old)) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
    ]
