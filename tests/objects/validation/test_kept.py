"""Rules of the kinds that are kept: what a person who writes them meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.defaulting import with_defaults
from minisets.objects.validation import validate, validate_ephemeral, validate_spoken, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object

    Said = Callable[[Iterable[Cause]], list[str]]

RBAC = "rbac.authorization.k8s.io"
RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
ROLE = {"apiGroup": RBAC, "kind": "Role", "name": "reader"}
CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding", "PriorityClass")


def judged(kind: str, fields: Object) -> tuple[Cause, ...]:
    place = {} if kind in CLUSTER_WIDE else {"namespace": "default"}
    return validate(kind, with_defaults(kind, {"metadata": {"name": "a", **place}, **fields}))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("Role", {"rules": [RULE]}),
        ("Role", {}),
        ("ClusterRole", {"rules": [RULE, {"verbs": ["get"], "nonResourceURLs": ["/x"]}]}),
        ("ClusterRole", {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}),
        ("RoleBinding", {"roleRef": {**ROLE, "kind": "ClusterRole"}, "subjects": []}),
        (
            "RoleBinding",
            {"roleRef": {"kind": "Role", "name": "a"}, "subjects": [{"kind": "User", "name": "a"}]},
        ),
        ("RoleBinding", {"roleRef": ROLE, "subjects": [{"kind": "ServiceAccount", "name": "a"}]}),
        ("NetworkPolicy", {"spec": {}}),
        ("NetworkPolicy", {"spec": {"ingress": [{"ports": [{"port": 80, "endPort": 90}, {"port": "web"}]}]}}),
        ("NetworkPolicy", {"spec": {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}}),
        ("LimitRange", {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}}),
        ("LimitRange", {"spec": {"limits": [{"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}}]}}),
        ("ResourceQuota", {"spec": {"hard": {"pods": "1", "requests.cpu": "1", "count/pods": "2"}}}),
        ("PriorityClass", {"value": 7}),
        ("Lease", {"spec": {"leaseDurationSeconds": 1, "leaseTransitions": 0}}),
        (
            "HorizontalPodAutoscaler",
            {"spec": {"maxReplicas": 1, "scaleTargetRef": {"kind": "A", "name": "b"}}},
        ),
    ],
)
def test_what_people_write_is_fine(said: Said, kind: str, fields: Object) -> None:
    assert said(judged(kind, fields)) == []


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (
            "Role",
            {"rules": [{}]},
            [
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[0].resources: Required value: resource rules must supply at least one resource",
            ],
        ),
        (
            "Role",
            {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]},
            [
                (
                    'rules[0].nonResourceURLs: Invalid value: ["/x"]: '
                    "namespaced rules cannot apply to non-resource URLs"
                ),
            ],
        ),
        (
            "ClusterRole",
            {"rules": [{**RULE, "nonResourceURLs": ["/x"]}]},
            [
                (
                    'rules[0].nonResourceURLs: Invalid value: ["/x"]: '
                    "rules cannot apply to both regular resources and non-resource URLs"
                ),
            ],
        ),
        (
            "ClusterRole",
            {"aggregationRule": {}},
            [
                (
                    "aggregationRule.clusterRoleSelectors: Required value: "
                    "at least one clusterRoleSelector required if aggregationRule is non-nil"
                ),
            ],
        ),
        (
            "RoleBinding",
            {"roleRef": {"kind": "Thing"}, "subjects": [{"kind": "Robot", "name": "a"}]},
            [
                'roleRef.kind: Unsupported value: "Thing": supported values: "Role", "ClusterRole"',
                "roleRef.name: Required value",
                (
                    'subjects[0].kind: Unsupported value: "Robot": '
                    'supported values: "ServiceAccount", "User", "Group"'
                ),
            ],
        ),
        (
            "ClusterRoleBinding",
            {"roleRef": ROLE, "subjects": [{"kind": "ServiceAccount", "name": "a"}]},
            [
                'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
                "subjects[0].namespace: Required value",
            ],
        ),
        (
            "NetworkPolicy",
            {"spec": {"policyTypes": ["Ingress", "Egress", "Ingress"]}},
            [
                (
                    'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: '
                    "may not specify more than two policyTypes"
                )
            ],
        ),
        (
            "NetworkPolicy",
            {
                "spec": {
                    "ingress": [
                        {
                            "ports": [{"port": 90, "endPort": 80, "protocol": "ICMP"}],
                            "from": [{"ipBlock": {}}],
                        }
                    ]
                }
            },
            [
                (
                    'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": '
                    'supported values: "TCP", "UDP", "SCTP"'
                ),
                (
                    "spec.ingress[0].ports[0].endPort: Invalid value: 80: "
                    "must be greater than or equal to `port`"
                ),
                "spec.ingress[0].from[0].ipBlock.cidr: Required value",
            ],
        ),
        (
            "NetworkPolicy",
            {"spec": {"policyTypes": ["Sideways"]}},
            [
                'spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Egress", "Ingress"',
            ],
        ),
        (
            "NetworkPolicy",
            {"spec": {"ingress": [{"from": [{}], "ports": [{"port": 0, "endPort": 7}]}]}},
            [
                "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ingress[0].from[0]: Required value: must specify a peer",
            ],
        ),
        (
            "NetworkPolicy",
            {"spec": {"egress": [{"ports": [{"port": "web", "endPort": 7}, {"endPort": 7}]}]}},
            [
                (
                    "spec.egress[0].ports[0].endPort: Invalid value: 7: "
                    "may not be specified when `port` is non-numeric"
                ),
                (
                    "spec.egress[0].ports[1].endPort: Invalid value: 7: "
                    "may not be specified when `port` is not specified"
                ),
            ],
        ),
        (
            "NetworkPolicy",
            {
                "spec": {
                    "ingress": [
                        {
                            "from": [
                                {
                                    "podSelector": {},
                                    "ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/9", "x"]},
                                },
                                {"ipBlock": {"cidr": "10.0.0.0"}},
                            ]
                        }
                    ]
                }
            },
            [
                (
                    'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/9": '
                    "must be a strict subset of `cidr`"
                ),
                (
                    'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "x": '
                    "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
                ),
                "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer",
                (
                    'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "10.0.0.0": '
                    "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
                ),
            ],
        ),
        (
            "LimitRange",
            {
                "spec": {
                    "limits": [
                        {"type": "Pod", "default": {"cpu": "1"}, "max": {"cpu": "1"}, "min": {"cpu": "2"}},
                        {"type": "Pod"},
                    ]
                }
            },
            [
                "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
                'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
                (
                    'spec.limits[0].default[cpu]: Invalid value: "1": '
                    "min value 2 is greater than default value 1"
                ),
                'spec.limits[1].type: Duplicate value: "Pod"',
            ],
        ),
        (
            "LimitRange",
            {
                "spec": {
                    "limits": [
                        {
                            "type": "Container",
                            "default": {"cpu": "1"},
                            "defaultRequest": {"cpu": "2"},
                            "maxLimitRequestRatio": {"cpu": "500m"},
                        }
                    ]
                }
            },
            [
                (
                    'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": '
                    "default request value 2 is greater than default limit value 1"
                ),
                'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
            ],
        ),
        (
            "LimitRange",
            {"spec": {"limits": [{"type": "PersistentVolumeClaim"}]}},
            [
                (
                    "spec.limits[0].limits: Required value: "
                    "either minimum or maximum storage value is required, but neither was provided"
                ),
            ],
        ),
        (
            "ResourceQuota",
            {"spec": {"hard": {"bogus": "-1"}, "scopes": ["Never"]}},
            [
                'spec.hard[bogus]: Invalid value: "bogus": must be a standard resource for quotas',
                'spec.hard[bogus]: Invalid value: "-1": must be greater than or equal to 0',
                'spec.scopes: Invalid value: ["Never"]: unsupported scope',
            ],
        ),
        (
            "PriorityClass",
            {"value": 1_000_000_001, "preemptionPolicy": "Maybe"},
            [
                "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
                (
                    'preemptionPolicy: Unsupported value: "Maybe": '
                    'supported values: "PreemptLowerPriority", "Never"'
                ),
            ],
        ),
        (
            "PriorityClass",
            {"metadata": {"name": "system-node-critical"}, "value": 7},
            [
                (
                    "metadata.name: Forbidden: priority class names with 'system-' prefix "
                    "are reserved for system use only. error: value of system-node-critical "
                    "PriorityClass must be 2000001000"
                ),
            ],
        ),
        (
            "Lease",
            {"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}},
            [
                "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
                "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
            ],
        ),
        (
            "HorizontalPodAutoscaler",
            {"spec": {"minReplicas": 0, "maxReplicas": 0}},
            [
                "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
                "spec.maxReplicas: Invalid value: 0: must be greater than 0",
                "spec.scaleTargetRef.kind: Required value",
                "spec.scaleTargetRef.name: Required value",
            ],
        ),
        (
            "HorizontalPodAutoscaler",
            {
                "spec": {
                    "minReplicas": 3,
                    "maxReplicas": 2,
                    "scaleTargetRef": {"kind": "StatefulSet", "name": "a/b"},
                    "metrics": [
                        {},
                        {"type": "Feeling"},
                        {"type": "Resource"},
                        {"type": "Pods", "pods": {}},
                        {
                            "type": "Resource",
                            "resource": {"target": {"type": "Good", "averageUtilization": 0}},
                        },
                    ],
                }
            },
            [
                "spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`",
                "spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'",
                "spec.metrics[0].type: Required value: must specify a metric source type",
                (
                    'spec.metrics[1].type: Unsupported value: "Feeling": supported values: '
                    '"ContainerResource", "External", "Object", "Pods", "Resource"'
                ),
                (
                    "spec.metrics[2].resource: Required value: "
                    "must populate information for the given metric source (Resource)"
                ),
                "spec.metrics[3].pods.target.type: Required value: must specify a metric target type",
                (
                    'spec.metrics[4].resource.target.type: Invalid value: "Good": '
                    "must be either Utilization, Value, or AverageValue"
                ),
                (
                    "spec.metrics[4].resource.target.averageUtilization: Invalid value: 0: "
                    "must be greater than 0"
                ),
            ],
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_kubernetes_words(
    said: Said, kind: str, fields: Object, expected: list[str]
) -> None:
    assert said(judged(kind, fields)) == expected


@pytest.mark.parametrize(
    ("kind", "old", "change", "expected"),
    [
        ("RoleBinding", {"roleRef": ROLE}, {"roleRef": {**ROLE, "name": "x"}}, "cannot change roleRef"),
        ("PriorityClass", {"value": 1}, {"value": 2}, "may not be changed in an update."),
        ("ResourceQuota", {"spec": {"scopes": ["BestEffort"]}}, {"spec": {}}, "field is immutable"),
    ],
)
def test_what_others_count_on_does_not_change(
    said: Said, kind: str, old: Object, change: Object, expected: str
) -> None:
    metadata = {"metadata": {"name": "a"}}
    found = said(validate_update(kind, {**metadata, **old, **change}, {**metadata, **old}))
    assert [expected in line for line in found] == [True]


# --- ephemeral containers ---

DEBUGGER: Object = {
    "name": "debugger",
    "image": "busybox",
    "imagePullPolicy": "Always",
    "terminationMessagePolicy": "File",
}


def a_pod(*debuggers: Object, **annotations: str) -> Object:
    spec = {
        "containers": [{"name": "a"}],
        "volumes": [{"name": "data"}],
        "ephemeralContainers": list(debuggers),
    }
    return {"metadata": {"name": "a", "namespace": "default", "annotations": annotations}, "spec": spec}


def test_a_debugger_mounts_whole_volumes_of_the_pod(said: Said) -> None:
    mount = {"name": "data", "mountPath": "/data"}
    assert said(validate_ephemeral(a_pod({**DEBUGGER, "volumeMounts": [mount]}), a_pod())) == []
    part = {**mount, "subPath": "part"}
    assert said(validate_ephemeral(a_pod({**DEBUGGER, "volumeMounts": [part]}), a_pod())) == [
        (
            "spec.ephemeralContainers[0].volumeMounts[0].subPath: Forbidden: "
            "cannot be set for an Ephemeral Container"
        )
    ]


def test_a_static_pod_has_no_debuggers(said: Said) -> None:
    static = a_pod(**{"kubernetes.io/config.mirror": "x"})
    assert said(validate_ephemeral(static, static)) == [
        ": Forbidden: static pods do not support ephemeral containers"
    ]


# --- events ---

SEEN = {
    "eventTime": "2026-11-23T12:00:00.000000Z",
    "involvedObject": {"kind": "Pod", "namespace": "default", "name": "a"},
    "reportingComponent": "example.com/robot",
    "reportingInstance": "robot-0",
    "action": "Looking",
    "reason": "Seen",
    "type": "Normal",
}


def event(**fields: Any) -> Object:
    return {"metadata": {"name": "a", "namespace": "default"}, **fields}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"involvedObject": {"namespace": "default"}}, []),
        ({"involvedObject": {}}, []),
        (SEEN, []),
        (
            {"involvedObject": {"namespace": "other"}},
            ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
        ),
        (
            {"eventTime": SEEN["eventTime"], "message": "x" * 1025, "reason": "r" * 129},
            [
                "reportingController: Required value",
                "reportingInstance: Required value",
                "action: Required value",
                'reason: Invalid value: "": can have at most 128 characters',
                'message: Invalid value: "": can have at most 1024 characters',
            ],
        ),
    ],
)
def test_an_event_is_told_where_its_object_is(said: Said, fields: Object, expected: list[str]) -> None:
    assert said(validate("Event", event(**fields))) == expected


def test_the_newer_events_ask_for_more(said: Said) -> None:
    spoken = "Event.v1.events.k8s.io"
    assert said(validate_spoken(spoken, event(**SEEN), None)) == []
    assert said(validate_spoken(spoken, event(type="Bad", count=1, series={"count": 1}), None)) == [
        "eventTime: Required value",
        'series.count: Invalid value: "": should be at least 2',
        "series.lastObservedTime: Required value",
        'type: Invalid value: "": has invalid value: Bad',
        'count: Invalid value: "": needs to be unset',
    ]
    series = {"count": 2, "lastObservedTime": SEEN["eventTime"]}
    assert said(validate_spoken(spoken, event(**SEEN, series=series), event(**SEEN))) == []
    changed = event(**{**SEEN, "reason": "Other"})
    assert said(validate_spoken(spoken, changed, event(**SEEN))) == [
        'reason: Invalid value: "Other": field is immutable'
    ]
    assert validate_spoken("Event", event(), None) == ()
