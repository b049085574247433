from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object

Break = Any
C = "spec.containers.0"
AT = "spec.containers[0]"

REFUSED: list[tuple[str, Any, list[str]]] = [
    (f"{C}.name", None, [f"{AT}.name: Required value"]),
    (f"{C}.name", "a.b", [f'{AT}.name: Invalid value: "a.b": must not contain dots']),
    (f"{C}.image", "", [f"{AT}.image: Required value"]),
    (
        f"{C}.image",
        " nginx",
        [f'{AT}.image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ),
    (
        "spec.initContainers.0.name",
        "nginx",
        ['spec.initContainers[0].name: Duplicate value: "nginx"'],
    ),
    (
        f"{C}.imagePullPolicy",
        "Sometimes",
        [
            (
                f'{AT}.imagePullPolicy: Unsupported value: "Sometimes":'
                ' supported values: "Always", "IfNotPresent", "Never"'
            ),
        ],
    ),
    (f"{C}.ports.0.containerPort", None, [f"{AT}.ports[0].containerPort: Required value"]),
    (
        f"{C}.ports.0.containerPort",
        65536,
        [f"{AT}.ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive"],
    ),
    (
        f"{C}.ports.0.name",
        "a-very-long-port-name",
        [
            f'{AT}.ports[0].name: Invalid value: "a-very-long-port-name": must be no more than 15 characters',
        ],
    ),
    (
        f"{C}.ports.0.name",
        "8080",
        [f'{AT}.ports[0].name: Invalid value: "8080": must contain at least one letter (a-z)'],
    ),
    (
        f"{C}.ports",
        [
            {"containerPort": 80, "name": "web", "protocol": "TCP"},
            {"containerPort": 81, "name": "web", "protocol": "TCP"},
        ],
        [f'{AT}.ports[1].name: Duplicate value: "web"'],
    ),
    (
        f"{C}.ports",
        [
            {"containerPort": 80, "hostPort": 80, "protocol": "TCP"},
            {"containerPort": 81, "hostPort": 80, "protocol": "TCP"},
        ],
        [f'{AT}.ports[1].hostPort: Duplicate value: "TCP//80"'],
    ),
    (
        f"{C}.ports.0.protocol",
        "tcp",
        [f'{AT}.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
    ),
    (
        f"{C}.env.0.name",
        "A=B",
        [
            (
                f'{AT}.env[0].name: Invalid value: "A=B": a valid environment variable name'
                " must consist only of printable ASCII characters other than '='"
            ),
        ],
    ),
    (f"{C}.env.0.name", None, [f"{AT}.env[0].name: Required value"]),
    (
        f"{C}.env.0.valueFrom",
        {"secretKeyRef": {"name": "s", "key": "k"}},
        [f'{AT}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ),
    (
        f"{C}.env.0",
        {"name": "A", "valueFrom": {}},
        [
            (
                f'{AT}.env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`,'
                f" `resourceFieldRef`,"
                " `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            ),
        ],
    ),
    (
        f"{C}.env.0",
        {"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.phase"}}},
        [
            (
                f'{AT}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase":'
                f" supported values:"
                ' "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",'
                ' "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP",'
                ' "status.podIPs"'
            ),
        ],
    ),
    (
        f"{C}.env.0",
        {"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nope"}}},
        [
            (
                f'{AT}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope":'
                " error converting fieldPath: field label not supported: spec.nope"
            ),
        ],
    ),
    (
        f"{C}.env.0",
        {"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1Mi"}}},
        [
            (
                f'{AT}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu":'
                " only divisor's values 1m and 1 are supported with the cpu resource"
            ),
        ],
    ),
    (
        f"{C}.env.0",
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c"}}},
        [f"{AT}.env[0].valueFrom.configMapKeyRef.key: Required value"],
    ),
    (
        f"{C}.envFrom",
        [{}],
        [f'{AT}.envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    ),
    (f"{C}.volumeMounts.0.mountPath", "", [f"{AT}.volumeMounts[0].mountPath: Required value"]),
    (f"{C}.volumeMounts.0.name", "none", [f'{AT}.volumeMounts[0].name: Not found: "none"']),
    (
        f"{C}.volumeMounts",
        [{"name": "cache", "mountPath": "/a"}, {"name": "cache", "mountPath": "/a"}],
        [f'{AT}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique'],
    ),
    (
        f"{C}.volumeDevices",
        [{"name": "cache", "devicePath": "/dev/a"}],
        [
            f'{AT}.volumeMounts[0].name: Invalid value: "cache": must not already exist in volumeDevices',
            (
                f'{AT}.volumeDevices[0].name: Invalid value: "cache":'
                " can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            ),
            f'{AT}.volumeDevices[0].name: Invalid value: "cache": must not already exist in volumeMounts',
        ],
    ),
    (
        f"{C}.volumeDevices",
        [{"name": "data", "devicePath": "/dev/../a"}, {"name": "data", "devicePath": ""}],
        [
            f'{AT}.volumeDevices[0].name: Not found: "data"',
            (
                f'{AT}.volumeDevices[0].devicePath: Invalid value: "/dev/../a":'
                " can not contain backsteps ('..')"
            ),
            f'{AT}.volumeDevices[1].name: Invalid value: "data": must be unique',
            f'{AT}.volumeDevices[1].name: Not found: "data"',
            f"{AT}.volumeDevices[1].devicePath: Required value",
        ],
    ),
    (
        f"{C}.volumeMounts.0.subPath",
        "../etc",
        [f"{AT}.volumeMounts.subPath: Invalid value: \"../etc\": must not contain '..'"],
    ),
    (
        f"{C}.volumeMounts.0.mountPropagation",
        "Bidirectional",
        [
            (
                f"{AT}.volumeMounts.mountPropagation: Forbidden:"
                " Bidirectional mount propagation is available only to privileged containers"
            ),
        ],
    ),
    (
        f"{C}.resources.requests.memory",
        "128Mi",
        [
            (
                f'{AT}.resources.requests: Invalid value: "128Mi":'
                " must be less than or equal to memory limit of 64Mi"
            ),
        ],
    ),
    (
        f"{C}.resources.limits.cpu",
        "-1",
        [f'{AT}.resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ),
    (
        f"{C}.resources.limits.cpu",
        "lots",
        [
            (
                f'{AT}.resources.limits[cpu]: Invalid value: "lots": quantities must match the'
                f" regular expression"
                " '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            ),
        ],
    ),
    (
        f"{C}.resources.limits.storage",
        "1Gi",
        [
            (
                f'{AT}.resources.limits[storage]: Invalid value: "storage":'
                " must be a standard resource for containers"
            ),
        ],
    ),
    (
        f"{C}.readinessProbe.httpGet",
        None,
        [f"{AT}.readinessProbe: Required value: must specify a handler type"],
    ),
    (
        f"{C}.readinessProbe.exec",
        {"command": ["true"]},
        [f"{AT}.readinessProbe.httpGet: Forbidden: may not specify more than 1 handler type"],
    ),
    (
        f"{C}.readinessProbe.httpGet.port",
        0,
        [f"{AT}.readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"],
    ),
    (
        f"{C}.readinessProbe.periodSeconds",
        -1,
        [f"{AT}.readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        f"{C}.readinessProbe.terminationGracePeriodSeconds",
        5,
        [
            (
                f"{AT}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 5:"
                " must not be set for readinessProbes"
            ),
        ],
    ),
    (
        f"{C}.livenessProbe",
        {"tcpSocket": {"port": 80}, "successThreshold": 2},
        [f"{AT}.livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    ),
    (
        f"{C}.lifecycle",
        {"preStop": {"sleep": {"seconds": 31}}},
        [
            (
                f"{AT}.lifecycle.preStop.sleep: Invalid value: 31:"
                " must be non-negative and less than terminationGracePeriodSeconds (30)"
            ),
        ],
    ),
    (
        "spec.initContainers.0.readinessProbe",
        {"tcpSocket": {"port": 80}},
        [
            (
                "spec.initContainers[0].readinessProbe: Forbidden:"
                " may not be set for init containers without restartPolicy=Always"
            ),
        ],
    ),
    (
        f"{C}.securityContext",
        {"runAsUser": -1},
        [f"{AT}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
    ),
]

ACCEPTED: list[tuple[str, Any]] = [
    (f"{C}.env.0", {"name": "my.env-name", "value": ""}),
    (
        f"{C}.env.0",
        {"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['app']"}}},
    ),
    (
        f"{C}.env.0",
        {"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
    ),
    (f"{C}.resources.limits", {"memory": "64Mi", "example.com/gpu": "1"}),
    ("spec.initContainers.0.restartPolicy", "Always"),
]


@pytest.mark.parametrize(("path", "value", "expected"), REFUSED)
def test_one_broken_field_is_refused_with_kubernetes_words(
    pod: Object,
    broken: Break,
    said: Callable[[Iterable[Cause]], list[str]],
    path: str,
    value: Any,
    expected: list[str],
) -> None:
    """A-86 among them."""
    assert said(validate("Pod", broken(pod, path, value))) == expected


@pytest.mark.parametrize(("path", "value"), ACCEPTED)
def test_unusual_but_sound_fields_are_accepted(pod: Object, broken: Break, path: str, value: Any) -> None:
    assert validate("Pod", broken(pod, path, value)) == ()
