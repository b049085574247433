"""The columns of each kind, as `kubectl get -o wide` would print them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from minisets.api import tables
from minisets.objects.kinds import KINDS, Object, kind_of

NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
META = {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z", "resourceVersion": "7"}


def wide(title: str, **obj: Any) -> dict[str, Any]:
    table = tables.table_of(kind_of(title), {"metadata": META, **obj}, "Metadata", NOW)
    headings = [column["name"] for column in table["columnDefinitions"]]
    return dict(zip(headings, table["rows"][0]["cells"], strict=True))


def narrow_headings(title: str) -> str:
    columns = tables.head_of(title, {})["columnDefinitions"]
    return " ".join(column["name"].replace(" ", "-") for column in columns if column["priority"] == 0)


@pytest.mark.parametrize(("title", "headings"), [
    ("Pod", "Name Ready Status Restarts Age"),
    ("StatefulSet", "Name Ready Age"),
    ("PersistentVolumeClaim",
     "Name Status Volume Capacity Access-Modes StorageClass VolumeAttributesClass Age"),
    ("PersistentVolume", ("Name Capacity Access-Modes Reclaim-Policy Status Claim StorageClass "
                          "VolumeAttributesClass Reason Age")),
    ("Service", "Name Type Cluster-IP External-IP Port(s) Age"),
    ("Event", "Last-Seen Type Reason Object Message"),
    ("Node", "Name Status Roles Age Version"),
    ("ControllerRevision", "Name Controller Revision Age"),
    ("Namespace", "Name Status Age"),
    ("ConfigMap", "Name Data Age"),
    ("Secret", "Name Type Data Age"),
    ("ServiceAccount", "Name Secrets Age"),
    ("StorageClass", "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age"),
    ("Endpoints", "Name Endpoints Age"),
    ("EndpointSlice", "Name AddressType Ports Endpoints Age"),
    ("PodDisruptionBudget", "Name Min-Available Max-Unavailable Allowed-Disruptions Age"),
    ("VolumeSnapshot", ("Name ReadyToUse SourcePVC SourceSnapshotContent RestoreSize SnapshotClass "
                        "SnapshotContent CreationTime Age")),
    ("VolumeSnapshotContent", ("Name ReadyToUse RestoreSize DeletionPolicy Driver VolumeSnapshotClass "
                               "VolumeSnapshot VolumeSnapshotNamespace Age")),
    ("VolumeSnapshotClass", "Name Driver DeletionPolicy Age"),
    ("Unheard", "Name Age"),
])  # fmt: skip
def test_headings_without_wide(title: str, headings: str) -> None:
    """A-150."""
    assert narrow_headings(title) == headings


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_every_kind_shows_an_empty_object_and_names_its_name_column(kind: Any) -> None:
    assert "x" in wide(kind.title).values()
    formats = [column["format"] for column in tables.head_of(kind.title, {})["columnDefinitions"]]
    assert formats.count("name") == 1


@pytest.mark.parametrize(("title", "obj", "expected"), [
    ("StatefulSet",
     {"spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "a", "image": "i:1"},
                                                                  {"name": "b", "image": "j"}]}}},
      "status": {"readyReplicas": 2}},
     {"Ready": "2/3", "Age": "60s", "Containers": "a,b", "Images": "i:1,j"}),
    ("PersistentVolumeClaim",
     {"spec": {"volumeName": "pvc-1", "storageClassName": "standard", "volumeMode": "Filesystem"},
      "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}},
     {"Status": "Bound", "Volume": "pvc-1", "Capacity": "1Gi", "Access Modes": "RWO",
      "StorageClass": "standard", "VolumeAttributesClass": "<unset>", "VolumeMode": "Filesystem"}),
    ("PersistentVolumeClaim", {"spec": {}, "status": {"phase": "Pending"}},
     {"Status": "Pending", "Volume": "", "Capacity": "", "Access Modes": "", "VolumeMode": "<unset>"}),
    ("PersistentVolume",
     {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
               "persistentVolumeReclaimPolicy": "Delete", "claimRef": {"namespace": "a", "name": "b"}},
      "status": {"phase": "Bound"}},
     {"Capacity": "1Gi", "Access Modes": "RWO,RWX", "Reclaim Policy": "Delete", "Claim": "a/b"}),
    ("Service",
     {"spec": {"clusterIP": "None", "clusterIPs": ["None"], "selector": {"b": "1", "a": "2"},
               "ports": [{"port": 80}, {"port": 53, "protocol": "UDP", "nodePort": 30053}]}},
     {"Type": "ClusterIP", "Cluster-IP": "None", "External-IP": "<none>", "Port(s)": "80/TCP,53:30053/UDP",
      "Selector": "a=2,b=1"}),
    ("Service", {"spec": {"type": "LoadBalancer"}}, {"External-IP": "<pending>", "Port(s)": "<none>"}),
    ("Service", {"spec": {"type": "ExternalName", "externalName": "a.b"}}, {"External-IP": "a.b"}),
    ("Node",
     {"spec": {"unschedulable": True},
      "status": {"conditions": [{"type": "Ready", "status": "True"}],
                 "addresses": [{"type": "InternalIP", "address": "10.0.0.3"}],
                 "nodeInfo": {"kubeletVersion": "v1.37.0"}}},
     {"Status": "Ready,SchedulingDisabled", "Roles": "<none>", "Version": "v1.37.0",
      "Internal-IP": "10.0.0.3", "External-IP": "<none>", "OS-Image": "<unknown>"}),
    ("ConfigMap", {"data": {"a": ""}, "binaryData": {"b": ""}}, {"Data": 2}),
    ("Endpoints",
     {"subsets": [{"addresses": [{"ip": f"10.0.0.{n}"} for n in range(5)], "ports": [{"port": 80}]}]},
     {"Endpoints": "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."}),
    ("EndpointSlice", {"ports": [{"port": 80}], "endpoints": [{"addresses": ["10.0.0.1"]}]},
     {"Ports": "80", "Endpoints": "10.0.0.1"}),
    ("PodDisruptionBudget", {"spec": {"minAvailable": 0}, "status": {"disruptionsAllowed": 2}},
     {"Min Available": "0", "Max Unavailable": "N/A", "Allowed Disruptions": 2, "Age": "60s"}),
    ("PodDisruptionBudget", {"spec": {"maxUnavailable": "50%"}},
     {"Min Available": "N/A", "Max Unavailable": "50%", "Allowed Disruptions": 0}),
    ("Event",
     {"type": "Normal", "message": " m \n", "count": 3, "source": {"component": "kubelet"},
      "involvedObject": {"kind": "Pod", "name": "web-0"},
      "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:50Z"},
     {"Last Seen": "10s", "Object": "pod/web-0", "Message": "m", "Count": 3, "First Seen": "60s",
      "Source": "kubelet"}),
])  # fmt: skip
def test_cells(title: str, obj: Object, expected: dict[str, Any]) -> None:
    assert wide(title, **obj).items() >= expected.items()


def test_a_default_class_and_a_revisions_owner_are_told() -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    assert wide("StorageClass", metadata={**META, "annotations": annotations})["Name"] == "x (default)"
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": True}
    shown = wide("ControllerRevision", metadata={**META, "ownerReferences": [owner]}, revision=3)
    assert (shown["Controller"], shown["Revision"]) == ("statefulset.apps/web", 3)


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("None", None),
        ("Metadata", {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": META}),
        ("Object", {"metadata": META, "data": {"a": "1"}}),
    ],
)
def test_a_row_carries_as_much_of_the_object_as_is_asked_for(include: str, expected: Any) -> None:
    table = tables.table_of(kind_of("ConfigMap"), {"metadata": META, "data": {"a": "1"}}, include, NOW)
    assert table["rows"][0].get("object") == expected
    assert table["metadata"]["resourceVersion"] == "7"
