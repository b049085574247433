"""At once, after a grace, or once every finalizer is gone: what a deletion does and leaves."""

from datetime import timedelta

import pytest

from minisets.clock import FakeClock
from minisets.errors import Conflict, Invalid, NotFound
from minisets.objects.kinds import Object, Ref
from minisets.registry.options import DeleteOptions, Patch, Propagation
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import POD, WEB, configmap, metadata, pod, refused, running_pod, statefulset

SETTINGS = Ref("ConfigMap", "default", "settings")


def seconds(count: int) -> DeleteOptions:
    return DeleteOptions(grace=timedelta(seconds=count))


# --- at once ---


def test_most_things_go_at_once(registry: Registry, store: MemoryStore) -> None:
    created = registry.create("ConfigMap", "default", configmap()).object
    outcome = registry.delete(SETTINGS, seconds(30))
    assert outcome.gone
    assert metadata(outcome.object)["uid"] == metadata(created)["uid"]
    assert store.get(SETTINGS) is None


def test_what_is_not_there_cannot_go(registry: Registry) -> None:
    with refused(NotFound, 'configmaps "settings" not found'):
        registry.delete(SETTINGS)


def test_a_dry_run_of_a_deletion_leaves_the_object(registry: Registry, store: MemoryStore) -> None:
    registry.create("ConfigMap", "default", configmap())
    before = store.version()
    assert registry.delete(SETTINGS, DeleteOptions(dry_run=True)).gone
    assert store.get(SETTINGS) is not None
    assert store.version() == before


# --- preconditions ---


def test_another_uid_is_a_conflict(registry: Registry) -> None:
    uid = metadata(registry.create("ConfigMap", "default", configmap()).object)["uid"]
    with refused(
        Conflict,
        'Operation cannot be fulfilled on ConfigMap "settings": the UID in the precondition (other) does not '
        f"match the UID in record ({uid}). The object might have been deleted and then recreated",
    ):
        registry.delete(SETTINGS, DeleteOptions(uid="other"))
    assert registry.delete(SETTINGS, DeleteOptions(uid=uid)).gone


def test_another_version_is_a_conflict(registry: Registry) -> None:
    version = metadata(registry.create("ConfigMap", "default", configmap()).object)["resourceVersion"]
    with refused(
        Conflict,
        'Operation cannot be fulfilled on ConfigMap "settings": the ResourceVersion in the precondition (1) '
        f"does not match the ResourceVersion in record ({version}). The object might have been modified",
    ):
        registry.delete(SETTINGS, DeleteOptions(version="1"))
    assert registry.delete(SETTINGS, DeleteOptions(version=version)).gone


# --- grace ---


@pytest.mark.parametrize(
    ("spec", "asked", "grace"),
    [
        ({}, None, 30),
        ({"terminationGracePeriodSeconds": 5}, None, 5),
        ({"terminationGracePeriodSeconds": 5}, 60, 60),
        ({}, -1, 1),
    ],
)
def test_a_running_pod_is_given_its_grace(
    registry: Registry, store: MemoryStore, clock: FakeClock, spec: Object, asked: int | None, grace: int
) -> None:
    """A-106."""
    running_pod(registry, **spec)
    clock.advance(timedelta(seconds=100))
    outcome = registry.delete(POD, DeleteOptions() if asked is None else seconds(asked))
    assert not outcome.gone
    assert outcome.object == store.get(POD)
    assert metadata(outcome.object)["deletionGracePeriodSeconds"] == grace
    at = clock.now() + timedelta(seconds=grace)
    assert metadata(outcome.object)["deletionTimestamp"] == at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_unscheduled_pod_goes_at_once(registry: Registry) -> None:
    """A-106."""
    registry.create("Pod", "default", pod())
    assert registry.delete(POD, seconds(60)).gone


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_ended_goes_at_once(registry: Registry, phase: str) -> None:
    """A-106."""
    running_pod(registry)
    registry.patch(POD, Patch("merge", {"status": {"phase": phase}}), subresource="status")
    assert registry.delete(POD).gone


@pytest.mark.parametrize("spec", [{}, {"terminationGracePeriodSeconds": 0}])
def test_grace_0_removes_a_pod_at_once(registry: Registry, store: MemoryStore, spec: Object) -> None:
    """A-107."""
    running_pod(registry, **spec)
    outcome = registry.delete(POD, seconds(0))
    assert outcome.gone
    assert metadata(outcome.object)["deletionGracePeriodSeconds"] == 0
    assert store.get(POD) is None


@pytest.mark.parametrize(
    ("again", "grace", "at"),
    [
        (None, 30, "12:00:30"),
        (60, 30, "12:00:30"),
        (30, 30, "12:00:30"),
        (10, 10, "12:00:10"),
        (-1, 1, "12:00:01"),
    ],
)
def test_a_second_deletion_may_only_bring_the_end_nearer(
    registry: Registry, clock: FakeClock, again: int | None, grace: int, at: str
) -> None:
    """A-106."""
    running_pod(registry)
    registry.delete(POD)
    clock.advance(timedelta(seconds=3))
    outcome = registry.delete(POD, DeleteOptions() if again is None else seconds(again))
    assert not outcome.gone
    assert metadata(outcome.object)["deletionGracePeriodSeconds"] == grace
    assert metadata(outcome.object)["deletionTimestamp"] == f"2026-11-23T{at}Z"


def test_a_second_deletion_with_grace_0_removes(registry: Registry, store: MemoryStore) -> None:
    """A-109: the kubelet ends a pod so, with the uid as guard."""
    uid = metadata(running_pod(registry))["uid"]
    registry.delete(POD)
    assert registry.delete(POD, DeleteOptions(grace=timedelta(0), uid=uid)).gone
    assert store.get(POD) is None


def test_a_second_deletion_that_changes_nothing_writes_nothing(
    registry: Registry, store: MemoryStore
) -> None:
    running_pod(registry)
    registry.delete(POD)
    before = store.version()
    registry.delete(POD)
    assert store.version() == before


def test_the_beginning_of_a_deletion_is_a_new_generation(registry: Registry) -> None:
    """A-98."""
    assert metadata(running_pod(registry))["generation"] == 1
    assert metadata(registry.delete(POD).object)["generation"] == 2
    assert metadata(registry.delete(POD, seconds(5)).object)["generation"] == 2


# --- finalizers ---


def test_a_finalizer_holds_an_object_until_it_is_taken_away(registry: Registry, store: MemoryStore) -> None:
    """A-74."""
    registry.create("ConfigMap", "default", configmap(finalizers=["example.com/hold"]))
    outcome = registry.delete(SETTINGS)
    assert not outcome.gone
    assert metadata(outcome.object)["deletionTimestamp"] == "2026-11-23T12:00:00Z"
    assert metadata(outcome.object)["deletionGracePeriodSeconds"] == 0
    assert registry.patch(SETTINGS, Patch("merge", {"metadata": {"finalizers": None}})).gone
    assert store.get(SETTINGS) is None


def test_one_of_two_finalizers_still_holds(registry: Registry, store: MemoryStore) -> None:
    registry.create("ConfigMap", "default", configmap(finalizers=["example.com/a", "example.com/b"]))
    registry.delete(SETTINGS)
    assert not registry.patch(SETTINGS, Patch("merge", {"metadata": {"finalizers": ["example.com/b"]}})).gone
    assert store.get(SETTINGS) is not None


def test_no_finalizer_is_added_once_an_object_is_being_deleted(registry: Registry) -> None:
    """A-74."""
    registry.create("ConfigMap", "default", configmap(finalizers=["example.com/a"]))
    registry.delete(SETTINGS)
    with pytest.raises(Invalid, match="no new finalizers can be added if the object is being deleted"):
        registry.patch(
            SETTINGS, Patch("merge", {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}})
        )


def test_a_pods_grace_runs_on_when_its_last_finalizer_goes(registry: Registry, store: MemoryStore) -> None:
    """A-74."""
    body = pod()
    body["metadata"]["finalizers"] = ["example.com/hold"]
    registry.create("Pod", "default", body)
    registry.bind(POD, "minisets-0")
    registry.delete(POD)
    assert not registry.patch(POD, Patch("merge", {"metadata": {"finalizers": None}})).gone
    assert registry.delete(POD, seconds(0)).gone
    assert store.get(POD) is None


def test_a_pod_whose_grace_is_over_waits_for_its_finalizer(registry: Registry, store: MemoryStore) -> None:
    """A-74."""
    body = pod()
    body["metadata"]["finalizers"] = ["example.com/hold"]
    registry.create("Pod", "default", body)
    registry.bind(POD, "minisets-0")
    assert not registry.delete(POD, seconds(0)).gone
    assert registry.patch(POD, Patch("merge", {"metadata": {"finalizers": None}})).gone
    assert store.get(POD) is None


def test_the_status_of_what_is_being_deleted_can_be_written(registry: Registry) -> None:
    running_pod(registry)
    registry.delete(POD)
    patched = registry.patch(POD, Patch("merge", {"status": {"phase": "Failed"}}), subresource="status")
    assert patched.object["status"]["phase"] == "Failed"
    assert not patched.gone


# --- dependents ---


@pytest.mark.parametrize(
    ("before", "propagation", "after"),
    [
        ([], None, None),
        ([], "Background", None),
        ([], "Foreground", ["foregroundDeletion"]),
        ([], "Orphan", ["orphan"]),
        (["orphan"], None, ["orphan"]),
        (["foregroundDeletion"], None, ["foregroundDeletion"]),
        (["orphan"], "Background", None),
        (["orphan"], "Foreground", ["foregroundDeletion"]),
        (["example.com/a"], "Orphan", ["example.com/a", "orphan"]),
    ],
)
def test_what_becomes_of_dependents_is_written_into_finalizers(
    registry: Registry, before: list[str], propagation: Propagation | None, after: list[str] | None
) -> None:
    """A-69, A-70, A-71, A-72."""
    body = statefulset()
    body["metadata"]["finalizers"] = before
    registry.create("StatefulSet", "default", body)
    outcome = registry.delete(WEB, DeleteOptions(propagation=propagation))
    assert outcome.gone == (after is None)
    if after is not None:
        assert metadata(outcome.object)["finalizers"] == after
        assert metadata(outcome.object)["generation"] == 2


# --- collections ---


def test_a_collection_is_deleted_one_by_one(registry: Registry, store: MemoryStore) -> None:
    """A-152."""
    for name, app in (("a", "web"), ("b", "web"), ("c", "db")):
        registry.create("ConfigMap", "default", configmap(name, labels={"app": app}))
    deleted = registry.delete_collection(
        "ConfigMap", "default", lambda found: found["metadata"]["labels"]["app"] == "web"
    )
    assert [metadata(obj)["name"] for obj in deleted] == ["a", "b"]
    assert [metadata(obj)["name"] for obj in store.list("ConfigMap").items] == ["c"]


def test_a_collections_pods_are_given_their_grace(registry: Registry, store: MemoryStore) -> None:
    running_pod(registry)
    (deleted,) = registry.delete_collection("Pod", "default", lambda _: True)
    assert metadata(deleted)["deletionGracePeriodSeconds"] == 30
    assert store.get(POD) == deleted
