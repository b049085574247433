"""What claims and volumes get when they are created, and when a volume's phase changes."""

from datetime import timedelta
from typing import Any

import pytest

from minisets.clock import FakeClock
from minisets.errors import Forbidden, Invalid
from minisets.objects.kinds import Ref
from minisets.registry.options import Patch
from minisets.registry.registry import Registry
from tests.registry.things import CLAIM, claim, metadata, volume

IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def storage_class(registry: Registry, name: str, default: str = "true", annotation: str = IS_DEFAULT) -> None:
    annotations = {annotation: default}
    body = {"metadata": {"name": name, "annotations": annotations}, "provisioner": "docker.minisets.dev"}
    registry.create("StorageClass", "", body)


def chosen(registry: Registry, **spec: Any) -> str | None:
    found = registry.create("PersistentVolumeClaim", "default", claim(**spec)).object["spec"]
    name: str | None = found.get("storageClassName")
    return name


def test_a_claim_and_a_volume_are_protected_from_the_start(registry: Registry) -> None:
    """A-142."""
    created = registry.create("PersistentVolumeClaim", "default", claim()).object
    assert metadata(created)["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert not registry.delete(CLAIM).gone
    created = registry.create("PersistentVolume", "", volume()).object
    assert metadata(created)["finalizers"] == ["kubernetes.io/pv-protection"]


def test_a_claim_without_a_class_gets_the_default_one(registry: Registry) -> None:
    """A-139."""
    storage_class(registry, "fast", default="false")
    storage_class(registry, "standard")
    assert chosen(registry) == "standard"


def test_the_old_annotation_makes_a_default_class_too(registry: Registry) -> None:
    storage_class(registry, "standard", annotation="storageclass.beta.kubernetes.io/is-default-class")
    assert chosen(registry) == "standard"


def test_of_several_default_classes_the_newest_wins(registry: Registry, clock: FakeClock) -> None:
    """A-139."""
    storage_class(registry, "a")
    clock.advance(timedelta(minutes=1))
    storage_class(registry, "c")
    storage_class(registry, "b")
    assert chosen(registry) == "b"


@pytest.mark.parametrize("asked", ["", "other"])
def test_a_claim_that_says_its_class_keeps_it(registry: Registry, asked: str) -> None:
    """A-139: an empty class is one too."""
    storage_class(registry, "standard")
    assert chosen(registry, storageClassName=asked) == asked


def test_a_claim_that_says_its_class_in_the_old_annotation_keeps_it(registry: Registry) -> None:
    storage_class(registry, "standard")
    body = claim()
    body["metadata"]["annotations"] = {"volume.beta.kubernetes.io/storage-class": "other"}
    created = registry.create("PersistentVolumeClaim", "default", body).object
    assert "storageClassName" not in created["spec"]


def test_without_a_default_class_a_claim_has_none(registry: Registry) -> None:
    assert chosen(registry) is None


def test_a_claim_may_be_given_its_class_later(registry: Registry) -> None:
    """A-79."""
    assert chosen(registry) is None
    patched = registry.patch(CLAIM, Patch("merge", {"spec": {"storageClassName": "standard"}}))
    assert patched.object["spec"]["storageClassName"] == "standard"


def test_a_volume_says_since_when_it_is_in_its_phase(registry: Registry, clock: FakeClock) -> None:
    created = registry.create("PersistentVolume", "", volume()).object
    assert created["status"]["phase"] == "Pending"
    assert created["status"]["lastPhaseTransitionTime"] == "2026-11-23T12:00:00Z"
    ref = Ref("PersistentVolume", "", "pv-1")
    clock.advance(timedelta(seconds=5))
    available = registry.patch(ref, Patch("merge", {"status": {"phase": "Available"}}), subresource="status")
    assert available.object["status"]["lastPhaseTransitionTime"] == "2026-11-23T12:00:05Z"
    clock.advance(timedelta(seconds=5))
    noted = registry.patch(ref, Patch("merge", {"status": {"message": "x"}}), subresource="status")
    assert noted.object["status"]["lastPhaseTransitionTime"] == "2026-11-23T12:00:05Z"


@pytest.mark.parametrize("may_grow", [False, True])
def test_a_claim_grows_only_where_its_class_lets_it(registry: Registry, *, may_grow: bool) -> None:
    body = {
        "metadata": {"name": "fast"},
        "provisioner": "docker.minisets.dev",
        "allowVolumeExpansion": may_grow,
    }
    registry.create("StorageClass", "", body)
    registry.create("PersistentVolumeClaim", "default", claim(storageClassName="fast"))
    bound = Patch("merge", {"status": {"phase": "Bound"}})
    registry.patch(CLAIM, bound, subresource="status")
    more = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    grow = Patch("merge", more)
    if may_grow:
        registry.patch(CLAIM, grow)
    else:
        with pytest.raises(
            Forbidden, match='"www-web-0" is forbidden: only dynamically provisioned pvc can be'
        ):
            registry.patch(CLAIM, grow)


SOURCE = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "one"}


@pytest.mark.parametrize(
    ("given", "source", "ref"),
    [
        ({"dataSource": SOURCE}, SOURCE, SOURCE),
        ({"dataSourceRef": SOURCE}, SOURCE, SOURCE),
        ({"dataSourceRef": {**SOURCE, "namespace": "far"}}, None, {**SOURCE, "namespace": "far"}),
        ({}, None, None),
    ],
)
def test_a_claims_source_is_said_in_both_fields(
    registry: Registry, given: dict[str, Any], source: Any, ref: Any
) -> None:
    found = registry.create("PersistentVolumeClaim", "default", claim(**given)).object["spec"]
    assert (found.get("dataSource"), found.get("dataSourceRef")) == (source, ref)


def test_a_snapshot_is_written_as_a_custom_resource(registry: Registry) -> None:
    """Its status is not the creator's; an update names a version; a new class is a new generation."""
    body: dict[str, Any] = {
        "spec": {"source": {"persistentVolumeClaimName": "a"}},
        "status": {"readyToUse": True},
    }
    made = registry.create("VolumeSnapshot", "default", {"metadata": {"name": "one"}, **body}).object
    assert ("status" in made, metadata(made)["generation"]) == (False, 1)
    ref = Ref("VolumeSnapshot", "default", "one")
    told = registry.change(ref, lambda it: {**it, "status": body["status"]}, subresource="status")
    assert metadata(told)["generation"] == 1
    spec = {**body["spec"], "volumeSnapshotClassName": "c"}
    changed = registry.change(ref, lambda it: {**it, "spec": spec})
    assert (metadata(changed)["generation"], changed["status"]) == (2, body["status"])
    with pytest.raises(Invalid, match="must be specified for an update"):
        registry.update(ref, {"metadata": {"name": "one"}, "spec": spec})
