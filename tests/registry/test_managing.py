"""Who is recorded as the manager of which fields, and applying on the server (A-148)."""

from datetime import timedelta
from typing import Any

import pytest

from minisets.clock import FakeClock
from minisets.errors import ApiError, BadRequest, Conflict, NotFound, Unmergeable
from minisets.objects.kinds import KINDS, RBAC, Object, Ref, kind_of
from minisets.objects.managed.elements import shown
from minisets.objects.managed.fieldsets import paths
from minisets.registry.options import DeleteOptions, Patch, WriteOptions
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import POD, WEB, claim, configmap, pod, statefulset, volume

SETTINGS = Ref("ConfigMap", "default", "settings")


def by(manager: str, **options: Any) -> WriteOptions:
    return WriteOptions(field_manager=manager, **options)


def managers(obj: Object) -> dict[tuple[str, ...], list[str]]:
    """Paths by name, operation and, where there is one, subresource."""
    found = {}
    for entry in obj["metadata"].get("managedFields", []):
        who = (entry["manager"], entry["operation"], entry.get("subresource", ""))
        found[tuple(filter(None, who))] = [shown(path) for path in paths(entry["fieldsV1"])]
    return found


def applied(name: str = "settings", **data: str) -> Object:
    made: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return {**made, "data": data} if data else made


def replicas(count: int) -> Object:
    return {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": count}}


def test_a_client_owns_what_it_says_and_what_is_filled_in_for_it(registry: Registry) -> None:
    made = registry.create("Pod", "default", pod(), by("me")).object
    owned = managers(made)["me", "Update"]
    assert '.spec.containers[name="nginx"].image' in owned
    assert ".spec.restartPolicy" in owned
    assert not [path for path in owned if path.startswith((".status", ".metadata"))]
    assert made["metadata"]["managedFields"][0]["time"] == made["metadata"]["creationTimestamp"]


def test_each_way_of_writing_is_an_entry_of_its_own(registry: Registry) -> None:
    registry.create("StatefulSet", "default", statefulset(), by("me"))
    registry.patch(WEB, Patch("merge", {"spec": {"replicas": 3}}), by("me"), "scale")
    registry.acting_as("kube-controller-manager").change(
        WEB, lambda obj: {**obj, "status": {"replicas": 1, "availableReplicas": 0}}, subresource="status"
    )
    done = registry.patch(WEB, Patch("merge", {"metadata": {"labels": {"a": "b"}}}), by("you")).object
    found = managers(done)
    assert found["me", "Update", "scale"] == [".spec.replicas"]
    assert found["kube-controller-manager", "Update", "status"] == [".status.replicas"]
    assert found["you", "Update"] == [".metadata.labels", ".metadata.labels.a"]
    assert ".spec.replicas" not in found["me", "Update"]


def test_what_is_made_from_inside_is_kept_track_of_from_its_first_apply_on(registry: Registry) -> None:
    inside = registry.acting_as("kube-controller-manager")
    made = inside.create("ConfigMap", "default", configmap()).object
    assert "managedFields" not in made["metadata"]
    changed = registry.patch(SETTINGS, Patch("merge", {"data": {"b": "1"}}), by("me")).object
    assert "managedFields" not in changed["metadata"]
    with pytest.raises(Conflict, match=r'conflict with "before-first-apply" using v1: \.data\.a'):
        registry.apply(SETTINGS, applied(a="2"), by("me"))
    done = registry.apply(SETTINGS, applied(c="1"), by("me")).object
    assert managers(done) == {
        ("before-first-apply", "Update"): [".data", ".data.a", ".data.b"],
        ("me", "Apply"): [".data.c"],
    }
    later = inside.change(SETTINGS, lambda obj: {**obj, "data": {**obj["data"], "d": "1"}})
    assert managers(later)["kube-controller-manager", "Update"] == [".data.d"]


def test_an_edit_from_inside_sees_no_managers_and_keeps_them(registry: Registry) -> None:
    made = registry.create("ConfigMap", "default", configmap(), by("me")).object

    def edit(obj: Object) -> Object:
        assert "managedFields" not in obj["metadata"]
        return {**obj, "data": {"a": "1", "b": "2"}}

    registry.change(SETTINGS, edit)
    found = registry.store.get(SETTINGS)
    assert found is not None
    assert managers(found) == {**managers(made), ("unknown", "Update"): [".data.b"]}


def test_an_apply_creates_and_says_so(registry: Registry, store: MemoryStore) -> None:
    done = registry.apply(SETTINGS, applied(a="1"), by("me"))
    assert (done.created, done.warnings) == (True, ())
    assert store.get(SETTINGS) == done.object
    assert managers(done.object) == {("me", "Apply"): [".data.a"]}
    assert registry.apply(SETTINGS, applied(a="1"), by("me")).created is False


def test_an_apply_that_changes_nothing_writes_nothing(registry: Registry, clock: FakeClock) -> None:
    for wanted in (applied(a="1"), applied(a="1")):
        before = registry.apply(SETTINGS, wanted, by("me")).object
        clock.advance(timedelta(seconds=5))
    version = registry.store.version()
    assert registry.apply(SETTINGS, applied(a="1"), by("me")).object == before
    assert registry.apply(SETTINGS, applied(a="1"), by("me", force=True)).object == before
    assert registry.store.version() == version


def test_what_canonical_form_makes_of_a_value_is_no_change(registry: Registry, clock: FakeClock) -> None:
    """Kubernetes: IgnoreManagedFieldsTimestampsTransformer."""
    config = statefulset()
    config["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1000m"}}
    registry.apply(WEB, config, by("me"))
    clock.advance(timedelta(seconds=5))
    before = registry.store.version()
    registry.apply(WEB, config, by("me"))
    assert registry.store.version() == before


def test_a_dry_run_of_an_apply_stores_nothing(registry: Registry) -> None:
    done = registry.apply(SETTINGS, applied(a="1"), by("me", dry_run=True))
    assert (done.created, done.object["data"]) == (True, {"a": "1"})
    assert registry.store.get(SETTINGS) is None
    registry.apply(SETTINGS, applied(a="1"), by("me"))
    before = registry.store.version()
    assert registry.apply(SETTINGS, applied(a="2"), by("me", dry_run=True)).object["data"] == {"a": "2"}
    assert registry.store.version() == before


def test_a_field_that_is_given_up_gets_its_default_back(registry: Registry) -> None:
    registry.apply(WEB, statefulset(podManagementPolicy="OrderedReady", minReadySeconds=5), by("me"))
    done = registry.apply(WEB, statefulset(), by("me")).object
    assert done["spec"]["podManagementPolicy"] == "OrderedReady"
    assert "minReadySeconds" not in done["spec"]
    assert done["metadata"]["generation"] == 2


def test_a_conflict_names_every_field_and_leaves_nothing(registry: Registry) -> None:
    registry.create("StatefulSet", "default", statefulset(), by("kubectl-client-side-apply"))
    before = registry.store.version()
    with pytest.raises(Conflict) as refused:
        registry.apply(WEB, statefulset(replicas=5), by("me"))
    message = 'conflict with "kubectl-client-side-apply" using apps/v1'
    assert refused.value.as_status() == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 409,
        "message": f"Apply failed with 1 conflict: {message}: .spec.replicas", "reason": "Conflict",
        "details": {
            "causes": [{"reason": "FieldManagerConflict", "message": message, "field": ".spec.replicas"}]
        },
    }  # fmt: skip
    assert registry.store.version() == before


@pytest.mark.parametrize(
    ("config", "error", "said"),
    [
        ([], BadRequest, "error decoding patch"),
        ({**applied(), "kind": "Pod"}, BadRequest, "invalid object type: /v1, Kind=Pod"),
        ({"metadata": {"name": "settings"}}, BadRequest, "invalid object type: /, Kind="),
        ({**applied(), "metadata": {"managedFields": []}}, BadRequest, "metadata.managedFields must be nil"),
        (applied("other"), BadRequest, "the name of the object (other) does not match the name on the URL"),
        ({**applied(), "metadata": {}}, BadRequest, "name must be provided"),
        ({**applied(), "metadata": {"name": "settings", "namespace": "x"}}, BadRequest, "the namespace of"),
        ({**applied(), "metadata": {"name": "settings", "uid": "u"}}, Conflict,
         'configmaps "settings": uid mismatch: the provided object specified uid u, and no existing'),
        ({**applied(), "date": {}}, Unmergeable,
         "failed to create typed patch object (/settings; /v1, Kind=ConfigMap): .date: field not declared"),
    ],
)  # fmt: skip
def test_what_cannot_be_applied_is_refused_as_kubernetes_says_it(
    registry: Registry, config: Any, error: type[ApiError], said: str
) -> None:
    with pytest.raises(error) as refused:
        registry.apply(SETTINGS, config, by("me"))
    assert said in str(refused.value)


def test_a_misfit_is_an_error_without_a_reason() -> None:
    status = Unmergeable("x").as_status()
    assert (status["code"], "reason" in status) == (500, False)


def test_a_version_or_uid_in_a_configuration_is_a_precondition(registry: Registry) -> None:
    made = registry.apply(SETTINGS, applied(a="1"), by("me")).object
    registry.apply(SETTINGS, applied(a="2"), by("me"))
    for part in ({"resourceVersion": made["metadata"]["resourceVersion"]}, {"uid": "another"}):
        with pytest.raises(Conflict, match="Operation cannot be fulfilled"):
            registry.apply(SETTINGS, {**applied(a="3"), "metadata": {"name": "settings", **part}}, by("me"))


def test_a_status_is_applied_by_itself_and_creates_nothing(registry: Registry) -> None:
    config = {**applied_set(), "status": {"replicas": 7, "availableReplicas": 0}}
    with pytest.raises(NotFound):
        registry.apply(WEB, config, by("me"), "status")
    registry.create("StatefulSet", "default", statefulset(), by("you"))
    done = registry.apply(WEB, config, by("me", force=True), "status").object
    assert (done["status"]["replicas"], done["spec"]["replicas"]) == (7, 2)
    assert managers(done)["me", "Apply", "status"] == [".status.availableReplicas", ".status.replicas"]
    main = registry.apply(WEB, config, by("me", force=True)).object
    assert managers(main)["me", "Apply"] == [".spec.replicas"]


def applied_set() -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {"replicas": 9},
    }


def test_a_scale_is_applied_to_the_replicas_of_its_statefulset(registry: Registry) -> None:
    registry.create("StatefulSet", "default", statefulset(), by("you"))
    with pytest.raises(Conflict, match=r'conflict with "you" using autoscaling/v1: \.spec\.replicas'):
        registry.apply(WEB, replicas(5), by("me"), "scale")
    done = registry.apply(WEB, replicas(5), by("me", force=True), "scale").object
    assert (done["kind"], done["spec"]["replicas"]) == ("Scale", 5)
    found = registry.store.get(WEB)
    assert found is not None
    assert found["spec"]["replicas"] == 5
    assert managers(found)["me", "Apply", "scale"] == [".spec.replicas"]
    assert ".spec.replicas" not in managers(found)["you", "Update"]
    version = registry.store.version()
    registry.apply(WEB, replicas(5), by("me"), "scale")
    assert registry.store.version() == version
    with pytest.raises(Unmergeable, match=r"\.spec\.bogus: field not declared in schema"):
        registry.apply(WEB, {**replicas(5), "spec": {"bogus": 1}}, by("me"), "scale")


def test_a_client_may_write_the_entries_itself(registry: Registry) -> None:
    """As kubectl does when an object goes from client-side to server-side apply."""
    made = registry.create("ConfigMap", "default", configmap(), by("old")).object
    entry = {**made["metadata"]["managedFields"][0], "manager": "new", "operation": "Apply"}
    operations = [
        {"op": "replace", "path": "/metadata/managedFields", "value": [entry]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": made["metadata"]["resourceVersion"]},
    ]
    done = registry.patch(SETTINGS, Patch("json", operations), by("new")).object
    assert managers(done) == {("new", "Apply"): [".data", ".data.a"]}
    with pytest.raises(Conflict):
        registry.patch(SETTINGS, Patch("json", operations), by("new"))


@pytest.mark.parametrize("none", [[], [{}]])
def test_no_entries_mean_to_forget_who_manages_what(registry: Registry, none: list[Any]) -> None:
    registry.create("ConfigMap", "default", configmap(), by("me"))
    patch = Patch("merge", {"metadata": {"managedFields": none}})
    assert "managedFields" not in registry.patch(SETTINGS, patch, by("me")).object["metadata"]
    with pytest.raises(Conflict, match="before-first-apply"):
        registry.apply(SETTINGS, applied(a="2"), by("me"))


@pytest.mark.parametrize(
    "written",
    [
        None,
        [{"manager": "x"}],
        [{"operation": "Apply", "apiVersion": "v1", "fieldsType": "V2"}],
    ],
)
def test_entries_that_say_nothing_leave_those_that_are_there(registry: Registry, written: Any) -> None:
    made = registry.create("ConfigMap", "default", configmap(), by("me")).object
    body = {**made, "metadata": {**made["metadata"], "managedFields": written}}
    assert registry.update(SETTINGS, body, by("you")).object == made


def test_a_subresource_has_no_say_in_the_entries(registry: Registry) -> None:
    made = registry.create("StatefulSet", "default", statefulset(), by("me")).object
    patch = Patch("merge", {"metadata": {"managedFields": []}})
    assert registry.patch(WEB, patch, by("me"), "status").object == made


def test_a_list_whose_elements_cannot_be_told_apart_keeps_the_entries(registry: Registry) -> None:
    account = {"metadata": {"name": "a", "labels": {"a": "b"}}}
    made = registry.create("ServiceAccount", "default", account, by("me")).object
    nameless = Patch("merge", {"secrets": [{"namespace": "default"}]})
    done = registry.patch(Ref("ServiceAccount", "default", "a"), nameless, by("you")).object
    assert done["secrets"] == [{"namespace": "default"}]
    assert managers(done) == managers(made)


def test_elements_are_recorded_by_their_keys(registry: Registry) -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "1"}
    registry.create("ConfigMap", "default", configmap(), by("me"))
    patch = Patch("merge", {"metadata": {"ownerReferences": [owner, {**owner, "uid": "2"}]}})
    found = managers(registry.patch(SETTINGS, patch, by("you")).object)
    assert found["you", "Update"][1:] == [
        '.metadata.ownerReferences[uid="1"]', '.metadata.ownerReferences[uid="2"]'
    ]  # fmt: skip


def test_who_finalizes_a_namespace_is_recorded(registry: Registry) -> None:
    registry.create("Namespace", "", {"metadata": {"name": "team"}}, by("me"))
    ref = Ref("Namespace", "", "team")
    done = registry.update(
        ref, {"metadata": {"name": "team"}, "spec": {"finalizers": ["a/b"]}}, by("you"), "finalize"
    )
    assert done.object["spec"] == {"finalizers": ["a/b"]}
    assert managers(done.object)["you", "Update", "finalize"] == [".spec.finalizers"]


# Atomic parts are in full: as in Kubernetes, who leaves a default out of one would change it.
SMALLEST: dict[str, Object] = {
    "Namespace": {},
    "Node": {"spec": {"unschedulable": True}},
    "Pod": {"spec": pod()["spec"]},
    "Service": {"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}},
    "Endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}]}]},
    "PersistentVolumeClaim": {"spec": claim()["spec"]},
    "PersistentVolume": {"spec": volume()["spec"]},
    "ConfigMap": {"data": {"a": "1"}, "binaryData": {"b": "AA=="}},
    "Secret": {"data": {"b": "AA=="}},
    "ServiceAccount": {"imagePullSecrets": [{"name": "a"}]},
    "Event": {"involvedObject": {"kind": "Pod", "name": "a", "namespace": "default"}, "type": "Normal"},
    "StatefulSet": {"spec": statefulset()["spec"]},
    "ControllerRevision": {"revision": 1, "data": {"spec": {"a": 1}}},
    "EndpointSlice": {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {}}]},
    "PodDisruptionBudget": {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}},
    "StorageClass": {"provisioner": "docker.minisets.dev"},
    "LimitRange": {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]}},
    "ResourceQuota": {"spec": {"hard": {"pods": "10"}, "scopes": ["BestEffort"]}},
    "Lease": {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}},
    "NetworkPolicy": {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80, "protocol": "TCP"}]}]}},
    "PriorityClass": {"value": 7},
    "Role": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    "RoleBinding": {
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "a"},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "b"}],
    },
    "ClusterRole": {"rules": [{"nonResourceURLs": ["/a"], "verbs": ["get"]}]},
    "ClusterRoleBinding": {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "a"}},
    "HorizontalPodAutoscaler": {
        "spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "web"}, "maxReplicas": 3}
    },
    "VolumeSnapshot": {"spec": {"source": {"persistentVolumeClaimName": "a"}}},
    "VolumeSnapshotContent": {
        "spec": {
            "deletionPolicy": "Delete", "driver": "d", "source": {"volumeHandle": "a"},
            "volumeSnapshotRef": {"name": "a", "namespace": "default"},
        }
    },
    "VolumeSnapshotClass": {"deletionPolicy": "Delete", "driver": "d"},
}  # fmt: skip


@pytest.mark.parametrize("title", [kind.title for kind in KINDS])
def test_an_object_of_every_kind_is_applied_once_and_then_left_alone(
    registry: Registry, clock: FakeClock, title: str
) -> None:
    kind = kind_of(title)
    labels = {"name": "one", "labels": {"a": "b"}}
    config = {"apiVersion": kind.api_version, "kind": title, "metadata": labels, **SMALLEST[title]}
    ref = Ref(title, "default" if kind.namespaced else "", "one")
    made = registry.apply(ref, config, by("me")).object
    clock.advance(timedelta(seconds=5))
    assert registry.apply(ref, config, by("me")).object == made
    registry.apply(ref, config, by("you"))
    left = registry.apply(ref, {**config, "metadata": {"name": "one"}}, by("me")).object
    assert left["metadata"]["labels"]["a"] == "b"
    gone = registry.apply(ref, {**config, "metadata": {"name": "one"}}, by("you")).object
    assert "a" not in gone["metadata"].get("labels", {})


def test_text_for_a_secret_is_applied_once_and_then_left_alone(registry: Registry, clock: FakeClock) -> None:
    config = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "1"}}
    ref = Ref("Secret", "default", "s")
    made = registry.apply(ref, config, by("me")).object
    assert made["data"] == {"a": "MQ=="}
    clock.advance(timedelta(seconds=5))
    assert registry.apply(ref, config, by("me")).object == made


def test_nobody_is_recorded_for_what_a_way_of_writing_does_not_write(registry: Registry) -> None:
    registry.create("Pod", "default", pod(), by("you"))
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "1"}
    patch = Patch("merge", {
        "metadata": {"ownerReferences": [owner], "labels": {"a": "b"}}, "spec": {"hostname": "h"},
        "status": {"phase": "Running"},
    })  # fmt: skip
    found = managers(registry.patch(POD, patch, by("me"), "status").object)
    assert found["me", "Update", "status"] == [".metadata.labels", ".metadata.labels.a", ".status.phase"]
    main = Patch("merge", {"metadata": {"labels": {"c": "d"}}, "status": {"phase": "Failed"}})
    assert managers(registry.patch(POD, main, by("me")).object)["me", "Update"] == [".metadata.labels.c"]


def test_deleting_records_nobody(registry: Registry) -> None:
    made = registry.create("ConfigMap", "default", configmap(finalizers=["a.b/c"]), by("me")).object
    gone = registry.delete(SETTINGS, DeleteOptions()).object
    assert gone["metadata"]["managedFields"] == made["metadata"]["managedFields"]


def test_a_warning_is_about_what_was_applied_and_not_about_managers(registry: Registry) -> None:
    config = statefulset()
    config["spec"]["template"]["spec"]["runtimeClassName"] = "kata"
    (warning,) = registry.apply(WEB, config, by("me")).warnings
    assert warning.startswith("spec.template.spec.runtimeClassName: not honoured")
    assert registry.apply(WEB, config, by("me")).warnings == ()
