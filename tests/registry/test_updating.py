"""What an update, a patch and a change may write, and what they never do."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from minisets.errors import BadRequest, Conflict, Invalid, NotFound
from minisets.objects.kinds import Object, Ref
from minisets.registry.options import Patch, WriteOptions
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from minisets.store.transaction import copied
from tests.registry.things import POD, WEB, configmap, metadata, pod, refused, running_pod, statefulset

MODIFIED = (
    'Operation cannot be fulfilled on statefulsets.apps "web": the object has been modified; '
    "please apply your changes to the latest version and try again"
)


@pytest.fixture
def web(registry: Registry) -> Object:
    """A private copy of the stored statefulset, to be edited and sent."""
    stored: Object = copied(registry.create("StatefulSet", "default", statefulset()).object)
    return stored


# --- versions and identity ---


def test_an_update_with_the_present_version_is_stored(
    registry: Registry, store: MemoryStore, web: Object
) -> None:
    web["spec"]["replicas"] = 3
    updated = registry.update(WEB, web).object
    assert updated["spec"]["replicas"] == 3
    assert store.get(WEB) == updated
    assert metadata(updated)["resourceVersion"] == str(store.version())


def test_an_update_with_an_old_version_is_a_conflict(registry: Registry, web: Object) -> None:
    """A-77."""
    registry.patch(WEB, Patch("merge", {"spec": {"replicas": 3}}))
    with refused(Conflict, MODIFIED) as caught:
        registry.update(WEB, web)
    assert caught[0].details() == {"name": "web", "group": "apps", "kind": "statefulsets"}


def test_an_update_without_a_version_is_unconditional(registry: Registry, web: Object) -> None:
    """A-154."""
    registry.patch(WEB, Patch("merge", {"spec": {"replicas": 3}}))
    del web["metadata"]["resourceVersion"]
    assert registry.update(WEB, web).object["spec"]["replicas"] == 2


def test_an_update_never_creates(registry: Registry) -> None:
    """A-154."""
    with refused(NotFound, 'statefulsets.apps "web" not found'):
        registry.update(WEB, statefulset())


def test_an_update_of_another_object_of_that_name_is_a_conflict(registry: Registry, web: Object) -> None:
    """A-77."""
    uid, web["metadata"]["uid"] = web["metadata"]["uid"], "other"
    with refused(
        Conflict,
        'Operation cannot be fulfilled on statefulsets.apps "web": Precondition failed: '
        f"UID in precondition: other, UID in object meta: {uid}",
    ):
        registry.update(WEB, web)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            {"name": None},
            "the name of the object (based on URL) was undeterminable: name must be provided",
        ),
        ({"name": "db"}, "the name of the object (db) does not match the name on the URL (web)"),
        (
            {"namespace": "other"},
            "the namespace of the object (other) does not match the namespace on the URL (default)",
        ),
    ],
)
def test_the_body_must_be_about_the_object_of_the_url(
    registry: Registry, web: Object, field: Object, message: str
) -> None:
    web["metadata"] |= field
    with refused(BadRequest, message):
        registry.update(WEB, web)


def test_what_the_system_filled_in_may_be_left_out_and_stays(registry: Registry, web: Object) -> None:
    updated = registry.update(WEB, statefulset(replicas=3)).object
    for field in ("uid", "creationTimestamp", "namespace"):
        assert metadata(updated)[field] == web["metadata"][field]


def test_an_immutable_field_is_refused(registry: Registry, web: Object) -> None:
    """A-75, A-76."""
    web["spec"]["serviceName"] = "other"
    with refused(
        Invalid,
        'StatefulSet.apps "web" is invalid: spec: Forbidden: updates to statefulset spec for fields other '
        "than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ):
        registry.update(WEB, web)


def test_a_revisions_data_never_changes(registry: Registry) -> None:
    """A-44."""
    body = {"metadata": {"name": "web-1"}, "data": {"spec": {"a": 1}}, "revision": 1}
    registry.create("ControllerRevision", "default", body)
    ref = Ref("ControllerRevision", "default", "web-1")
    assert registry.patch(ref, Patch("merge", {"revision": 2})).object["revision"] == 2
    with pytest.raises(Invalid, match=r"data: Invalid value: .*: field is immutable"):
        registry.patch(ref, Patch("merge", {"data": {"spec": {"a": 2}}}))


def test_a_pods_node_is_not_changed_by_an_update(registry: Registry) -> None:
    """A-78."""
    running_pod(registry)
    with pytest.raises(Invalid, match="pod updates may not change fields other than"):
        registry.patch(POD, Patch("merge", {"spec": {"nodeName": "elsewhere"}}))


# --- generation and status ---


@pytest.mark.parametrize(
    ("change", "generation"),
    [
        ({"spec": {"replicas": 3}}, 2),
        ({"spec": {"replicas": 2}}, 1),
        ({"metadata": {"labels": {"a": "b"}}}, 1),
        ({"metadata": {"generation": 9}}, 1),
        ({"status": {"replicas": 2}}, 1),
    ],
)
def test_only_a_change_of_the_spec_is_a_new_generation(
    registry: Registry, web: Object, change: Object, generation: int
) -> None:
    """A-98."""
    assert web["metadata"]["generation"] == 1
    assert metadata(registry.patch(WEB, Patch("merge", change)).object)["generation"] == generation


def test_a_slice_counts_generations_by_its_endpoints(registry: Registry) -> None:
    body = {"metadata": {"name": "nginx-1"}, "addressType": "IPv4", "endpoints": [], "ports": []}
    registry.create("EndpointSlice", "default", body)
    ref = Ref("EndpointSlice", "default", "nginx-1")
    noted = registry.patch(ref, Patch("merge", {"metadata": {"annotations": {"a": "b"}}})).object
    assert metadata(noted)["generation"] == 1
    filled = registry.patch(ref, Patch("merge", {"endpoints": [{"addresses": ["10.0.0.1"]}]})).object
    assert metadata(filled)["generation"] == 2


def test_the_main_resource_never_writes_status(registry: Registry, web: Object) -> None:
    """A-148."""
    web["spec"]["replicas"] = 3
    web["status"] = {"replicas": 9}
    assert registry.update(WEB, web).object["status"] == {"replicas": 0, "availableReplicas": 0}


def test_the_status_resource_writes_only_status_and_labels(registry: Registry, web: Object) -> None:
    """A-148; metadata as upstream's statefulset status strategy lets it."""
    web["spec"]["replicas"] = 9
    web["status"]["replicas"] = 1
    web["metadata"]["annotations"] = {"note": "x"}
    updated = registry.update(WEB, web, subresource="status").object
    assert updated["spec"]["replicas"] == 2
    assert updated["status"]["replicas"] == 1
    assert metadata(updated)["generation"] == 1
    assert metadata(updated)["annotations"] == {"note": "x"}


def test_a_status_that_cannot_be_is_refused(registry: Registry, web: Object) -> None:
    """A-87."""
    web["status"] = {"replicas": 1, "readyReplicas": 2}
    with pytest.raises(Invalid, match=r"status\.readyReplicas"):
        registry.update(WEB, web, subresource="status")


def test_who_owns_a_pod_is_not_said_through_its_status(registry: Registry) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "b"}
    registry.create("Pod", "default", pod())
    patch = Patch("merge", {"metadata": {"ownerReferences": [owner]}, "status": {"phase": "Running"}})
    patched = registry.patch(POD, patch, subresource="status").object
    assert patched["status"]["phase"] == "Running"
    assert "ownerReferences" not in metadata(patched)
    registry.patch(POD, Patch("merge", {"metadata": {"ownerReferences": [owner]}}))
    patch = Patch("merge", {"metadata": {"ownerReferences": None}, "status": {"phase": "Failed"}})
    assert metadata(registry.patch(POD, patch, subresource="status").object)["ownerReferences"] == [owner]


# --- patches ---


def test_a_strategic_patch_merges_lists_by_their_keys(registry: Registry, web: Object) -> None:
    """A-148."""
    containers = [{"name": "nginx", "image": "nginx:1.28"}]
    patch = Patch("strategic", {"spec": {"template": {"spec": {"containers": containers}}}})
    patched = registry.patch(WEB, patch).object["spec"]["template"]["spec"]["containers"]
    assert patched == [{**web["spec"]["template"]["spec"]["containers"][0], "image": "nginx:1.28"}]


def test_a_json_patch_is_applied_in_order(registry: Registry, web: Object) -> None:
    operations = [
        {"op": "test", "path": "/spec/replicas", "value": web["spec"]["replicas"]},
        {"op": "replace", "path": "/spec/replicas", "value": 5},
    ]
    assert registry.patch(WEB, Patch("json", operations)).object["spec"]["replicas"] == 5


def test_a_version_in_a_patch_is_a_precondition(registry: Registry, web: Object) -> None:
    """A-148."""
    version = web["metadata"]["resourceVersion"]
    change = {"metadata": {"resourceVersion": version}, "spec": {"replicas": 3}}
    registry.patch(WEB, Patch("merge", change))
    with refused(Conflict, MODIFIED):
        registry.patch(WEB, Patch("merge", change))


def test_a_uid_in_a_patch_is_a_precondition(registry: Registry, web: Object) -> None:
    """A-66: adoption guards itself so."""
    registry.patch(WEB, Patch("merge", {"metadata": {"uid": web["metadata"]["uid"]}}))
    with pytest.raises(Conflict, match="UID in precondition: other"):
        registry.patch(WEB, Patch("strategic", {"metadata": {"uid": "other"}}))


def test_a_patch_with_an_unknown_field_is_refused_when_strict(registry: Registry, web: Object) -> None:
    assert web
    with pytest.raises(BadRequest, match=r'unknown field "spec\.bogus"'):
        registry.patch(WEB, Patch("merge", {"spec": {"bogus": 1}}), WriteOptions(field_validation="Strict"))


def test_a_change_of_something_else_does_not_repeat_warnings(registry: Registry) -> None:
    ref = Ref("Service", "default", "nginx")
    body = {"metadata": {"name": "nginx"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    assert registry.create("Service", "default", body).warnings
    assert registry.patch(ref, Patch("merge", {"metadata": {"labels": {"a": "b"}}})).warnings == ()


# --- nothing new, nothing written ---


@pytest.mark.parametrize("patch", [Patch("merge", {}), Patch("strategic", {}), Patch("json", [])])
def test_a_patch_that_changes_nothing_writes_nothing(
    registry: Registry, store: MemoryStore, web: Object, patch: Patch
) -> None:
    before = store.version()
    assert registry.patch(WEB, patch).object == web
    assert store.version() == before


def test_sending_the_manifest_again_writes_nothing(
    registry: Registry, store: MemoryStore, web: Object
) -> None:
    before = store.version()
    assert registry.update(WEB, statefulset()).object == web
    assert store.version() == before


def test_a_dry_run_of_a_patch_stores_nothing(registry: Registry, store: MemoryStore, web: Object) -> None:
    before = store.version()
    outcome = registry.patch(WEB, Patch("merge", {"spec": {"replicas": 7}}), WriteOptions(dry_run=True))
    assert outcome.object["spec"]["replicas"] == 7
    assert metadata(outcome.object)["resourceVersion"] == web["metadata"]["resourceVersion"]
    assert (store.get(WEB), store.version()) == (web, before)


# --- change ---


def test_a_change_is_read_edited_and_written_at_once(
    registry: Registry, store: MemoryStore, web: Object
) -> None:
    def grow(found: Object) -> Object:
        found["spec"]["replicas"] += 1
        return found

    registry.change(WEB, grow)
    changed = registry.change(WEB, grow)
    assert changed["spec"]["replicas"] == web["spec"]["replicas"] + 2
    assert store.get(WEB) == changed


@pytest.mark.parametrize("edit", [lambda _: None, lambda found: found, lambda found: {**found}])
def test_a_change_to_the_same_writes_nothing(
    registry: Registry, store: MemoryStore, web: Object, edit: Any
) -> None:
    before = store.version()
    assert registry.change(WEB, edit) == web
    assert store.version() == before


def test_an_edit_that_is_dropped_does_not_reach_the_store(
    registry: Registry, store: MemoryStore, web: Object
) -> None:
    def spoil(found: Object) -> None:
        found["spec"]["replicas"] = 99

    registry.change(WEB, spoil)
    assert store.get(WEB) == web


def test_an_edit_that_fails_leaves_nothing(registry: Registry, store: MemoryStore, web: Object) -> None:
    def fail(found: Object) -> Object:
        found["spec"]["replicas"] = 99
        raise RuntimeError("in the middle")

    before = store.version()
    with pytest.raises(RuntimeError, match="in the middle"):
        registry.change(WEB, fail)
    assert (store.get(WEB), store.version()) == (web, before)
    registry.change(WEB, lambda found: {**found, "spec": {**found["spec"], "replicas": 4}})


def test_changes_of_many_threads_are_all_kept(registry: Registry) -> None:
    """Nobody retries: what is read is what is written over."""
    ref = Ref("ConfigMap", "default", "settings")
    registry.create("ConfigMap", "default", {"metadata": {"name": "settings"}, "data": {"count": "0"}})

    def count(found: Object) -> Object:
        return {**found, "data": {"count": str(int(found["data"]["count"]) + 1)}}

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: registry.change(ref, count), range(100)))
    assert registry.change(ref, lambda _: None)["data"] == {"count": "100"}


def test_a_refused_update_leaves_nothing(registry: Registry, store: MemoryStore, web: Object) -> None:
    before = store.version()
    with pytest.raises(Invalid):
        registry.patch(WEB, Patch("merge", {"spec": {"replicas": -1}}))
    assert (store.get(WEB), store.version()) == (web, before)


def test_changes_keep_the_rules_of_updates(registry: Registry, web: Object) -> None:
    with pytest.raises(Invalid):
        registry.change(WEB, lambda found: {**found, "spec": {**found["spec"], "serviceName": "x"}})
    written = {**web["status"], "replicas": 2}
    changed = registry.change(WEB, lambda found: {**found, "status": written}, subresource="status")
    assert changed["status"]["replicas"] == 2


def test_a_change_of_what_is_not_there_is_not_found(registry: Registry) -> None:
    with refused(NotFound, 'configmaps "settings" not found'):
        registry.change(Ref("ConfigMap", "default", "settings"), lambda _: configmap())
