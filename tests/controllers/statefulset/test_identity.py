"""A pod of a statefulset: its name, labels, hostname, volumes; and what is wrong with one that is not so."""

from __future__ import annotations

from minisets.controllers.statefulset.identity import (
    identity_matches,
    ordinal_of,
    pod_for,
    repaired,
    storage_matches,
)
from tests.controllers.statefulset.make import lines, observed, pod, statefulset, template


def test_a_lost_pod_name_label_is_written_again() -> None:
    """A-10."""
    owner = statefulset(1)
    changed = pod(owner, 0)
    del changed["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"]
    assert lines(observed(owner, changed)) == ["repair pod web-0: its pod-name label is wrong"]


def test_a_pod_is_its_template_under_its_identity() -> None:
    """A-45, A-46, A-47, A-48, A-49."""
    owner = statefulset(1)
    given = template("nginx:1")
    given["metadata"] |= {"annotations": {"note": "1"}, "finalizers": ["example.com/hold"], "name": "ignored"}
    given["spec"] |= {"hostname": "other", "subdomain": "other"}
    made = pod_for(owner, given, "web-7d9c", 12)
    assert made["metadata"] == {
        "name": "web-12",
        "generateName": "web-",
        "namespace": "default",
        "labels": {
            "app": "nginx",
            "statefulset.kubernetes.io/pod-name": "web-12",
            "apps.kubernetes.io/pod-index": "12",
            "controller-revision-hash": "web-7d9c",
        },
        "annotations": {"note": "1"},
        "finalizers": ["example.com/hold"],
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "name": "web",
                "uid": "uid-web",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert (made["spec"]["hostname"], made["spec"]["subdomain"]) == ("web-12", "nginx")
    assert (made["apiVersion"], made["kind"]) == ("v1", "Pod")


def test_without_a_service_a_pod_has_no_subdomain() -> None:
    """A-51."""
    owner = statefulset(1, serviceName="")
    given = template("nginx:1")
    given["spec"]["subdomain"] = "other"
    assert "subdomain" not in pod_for(owner, given, "r", 0)["spec"]


def test_a_template_without_labels_or_volumes_makes_a_pod_without_more_than_its_own() -> None:
    owner = statefulset(1, volumeClaimTemplates=[])
    made = pod_for(owner, {"spec": {}}, "r", 0)
    assert set(made["metadata"]) == {"name", "generateName", "namespace", "labels", "ownerReferences"}
    assert "volumes" not in made["spec"]


def test_claims_take_the_place_of_template_volumes_of_their_name() -> None:
    """A-50."""
    owner = statefulset(1)
    given = template("nginx:1")
    given["spec"]["volumes"] = [{"name": "tmp", "emptyDir": {}}, {"name": "www", "emptyDir": {}}]
    assert pod_for(owner, given, "r", 2)["spec"]["volumes"] == [
        {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-2"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    assert given["spec"]["volumes"][1] == {"name": "www", "emptyDir": {}}


def test_the_index_label_alone_is_not_looked_at_and_rewritten_along_with_the_name() -> None:
    """A-10."""
    owner = statefulset(1)
    changed = pod(owner, 0)
    changed["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = "9"
    assert identity_matches(owner, changed)
    changed["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = "web-9"
    assert not identity_matches(owner, changed)
    assert repaired(owner, changed)["metadata"]["labels"] == pod(owner, 0)["metadata"]["labels"]
    assert repaired(owner, changed)["spec"] == changed["spec"]


def test_storage_matches_only_with_the_claims_of_this_ordinal() -> None:
    """A-10."""
    owner = statefulset(1)
    good = pod(owner, 1)
    assert storage_matches(owner, good)
    for volume in (
        {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}},
        {"name": "www", "emptyDir": {}},
        {"name": "other", "persistentVolumeClaim": {"claimName": "www-web-1"}},
    ):
        good["spec"]["volumes"] = [volume]
        assert not storage_matches(owner, good)
    good["spec"].pop("volumes")
    assert not storage_matches(owner, good)


def test_a_pod_of_another_name_has_no_ordinal_and_matches_nothing() -> None:
    """A-3."""
    owner = statefulset(1)
    stranger = pod(owner, 0)
    stranger["metadata"]["name"] = "db-0"
    assert ordinal_of(owner, stranger) is None
    assert not identity_matches(owner, stranger)
    assert not storage_matches(owner, stranger)
