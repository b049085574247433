"""Bodies in Kubernetes' protobuf, built here field by field; a real kubectl's are in test_kubectl.py."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from minisets.api import protobuf
from minisets.errors import BadRequest, UnsupportedMediaType
from minisets.objects.schema import Type, type_for, type_of


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def entry(number: int, key: str, value: str | bytes) -> bytes:
    return field(number, field(1, key) + (field(2, value) if value else b""))


def envelope(kind: str, raw: bytes, api_version: str = "v1") -> bytes:
    types = field(1, api_version) + field(2, kind)
    return b"k8s\x00" + field(1, types) + field(2, raw) + field(3, "") + field(4, "")


META = field(1, field(1, "x") + field(2, "") + field(7, 0) + field(8, b"") + entry(11, "app", "web"))
X = {"name": "x", "labels": {"app": "web"}}


TERM = field(1, "app") + field(2, "In") + field(3, "web") + field(3, "db")


@pytest.mark.parametrize(("kind", "raw", "expected"), [
    ("Namespace", META + field(2, b"") + field(3, field(1, "")), {"metadata": X, "spec": {}}),
    ("ConfigMap", META + entry(2, "a", "1") + entry(2, "empty", "") + entry(3, "b", b"\x00"),
     {"metadata": X, "data": {"a": "1", "empty": ""}, "binaryData": {"b": "AA=="}}),
    ("Secret", META + entry(2, "k", b"v") + field(3, "Opaque") + field(5, 1),
     {"metadata": X, "data": {"k": base64.b64encode(b"v").decode()}, "type": "Opaque", "immutable": True}),
    ("ServiceAccount", META + field(3, field(1, "pull")) + field(99, "unheard"),
     {"metadata": X, "imagePullSecrets": [{"name": "pull"}]}),
    ("Service",
     META + field(2, field(1, field(1, "web") + field(3, 80) + field(4, field(1, 1) + field(3, "http")))
                  + field(1, field(3, 53) + field(4, field(1, 0) + field(2, 5353)) + field(5, 0))
                  + entry(2, "app", "web") + field(3, "None") + field(13, 1)),
     {"metadata": X, "spec": {"ports": [{"name": "web", "port": 80, "targetPort": "http"},
                                        {"port": 53, "targetPort": 5353}],
                              "selector": {"app": "web"}, "clusterIP": "None",
                              "publishNotReadyAddresses": True}}),
    ("PodDisruptionBudget",
     META + field(2, field(1, field(1, 0) + field(2, 0) + field(3, "")) + field(2, entry(1, "app", "web"))),
     {"metadata": X, "spec": {"minAvailable": 0, "selector": {"matchLabels": {"app": "web"}}}}),
    ("PodDisruptionBudget",
     META + field(2, field(2, field(2, TERM)) + field(3, field(1, 1) + field(3, "50%")) + field(4, "Always")),
     {"metadata": X,
      "spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]},
               "maxUnavailable": "50%", "unhealthyPodEvictionPolicy": "Always"}}),
    ("Eviction", META + field(2, field(1, 0)),
     {"metadata": X, "deleteOptions": {"gracePeriodSeconds": 0}}),
    ("DeleteOptions", field(1, 0) + field(4, "Background"),
     {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}),
    ("DeleteOptions", field(1, -1), {"gracePeriodSeconds": -1}),
    ("DeleteOptions", field(3, 0), {"orphanDependents": False}),
    ("ServiceAccount", META + field(4, 0), {"metadata": X, "automountServiceAccountToken": False}),
    ("Service", META + field(2, field(20, 0)),
     {"metadata": X, "spec": {"allocateLoadBalancerNodePorts": False}}),
    ("Pod",
     META + field(2, field(1, field(1, "scratch") + field(2, field(2, b"")))
                  + field(2, field(1, "main") + field(3, "sh") + field(3, "-c") + field(8, b"")
                             + field(7, field(1, "A") + field(3, field(3, field(1, field(1, "set"))
                                                                          + field(2, "a"))))
                             + field(10, field(1, field(1, field(1, "true"))) + field(2, 0) + field(7, 0))
                             + field(15, field(4, 0) + field(5, 0)) + field(16, 1))
                  + field(4, 0) + field(11, 0) + field(27, 0) + entry(32, "cpu", field(1, "1")))
          + field(3, b""),
     {"metadata": X,
      "spec": {"volumes": [{"name": "scratch", "emptyDir": {}}],
               "containers": [{"name": "main", "command": ["sh", "-c"],
                               "env": [{"name": "A",
                                        "valueFrom": {"configMapKeyRef": {"name": "set", "key": "a"}}}],
                               "livenessProbe": {"exec": {"command": ["true"]},
                                                 "terminationGracePeriodSeconds": 0},
                               "securityContext": {"runAsUser": 0, "runAsNonRoot": False}, "stdin": True}],
               "terminationGracePeriodSeconds": 0, "shareProcessNamespace": False,
               "overhead": {"cpu": "1"}}}),
    ("PodDisruptionBudget", META + field(2, field(2, b"")), {"metadata": X, "spec": {"selector": {}}}),
])  # fmt: skip
def test_an_object_is_what_its_json_would_be_without_gos_zeros(kind: str, raw: bytes, expected: Any) -> None:
    found = protobuf.decoded(envelope(kind, raw))
    expected = {"apiVersion": "v1", "kind": kind, **expected}
    assert {key: value for key, value in found.items() if value != {}} == {
        key: value for key, value in expected.items() if value != {}
    }


@pytest.mark.parametrize(("version", "kind", "raw", "expected"), [
    ("autoscaling/v1", "HorizontalPodAutoscaler", field(2, field(1, field(1, "StatefulSet") + field(2, "web"))
     + field(2, 0) + field(3, 5) + field(4, 70)), {"spec": {
         "scaleTargetRef": {"kind": "StatefulSet", "name": "web"}, "minReplicas": 0, "maxReplicas": 5,
         "targetCPUUtilizationPercentage": 70}}),
    ("autoscaling/v2", "HorizontalPodAutoscaler", field(2, field(3, 5) + field(4, field(1, "Resource")
     + field(4, field(1, "memory") + field(2, field(1, "AverageValue")
     + field(3, field(1, "1Gi")))))), {"spec": {
         "maxReplicas": 5, "metrics": [{"type": "Resource", "resource": {"name": "memory", "target": {
             "type": "AverageValue", "averageValue": "1Gi"}}}]}}),
    ("v1", "ResourceQuota", field(2, field(1, field(1, "pods") + field(2, field(1, "2")))),
     {"spec": {"hard": {"pods": "2"}}}),
    ("coordination.k8s.io/v1", "Lease", field(2, field(1, "me") + field(2, 15)
     + field(4, field(1, 1_767_225_600) + field(2, 5_000))), {"spec": {
         "holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000005Z"}}),
    ("v1", "Event", field(4, "it is here") + field(8, 2), {"message": "it is here", "count": 2}),
    ("events.k8s.io/v1", "Event", field(10, "it is here") + field(4, "kubelet"),
     {"note": "it is here", "reportingController": "kubelet"}),
    ("authentication.k8s.io/v1", "TokenReview", field(2, field(1, "secret")), {"spec": {"token": "secret"}}),
])  # fmt: skip
def test_a_message_is_that_of_its_kinds_version(version: str, kind: str, raw: bytes, expected: Any) -> None:
    assert protobuf.decoded(envelope(kind, raw, version)) == {"apiVersion": version, "kind": kind, **expected}


def test_a_time_is_a_stamp() -> None:
    raw = field(1, field(1, "x") + field(8, field(1, 1_767_225_600)))
    found = protobuf.decoded(envelope("Namespace", raw))
    assert found["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_a_kind_that_is_read_as_json_only_is_told() -> None:
    with pytest.raises(UnsupportedMediaType, match="a StatefulSet is not read as"):
        protobuf.decoded(envelope("StatefulSet", b"", "apps/v1"))


@pytest.mark.parametrize("body", [
    b"", b"{}", b"k8s\x00\x0a\xff", b"k8s\x00\x0a", b"k8s\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    b"k8s\x00\x0c", envelope("Namespace", field(1, 5)), envelope("Namespace", field(1, field(1, b"\xff"))),
    envelope("Namespace", field(1, field(7, "text"))),
    envelope("Namespace", field(1, field(8, field(1, 2**60)))),
])  # fmt: skip
def test_nonsense_is_a_bad_request(body: bytes) -> None:
    with pytest.raises((BadRequest, UnsupportedMediaType)):
        protobuf.decoded(body)


def fields_of(message: str) -> Iterator[tuple[str, str]]:
    """The fields of a message, and of those that stand in it without a name: name and type."""
    for name, type_ in protobuf._MESSAGES[message].values():
        if type_.startswith("^"):
            yield from fields_of(type_[1:])
        else:
            yield name, type_.removesuffix(" pointer")


def differences(message: str, known: Type, compared: set[str]) -> Iterator[str]:
    """Where a message, or one in it, has other fields than the schema's type."""
    compared.add(message)
    found = dict(fields_of(message))
    yield from (f"{message}.{name}" for name in found.keys() ^ known.fields.keys())
    for name, type_ in found.items():
        inner = type_.removeprefix("[]").removeprefix("{}").removeprefix("@")
        if inner in protobuf._MESSAGES and inner not in compared | {"ObjectMeta"}:
            field = known.fields[name]
            held = type_of(field.items if type_.startswith("[]") else field)
            assert held is not None, f"{message}.{name}"
            yield from differences(inner, held, compared)


def test_a_pods_messages_have_the_fields_of_its_schema() -> None:
    compared: set[str] = set()
    left_out = {"Pod.apiVersion", "Pod.kind", "Pod.status"}
    assert set(differences("Pod", type_for("Pod"), compared)) == left_out
    assert {"Volume", "EphemeralContainer", "Probe", "HTTPGetAction"} <= compared
