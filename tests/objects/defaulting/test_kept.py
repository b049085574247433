"""Defaults of the kinds that are kept without effect."""

import pytest

from minisets.objects.defaulting import with_defaults
from minisets.objects.kinds import Object

CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("NetworkPolicy", {}, {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}),
        (
            "NetworkPolicy",
            {"spec": {"egress": [{"ports": [{"port": 53}, {"protocol": "UDP"}]}]}},
            {
                "spec": {
                    "podSelector": {},
                    "egress": [{"ports": [{"port": 53, "protocol": "TCP"}, {"protocol": "UDP"}]}],
                    "policyTypes": ["Ingress", "Egress"],
                }
            },
        ),
        (
            "RoleBinding",
            {
                "roleRef": {"kind": "Role", "name": "a"},
                "subjects": [{"kind": "User", "name": "a"}, {"kind": "ServiceAccount", "name": "b"}],
            },
            {
                "roleRef": {"kind": "Role", "name": "a", "apiGroup": "rbac.authorization.k8s.io"},
                "subjects": [
                    {"kind": "User", "name": "a", "apiGroup": "rbac.authorization.k8s.io"},
                    {"kind": "ServiceAccount", "name": "b"},
                ],
            },
        ),
        (
            "LimitRange",
            {"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}]}},
            {
                "spec": {
                    "limits": [
                        {
                            "type": "Container",
                            "max": {"cpu": "2"},
                            "min": {"memory": "1Mi"},
                            "default": {"cpu": "2"},
                            "defaultRequest": {"cpu": "2", "memory": "1Mi"},
                        }
                    ]
                }
            },
        ),
        (
            "LimitRange",
            {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "2"}}]}},
            {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "2"}}]}},
        ),
        ("PriorityClass", {"value": 1}, {"value": 1, "preemptionPolicy": "PreemptLowerPriority"}),
        ("HorizontalPodAutoscaler", {}, {"spec": {"minReplicas": 1, "metrics": [CPU]}}),
        (
            "HorizontalPodAutoscaler",
            {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 7}}}},
            {
                "spec": {
                    "minReplicas": 1,
                    "metrics": [CPU],
                    "behavior": {
                        "scaleUp": {
                            "stabilizationWindowSeconds": 0,
                            "selectPolicy": "Max",
                            "policies": [
                                {"type": "Pods", "value": 4, "periodSeconds": 15},
                                {"type": "Percent", "value": 100, "periodSeconds": 15},
                            ],
                        },
                        "scaleDown": {
                            "stabilizationWindowSeconds": 7,
                            "selectPolicy": "Max",
                            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
                        },
                    },
                }
            },
        ),
    ],
)
def test_what_is_left_out_is_written_in(kind: str, given: Object, expected: Object) -> None:
    assert with_defaults(kind, given) == expected
    assert with_defaults(kind, expected) == expected
