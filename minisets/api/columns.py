"""Which columns `kubectl get` shows of each kind, and what stands in them. Pure.

A kind's row is a tuple of columns; a column is a heading and a function of object and now.
Leaves the Table around them to `tables.py`, pods, nodes and events to `pod_cells.py`, `node_cells.py` and
`event_cells.py`, the kinds that are kept without effect to `kept_columns.py`, and custom resources to
`custom_columns.py`.
Kubernetes: pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.api import event_cells, node_cells, pod_cells
from minisets.api.column import AGE, NAME, Column, at, labels, wide
from minisets.api.custom_columns import CUSTOM
from minisets.api.kept_columns import KEPT
from minisets.objects.metadata import (
    annotations_of,
    is_being_deleted,
    name_of,
    spec_of,
    status_of,
)
from minisets.objects.owners import controller_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from minisets.objects.kinds import Object

_MOST_LISTED = 3
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def columns_of(title: str) -> tuple[Column, ...]:
    """The columns of a kind; name and age for one that has no printer."""
    return _COLUMNS.get(title, (NAME, AGE))


def _some(texts: Iterable[str], empty: str) -> str:
    """Comma-separated, at most three, and how many more there are."""
    found = list(texts)
    more = len(found) - _MOST_LISTED
    text = ",".join(found[:_MOST_LISTED]) or empty
    return f"{text} + {more} more..." if more > 0 else text


def _modes(modes: Iterable[str] | None) -> str:
    given = set(modes or ())
    return ",".join(short for mode, short in _MODES.items() if mode in given)


def _phase(obj: Object, _now: datetime) -> str:
    return "Terminating" if is_being_deleted(obj) else str(status_of(obj).get("phase") or "")


# --- cells of single kinds ---


def _containers(field: str) -> Callable[[Object, datetime], str]:
    def cell(obj: Object, _now: datetime) -> str:
        template = (spec_of(obj).get("template") or {}).get("spec") or {}
        return ",".join(str(one.get(field, "")) for one in template.get("containers") or ())

    return cell


def _sts_ready(obj: Object, _now: datetime) -> str:
    return f"{status_of(obj).get('readyReplicas') or 0}/{spec_of(obj).get('replicas') or 0}"


def _pod_address(obj: Object, _now: datetime) -> str:
    addresses = status_of(obj).get("podIPs") or [{"ip": status_of(obj).get("podIP")}]
    return str(addresses[0].get("ip") or "<none>")


def _claim_capacity(obj: Object, _now: datetime) -> str:
    if not spec_of(obj).get("volumeName"):
        return ""
    return str((status_of(obj).get("capacity") or {}).get("storage") or "0")


def _claim_modes(obj: Object, _now: datetime) -> str:
    return _modes(status_of(obj).get("accessModes")) if spec_of(obj).get("volumeName") else ""


def _class(obj: Object, _now: datetime) -> str:
    beta = annotations_of(obj).get("volume.beta.kubernetes.io/storage-class")
    return beta or str(spec_of(obj).get("storageClassName") or "")


def _volume_claim(obj: Object, _now: datetime) -> str:
    claim = spec_of(obj).get("claimRef") or {}
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def _service_address(obj: Object, _now: datetime) -> str:
    spec = spec_of(obj)
    return str(next(iter(spec.get("clusterIPs") or ()), None) or spec.get("clusterIP") or "<none>")


def _external_address(obj: Object, _now: datetime) -> str:
    spec = spec_of(obj)
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName") or "")
    external = list(spec.get("externalIPs") or ())
    if spec.get("type") != "LoadBalancer":
        return ",".join(external) or "<none>"
    ingress = (status_of(obj).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join([one.get("ip") or one.get("hostname", "") for one in ingress] + external) or "<pending>"


def _service_ports(obj: Object, _now: datetime) -> str:
    def port(one: Mapping[str, Any]) -> str:
        number = f"{one.get('port')}:{one['nodePort']}" if one.get("nodePort") else one.get("port")
        return f"{number}/{one.get('protocol') or 'TCP'}"

    return ",".join(port(one) for one in spec_of(obj).get("ports") or ()) or "<none>"


def _endpoints(obj: Object, _now: datetime) -> str:
    found: list[str] = []
    for subset in obj.get("subsets") or ():
        ports = [f":{port['port']}" for port in subset.get("ports") or ()] or [""]
        found += [f"{one['ip']}{port}" for port in ports for one in subset.get("addresses") or ()]
    return _some(found, "<none>")


def _slice_ports(obj: Object, _now: datetime) -> str:
    ports = obj.get("ports") or ()
    return _some((str(port.get("port") or port.get("name") or "*") for port in ports), "<unset>")


def _slice_endpoints(obj: Object, _now: datetime) -> str:
    found = (address for one in obj.get("endpoints") or () for address in one.get("addresses") or ())
    return _some(found, "<unset>")


def _revision_owner(obj: Object, _now: datetime) -> str:
    owner = controller_of(obj)
    if owner is None:
        return "<none>"
    group = str(owner.get("apiVersion", "")).rpartition("/")[0]
    kind = str(owner.get("kind", "")).lower()
    return f"{kind}.{group}/{owner.get('name', '')}" if group else f"{kind}/{owner.get('name', '')}"


def _class_name(obj: Object, _now: datetime) -> str:
    default = annotations_of(obj).get("storageclass.kubernetes.io/is-default-class") == "true"
    return f"{name_of(obj)} (default)" if default else name_of(obj)


def _data(obj: Object, _now: datetime) -> int:
    return len(obj.get("data") or {}) + len(obj.get("binaryData") or {})


def _int_or_percent(field: str) -> Callable[[Object, datetime], str]:
    return lambda obj, _now: str(spec_of(obj).get(field, "N/A"))


_VOLUME_CLASS = Column("VolumeAttributesClass", at("spec", "volumeAttributesClassName", default="<unset>"))
_VOLUME_MODE = wide("VolumeMode", at("spec", "volumeMode", default="<unset>"))

_COLUMNS: dict[str, tuple[Column, ...]] = {
    "Pod": (
        NAME,
        Column("Ready", pod_cells.ready),
        Column("Status", pod_cells.status),
        Column("Restarts", pod_cells.restarts),
        AGE,
        wide("IP", _pod_address),
        wide("Node", at("spec", "nodeName", default="<none>")),
        wide("Nominated Node", at("status", "nominatedNodeName", default="<none>")),
        wide("Readiness Gates", pod_cells.readiness_gates),
    ),
    "StatefulSet": (
        NAME,
        Column("Ready", _sts_ready),
        AGE,
        wide("Containers", _containers("name")),
        wide("Images", _containers("image")),
    ),
    "Scale": (
        Column("Name", lambda obj, _now: name_of(obj)),
        Column("Desired", at("spec", "replicas", default=0), type="integer"),
        Column("Available", at("status", "replicas", default=0), type="integer"),
        AGE,
    ),
    "PersistentVolumeClaim": (
        NAME,
        Column("Status", _phase),
        Column("Volume", at("spec", "volumeName")),
        Column("Capacity", _claim_capacity),
        Column("Access Modes", _claim_modes),
        Column("StorageClass", _class),
        _VOLUME_CLASS,
        AGE,
        _VOLUME_MODE,
    ),
    "PersistentVolume": (
        NAME,
        Column("Capacity", at("spec", "capacity", "storage", default="0")),
        Column("Access Modes", lambda obj, _now: _modes(spec_of(obj).get("accessModes"))),
        Column("Reclaim Policy", at("spec", "persistentVolumeReclaimPolicy")),
        Column("Status", _phase),
        Column("Claim", _volume_claim),
        Column("StorageClass", _class),
        _VOLUME_CLASS,
        Column("Reason", at("status", "reason")),
        AGE,
        _VOLUME_MODE,
    ),
    "Service": (
        NAME,
        Column("Type", at("spec", "type", default="ClusterIP")),
        Column("Cluster-IP", _service_address),
        Column("External-IP", _external_address),
        Column("Port(s)", _service_ports),
        AGE,
        wide("Selector", lambda obj, _now: labels(spec_of(obj).get("selector"))),
    ),
    "Endpoints": (NAME, Column("Endpoints", _endpoints), AGE),
    "EndpointSlice": (
        NAME,
        Column("AddressType", at("addressType")),
        Column("Ports", _slice_ports),
        Column("Endpoints", _slice_endpoints),
        AGE,
    ),
    "Event": (
        Column("Last Seen", event_cells.last_seen),
        Column("Type", at("type")),
        Column("Reason", at("reason")),
        Column("Object", event_cells.about),
        wide("Subobject", at("involvedObject", "fieldPath")),
        wide("Source", event_cells.source),
        Column("Message", lambda obj, _now: str(obj.get("message") or "").strip()),
        wide("First Seen", event_cells.first_seen),
        wide("Count", event_cells.count, "integer"),
        Column("Name", lambda obj, _now: name_of(obj), format="name", priority=1),
    ),
    "Node": (
        NAME,
        Column("Status", node_cells.status),
        Column("Roles", node_cells.roles),
        AGE,
        Column("Version", at("status", "nodeInfo", "kubeletVersion")),
        wide("Internal-IP", node_cells.address("InternalIP")),
        wide("External-IP", node_cells.address("ExternalIP")),
        wide("OS-Image", at("status", "nodeInfo", "osImage", default="<unknown>")),
        wide("Kernel-Version", at("status", "nodeInfo", "kernelVersion", default="<unknown>")),
        wide("Container-Runtime", at("status", "nodeInfo", "containerRuntimeVersion", default="<unknown>")),
    ),
    "ControllerRevision": (
        NAME,
        Column("Controller", _revision_owner),
        Column("Revision", at("revision", default=0), type="integer"),
        AGE,
    ),
    "Namespace": (NAME, Column("Status", at("status", "phase")), AGE),
    "ConfigMap": (NAME, Column("Data", _data, type="integer"), AGE),
    "Secret": (
        NAME,
        Column("Type", at("type", default="Opaque")),
        Column("Data", _data, type="integer"),
        AGE,
    ),
    "ServiceAccount": (
        NAME,
        Column("Secrets", lambda obj, _now: len(obj.get("secrets") or ()), type="integer"),
        AGE,
    ),
    "PodDisruptionBudget": (
        NAME,
        Column("Min Available", _int_or_percent("minAvailable")),
        Column("Max Unavailable", _int_or_percent("maxUnavailable")),
        Column("Allowed Disruptions", at("status", "disruptionsAllowed", default=0), type="integer"),
        AGE,
    ),
    "StorageClass": (
        Column("Name", _class_name, format="name"),
        Column("Provisioner", at("provisioner")),
        Column("ReclaimPolicy", at("reclaimPolicy", default="Delete")),
        Column("VolumeBindingMode", at("volumeBindingMode", default="Immediate")),
        Column("AllowVolumeExpansion", at("allowVolumeExpansion", default=False), type="boolean"),
        AGE,
    ),
    **KEPT,
    **CUSTOM,
}
