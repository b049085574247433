"""What to do next about a volume: offer it, keep it bound, or release it. Pure.

Removing what is Released and to be deleted is its provisioner's (`kubelet/volumes/`).
Kubernetes: pkg/controller/volume/persistentvolume/pv_controller.go syncVolume, pvprotection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.controllers.volumes.actions import Action, FreeVolume, SetVolumePhase, Tell, Unprotect
from minisets.controllers.volumes.matching import claim_ref, mode_of
from minisets.objects.metadata import (
    annotations_of,
    finalizers_of,
    is_being_deleted,
    name_of,
    spec_of,
    status_of,
)
from minisets.settings import PROVISIONED_BY

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

PROTECTION = "kubernetes.io/pv-protection"


def plan_volume(volume: Object, claim: Object | None) -> tuple[Action, ...]:
    """The writes that are due; claim: the one with the uid that the volume names, if it is there."""
    phase = status_of(volume).get("phase")
    if is_being_deleted(volume) and PROTECTION in finalizers_of(volume) and phase != "Bound":
        return (Unprotect(volume, PROTECTION, "no claim is bound to it"),)
    if not (claim_ref(volume) or {}).get("uid"):
        return _in_phase(volume, "Available", "no claim has it")
    if claim is None:  # it stays so until a person clears claimRef, or its provisioner removes it
        if phase == "Failed":
            return ()
        gone = "its claim is gone"
        if spec_of(volume).get("persistentVolumeReclaimPolicy") == "Recycle":
            return _failed(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
        return _not_deleted(volume) if _has_no_deleter(volume) else _in_phase(volume, "Released", gone)
    wanted = spec_of(claim).get("volumeName")
    if not wanted:
        # Else it is the claim's turn: it is queued by the same change.
        return () if mode_of(volume) == mode_of(claim) else _of_another_mode(volume, claim)
    if wanted == name_of(volume):
        return _in_phase(volume, "Bound", "its claim has it")
    return _not_taken(volume, f"its claim has volume {wanted}")


def _has_no_deleter(volume: Object) -> bool:
    """Whether its data should go with its claim, and nobody is there who would do it.

    `Differs:` what a hostPath names is never removed (Kubernetes: below /tmp it is, for tests).
    """
    spec = spec_of(volume)
    foreign = "csi" in spec or PROVISIONED_BY in annotations_of(volume)
    return spec.get("persistentVolumeReclaimPolicy") == "Delete" and not foreign


def _not_deleted(volume: Object) -> tuple[Action, ...]:
    """A-141. Kubernetes: pv_controller.go deleteVolumeOperation, findDeletablePlugin."""
    message = (
        f'error getting deleter volume plugin for volume "{name_of(volume)}": '
        "no deletable volume plugin matched"
    )
    return _failed(volume, "VolumeFailedDelete", message)


def _failed(volume: Object, reason: str, message: str) -> tuple[Action, ...]:
    tell = Tell(volume, "Warning", reason, message)
    return SetVolumePhase(volume, "Failed", "nobody can remove its data", message), tell


def _of_another_mode(volume: Object, claim: Object) -> tuple[Action, ...]:
    """Kubernetes: syncVolume: no claim's turn would ever come to this."""
    why = "due to incompatible volumeMode."
    of_volume = f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{name_of(claim)}" {why}'
    of_claim = f'Cannot bind PersistentVolume "{name_of(volume)}" to requested PersistentVolumeClaim {why}'
    return (
        Tell(volume, "Warning", "VolumeMismatch", of_volume),
        Tell(claim, "Warning", "VolumeMismatch", of_claim),
    )


def _not_taken(volume: Object, cause: str) -> tuple[Action, ...]:
    """The claim got another volume: one that was made for it has no use any more, others are offered."""
    made = PROVISIONED_BY in annotations_of(volume)
    if made and spec_of(volume).get("persistentVolumeReclaimPolicy") == "Delete":
        return _in_phase(volume, "Released", cause)
    return (FreeVolume(volume, cause),)


def _in_phase(volume: Object, phase: str, cause: str) -> tuple[Action, ...]:
    return () if status_of(volume).get("phase") == phase else (SetVolumePhase(volume, phase, cause),)
