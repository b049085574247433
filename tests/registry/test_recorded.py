"""What is data and nothing else: it is stored and given back as it was written, field by field."""

from typing import Any

import pytest

from minisets.objects.kinds import Object, Ref, kind_of
from minisets.objects.schema import Type, type_for, type_named
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import pod

ABOUT: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "namespace": "default",
    "name": "web-0",
    "uid": "u-1",
    "resourceVersion": "7",
    "fieldPath": "spec.containers{nginx}",
}
MOMENT = "2026-11-23T12:00:00.000000Z"
EVENT: Object = {
    "involvedObject": ABOUT,
    "related": ABOUT,
    "type": "Normal",
    "reason": "Pulled",
    "message": "it is here",
    "source": {"component": "kubelet", "host": "minisets-0"},
    "count": 2,
    "firstTimestamp": "2026-11-23T12:00:00Z",
    "lastTimestamp": "2026-11-23T12:01:00Z",
    "eventTime": MOMENT,
    "series": {"count": 2, "lastObservedTime": MOMENT},
    "action": "Pulling",
    "reportingComponent": "kubelet",
    "reportingInstance": "minisets-0",
}
PORT: Object = {"name": "web", "port": 80, "protocol": "TCP", "appProtocol": "http"}
ADDRESS: Object = {"ip": "10.0.0.1", "hostname": "web-0", "nodeName": "minisets-0", "targetRef": ABOUT}
ENDPOINTS: Object = {"subsets": [{"addresses": [ADDRESS], "notReadyAddresses": [ADDRESS], "ports": [PORT]}]}
SLICE: Object = {
    "addressType": "IPv4",
    "ports": [PORT],
    "endpoints": [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "hostname": "web-0",
            "nodeName": "minisets-0",
            "targetRef": ABOUT,
            "zone": "a",
            "deprecatedTopology": {"rack": "7"},
            "hints": {"forZones": [{"name": "a"}], "forNodes": [{"name": "minisets-0"}]},
        }
    ],
}
NODE: Object = {
    "spec": {
        "podCIDR": "10.0.0.0/24",
        "podCIDRs": ["10.0.0.0/24"],
        "providerID": "a://b",
        "externalID": "c",
        "unschedulable": True,
    }
}
CONFIG: Object = {"data": {"a": "1"}, "binaryData": {"b": "AAEC"}, "immutable": True}
SECRET: Object = {"data": {"a": "MQ=="}, "type": "example.com/a", "immutable": True}


def stored(registry: Registry, store: MemoryStore, kind: str, body: Object) -> Object:
    namespace = "default" if kind_of(kind).namespaced else ""
    registry.create(kind, namespace, {"metadata": {"name": "a"}, **body})
    found = store.get(Ref(kind, namespace, "a"))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Event", EVENT),
        ("Endpoints", ENDPOINTS),
        ("EndpointSlice", SLICE),
        ("ConfigMap", CONFIG),
        ("Secret", SECRET),
        ("ServiceAccount", {"secrets": [ABOUT]}),
        ("ControllerRevision", {"data": {"spec": {"template": {"a": [1, None]}}}, "revision": 3}),
        ("Node", NODE),
    ],
)
def test_data_is_given_back_as_it_was_written(
    registry: Registry, store: MemoryStore, kind: str, body: Object
) -> None:
    found = stored(registry, store, kind, body)
    assert {field: found.get(field) for field in body} == body


@pytest.mark.parametrize(
    ("known", "value"),
    [
        (type_for("Event"), {**EVENT, "apiVersion": "", "kind": "", "metadata": {}}),
        (type_for("EndpointSlice"), {**SLICE, "apiVersion": "", "kind": "", "metadata": {}}),
        (type_for("Endpoints"), {**ENDPOINTS, "apiVersion": "", "kind": "", "metadata": {}}),
        (type_for("ConfigMap"), {**CONFIG, "apiVersion": "", "kind": "", "metadata": {}}),
        (type_named("ObjectReference"), ABOUT),
        (type_named("EventSource"), EVENT["source"]),
        (type_named("EventSeries"), EVENT["series"]),
        (type_named("EndpointAddress"), ADDRESS),
        (type_named("EndpointPort"), PORT),
        (type_named("Endpoint"), SLICE["endpoints"][0]),
    ],
    ids=lambda value: value.name if isinstance(value, Type) else "",
)
def test_no_field_of_these_is_left_out_of_the_test_above(known: Type, value: Any) -> None:
    assert set(value) == set(known.fields)


def test_what_metadata_says_is_given_back(registry: Registry, store: MemoryStore) -> None:
    owner = {"apiVersion": "v1", "kind": "Node", "name": "b", "uid": "u-1", "blockOwnerDeletion": True}
    metadata = {
        "name": "a",
        "labels": {"app.kubernetes.io/name": "b"},
        "annotations": {"example.com/note": "any\ntext"},
        "finalizers": ["example.com/hold"],
        "ownerReferences": [{**owner, "controller": True}],
    }
    found = stored(registry, store, "ConfigMap", {"metadata": metadata})["metadata"]
    assert {field: found[field] for field in metadata} == metadata


def test_text_of_a_secret_becomes_data(registry: Registry, store: MemoryStore) -> None:
    found = stored(registry, store, "Secret", {"stringData": {"a": "1"}})
    assert (found["data"], "stringData" in found) == ({"a": "MQ=="}, False)


@pytest.mark.parametrize(
    "spec",
    [
        {"os": {"name": "linux"}},
        {"serviceAccountName": "default"},
    ],
)
def test_what_a_pod_says_and_this_machine_has_no_use_for_is_kept(
    registry: Registry, store: MemoryStore, spec: dict[str, Any]
) -> None:
    found = stored(registry, store, "Pod", {"spec": {**pod()["spec"], **spec}})
    assert {field: found["spec"].get(field) for field in spec} == spec
