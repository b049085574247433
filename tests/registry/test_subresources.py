"""Scale and binding: an object seen and written in part."""

from datetime import timedelta

import pytest

from minisets.clock import FakeClock
from minisets.errors import BadRequest, Conflict, Invalid, NotFound
from minisets.objects.kinds import Object
from minisets.registry.options import Patch, WriteOptions
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import POD, WEB, metadata, pod, refused, running_pod, statefulset


@pytest.fixture
def web(registry: Registry) -> Object:
    return registry.create("StatefulSet", "default", statefulset()).object


# --- scale ---


def test_a_scale_shows_replicas_and_selector(registry: Registry, web: Object) -> None:
    """A-99."""
    registry.patch(WEB, Patch("merge", {"status": {"replicas": 1}}), subresource="status")
    scale = registry.scale(WEB)
    assert (scale["apiVersion"], scale["kind"]) == ("autoscaling/v1", "Scale")
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 1, "selector": "app=nginx"}
    for field in ("name", "namespace", "uid", "creationTimestamp"):
        assert metadata(scale)[field] == metadata(web)[field]


def test_a_scale_without_a_version_is_written_unconditionally(
    registry: Registry, store: MemoryStore, web: Object
) -> None:
    """A-99."""
    assert metadata(web)["generation"] == 1
    body = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"replicas": 5}}
    assert registry.update(WEB, body, subresource="scale").object["spec"] == {"replicas": 5}
    stored = store.get(WEB)
    assert stored is not None
    assert stored["spec"] == {**web["spec"], "replicas": 5}
    assert metadata(stored)["generation"] == 2


@pytest.mark.usefixtures("web")
def test_a_scale_with_an_old_version_is_a_conflict(registry: Registry) -> None:
    scale = registry.scale(WEB)
    registry.patch(WEB, Patch("merge", {"metadata": {"labels": {"a": "b"}}}))
    with refused(
        Conflict,
        'Operation cannot be fulfilled on statefulsets.apps "web": the object has been modified; '
        "please apply your changes to the latest version and try again",
    ):
        registry.update(WEB, {**scale, "spec": {"replicas": 5}}, subresource="scale")


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize(
    "patch",
    [
        Patch("merge", {"spec": {"replicas": 3}}),
        Patch("strategic", {"spec": {"replicas": 3}}),
        Patch("json", [{"op": "replace", "path": "/spec/replicas", "value": 3}]),
    ],
)
def test_a_scale_can_be_patched_in_each_way(registry: Registry, patch: Patch) -> None:
    """A-99."""
    assert registry.patch(WEB, patch, subresource="scale").object["spec"] == {"replicas": 3}
    assert registry.scale(WEB)["spec"] == {"replicas": 3}


@pytest.mark.usefixtures("web")
def test_a_scale_can_be_changed_from_inside(registry: Registry) -> None:
    changed = registry.change(WEB, lambda found: {**found, "spec": {"replicas": 4}}, subresource="scale")
    assert (changed["kind"], changed["spec"]) == ("Scale", {"replicas": 4})
    assert registry.change(WEB, lambda _: None, subresource="scale") == changed


@pytest.mark.usefixtures("web")
def test_a_scale_to_the_same_is_no_write(registry: Registry, store: MemoryStore) -> None:
    """A-98."""
    before = store.version()
    registry.patch(WEB, Patch("merge", {"spec": {"replicas": 2}}), subresource="scale")
    assert store.version() == before


@pytest.mark.usefixtures("web")
def test_a_dry_run_of_a_scale_stores_nothing(registry: Registry) -> None:
    patch = Patch("merge", {"spec": {"replicas": 9}})
    dry = registry.patch(WEB, patch, WriteOptions(dry_run=True), subresource="scale")
    assert dry.object["spec"] == {"replicas": 9}
    assert registry.scale(WEB)["spec"] == {"replicas": 2}


@pytest.mark.usefixtures("web")
def test_less_than_no_replicas_are_refused_in_the_words_of_a_scale(registry: Registry) -> None:
    with refused(
        Invalid,
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: '
        "must be greater than or equal to 0",
    ) as caught:
        registry.patch(WEB, Patch("merge", {"spec": {"replicas": -1}}), subresource="scale")
    assert caught[0].details()["kind"] == "Scale"


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize(
    "body",
    [
        {"spec": {"replicas": "three"}},
        {"spec": []},
        [],
        {"metadata": {"name": "db"}},
        {"metadata": {"namespace": "other"}},
    ],
)
def test_a_scale_that_is_none_is_a_bad_request(registry: Registry, body: Object) -> None:
    with pytest.raises(BadRequest):
        registry.update(WEB, body, subresource="scale")


def test_the_scale_of_nothing_is_not_found(registry: Registry) -> None:
    with refused(NotFound, 'statefulsets.apps "web" not found'):
        registry.scale(WEB)


# --- binding ---


def test_a_pod_is_given_its_node(registry: Registry, clock: FakeClock) -> None:
    registry.create("Pod", "default", pod())
    clock.advance(timedelta(seconds=2))
    bound = registry.bind(POD, "minisets-0")
    assert bound["spec"]["nodeName"] == "minisets-0"
    assert metadata(bound)["generation"] == 1
    (condition,) = bound["status"]["conditions"]
    assert condition == {
        "type": "PodScheduled",
        "status": "True",
        "lastTransitionTime": "2026-11-23T12:00:02Z",
        "observedGeneration": 1,
    }


def test_a_pod_that_was_unschedulable_is_scheduled_now(registry: Registry) -> None:
    registry.create("Pod", "default", pod())
    unschedulable = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    registry.patch(POD, Patch("merge", {"status": {"conditions": [unschedulable]}}), subresource="status")
    (condition,) = registry.bind(POD, "minisets-0")["status"]["conditions"]
    assert condition["status"] == "True"
    assert "reason" not in condition


def test_a_pod_is_bound_once(registry: Registry) -> None:
    running_pod(registry)
    with refused(
        Conflict,
        'Operation cannot be fulfilled on pods/binding "web-0": '
        'pod web-0 is already assigned to node "minisets-0"',
    ):
        registry.bind(POD, "minisets-1")


def test_a_pod_that_is_being_deleted_is_not_bound(registry: Registry) -> None:
    body = pod()
    body["metadata"]["finalizers"] = ["example.com/hold"]
    registry.create("Pod", "default", body)
    registry.delete(POD)
    with refused(
        Conflict,
        'Operation cannot be fulfilled on pods/binding "web-0": '
        "pod web-0 is being deleted, cannot be assigned to a host",
    ):
        registry.bind(POD, "minisets-0")


def test_a_pod_that_is_not_there_is_not_bound(registry: Registry) -> None:
    with refused(NotFound, 'pods "web-0" not found'):
        registry.bind(POD, "minisets-0")


def test_a_pod_that_was_made_anew_is_not_the_one_that_was_meant(registry: Registry) -> None:
    meant = registry.create("Pod", "default", pod()).object["metadata"]["uid"]
    registry.delete(POD)
    now = registry.create("Pod", "default", pod()).object["metadata"]["uid"]
    with refused(
        Conflict,
        'Operation cannot be fulfilled on pods "web-0": '
        f"Precondition failed: UID in precondition: {meant}, UID in object meta: {now}",
    ):
        registry.bind(POD, "minisets-0", meant)
    assert registry.bind(POD, "minisets-0", now)["spec"]["nodeName"] == "minisets-0"
