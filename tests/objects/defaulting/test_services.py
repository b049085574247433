from __future__ import annotations

from typing import Any

import pytest

from minisets.objects.defaulting import with_defaults


def defaulted(**spec: Any) -> dict[str, Any]:
    return with_defaults("Service", {"metadata": {"name": "nginx"}, "spec": spec})["spec"]  # type: ignore[no-any-return]


def test_a_headless_service_gets_everything_that_kubernetes_writes() -> None:
    """A-92."""
    assert defaulted(clusterIP="None", ports=[{"port": 80, "name": "web"}], selector={"app": "nginx"}) == {
        "clusterIP": "None",
        "clusterIPs": ["None"],
        "ports": [{"port": 80, "name": "web", "protocol": "TCP", "targetPort": 80}],
        "selector": {"app": "nginx"},
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
    }


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [
        ({"type": "NodePort"}, "externalTrafficPolicy", "Cluster"),
        ({"externalIPs": ["10.0.0.1"]}, "externalTrafficPolicy", "Cluster"),
        ({}, "externalTrafficPolicy", None),
        ({"type": "LoadBalancer"}, "allocateLoadBalancerNodePorts", True),
        ({"type": "ExternalName", "externalName": "a.b"}, "internalTrafficPolicy", None),
        ({"type": "ExternalName", "externalName": "a.b"}, "ipFamilies", None),
        (
            {"ports": [{"port": 80, "targetPort": "web"}]},
            "ports",
            [
                {"port": 80, "targetPort": "web", "protocol": "TCP"},
            ],
        ),
        (
            {"sessionAffinity": "ClientIP"},
            "sessionAffinityConfig",
            {"clientIP": {"timeoutSeconds": 10800}},
        ),
        ({"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}}}, "sessionAffinityConfig", None),
    ],
)
def test_what_a_service_gets_depends_on_its_type(spec: dict[str, Any], field: str, value: Any) -> None:
    assert defaulted(**spec).get(field) == value
