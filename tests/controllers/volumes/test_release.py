from typing import Any

import pytest

from minisets.controllers.volumes.actions import SetVolumePhase, Tell
from minisets.controllers.volumes.release import PROTECTION, plan_volume
from minisets.objects.kinds import Object
from minisets.settings import PROVISIONED_BY
from tests.controllers.volumes.make import claim, reserved_for, volume, with_metadata, with_status


def planned(subject: Object, its_claim: Object | None = None) -> list[str]:
    return [str(action) for action in plan_volume(subject, its_claim)]


def taken(phase: str = "Bound", **spec: Any) -> Object:
    return with_status(volume(claimRef=reserved_for("www-web-0", "uid-www-web-0"), **spec), phase=phase)


def test_a_volume_that_nobody_has_is_available() -> None:
    fresh = with_status(volume(), phase="Pending")
    assert planned(fresh) == ["volume disk is Available: no claim has it"]
    assert planned(volume()) == []


def test_a_volume_reserved_by_a_person_shows_available_until_it_is_bound() -> None:
    """A-136."""
    assert planned(volume(claimRef=reserved_for("www-web-0"))) == []


def test_a_volume_is_released_when_its_claim_is_gone_and_stays_so() -> None:
    """A-141."""
    assert planned(taken()) == ["volume disk is Released: its claim is gone"]
    assert planned(taken("Released")) == []
    assert planned(taken("Failed")) == []


@pytest.mark.parametrize("source", [{"rbd": {"image": "foo"}}, {"nfs": {"server": "nas"}}, {}])
def test_a_volume_that_nobody_can_remove_has_failed_and_keeps_its_data(source: dict[str, Any]) -> None:
    """A-141."""
    subject = taken(persistentVolumeReclaimPolicy="Delete", **source)
    said = 'error getting deleter volume plugin for volume "disk": no deletable volume plugin matched'
    assert plan_volume(subject, None) == (
        SetVolumePhase(subject, "Failed", "nobody can remove its data", said),
        Tell(subject, "Warning", "VolumeFailedDelete", said),
    )
    assert planned({**subject, "status": {"phase": "Failed"}}) == []


def test_a_csi_volume_is_its_drivers_to_remove() -> None:
    subject = taken(persistentVolumeReclaimPolicy="Delete", csi={"driver": "ebs", "volumeHandle": "v"})
    assert planned(subject) == ["volume disk is Released: its claim is gone"]


def test_a_released_volume_is_offered_again_when_a_person_clears_its_claim() -> None:
    """A-141."""
    assert planned(with_status(volume(), phase="Released")) == ["volume disk is Available: no claim has it"]


def test_a_volume_follows_its_claim() -> None:
    assert planned(taken("Available"), claim(volumeName="disk")) == ["volume disk is Bound: its claim has it"]
    assert planned(taken(), claim(volumeName="disk")) == []
    assert planned(taken("Available"), claim()) == []


def test_a_volume_whose_claim_took_another_is_free_again() -> None:
    assert planned(taken(), claim(volumeName="other")) == ["free volume disk: its claim has volume other"]


def test_a_volume_made_for_a_claim_that_took_another_is_released() -> None:
    made = with_metadata(
        taken(persistentVolumeReclaimPolicy="Delete"), annotations={PROVISIONED_BY: "docker.minisets.dev"}
    )
    assert planned(made, claim(volumeName="other")) == ["volume disk is Released: its claim has volume other"]


def test_a_deleted_volume_goes_unless_it_is_bound() -> None:
    """A-142."""
    ended = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [PROTECTION]}
    assert planned(with_metadata(volume(), **ended)) == [
        "let PersistentVolume disk go: no claim is bound to it"
    ]
    assert planned(with_metadata(taken(), **ended), claim(volumeName="disk")) == []
    assert planned(with_metadata(taken(), **ended)) == ["volume disk is Released: its claim is gone"]


def test_a_volume_that_is_to_be_recycled_has_failed_and_keeps_its_data() -> None:
    """A-141. Kubernetes: recycleVolumeOperation, where no plugin recycles."""
    phase, tell = planned(taken(persistentVolumeReclaimPolicy="Recycle"))
    assert phase == "volume disk is Failed: nobody can remove its data"
    assert tell == "tell VolumeFailedRecycle of disk: No recycler plugin found for the volume!"


def test_a_volume_and_its_claim_of_different_modes_are_both_told_so() -> None:
    """A-137."""
    of_volume, of_claim = planned(taken(volumeMode="Block"), claim())
    assert of_volume == (
        "tell VolumeMismatch of disk: Cannot bind PersistentVolume to requested PersistentVolumeClaim "
        '"www-web-0" due to incompatible volumeMode.'
    )
    assert of_claim.startswith(
        'tell VolumeMismatch of default/www-web-0: Cannot bind PersistentVolume "disk"'
    )
