"""What to do next about a claim: bind it, ask for a volume, or say why it waits. Pure.

Kubernetes: pkg/controller/volume/persistentvolume/pv_controller.go syncClaim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.controllers.volumes.actions import (
    Action,
    AskProvisioner,
    PointClaim,
    ReserveVolume,
    SetClaimStatus,
    SetClass,
    SetVolumePhase,
    Tell,
    Unprotect,
)
from minisets.controllers.volumes.matching import (
    best_match,
    capacity_in,
    claim_ref,
    class_of,
    is_for,
    is_reached,
    misfit,
    names_a_class,
    request_of,
)
from minisets.controllers.volumes.usage import is_scheduled
from minisets.objects.metadata import (
    annotations_of,
    finalizers_of,
    is_being_deleted,
    name_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.objects.pods import is_terminal

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

PROTECTION = "kubernetes.io/pvc-protection"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
PROVISIONER_BETA = "volume.beta.kubernetes.io/storage-provisioner"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
_DATA_LOST = "Data on the volume is lost!"


@dataclass(frozen=True)
class ObservedClaim:
    """A claim, and all that a decision about it depends on.

    users: the pods that name it; node: which was selected for it, if there is still such a node.
    """

    claim: Object
    volumes: tuple[Object, ...]
    storage_class: Object | None
    default_class: Object | None
    users: tuple[Object, ...]
    node: Object | None = None


def plan_claim(observed: ObservedClaim) -> tuple[Action, ...]:
    """The writes that are due, in order; any prefix of them may be all that ran."""
    claim = observed.claim
    if is_being_deleted(claim):
        return _ended(observed)
    if BIND_COMPLETED in annotations_of(claim):
        return _kept_bound(observed)
    if spec_of(claim).get("volumeName"):
        return _bound_as_asked(observed)
    return _bound_to_the_best(observed)


def binds_late(storage_class: Object | None) -> bool:
    """Whether claims of this class are bound only once a pod that uses them is placed (A-140)."""
    return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def _ended(observed: ObservedClaim) -> tuple[Action, ...]:
    """A-142: a claim goes when no pod that was scheduled names it any more, whatever became of the pod."""
    held = PROTECTION in finalizers_of(observed.claim)
    if not held or any(is_scheduled(pod) for pod in observed.users):
        return ()
    return (Unprotect(observed.claim, PROTECTION, "no scheduled pod uses it"),)


def _kept_bound(observed: ObservedClaim) -> tuple[Action, ...]:
    claim, wanted = observed.claim, spec_of(observed.claim).get("volumeName") or ""
    volume = _named(wanted, observed.volumes)
    if not wanted:
        return _lost(claim, "ClaimLost", f"Bound claim has lost reference to PersistentVolume. {_DATA_LOST}")
    if volume is None:
        return _lost(claim, "ClaimLost", f"Bound claim has lost its PersistentVolume. {_DATA_LOST}")
    ref = claim_ref(volume)
    if ref is not None and ref.get("uid") != uid_of(claim):
        message = "Two claims are bound to the same volume, this one is bound incorrectly"
        return _lost(claim, "ClaimMisbound", message)
    return (*_bind(claim, volume, "the claim is bound to it"), *_growing(claim, volume))


def _growing(claim: Object, volume: Object) -> tuple[Action, ...]:
    """A bound claim that asks for more than it has waits for whoever grows such volumes.

    Kubernetes: pkg/controller/volume/expand syncHandler, for volumes that no plugin of its own expands.
    """
    has = capacity_in(status_of(claim).get("capacity"))
    if status_of(claim).get("phase") != "Bound" or not has or request_of(claim) <= has:
        return ()
    message = "waiting for an external controller to expand this PVC"
    return (Tell(claim, "Normal" if "csi" in spec_of(volume) else "Warning", "ExternalExpanding", message),)


def _bound_as_asked(observed: ObservedClaim) -> tuple[Action, ...]:
    """A-137: spec.volumeName says which volume; one reserved for the claim is not weighed any more."""
    claim, wanted = observed.claim, spec_of(observed.claim)["volumeName"]
    volume = _named(wanted, observed.volumes)
    if volume is None:
        return _pending(claim, f"there is no volume {wanted}")
    if is_for(volume, claim):
        return _bind(claim, volume, "the volume is reserved for it")
    if claim_ref(volume) is not None:
        message = f'volume "{wanted}" already bound to a different claim.'
        return (*_pending(claim, message), Tell(claim, "Warning", "FailedBinding", message))
    if why := misfit(volume, claim):
        message = f'Cannot bind to requested volume "{wanted}": {why}'
        return (*_pending(claim, message), Tell(claim, "Warning", "VolumeMismatch", message))
    return _bind(claim, volume, "the claim asks for it")


def _bound_to_the_best(observed: ObservedClaim) -> tuple[Action, ...]:
    claim = observed.claim
    waits = binds_late(observed.storage_class) and SELECTED_NODE not in annotations_of(claim)
    volume = best_match(claim, _within_reach(observed), only_pre_bound=waits)
    if volume is not None:
        return _bind(claim, volume, "it matches")
    # Kubernetes: syncUnboundClaim assigns a default class only where no volume without one would do.
    if not names_a_class(claim) and observed.default_class is not None:
        return (SetClass(claim, name_of(observed.default_class), "the claim names none"),)
    if waits:
        return (*_pending(claim, "its class waits for a pod"), _waiting(observed))
    if class_of(claim):
        return _provisioned(observed)
    message = "no persistent volumes available for this claim and no storage class is set"
    return (*_pending(claim, message), Tell(claim, "Normal", "FailedBinding", message))


def _within_reach(observed: ObservedClaim) -> tuple[Object, ...]:
    """The volumes that the pod could have where it will be.

    Kubernetes: the scheduler's volumeBinder chooses among them itself, findMatchingVolumes.
    """
    selected = annotations_of(observed.claim).get(SELECTED_NODE)
    if observed.node is None and selected is None:
        return observed.volumes
    # Why: a node that is gone may be replaced by any other, and reaches only what they all do.
    node = observed.node or {"metadata": {"name": selected}}
    return tuple(volume for volume in observed.volumes if is_reached(volume, node))


def _waiting(observed: ObservedClaim) -> Action:
    """A-140. Kubernetes: emitEventForUnboundDelayBindingClaim, findNonScheduledPodsByPVC."""
    waiting = [name_of(pod) for pod in observed.users if not is_scheduled(pod) and not is_terminal(pod)]
    if waiting:
        message = f"waiting for pod{'s' if len(waiting) > 1 else ''} {','.join(waiting)} to be scheduled"
        return Tell(observed.claim, "Normal", "WaitForPodScheduled", message)
    message = "waiting for first consumer to be created before binding"
    return Tell(observed.claim, "Normal", "WaitForFirstConsumer", message)


def _provisioned(observed: ObservedClaim) -> tuple[Action, ...]:
    """A-139: ask whoever makes volumes of this class, once."""
    claim, storage_class = observed.claim, observed.storage_class
    if storage_class is None:
        message = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
        return (*_pending(claim, message), Tell(claim, "Warning", "ProvisioningFailed", message))
    provisioner = str(storage_class.get("provisioner"))
    if provisioner == NO_PROVISIONER:
        message = f"no volume plugin matched name: {NO_PROVISIONER}"
        return (*_pending(claim, message), Tell(claim, "Warning", "ProvisioningFailed", message))
    cause = f"no volume matches, and its class is {name_of(storage_class)}"
    if annotations_of(claim).get(PROVISIONER) == provisioner:
        return _pending(claim, cause)
    message = (
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually "
        "by the system administrator. If volume creation is delayed, please verify that the provisioner is "
        "running and correctly registered."
    )
    return (
        *_pending(claim, cause),
        AskProvisioner(claim, provisioner, cause),
        Tell(claim, "Normal", "ExternalProvisioning", message),
    )


def _bind(claim: Object, volume: Object, cause: str) -> tuple[Action, ...]:
    """What is missing of the four writes that bind (A-138)."""
    actions: list[Action] = []
    ref = claim_ref(volume)
    if ref is None or ref.get("uid") != uid_of(claim):
        actions.append(ReserveVolume(volume, claim, ref is None, cause))
    if status_of(volume).get("phase") != "Bound":
        actions.append(SetVolumePhase(volume, "Bound", cause))
    named = spec_of(claim).get("volumeName") == name_of(volume)
    if not named or BIND_COMPLETED not in annotations_of(claim):
        actions.append(PointClaim(claim, volume, not named, cause))
    status = _bound_status(claim, volume)
    if status != status_of(claim):
        actions.append(SetClaimStatus(claim, status, cause))
    return tuple(actions)


def _bound_status(claim: Object, volume: Object) -> dict[str, Any]:
    """The volume's modes and capacity, which may be more than was asked for.

    Kubernetes: updateClaimStatus leaves the capacity of a claim that was bound before alone.
    """
    status, spec = status_of(claim), spec_of(volume)
    capacity = status.get("capacity") if status.get("phase") == "Bound" else None
    return {
        **status,
        "phase": "Bound",
        "accessModes": spec.get("accessModes") or [],
        "capacity": capacity or spec.get("capacity") or {},
    }


def _pending(claim: Object, cause: str) -> tuple[Action, ...]:
    if status_of(claim).get("phase") == "Pending":
        return ()
    return (SetClaimStatus(claim, {"phase": "Pending"}, cause),)


def _lost(claim: Object, reason: str, message: str) -> tuple[Action, ...]:
    """A-141: for good."""
    if status_of(claim).get("phase") == "Lost":
        return ()
    return SetClaimStatus(claim, {"phase": "Lost"}, message), Tell(claim, "Warning", reason, message)


def _named(name: str, volumes: tuple[Object, ...]) -> Object | None:
    return next((volume for volume in volumes if name_of(volume) == name), None)
