"""The same object in two versions: nothing is lost on the way there and back."""

import pytest

from minisets.errors import BadRequest
from minisets.objects.conversion import as_stored, from_stored, to_stored
from minisets.objects.kinds import CONVERTED, Kind, Object, kind_of

EVENTS, SCALERS = CONVERTED

EVENT: Object = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "a", "namespace": "default"},
    "involvedObject": {"kind": "Pod", "name": "web-0"},
    "message": "it is here",
    "reason": "Pulled",
    "source": {"component": "kubelet"},
    "reportingComponent": "kubelet",
    "count": 2,
    "firstTimestamp": "2026-11-23T12:00:00Z",
    "lastTimestamp": "2026-11-23T12:01:00Z",
    "series": {"count": 2, "lastObservedTime": "2026-11-23T12:00:00.000000Z"},
}


def there_and_back(kind: Kind, stored: Object) -> Object:
    return to_stored(kind, from_stored(kind, stored))


def test_an_event_has_other_names_for_the_same_fields() -> None:
    new = from_stored(EVENTS, EVENT)
    assert (new["apiVersion"], new["note"], new["regarding"]) == (
        "events.k8s.io/v1",
        "it is here",
        {"kind": "Pod", "name": "web-0"},
    )
    assert (new["reportingController"], new["deprecatedSource"]) == ("kubelet", {"component": "kubelet"})
    assert (new["deprecatedCount"], new["deprecatedLastTimestamp"]) == (2, "2026-11-23T12:01:00Z")
    assert new["series"] == EVENT["series"]
    assert not new.keys() & {"message", "involvedObject", "source", "count"}
    assert there_and_back(EVENTS, EVENT) == EVENT


def scaler(**spec: object) -> Object:
    plain = {"scaleTargetRef": {"kind": "StatefulSet", "name": "web"}, "maxReplicas": 3}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {**plain, **spec},
        "status": {"currentReplicas": 0, "desiredReplicas": 0},
    }


def metric(name: str, **target: object) -> Object:
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def test_the_one_metric_of_the_old_autoscaler_is_the_cpus_utilization() -> None:
    cpu = metric("cpu", type="Utilization", averageUtilization=70)
    stored = scaler(metrics=[cpu])
    old = from_stored(SCALERS, stored)
    assert old["apiVersion"] == "autoscaling/v1"
    assert old["spec"]["targetCPUUtilizationPercentage"] == 70
    assert "metrics" not in old["spec"]
    assert there_and_back(SCALERS, stored) == stored


def test_what_the_old_autoscaler_has_no_field_for_travels_as_an_annotation() -> None:
    cpu = metric("cpu", type="Utilization", averageUtilization=70)
    memory = metric("memory", type="AverageValue", averageValue="1Gi")
    behavior = {"scaleUp": {"stabilizationWindowSeconds": 7}}
    stored = scaler(metrics=[cpu, memory], behavior=behavior)
    stored["metadata"]["annotations"] = {"mine": "yes"}
    stored["status"]["conditions"] = [{"type": "AbleToScale", "status": "True"}]
    old = from_stored(SCALERS, stored)
    assert set(old["metadata"]["annotations"]) == {
        "mine",
        "autoscaling.alpha.kubernetes.io/metrics",
        "autoscaling.alpha.kubernetes.io/behavior",
        "autoscaling.alpha.kubernetes.io/conditions",
    }
    assert there_and_back(SCALERS, stored) == stored


@pytest.mark.parametrize("text", ["{", "{}", "[1]", "[" * 100_000])
def test_an_annotation_that_is_none_of_ours_is_passed_over(text: str) -> None:
    old = from_stored(SCALERS, scaler())
    old["metadata"]["annotations"] = {"autoscaling.alpha.kubernetes.io/metrics": text}
    assert "metrics" not in to_stored(SCALERS, old)["spec"]


@pytest.mark.parametrize(
    ("spec", "said"), [("all", "cannot unmarshal string"), ({"metrics": []}, 'unknown field "spec.metrics"')]
)
def test_a_manifest_that_its_version_does_not_have_is_refused(spec: object, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        as_stored({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "spec": spec})


def test_what_has_one_version_stays_as_it_is() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {}}
    assert from_stored(kind_of("Pod"), pod) is pod
    assert to_stored(kind_of("Pod"), pod) is pod
    assert as_stored({"apiVersion": "example.com/v1", "kind": "Any"}) == {
        "apiVersion": "example.com/v1",
        "kind": "Any",
    }
    assert as_stored(from_stored(EVENTS, EVENT)) == EVENT
