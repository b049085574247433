"""The Endpoints object of a Service: the form before EndpointSlices. Pure.

A pod that is being deleted is left out, unless unready addresses are published.
Kubernetes: pkg/controller/endpoint/endpoints_controller.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.controllers.endpoints.slices import HEADLESS
from minisets.objects.metadata import labels_of, name_of, namespace_of, spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.controllers.endpoints.targets import Port, Target
    from minisets.objects.kinds import Object

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"


def endpoints(service: Object, targets: Iterable[Target]) -> Object:
    """The whole object, as it is to be created."""
    headless = {HEADLESS: ""} if spec_of(service).get("clusterIP") == "None" else {}
    unready_too = bool(spec_of(service).get("publishNotReadyAddresses"))
    shown = [target for target in targets if unready_too or not target.terminating]
    subsets = _subsets(shown)
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": name_of(service),
            "namespace": namespace_of(service),
            "labels": {**labels_of(service), **headless, MANAGED_BY: MANAGER},
        },
        **({"subsets": subsets} if subsets else {}),
    }


def brought_up_to_date(present: Object, wanted: Object) -> Object:
    """The present object with the wanted labels and subsets."""
    updated = {field: value for field, value in present.items() if field != "subsets"}
    updated["metadata"] = {**present["metadata"], "labels": wanted["metadata"]["labels"]}
    return {**updated, "subsets": wanted["subsets"]} if "subsets" in wanted else updated


def _subsets(targets: Iterable[Target]) -> list[dict[str, Any]]:
    """Targets with the same ports together, ready ones apart from the others."""
    by_ports: dict[tuple[Port, ...], list[Target]] = {}
    for target in targets:
        by_ports.setdefault(target.ports, []).append(target)
    subsets = []
    for ports, members in by_ports.items():
        subset: dict[str, Any] = {}
        for field, ready in (("addresses", True), ("notReadyAddresses", False)):
            if found := [_address(target) for target in members if target.ready is ready]:
                subset[field] = found
        if ports:
            subset["ports"] = [_port(port) for port in ports]
        subsets.append(subset)
    return subsets


def _address(target: Target) -> dict[str, Any]:
    address: dict[str, Any] = {"ip": target.address}
    if target.hostname:
        address["hostname"] = target.hostname
    if target.node:
        address["nodeName"] = target.node
    return {**address, "targetRef": dict(target.reference)}


def _port(port: Port) -> dict[str, Any]:
    """Endpoints leave an empty name out, where slices have it."""
    return {field: value for field, value in port.as_json().items() if value != ""}
