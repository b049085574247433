"""The columns of the kinds that are kept, with what their objects say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from minisets.api import tables
from minisets.objects.kinds import SERVED, Object

NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
META = {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z", "resourceVersion": "7"}
KINDS = {kind.title: kind for kind in reversed(SERVED)}


def told(title: str, obj: Object) -> dict[str, Any]:
    """The cells by their headings; those that only `-o wide` shows are in brackets."""
    table = tables.table_of(KINDS[title], {"metadata": META, **obj}, "Metadata", NOW)
    headings = [
        f"[{column['name']}]" if column["priority"] else column["name"]
        for column in table["columnDefinitions"]
    ]
    return dict(zip(headings, table["rows"][0]["cells"], strict=True))


def hpa(*metrics: Object, seen: tuple[Object, ...] = ()) -> Object:
    return {"spec": {"metrics": list(metrics)}, "status": {"currentMetrics": list(seen)}}


def metric(source: str, **fields: Any) -> Object:
    return {"type": source, source[0].lower() + source[1:]: fields}


@pytest.mark.parametrize(
    ("title", "obj", "expected"),
    [
        ("Role", {}, {"Name": "x", "Created At": "2026-01-01T00:00:00Z"}),
        (
            "RoleBinding",
            {
                "roleRef": {"kind": "ClusterRole", "name": "view"},
                "subjects": [
                    {"kind": "User", "name": "ann"},
                    {"kind": "User", "name": "bob"},
                    {"kind": "Group", "name": "people"},
                    {"kind": "ServiceAccount", "namespace": "default", "name": "robot"},
                ],
            },
            {
                "Name": "x",
                "Role": "ClusterRole/view",
                "Age": "60s",
                "[Users]": "ann, bob",
                "[Groups]": "people",
                "[ServiceAccounts]": "default/robot",
            },
        ),
        (
            "NetworkPolicy",
            {
                "spec": {
                    "podSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}
                }
            },
            {"Name": "x", "Pod-Selector": "a in (b)", "Age": "60s"},
        ),
        ("NetworkPolicy", {"spec": {}}, {"Name": "x", "Pod-Selector": "<none>", "Age": "60s"}),
        ("Lease", {"spec": {"holderIdentity": "me"}}, {"Name": "x", "Holder": "me", "Age": "60s"}),
        (
            "ResourceQuota",
            {
                "status": {
                    "hard": {"pods": "4", "limits.cpu": "2", "cpu": "1"},
                    "used": {"pods": "1", "limits.cpu": "500m"},
                }
            },
            {"Name": "x", "Request": "cpu: 0/1, pods: 1/4", "Limit": "limits.cpu: 500m/2", "Age": "60s"},
        ),
        (
            "PriorityClass",
            {"value": 7, "preemptionPolicy": "Never"},
            {"Name": "x", "Value": 7, "Global-Default": False, "Age": "60s", "PreemptionPolicy": "Never"},
        ),
        (
            "PodMetrics",
            {
                "containers": [
                    {"usage": {"cpu": "1500000n", "memory": "512Ki"}},
                    {"usage": {"cpu": "500000n", "memory": "512Ki"}},
                ],
                "window": "15s",
            },
            {"Name": "x", "cpu": "2m", "memory": "1Mi", "Window": "15s"},
        ),
        (
            "NodeMetrics",
            {"usage": {"cpu": "2", "memory": "1Ki"}, "window": "15s"},
            {"Name": "x", "cpu": "2", "memory": "1Ki", "Window": "15s"},
        ),
    ],
)
def test_what_stands_in_the_columns(title: str, obj: Object, expected: dict[str, Any]) -> None:
    assert told(title, obj) == expected


@pytest.mark.parametrize(
    ("obj", "targets"),
    [
        (hpa(), "<none>"),
        (hpa(metric("Resource", name="cpu", target={"averageUtilization": 70})), "cpu: <unknown>/70%"),
        (hpa(metric("Resource", name="cpu", target={})), "cpu: <unknown>/<auto>"),
        (
            hpa(
                metric("Resource", name="cpu", target={"averageUtilization": 70}),
                seen=(metric("Resource", name="cpu", current={"averageUtilization": 0}),),
            ),
            "cpu: 0%/70%",
        ),
        (
            hpa(metric("ContainerResource", name="memory", target={"averageValue": "1Gi"})),
            "memory: <unknown>/1Gi",
        ),
        (
            hpa(
                metric("Pods", target={"averageValue": "10"}),
                seen=(metric("Pods", current={"averageValue": "7"}),),
            ),
            "7/10",
        ),
        (hpa(metric("Object", target={"value": "2k"})), "<unknown>/2k"),
        (hpa(metric("External", target={"averageValue": "5"})), "<unknown>/5 (avg)"),
        (hpa({"type": "Feeling"}), "<unknown type>"),
        (hpa(*[metric("Object", target={"value": str(count)}) for count in range(4)]),
         "<unknown>/0, <unknown>/1 + 2 more..."),
    ],
)  # fmt: skip
def test_an_autoscalers_targets_are_told_as_upstream_does(obj: Object, targets: str) -> None:
    assert told("HorizontalPodAutoscaler", obj)["Targets"] == targets


def test_an_autoscaler_without_a_least_count_says_so() -> None:
    obj = {"spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "web"}, "maxReplicas": 3}}
    found = told("HorizontalPodAutoscaler", obj)
    assert (found["Reference"], found["MinPods"], found["MaxPods"], found["Replicas"]) == (
        "StatefulSet/web",
        "<unset>",
        3,
        0,
    )
