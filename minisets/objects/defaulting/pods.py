"""Defaults of pods and of pod templates, which differ (A-89, A-90). Leaves volumes to their module.

Kubernetes: core/v1 defaults.go SetDefaults_Pod, SetDefaults_PodSpec, SetDefaults_Container,
SetDefaults_Probe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.defaulting.fields import fill, fill_zero
from minisets.objects.defaulting.images import pull_policy
from minisets.objects.defaulting.pod_volumes import default_pod_volume
from minisets.objects.defaulting.qos import qos_class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.objects.kinds import Object

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def default_pod(pod: Object) -> None:
    """What a pod gets: all that a template gets, and what only pods get."""
    spec = pod.setdefault("spec", {})
    for container in _containers(spec):
        _request_what_is_limited(container)
        if spec.get("hostNetwork"):
            for port in container.get("ports") or ():
                fill_zero(port, hostPort=port.get("containerPort") or 0)
    fill(spec, enableServiceLinks=True)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        spec["terminationGracePeriodSeconds"] = 1
    default_pod_spec(spec)
    # Kubernetes: pod strategy PrepareForCreate.
    fill(fill(pod, status={})["status"], phase="Pending", qosClass=qos_class(spec))


def default_pod_spec(spec: Object) -> None:
    """What pods and templates get alike."""
    for volume in spec.get("volumes") or ():
        default_pod_volume(volume)
    for container in _containers(spec):
        _default_container(container)
    fill(
        spec,
        dnsPolicy="ClusterFirst",
        restartPolicy="Always",
        securityContext={},
        terminationGracePeriodSeconds=30,
        schedulerName="default-scheduler",
    )
    # `serviceAccount` is the old alias: both are kept, in step, and the new name wins.
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def _containers(spec: Object) -> Iterator[Object]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def _default_container(container: Object) -> None:
    fill(
        container,
        imagePullPolicy=pull_policy(container.get("image") or ""),
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    for port in container.get("ports") or ():
        fill(port, protocol="TCP")
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        if source.get("fieldRef") is not None:
            fill(source["fieldRef"], apiVersion="v1")
        if source.get("resourceFieldRef") is not None:
            fill(source["resourceFieldRef"], divisor="0")
    for name in PROBES:
        if (probe := container.get(name)) is not None:
            _default_probe(probe)
    lifecycle = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):
        _default_handler(lifecycle.get(name) or {})


def _default_probe(probe: Object) -> None:
    fill_zero(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    _default_handler(probe)


def _default_handler(handler: Object) -> None:
    if (http := handler.get("httpGet")) is not None:
        fill(http, path="/", scheme="HTTP")
    grpc = handler.get("grpc")
    if grpc is not None and grpc.get("service") is None:
        grpc["service"] = ""


def _request_what_is_limited(container: Object) -> None:
    """A pod requests what it is limited to, where it names no request (A-90)."""
    resources = container.get("resources") or {}
    if limits := resources.get("limits"):
        resources["requests"] = {**limits, **(resources.get("requests") or {})}
