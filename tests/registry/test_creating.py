"""What a create fills in, refuses and warns of."""

import re
from typing import Any

import pytest

from minisets.errors import AlreadyExists, BadRequest, Forbidden, Invalid, NotFound
from minisets.objects.kinds import Object, Ref
from minisets.registry.creating import generated_name
from minisets.registry.options import WriteOptions
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import WEB, claim, configmap, metadata, pod, refused, service, statefulset

STRICT = WriteOptions(field_validation="Strict")
WARN = WriteOptions(field_validation="Warn")


def test_a_new_object_has_uid_time_namespace_and_version(registry: Registry, store: MemoryStore) -> None:
    created = registry.create("ConfigMap", "default", configmap()).object
    assert re.fullmatch("[0-9a-f-]{36}", metadata(created)["uid"])
    assert metadata(created)["creationTimestamp"] == "2026-11-23T12:00:00Z"
    assert metadata(created)["namespace"] == "default"
    assert metadata(created)["resourceVersion"] == str(store.version())
    assert (created["apiVersion"], created["kind"]) == ("v1", "ConfigMap")
    assert store.get(Ref("ConfigMap", "default", "settings")) == created


@pytest.mark.parametrize(
    "field",
    [
        {"uid": "mine"},
        {"creationTimestamp": "2001-01-01T00:00:00Z"},
        {"deletionTimestamp": "2001-01-01T00:00:00Z"},
        {"deletionGracePeriodSeconds": 3},
        {"generation": 7},
        {"managedFields": [{"manager": "kubectl"}]},
        {"selfLink": "/x"},
    ],
)
def test_what_the_system_fills_in_is_not_taken_from_a_client(registry: Registry, field: Object) -> None:
    created = registry.create("ConfigMap", "default", configmap(**field)).object
    for name, value in field.items():
        assert metadata(created).get(name) != value


def test_a_client_has_no_say_in_the_status_of_a_new_object(registry: Registry) -> None:
    created = registry.create("StatefulSet", "default", {**statefulset(), "status": {"replicas": 5}}).object
    assert created["status"] == {"replicas": 0, "availableReplicas": 0}


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("Pod", pod(), {"phase": "Pending", "qosClass": "BestEffort"}),
        ("PersistentVolumeClaim", claim(), {"phase": "Pending"}),
        ("Service", service(), {"loadBalancer": {}}),
    ],
)
def test_a_new_object_has_its_first_status(
    registry: Registry, kind: str, body: Object, status: Object
) -> None:
    """A-90, A-91."""
    created = registry.create(kind, "default", {**body, "status": {"phase": "Running"}}).object
    assert created["status"] == status


def test_a_node_may_be_registered_with_its_status(registry: Registry) -> None:
    status = {"nodeInfo": {"architecture": "amd64"}}
    created = registry.create("Node", "", {"metadata": {"name": "minisets-0"}, "status": status}).object
    assert created["status"]["nodeInfo"]["architecture"] == "amd64"


@pytest.mark.parametrize(
    ("kind", "body", "generation"),
    [("StatefulSet", statefulset(), 1), ("Pod", pod(), 1), ("ConfigMap", configmap(), None)],
)
def test_generations_begin_at_1_where_they_are_counted(
    registry: Registry, kind: str, body: Object, generation: int | None
) -> None:
    """A-98."""
    assert metadata(registry.create(kind, "default", body).object).get("generation") == generation


def test_a_pod_gets_the_default_service_account_under_both_names(registry: Registry) -> None:
    spec = registry.create("Pod", "default", pod()).object["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")


def test_a_pod_of_an_unknown_service_account_is_refused(registry: Registry) -> None:
    account = {"metadata": {"name": "web"}}
    with refused(
        Forbidden,
        'pods "web-0" is forbidden: error looking up service account default/web: '
        'serviceaccount "web" not found',
    ):
        registry.create("Pod", "default", pod(serviceAccountName="web"))
    registry.create("ServiceAccount", "default", account)
    registry.create("Pod", "default", pod(serviceAccountName="web"))


def test_a_pod_without_pull_secrets_has_its_service_accounts(registry: Registry) -> None:
    """Kubernetes: plugin/pkg/admission/serviceaccount."""
    account = {"metadata": {"name": "default"}, "imagePullSecrets": [{"name": "of-account"}]}
    registry.create("ServiceAccount", "default", account)
    made = registry.create("Pod", "default", pod()).object
    assert made["spec"]["imagePullSecrets"] == [{"name": "of-account"}]
    own = registry.create(
        "Pod", "default", {**pod(imagePullSecrets=[{"name": "own"}]), "metadata": {"name": "b"}}
    )
    assert own.object["spec"]["imagePullSecrets"] == [{"name": "own"}]


# --- names ---


def test_a_name_is_made_up_from_its_beginning(registry: Registry) -> None:
    """A-154."""
    body = {"metadata": {"generateName": "web-"}, "data": {}}
    name = metadata(registry.create("ConfigMap", "default", body).object)["name"]
    assert re.fullmatch("web-[bcdfghjklmnpqrstvwxz2456789]{5}", name)


def test_a_made_up_name_is_at_most_63_long() -> None:
    assert len(generated_name("x" * 80)) == 63


def test_an_object_needs_a_name(registry: Registry) -> None:
    with refused(
        Invalid, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'
    ):
        registry.create("ConfigMap", "default", {"data": {}})


def test_a_name_that_is_taken_is_refused(registry: Registry) -> None:
    """A-77."""
    registry.create("Service", "default", service())
    with refused(AlreadyExists, 'services "nginx" already exists') as caught:
        registry.create("Service", "default", service())
    assert caught[0].details() == {"name": "nginx", "kind": "services"}


# --- namespaces ---


def test_the_namespace_must_be_there(registry: Registry) -> None:
    with refused(NotFound, 'namespaces "x" not found') as caught:
        registry.create("ConfigMap", "x", configmap())
    assert caught[0].details() == {"name": "x", "kind": "namespaces"}


def test_nothing_new_comes_into_a_namespace_that_goes(registry: Registry) -> None:
    """A-154."""
    registry.create("Namespace", "", {"metadata": {"name": "x"}})
    registry.delete(Ref("Namespace", "", "x"))
    with refused(
        Forbidden,
        'configmaps "settings" is forbidden: unable to create new content in namespace x '
        "because it is being terminated",
    ) as caught:
        registry.create("ConfigMap", "x", configmap())
    assert caught[0].details()["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace x is being terminated",
            "field": "metadata.namespace",
        }
    ]


def test_the_bodys_namespace_must_be_the_urls(registry: Registry) -> None:
    with refused(
        BadRequest, "the namespace of the provided object does not match the namespace sent on the request"
    ):
        registry.create("ConfigMap", "default", configmap(namespace="other"))


def test_a_cluster_scoped_object_loses_a_namespace(registry: Registry) -> None:
    body = {"metadata": {"name": "standard", "namespace": "default"}, "provisioner": "docker.minisets.dev"}
    assert "namespace" not in metadata(registry.create("StorageClass", "", body).object)


# --- fields ---


def with_unknown_field() -> Object:
    return statefulset(replicsa=3)


def test_an_unknown_field_is_refused_when_strict(registry: Registry) -> None:
    with refused(
        BadRequest,
        'StatefulSet in version "v1" cannot be handled as a StatefulSet: '
        'strict decoding error: unknown field "spec.replicsa"',
    ):
        registry.create("StatefulSet", "default", with_unknown_field(), STRICT)


def test_an_unknown_field_is_a_warning_when_asked_for(registry: Registry) -> None:
    outcome = registry.create("StatefulSet", "default", with_unknown_field(), WARN)
    assert 'unknown field "spec.replicsa"' in outcome.warnings
    assert "replicsa" not in outcome.object["spec"]


def test_an_unknown_field_is_otherwise_dropped(registry: Registry) -> None:
    outcome = registry.create("StatefulSet", "default", with_unknown_field())
    assert outcome.warnings == ()
    assert "replicsa" not in outcome.object["spec"]


@pytest.mark.parametrize("options", [STRICT, WARN, WriteOptions()])
def test_a_mistyped_field_is_always_refused(registry: Registry, options: WriteOptions) -> None:
    with pytest.raises(BadRequest, match=r"cannot unmarshal string into Go struct field .*spec\.replicas"):
        registry.create("StatefulSet", "default", statefulset(replicas="two"), options)


@pytest.mark.parametrize("body", [None, [], "text", {"metadata": []}])
def test_a_body_that_is_no_object_is_a_bad_request(registry: Registry, body: Any) -> None:
    with pytest.raises(BadRequest):
        registry.create("ConfigMap", "default", body)


def test_another_kinds_body_is_refused(registry: Registry) -> None:
    with refused(
        BadRequest,
        "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)",
    ):
        registry.create("StatefulSet", "default", {**statefulset(), "apiVersion": "apps/v1beta1"})
    with pytest.raises(BadRequest, match="cannot be handled as a ConfigMap"):
        registry.create("ConfigMap", "default", {**configmap(), "kind": "Secret"})


def test_a_version_in_a_new_object_is_refused(registry: Registry) -> None:
    with refused(BadRequest, "resourceVersion should not be set on objects to be created"):
        registry.create("ConfigMap", "default", configmap(resourceVersion="7"))


def test_what_is_not_as_on_a_real_cluster_is_warned_of(registry: Registry) -> None:
    outcome = registry.create("Service", "default", service(type="NodePort"))
    assert any(warning.startswith("spec.type: not honoured") for warning in outcome.warnings)


def test_a_history_without_end_is_warned_of(registry: Registry) -> None:
    """A-43."""
    (warning,) = registry.create("StatefulSet", "default", statefulset(revisionHistoryLimit=-1)).warnings
    assert warning == (
        "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
        "a value >= 0 is recommended"
    )


def test_nobody_is_warned_of_what_a_default_says(registry: Registry) -> None:
    outcome = registry.create("StatefulSet", "default", statefulset())
    assert outcome.object["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] == 1
    assert outcome.warnings == ()


def test_quantities_are_stored_in_canonical_form(registry: Registry) -> None:
    body = claim(resources={"requests": {"storage": "1024Mi"}})
    created = registry.create("PersistentVolumeClaim", "default", body).object
    assert created["spec"]["resources"]["requests"]["storage"] == "1Gi"


def test_a_dry_run_says_what_would_be_and_stores_nothing(registry: Registry, store: MemoryStore) -> None:
    before = store.version()
    outcome = registry.create("StatefulSet", "default", statefulset(), WriteOptions(dry_run=True))
    assert outcome.object["spec"]["podManagementPolicy"] == "OrderedReady"
    assert metadata(outcome.object)["uid"]
    assert "resourceVersion" not in metadata(outcome.object)
    assert store.get(WEB) is None
    assert store.version() == before


def test_a_dry_run_is_refused_as_the_real_one(registry: Registry) -> None:
    with pytest.raises(Invalid):
        registry.create("StatefulSet", "default", statefulset(replicas=-1), WriteOptions(dry_run=True))


def test_the_body_that_was_handed_in_stays_as_it_is(registry: Registry) -> None:
    body = statefulset()
    registry.create("StatefulSet", "default", body)
    assert body == statefulset()
