"""Who should own a claim, by persistentVolumeClaimRetentionPolicy (A-60 to A-65).

Pure. Deleting is the garbage collector's, once the owners written here are gone.
Kubernetes: stateful_set_utils.go `isClaimOwnerUpToDate`, `updateClaimOwnerRefForSetAndPod`,
`hasUnexpectedController`, `hasStaleOwnerRef`; stateful_pod_control.go `PodClaimIsStale`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import name_of, spec_of, uid_of
from minisets.objects.owners import owner_reference, owners_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


def wanted_owners(
    statefulset: Object, claim: Object, pod: Object, *, condemned: bool
) -> tuple[dict[str, Any], ...]:
    """The claim's owners as they should be; those of others stay untouched (A-64).

    pod: one that is about to be made has no uid yet. condemned: its ordinal is out of range.
    """
    others = tuple(
        owner for owner in owners_of(claim) if not _names(owner, statefulset) and not _names(owner, pod)
    )
    if has_unexpected_controller(statefulset, claim, pod):
        return others
    return (*others, *(owner_reference(owner) for owner in _ours(statefulset, pod, condemned=condemned)))


def is_owned_as_wanted(statefulset: Object, claim: Object, pod: Object, *, condemned: bool) -> bool:
    """Whether nothing needs to be written; a claim of a former statefulset or pod is left alone (A-63)."""
    if is_stale(claim, statefulset) or is_stale(claim, pod):
        return True
    if has_unexpected_controller(statefulset, claim, pod):
        return not _owns(statefulset, claim) and not _owns(pod, claim)
    if any(not owner.get("controller") for owner in owners_of(claim) if _is_ours(owner, statefulset, pod)):
        return False
    wanted = _ours(statefulset, pod, condemned=condemned)
    return all(_owns(owner, claim) == (owner in wanted) for owner in (statefulset, pod))


def has_unexpected_controller(statefulset: Object, claim: Object, pod: Object) -> bool:
    """Whether somebody else controls a claim that the policy is about (A-64)."""
    if not _deletes(statefulset, "whenDeleted") and not _deletes(statefulset, "whenScaled"):
        return False
    if is_stale(claim, statefulset) or is_stale(claim, pod):
        return True
    return any(
        owner.get("controller") and not _names(owner, statefulset) and not _names(owner, pod)
        for owner in owners_of(claim)
    )


def is_stale(claim: Object, owner: Object) -> bool:
    """Whether a former object of this name, with another uid, owns the claim (A-63)."""
    return any(
        _names(reference, owner) and reference.get("uid") != uid_of(owner) for reference in owners_of(claim)
    )


def waits_for_collection(statefulset: Object, claim: Object, pod: Object) -> bool:
    """Whether the claim goes with a predecessor of the pod that is to be made (A-63)."""
    return _deletes(statefulset, "whenScaled") and is_stale(claim, pod)


def _ours(statefulset: Object, pod: Object, *, condemned: bool) -> tuple[Object, ...]:
    """Which of the two should own the claim (A-60)."""
    if condemned and _deletes(statefulset, "whenScaled"):
        return (pod,)
    return (statefulset,) if _deletes(statefulset, "whenDeleted") else ()


def _deletes(statefulset: Object, when: str) -> bool:
    policy = spec_of(statefulset).get("persistentVolumeClaimRetentionPolicy") or {}
    return bool(policy.get(when) == "Delete")


def _names(reference: dict[str, Any], obj: Object) -> bool:
    """Whether a reference is to an object of this kind and name, whichever its uid."""
    return (reference.get("apiVersion"), reference.get("kind"), reference.get("name")) == (
        obj["apiVersion"],
        obj["kind"],
        name_of(obj),
    )


def _owns(obj: Object, claim: Object) -> bool:
    return any(reference.get("uid") == uid_of(obj) for reference in owners_of(claim))


def _is_ours(reference: dict[str, Any], statefulset: Object, pod: Object) -> bool:
    return reference.get("uid") in (uid_of(statefulset), uid_of(pod))
