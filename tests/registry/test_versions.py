"""One kind in two versions: written and patched in either, stored in one; and ephemeral containers."""

import json

import pytest

from minisets.errors import ApiError, BadRequest, Conflict, Invalid, Unmergeable
from minisets.objects.kinds import CONVERTED, Object, Ref
from minisets.registry.options import Patch, WriteOptions
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import POD, metadata, pod, refused, running_pod

EVENTS, SCALERS = CONVERTED
STRICT = WriteOptions(field_validation="Strict")
MOMENT = "2026-11-23T12:00:00.000000Z"
TOLD: Object = {
    "apiVersion": "events.k8s.io/v1",
    "kind": "Event",
    "metadata": {"name": "a"},
    "regarding": {"kind": "Pod", "namespace": "default", "name": "web-0"},
    "note": "it is here",
    "reason": "Pulled",
    "action": "Pulling",
    "type": "Normal",
    "eventTime": MOMENT,
    "reportingController": "example.com/robot",
    "reportingInstance": "robot-0",
}
EVENT = Ref("Event", "default", "a")
SCALER = Ref("HorizontalPodAutoscaler", "default", "web")
OLD_SCALER: Object = {
    "metadata": {"name": "web"},
    "spec": {
        "scaleTargetRef": {"kind": "StatefulSet", "name": "web"},
        "maxReplicas": 3,
        "targetCPUUtilizationPercentage": 70,
    },
}


def test_an_event_of_the_newer_api_is_stored_as_the_older_one_has_it(registry: Registry) -> None:
    made = registry.create("Event", "default", TOLD, STRICT, EVENTS).object
    assert (made["apiVersion"], made["message"], made["involvedObject"]["name"]) == (
        "v1",
        "it is here",
        "web-0",
    )
    assert made["reportingComponent"] == "example.com/robot"


def test_a_series_is_counted_by_a_patch_of_the_newer_event(registry: Registry, store: MemoryStore) -> None:
    """As client-go's recorder does it: the first is created, each one more patches the series."""
    registry.create("Event", "default", TOLD, STRICT, EVENTS)
    series = {"series": {"count": 2, "lastObservedTime": MOMENT}}
    registry.patch(EVENT, Patch("strategic", series), spoken=EVENTS)
    stored = store.get(EVENT)
    assert stored is not None
    assert stored["series"] == series["series"]
    with pytest.raises(Invalid, match='message: Invalid value: "other": field is immutable'):
        registry.patch(EVENT, Patch("merge", {"note": "other"}), spoken=EVENTS)


def test_a_field_of_the_other_version_is_unknown(registry: Registry) -> None:
    with pytest.raises(BadRequest, match='unknown field "message"'):
        registry.create("Event", "default", {**TOLD, "message": "x"}, STRICT, EVENTS)
    with pytest.raises(BadRequest, match=r"the API version in the data \(events\.k8s\.io/v1\)"):
        registry.create("Event", "default", TOLD)


def test_an_autoscaler_is_written_and_patched_in_its_old_version(
    registry: Registry, store: MemoryStore
) -> None:
    outcome = registry.create("HorizontalPodAutoscaler", "default", OLD_SCALER, STRICT, SCALERS)
    assert len(outcome.warnings) == 1
    assert outcome.object["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    assert outcome.object["status"] == {"desiredReplicas": 0}
    change = {"spec": {"targetCPUUtilizationPercentage": 50}}
    registry.patch(SCALER, Patch("strategic", change), spoken=SCALERS)
    stored = store.get(SCALER)
    assert stored is not None
    assert stored["spec"]["metrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
        }
    ]
    body = {**OLD_SCALER, "apiVersion": "autoscaling/v1", "spec": {**OLD_SCALER["spec"], "maxReplicas": 9}}
    assert registry.update(SCALER, body, spoken=SCALERS).object["spec"]["maxReplicas"] == 9


def test_an_apply_in_another_version_goes_by_the_rules_of_that_version(
    registry: Registry, store: MemoryStore
) -> None:
    me = WriteOptions(field_manager="me")
    made = registry.apply(EVENT, TOLD, me, "", EVENTS)
    assert (made.created, made.object["message"]) == (True, "it is here")
    with pytest.raises(Invalid, match='message: Invalid value: "other": field is immutable'):
        registry.apply(EVENT, {**TOLD, "note": "other"}, me, "", EVENTS)
    other = Ref("Event", "default", "b")
    untimed = {key: value for key, value in TOLD.items() if key != "eventTime"}
    with pytest.raises(Invalid, match="eventTime: Required value"):
        registry.apply(other, {**untimed, "metadata": {"name": "b"}}, me, "", EVENTS)
    assert store.get(other) is None


SPOKEN = {**OLD_SCALER, "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"}


def with_spec(**spec: object) -> Object:
    return {**SPOKEN, "spec": {**OLD_SCALER["spec"], **spec}}


@pytest.mark.parametrize(
    ("config", "error", "said"),
    [
        ({**SPOKEN, "spec": "all"}, Unmergeable,
         '(/web; autoscaling/v1, Kind=HorizontalPodAutoscaler): .spec: expected map, got "all"'),
        ({**SPOKEN, "metadata": {"name": "web", "annotations": ["a"]}}, Unmergeable,
         ".metadata.annotations: expected map"),
        (with_spec(metrics=[]), Unmergeable, ".spec.metrics: field not declared in schema"),
        (with_spec(targetCPUUtilizationPercentage="x"), Unmergeable,
         ".spec.targetCPUUtilizationPercentage: expected numeric"),
        ({**SPOKEN, "apiVersion": "autoscaling/v2"}, BadRequest,
         "invalid object type: autoscaling/v2, Kind=HorizontalPodAutoscaler"),
    ],
)  # fmt: skip
def test_what_another_version_does_not_have_is_not_applied(
    registry: Registry, config: Object, error: type[ApiError], said: str
) -> None:
    with pytest.raises(error) as refused:
        registry.apply(SCALER, config, WriteOptions(field_manager="me"), "", SCALERS)
    assert said in str(refused.value)


def test_an_old_autoscaler_is_applied_once_and_then_left_alone(
    registry: Registry, store: MemoryStore
) -> None:
    metrics = [{
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 50}},
    }]  # fmt: skip
    noted = {"autoscaling.alpha.kubernetes.io/metrics": json.dumps(metrics), "mine": "yes"}
    config = {**SPOKEN, "metadata": {"name": "web", "annotations": noted}}
    me = WriteOptions(field_manager="me")
    made = registry.apply(SCALER, config, me, "", SCALERS).object
    assert [one["resource"]["name"] for one in made["spec"]["metrics"]] == ["cpu", "memory"]
    assert made["metadata"]["annotations"] == {"mine": "yes"}
    assert registry.apply(SCALER, config, me, "", SCALERS).object == made
    assert store.get(SCALER) == made


def test_a_leader_is_elected_by_who_saw_the_latest_lease(registry: Registry) -> None:
    body: Object = {"metadata": {"name": "leader"}, "spec": {"holderIdentity": "a", "renewTime": MOMENT}}
    first = registry.create("Lease", "default", body)
    assert first.warnings == ()
    ref = Ref("Lease", "default", "leader")
    taken = {**first.object, "spec": {**first.object["spec"], "holderIdentity": "b"}}
    assert registry.update(ref, taken).object["spec"]["holderIdentity"] == "b"
    with pytest.raises(Conflict, match="the object has been modified"):
        registry.update(ref, {**first.object, "spec": {**first.object["spec"], "holderIdentity": "c"}})
    with pytest.raises(Invalid, match=r"metadata\.resourceVersion: Invalid value: 0x0: must be specified"):
        registry.update(ref, body)


# --- ephemeral containers ---

DEBUGGER = {"name": "debugger", "image": "busybox", "targetContainerName": "nginx", "stdin": True}


def adding(*containers: Object) -> Patch:
    return Patch("strategic", {"spec": {"ephemeralContainers": list(containers), "hostname": "other"}})


def test_a_debugger_is_added_to_a_running_pod_and_nothing_else_changes(registry: Registry) -> None:
    before = running_pod(registry)
    outcome = registry.patch(POD, adding(DEBUGGER), WriteOptions(), "ephemeralcontainers")
    (added,) = outcome.object["spec"]["ephemeralContainers"]
    assert (added["name"], added["imagePullPolicy"]) == ("debugger", "Always")
    assert "hostname" not in outcome.object["spec"]
    assert metadata(outcome.object)["generation"] == metadata(before)["generation"] + 1
    assert outcome.warnings == ()
    again = registry.patch(POD, adding(DEBUGGER), WriteOptions(), "ephemeralcontainers").object
    assert again == outcome.object


def test_who_adds_a_debugger_manages_it_and_nothing_else(registry: Registry) -> None:
    registry.create("Pod", "default", pod(), WriteOptions(field_manager="me"))
    debugging = WriteOptions(field_manager="kubectl-debug")
    added = registry.patch(POD, adding(DEBUGGER), debugging, "ephemeralcontainers").object
    found = {entry["manager"]: entry for entry in metadata(added)["managedFields"]}
    assert set(found) == {"me", "kubectl-debug"}
    assert found["kubectl-debug"]["subresource"] == "ephemeralcontainers"
    assert list(found["kubectl-debug"]["fieldsV1"]["f:spec"]) == ["f:ephemeralContainers"]


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (
            {**DEBUGGER, "ports": [{"containerPort": 80}]},
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        ),
        (
            {**DEBUGGER, "targetContainerName": "other"},
            'spec.ephemeralContainers[0].targetContainerName: Not found: "other"',
        ),
        ({**DEBUGGER, "name": "nginx"}, 'spec.ephemeralContainers[0].name: Duplicate value: "nginx"'),
        ({"name": "debugger"}, "spec.ephemeralContainers[0].image: Required value"),
    ],
)
def test_a_debugger_that_cannot_be_is_refused(registry: Registry, container: Object, said: str) -> None:
    running_pod(registry)
    with refused(Invalid, f'Pod "web-0" is invalid: {said}'):
        registry.patch(POD, adding(container), subresource="ephemeralcontainers")


def test_a_debugger_stays_as_it_is(registry: Registry) -> None:
    running_pod(registry)
    stored = registry.patch(POD, adding(DEBUGGER), subresource="ephemeralcontainers").object
    for changed, said in (
        ([], "may not be removed"),
        ([{**DEBUGGER, "image": "other"}], "may not be changed"),
    ):
        body = {**stored, "spec": {**stored["spec"], "ephemeralContainers": changed}}
        with pytest.raises(Invalid, match=f'existing ephemeral containers "debugger" {said}'):
            registry.update(POD, body, subresource="ephemeralcontainers")


def test_a_new_pod_has_no_debugger(registry: Registry) -> None:
    with pytest.raises(Invalid, match=r"spec\.ephemeralContainers: Forbidden: cannot be set on create"):
        registry.create("Pod", "default", pod(ephemeralContainers=[DEBUGGER]))
