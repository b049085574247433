from __future__ import annotations

from typing import Any

import pytest

from minisets.objects.defaulting import qos_class, with_defaults


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web-0", "namespace": "default"}, "spec": spec}


def defaulted(**spec: Any) -> dict[str, Any]:
    return with_defaults("Pod", pod(**spec))["spec"]  # type: ignore[no-any-return]


def container(**fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = defaulted(containers=[{"name": "nginx", "image": "nginx", **fields}])[
        "containers"
    ][0]
    return made


def test_a_small_pod_gets_everything_that_kubernetes_writes() -> None:
    """A-89, A-90."""
    given = pod(containers=[{"name": "nginx", "image": "nginx"}])

    assert with_defaults("Pod", given) == {
        "metadata": {"name": "web-0", "namespace": "default"},
        "spec": {
            "containers": [
                {
                    "name": "nginx",
                    "image": "nginx",
                    "imagePullPolicy": "Always",
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "resources": {},
                },
            ],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
            "schedulerName": "default-scheduler",
            "enableServiceLinks": True,
        },
        "status": {"phase": "Pending", "qosClass": "BestEffort"},
    }


def test_the_given_object_stays_as_it_is() -> None:
    given = pod(containers=[{"name": "nginx", "image": "nginx"}])

    with_defaults("Pod", given)

    assert given == pod(containers=[{"name": "nginx", "image": "nginx"}])


def test_defaults_of_defaults_are_the_same() -> None:
    once = with_defaults("Pod", pod(containers=[{"name": "a", "image": "b", "livenessProbe": {"grpc": {}}}]))

    assert with_defaults("Pod", once) == once


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1.27", "IfNotPresent"),
        ("nginx@sha256:0123", "IfNotPresent"),
        ("nginx:latest@sha256:0123", "Always"),
        ("", "IfNotPresent"),
    ],
)
def test_latest_is_pulled_always(image: str, policy: str) -> None:
    """A-89."""
    assert container(image=image)["imagePullPolicy"] == policy


def test_what_is_given_is_kept() -> None:
    spec = defaulted(
        containers=[], terminationGracePeriodSeconds=0, dnsPolicy="Default", enableServiceLinks=False
    )

    assert spec["terminationGracePeriodSeconds"] == 0
    assert spec["dnsPolicy"] == "Default"
    assert spec["enableServiceLinks"] is False


def test_a_probe_gets_its_times_and_its_target() -> None:
    """A-91."""
    probe = container(readinessProbe={"httpGet": {"port": 80}, "periodSeconds": 0})["readinessProbe"]

    assert probe == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_hooks_get_their_target_too() -> None:
    lifecycle = container(lifecycle={"preStop": {"httpGet": {"port": 80}}})["lifecycle"]

    assert lifecycle["preStop"]["httpGet"] == {"port": 80, "path": "/", "scheme": "HTTP"}


def test_ports_are_tcp_and_references_are_to_v1() -> None:
    made = container(
        ports=[{"containerPort": 80}],
        env=[
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ],
    )

    assert made["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert made["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert made["env"][1]["valueFrom"]["resourceFieldRef"]["divisor"] == "0"


def test_a_pod_requests_what_it_is_limited_to() -> None:
    """A-90."""
    resources = container(resources={"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}})

    assert resources["resources"]["requests"] == {"cpu": "500m", "memory": "1Gi"}


def test_a_pod_on_the_hosts_network_takes_the_hosts_ports() -> None:
    spec = defaulted(
        hostNetwork=True,
        containers=[{"name": "a", "image": "b", "ports": [{"containerPort": 80}]}],
    )

    assert spec["containers"][0]["ports"][0]["hostPort"] == 80


def test_the_service_account_has_two_names() -> None:
    assert defaulted(containers=[], serviceAccount="old")["serviceAccountName"] == "old"
    assert defaulted(containers=[], serviceAccountName="new", serviceAccount="old")["serviceAccount"] == "new"


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({}, {"emptyDir": {}}),
        ({"emptyDir": {"medium": "Memory"}}, {"emptyDir": {"medium": "Memory"}}),
        ({"configMap": {"name": "c"}}, {"configMap": {"name": "c", "defaultMode": 420}}),
        (
            {"secret": {"secretName": "s", "defaultMode": 0}},
            {"secret": {"secretName": "s", "defaultMode": 0}},
        ),
        ({"hostPath": {"path": "/srv"}}, {"hostPath": {"path": "/srv", "type": ""}}),
        (
            {"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            {
                "downwardAPI": {
                    "defaultMode": 420,
                    "items": [{"path": "p", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}],
                },
            },
        ),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
            {
                "projected": {
                    "defaultMode": 420,
                    "sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}],
                },
            },
        ),
        (
            {"ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
            {"ephemeral": {"volumeClaimTemplate": {"spec": {"volumeMode": "Filesystem"}}}},
        ),
        (
            {"image": {"reference": "data:1"}},
            {"image": {"reference": "data:1", "pullPolicy": "IfNotPresent"}},
        ),
    ],
)
def test_volumes_get_a_source_and_modes(volume: dict[str, Any], expected: dict[str, Any]) -> None:
    assert defaulted(containers=[], volumes=[{"name": "v", **volume}])["volumes"] == [
        {"name": "v", **expected}
    ]


@pytest.mark.parametrize(
    ("resources", "quality"),
    [
        ([{}], "BestEffort"),
        ([{"requests": {"cpu": "0"}}], "BestEffort"),
        ([{"requests": {"cpu": "1"}}], "Burstable"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}}], "Guaranteed"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m"}}], "Guaranteed"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}], "Burstable"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}}, {}], "Burstable"),
        ([{"limits": {"cpu": "lots"}}], "BestEffort"),
    ],
)
def test_the_quality_of_service_follows_from_requests_and_limits(
    resources: list[dict[str, Any]], quality: str
) -> None:
    """A-90."""
    assert qos_class({"containers": [{"resources": each} for each in resources]}) == quality
