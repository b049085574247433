"""Good objects, one way to break them, and what is said about the result."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from minisets.objects.defaulting import with_defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object


class Break(Protocol):
    def __call__(self, obj: Object, path: str, value: Any) -> Object: ...


@pytest.fixture
def broken() -> Break:
    """A copy with the value at a path such as `spec.containers.0.image`; None takes the field away."""

    def change(obj: Object, path: str, value: Any) -> Object:
        copy = deepcopy(obj)
        *parents, last = path.split(".")
        place: Any = copy
        for step in parents:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if isinstance(place, list):
            place[int(last)] = value
        elif value is None:
            place.pop(last, None)
        else:
            place[last] = value
        return copy

    return change


@pytest.fixture
def said() -> Callable[[Iterable[Cause]], list[str]]:
    """What a person reads."""
    return lambda causes: [f"{cause.field}: {cause.message}" for cause in causes]


@pytest.fixture
def statefulset() -> Object:
    return with_defaults(
        "StatefulSet",
        {
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "serviceName": "nginx",
                "selector": {"matchLabels": {"app": "nginx"}},
                "template": {
                    "metadata": {"labels": {"app": "nginx"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "nginx",
                                "image": "nginx:1.9.1",
                                "ports": [{"containerPort": 80, "name": "web"}],
                                "volumeMounts": [{"name": "www", "mountPath": "/usr/share/nginx/html"}],
                            },
                        ],
                    },
                },
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "www"},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1Gi"}},
                        },
                    },
                ],
            },
        },
    )


@pytest.fixture
def pod() -> Object:
    return with_defaults(
        "Pod",
        {
            "metadata": {"name": "web-0", "namespace": "default"},
            "spec": {
                "volumes": [{"name": "cache"}],
                "initContainers": [{"name": "prepare", "image": "busybox:1"}],
                "containers": [
                    {
                        "name": "nginx",
                        "image": "nginx:1.9.1",
                        "ports": [{"containerPort": 80, "name": "web"}],
                        "env": [{"name": "ROLE", "value": "web"}],
                        "readinessProbe": {"httpGet": {"port": "web"}},
                        "resources": {"limits": {"memory": "64Mi"}},
                        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
                    },
                ],
            },
        },
    )


@pytest.fixture
def service() -> Object:
    return with_defaults(
        "Service",
        {
            "metadata": {"name": "nginx", "namespace": "default"},
            "spec": {
                "ports": [{"port": 80, "name": "web"}],
                "clusterIP": "None",
                "selector": {"app": "nginx"},
            },
        },
    )


@pytest.fixture
def claim() -> Object:
    return with_defaults(
        "PersistentVolumeClaim",
        {
            "metadata": {"name": "www-web-0", "namespace": "default"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        },
    )


@pytest.fixture
def volume() -> Object:
    return with_defaults(
        "PersistentVolume",
        {
            "metadata": {"name": "pvc-1"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Gi"},
                "csi": {"driver": "docker.minisets.dev", "volumeHandle": "www-web-0"},
            },
        },
    )
