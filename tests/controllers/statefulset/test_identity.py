"""A pod of a statefulset: its name, labels, hostname, volumes; and what is wrong with one that is not so."""

from __future__ import annotations

from minisets.controllers.statefulset.identity import (
    claim_for,
    identity_matches,
    ordinal_of,
    ordinals_of,
    pod_for,
    repaired,
    replicas_of,
    revision_of,
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


def test_replicas_that_are_not_said_are_one() -> None:
    """A-88."""
    owner = statefulset(1)
    for given, count in ((None, 1), (0, 0), (4, 4)):
        owner["spec"]["replicas"] = given
        assert (replicas_of(owner), list(ordinals_of(owner))) == (count, list(range(count)))
    del owner["spec"]["replicas"]
    assert replicas_of(owner) == 1


def test_a_claim_is_a_v1_claim_whatever_its_template_says() -> None:
    """A-55."""
    odd = {"apiVersion": "v2", "kind": "Thing", "metadata": {"name": "www"}, "spec": {}}
    made = claim_for(odd, statefulset(1), 0)
    assert (made["apiVersion"], made["kind"]) == ("v1", "PersistentVolumeClaim")


def test_template_labels_never_hide_who_a_pod_is() -> None:
    """A-45, A-46, A-47."""
    owner = statefulset(1)
    forged = template("nginx:1")
    forged["metadata"]["labels"] |= {
        "statefulset.kubernetes.io/pod-name": "web-9",
        "apps.kubernetes.io/pod-index": "9",
        "controller-revision-hash": "forged",
    }
    assert pod_for(owner, forged, "r", 0)["metadata"]["labels"] == {
        "app": "nginx",
        "statefulset.kubernetes.io/pod-name": "web-0",
        "apps.kubernetes.io/pod-index": "0",
        "controller-revision-hash": "r",
    }


def test_both_of_two_claims_must_be_the_ordinals_own() -> None:
    """A-10."""
    templates = [{"metadata": {"name": name}, "spec": {}} for name in ("log", "data")]
    owner = statefulset(1, volumeClaimTemplates=templates)
    good = pod(owner, 3)
    assert storage_matches(owner, good)
    good["spec"]["volumes"][1]["persistentVolumeClaim"]["claimName"] = "data-web-0"
    assert not storage_matches(owner, good)
    assert repaired(owner, good)["spec"]["volumes"] == pod(owner, 3)["spec"]["volumes"]


def test_a_repair_of_labels_is_for_the_pods_own_ordinal_and_leaves_volumes_alone() -> None:
    """A-10."""
    owner = statefulset(1)
    changed = pod(owner, 7)
    del changed["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"]
    changed["spec"]["volumes"].append({"name": "more", "emptyDir": {}})
    changed["spec"]["volumes"].reverse()
    fixed = repaired(owner, changed)
    assert fixed["metadata"]["labels"] == pod(owner, 7)["metadata"]["labels"]
    assert fixed["spec"] == changed["spec"]


def test_a_pod_without_the_label_is_of_no_revision() -> None:
    """A-45."""
    made = pod(statefulset(1), 0)
    del made["metadata"]["labels"]["controller-revision-hash"]
    assert revision_of(made) == ""
