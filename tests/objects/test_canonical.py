import copy
import json
from typing import Any

import pytest

from minisets.objects.canonical import canonical
from minisets.objects.strictness import check


def pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", **container}]}}


def container_of(obj: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = canonical("Pod", obj)["spec"]["containers"][0]
    return found


def test_quantities_are_spelled_canonically() -> None:
    found = container_of(pod(resources={"limits": {"memory": "1024Mi", "cpu": 0.5}}))
    assert found["resources"] == {"limits": {"memory": "1Gi", "cpu": "500m"}}


def test_a_struct_that_is_no_pointer_is_always_written() -> None:
    found = canonical("Pod", pod())
    assert found["status"] == {}
    assert found["spec"]["containers"] == [{"name": "c", "resources": {}}]
    assert canonical("StatefulSet", {})["status"] == {"replicas": 0, "availableReplicas": 0}


def test_a_pointer_to_a_struct_stays_when_it_is_given() -> None:
    obj: dict[str, Any] = {
        "spec": {"containers": [], "securityContext": {}, "volumes": [{"name": "v", "emptyDir": {}}]}
    }
    found = canonical("Pod", obj)["spec"]
    assert found == obj["spec"]
    assert "securityContext" not in canonical("Pod", pod())["spec"]


def test_zeros_are_dropped_unless_they_sit_behind_a_pointer() -> None:
    mount = {"name": "v", "mountPath": "/v", "readOnly": False}
    found = container_of(pod(volumeMounts=[mount], livenessProbe={"initialDelaySeconds": 0}, tty=False))
    assert found["volumeMounts"] == [{"name": "v", "mountPath": "/v"}]
    assert found["livenessProbe"] == {}
    assert "tty" not in found
    spec = {"replicas": 0, "revisionHistoryLimit": 0, "minReadySeconds": 0}
    kept = canonical("StatefulSet", {"spec": spec})["spec"]
    assert (kept["replicas"], kept["revisionHistoryLimit"], "minReadySeconds" in kept) == (0, 0, False)


def test_empty_lists_maps_and_nulls_are_dropped() -> None:
    obj: dict[str, Any] = {"metadata": {"name": "p", "labels": {}, "finalizers": [], "annotations": None}}
    assert canonical("ConfigMap", {**obj, "data": {}}) == {"metadata": {"name": "p"}}


def test_empty_values_inside_maps_and_lists_stay() -> None:
    assert canonical("ConfigMap", {"data": {"empty": ""}})["data"] == {"empty": ""}
    assert container_of(pod(args=["", "a"]))["args"] == ["", "a"]


def test_the_zero_of_a_quantity_that_is_no_pointer_is_written() -> None:
    env = [{"name": "N", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]
    found = container_of(pod(env=env))["env"][0]["valueFrom"]["resourceFieldRef"]
    assert found == {"resource": "limits.cpu", "divisor": "0"}


@pytest.mark.parametrize("port", [80, "http", 0])
def test_int_or_string_keeps_its_form(port: object) -> None:
    assert container_of(pod(livenessProbe={"httpGet": {"port": port}}))["livenessProbe"]["httpGet"] == {
        "port": port
    }


def test_stamps_are_whole_seconds_in_utc_and_bytes_lose_line_breaks() -> None:
    obj = {"metadata": {"deletionTimestamp": "2026-01-01T12:00:00.5+02:00"}, "data": {"k": "aGVs\nbG8="}}
    found = canonical("Secret", obj)
    assert found["metadata"]["deletionTimestamp"] == "2026-01-01T10:00:00Z"
    assert found["data"] == {"k": "aGVsbG8="}


def test_what_is_mistyped_or_unknown_is_left_for_others_to_name() -> None:
    obj = {"metadata": {"name": 5}, "spec": {"containers": "x", "bogus": 1}}
    found = canonical("Pod", obj)
    assert (found["metadata"], found["spec"]) == (obj["metadata"], obj["spec"])


def test_it_is_idempotent_and_changes_nothing_that_it_is_given() -> None:
    obj = pod(resources={"requests": {"cpu": "1000m"}}, env=[], ports=[{}])
    before = copy.deepcopy(obj)
    once = canonical("Pod", obj)
    assert obj == before
    assert canonical("Pod", once) == once
    assert check("Pod", once) == (once, ())


def revision_hash(data: Any) -> str:
    """FNV-1 over compact JSON and the collision count, in the API's alphabet (A-52)."""
    number = 0x811C9DC5
    for byte in json.dumps(data, sort_keys=True, separators=(",", ":")).encode() + b"0":
        number = (number * 0x01000193 & 0xFFFFFFFF) ^ byte
    return "".join("bcdfghjklmnpqrstvwxz2456789"[ord(digit) % 27] for digit in str(number))


def test_the_canonical_template_has_the_revision_hash_of_a_real_controller() -> None:
    """A-52: the known answer for a set of Kubernetes 1.34."""
    container = {
        "name": "test",
        "image": "test",
        "imagePullPolicy": "Always",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "ports": [],
        "stdin": False,
    }
    spec = {
        "containers": [container],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "hostNetwork": False,
    }
    metadata = {"annotations": {"test": "value"}, "labels": {"app": "foo"}, "creationTimestamp": None}
    found = canonical("StatefulSet", {"spec": {"template": {"metadata": metadata, "spec": spec}}})
    template = {**found["spec"]["template"], "$patch": "replace"}
    assert revision_hash({"spec": {"template": template}}) == "776999688b"
