"""What the labels say is enough to tell what a thing is, and to rebuild claims and volumes."""

from typing import Any

import pytest

from minisets.engine import labels

POD: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {
        "name": "web-0",
        "namespace": "shop",
        "uid": "u-1",
        "ownerReferences": [{"kind": "StatefulSet", "name": "web", "uid": "u-0", "controller": True}],
    },
}
CLAIM: dict[str, Any] = {
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "www-web-0", "namespace": "shop", "uid": "c-1", "labels": {"app": "nginx"}},
    "spec": {
        "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "standard",
    },
}


def test_a_container_tells_which_part_of_which_pod_it_is() -> None:
    written = labels.pod_labels("ci", POD, "nginx", "container", 3, spec_hash="abc")
    assert labels.read_pod_part(written) == labels.PodPart(
        "ci", "container", "shop", "web-0", "u-1", "nginx", 3, "abc", "web", "minisets-0"
    )


def test_a_pod_of_nobody_and_its_sandbox_can_be_read_back() -> None:
    alone = {"metadata": {"name": "one", "namespace": "default", "uid": "u-2"}}
    written = labels.pod_labels("ci", alone, "", "sandbox")
    assert labels.read_pod_part(written) == labels.PodPart(
        "ci", "sandbox", "default", "one", "u-2", "", 0, "", "", "minisets-0"
    )


def test_a_container_tells_its_node_and_one_of_an_older_minisets_is_of_the_first() -> None:
    elsewhere = {**POD, "spec": {"nodeName": "minisets-2"}}
    assert labels.node_in(labels.pod_labels("ci", elsewhere, "nginx", "container")) == "minisets-2"
    assert labels.node_in(labels.pod_labels("ci", POD, "nginx", "container")) == "minisets-0"


def test_tools_that_know_kubernetes_and_compose_find_the_pod() -> None:
    written = labels.pod_labels("ci", POD, "nginx", "container")
    assert written["io.kubernetes.pod.name"] == "web-0"
    assert written["io.kubernetes.pod.namespace"] == "shop"
    assert written["io.kubernetes.pod.uid"] == "u-1"
    assert written["io.kubernetes.container.name"] == "nginx"
    assert written["com.docker.compose.project"] == "minisets--ci"
    assert written["com.docker.compose.service"] == "web-0"


def test_a_claim_and_its_volume_can_be_rebuilt_from_labels_alone() -> None:
    written = labels.volume_labels("ci", CLAIM, "pvc-c-1", reclaim="Retain")
    assert labels.read_claim_volume(written) == labels.ClaimVolume(
        cluster="ci",
        namespace="shop",
        claim="www-web-0",
        claim_uid="c-1",
        volume="pvc-c-1",
        capacity="1Gi",
        access_modes=("ReadWriteOnce", "ReadOnlyMany"),
        storage_class="standard",
        reclaim="Retain",
        claim_labels={"app": "nginx"},
    )


def test_a_pods_own_volume_is_found_by_its_pod_and_is_no_claims() -> None:
    written = labels.pod_volume_labels("ci", POD, "cache")
    assert labels.pod_selector("ci", "u-1").items() <= written.items()
    assert labels.read_claim_volume(written) is None
    assert labels.read_pod_part(written) is None


def test_everything_of_a_cluster_is_found_by_one_selector() -> None:
    for written in (
        labels.pod_labels("ci", POD, "nginx", "init"),
        labels.pod_volume_labels("ci", POD, "cache"),
        labels.volume_labels("ci", CLAIM, "pvc-c-1"),
        labels.network_labels("ci"),
    ):
        assert labels.cluster_selector("ci").items() <= written.items()
        assert all(isinstance(value, str) for value in written.values())


def test_an_image_does_not_make_a_strangers_container_look_like_ours() -> None:
    assert labels.CLUSTER not in labels.image_labels("abc")


@pytest.mark.parametrize(
    "changes", [{labels.RESTART: "many"}, {labels.KIND: "volume"}, {labels.POD_UID: ""}, {labels.CLUSTER: ""}]
)
def test_labels_that_we_did_not_write_are_nobodys(changes: dict[str, str]) -> None:
    written = {**labels.pod_labels("ci", POD, "nginx", "container"), **changes}
    assert labels.read_pod_part(written) is None


@pytest.mark.parametrize("broken", ["", "{", "[]", "3"])
def test_claim_labels_that_somebody_broke_are_none(broken: str) -> None:
    written = {**labels.volume_labels("ci", CLAIM, "pvc-c-1"), labels.CLAIM_LABELS: broken}
    read = labels.read_claim_volume(written)
    assert read is not None
    assert read.claim_labels == {}


def test_a_snapshots_copy_is_no_claims_volume_and_can_be_rebuilt_from_labels_alone() -> None:
    metadata: dict[str, Any] = {"name": "one", "namespace": "shop"}
    metadata["labels"] = {"minisets.dev/snapshot-group": "g"}
    metadata["annotations"] = {"minisets.dev/snapshot-group-size": "3"}
    snapshot = {"metadata": metadata, "spec": {"source": {"persistentVolumeClaimName": "www-web-0"}}}
    spec = {"deletionPolicy": "Retain", "volumeSnapshotClassName": "standard"}
    content = {"metadata": {"name": "c"}, "spec": spec}
    made = labels.snapshot_labels("minisets", snapshot, content, "1Gi", "2026-11-29T12:00:00Z")
    assert labels.is_snapshot(made, "minisets")
    assert not labels.is_snapshot(made, "other")
    assert not labels.is_data(made, "minisets")
    assert labels.read_claim_volume(made) is None
    assert {key.removeprefix("dev.minisets."): value for key, value in made.items()} == {
        "cluster": "minisets",
        "kind": "snapshot",
        "layout": "1",
        "namespace": "shop",
        "snapshot": "one",
        "snapshot-content": "c",
        "snapshot-group": "g",
        "snapshot-group-size": "3",
        "claim": "www-web-0",
        "capacity": "1Gi",
        "taken": "2026-11-29T12:00:00Z",
        "reclaim": "Retain",
        "storage-class": "standard",
    }
