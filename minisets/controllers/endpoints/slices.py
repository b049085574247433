"""The EndpointSlices that a Service should have, set against those that it has. Pure.

Targets with the same ports share slices, a hundred in each; slices keep their names while they last.
Kubernetes: staging endpointslice/reconciler.go, utils.go setEndpointSliceLabels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import labels_of, name_of, namespace_of, spec_of
from minisets.objects.owners import owner_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.controllers.endpoints.targets import Port, Target
    from minisets.objects.kinds import Object

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
HEADLESS = "service.kubernetes.io/headless"
_MOST = 100
_LONGEST_PREFIX = 63 - 6


@dataclass(frozen=True)
class Difference:
    """What to write: new slices, slices in their new form, and slices to remove."""

    create: tuple[Object, ...]
    update: tuple[Object, ...]
    delete: tuple[Object, ...]


def difference(service: Object, targets: Sequence[Target], present: Sequence[Object]) -> Difference:
    """How to get from the slices that are there to those that should be; present: ours, by name."""
    left = list(present)
    create, update = [], []
    for ports, group in _groups(targets):
        fitting = [slice_ for slice_ in left if slice_.get("ports") == ports] or left[:1]
        labels, endpoints = _labels(service), [_endpoint(target) for target in group]
        if not fitting:
            create.append(_new(service, labels, ports, endpoints))
            continue
        kept = fitting[0]
        left.remove(kept)
        wanted = {**kept, "ports": ports, "endpoints": endpoints}
        wanted["metadata"] = {**kept["metadata"], "labels": labels}
        if wanted != kept:
            update.append(wanted)
    return Difference(tuple(create), tuple(update), tuple(left))


def _groups(targets: Sequence[Target]) -> list[tuple[list[dict[str, Any]], list[Target]]]:
    """Targets that fit in one slice together; one empty group where there are none (a placeholder)."""
    by_ports: dict[tuple[Port, ...], list[Target]] = {}
    for target in targets:
        by_ports.setdefault(target.ports, []).append(target)
    groups = [
        ([port.as_json() for port in ports], members[start : start + _MOST])
        for ports, members in by_ports.items()
        for start in range(0, len(members), _MOST)
    ]
    return groups or [([], [])]


def _endpoint(target: Target) -> dict[str, Any]:
    conditions = {
        "ready": target.ready,
        "serving": target.serving,
        "terminating": target.terminating,
    }
    endpoint: dict[str, Any] = {"addresses": [target.address], "conditions": conditions}
    if target.hostname:
        endpoint["hostname"] = target.hostname
    if target.node:
        endpoint["nodeName"] = target.node
    return {**endpoint, "targetRef": dict(target.reference)}


def _new(service: Object, labels: dict[str, str], ports: list[Any], endpoints: list[Any]) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name_of(service)[:_LONGEST_PREFIX]}-",
            "namespace": namespace_of(service),
            "labels": labels,
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    }


def _labels(service: Object) -> dict[str, str]:
    """The Service's own labels, and what says whose slice it is."""
    own = {key: value for key, value in labels_of(service).items() if key != HEADLESS}
    headless = {HEADLESS: ""} if spec_of(service).get("clusterIP") == "None" else {}
    return {**own, **headless, SERVICE_NAME: name_of(service), MANAGED_BY: MANAGER}
