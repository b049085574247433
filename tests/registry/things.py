"""Good objects, from which a test breaks one thing, and two ways of saying what was refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from minisets.errors import ApiError
from minisets.objects.kinds import Object, Ref
from minisets.registry.registry import Registry

WEB = Ref("StatefulSet", "default", "web")
POD = Ref("Pod", "default", "web-0")
CLAIM = Ref("PersistentVolumeClaim", "default", "www-web-0")


def statefulset(**spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "nginx"}}, "spec": pod()["spec"]}
    wanted = {"serviceName": "nginx", "replicas": 2, "selector": {"matchLabels": {"app": "nginx"}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {**wanted, "template": template, **spec},
    }


def pod(name: str = "web-0", **spec: Any) -> Object:
    container = {"name": "nginx", "image": "nginx:1.27"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], **spec},
    }


def claim(**spec: Any) -> Object:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"metadata": {"name": "www-web-0"}, "spec": {**wanted, **spec}}


def volume(name: str = "pv-1") -> Object:
    source = {"driver": "docker.minisets.dev", "volumeHandle": "www-web-0"}
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "csi": source}
    return {"metadata": {"name": name}, "spec": spec}


def service(name: str = "nginx", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80, "name": "web"}], **spec}}


def configmap(name: str = "settings", **metadata: Any) -> Object:
    return {"metadata": {"name": name, **metadata}, "data": {"a": "1"}}


def running_pod(registry: Registry, **spec: Any) -> Object:
    """A pod on a node; its grace is 30 s unless said otherwise."""
    registry.create("Pod", "default", pod(**spec))
    return registry.bind(POD, "minisets-0")


@contextmanager
def refused(error: type[ApiError], message: str) -> Iterator[list[ApiError]]:
    """The block must raise this error, with exactly this text; the list has it afterwards."""
    caught: list[ApiError] = []
    with pytest.raises(error) as raised:
        yield caught
    caught.append(raised.value)
    assert str(raised.value) == message


def metadata(obj: Object | None) -> dict[str, Any]:
    assert obj is not None
    found: dict[str, Any] = obj["metadata"]
    return found
