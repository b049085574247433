"""Who should own a claim, by persistentVolumeClaimRetentionPolicy (A-60 to A-65).

Pure. Deleting is the garbage collector's, once the owners written here are gone.
Kubernetes: stateful_set_utils.go `isClaimOwnerUpToDate`, `updateClaimOwnerRefForSetAndPod`.
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
    """The claim's owners as they should be; those of others stay untouched (A-64)."""
    others = tuple(owner for owner in owners_of(claim) if not _is(owner, statefulset) and not _is(owner, pod))
    if has_foreign_controller(claim, statefulset, pod):
        return others
    policy = spec_of(statefulset).get("persistentVolumeClaimRetentionPolicy") or {}
    on_deletion = policy.get("whenDeleted") == "Delete"
    on_scale_down = policy.get("whenScaled") == "Delete"
    if condemned and on_scale_down:
        return (*others, owner_reference(pod))
    return (*others, owner_reference(statefulset)) if on_deletion else others


def is_owned_as_wanted(statefulset: Object, claim: Object, pod: Object, *, condemned: bool) -> bool:
    """Whether nothing needs to be written."""
    wanted = wanted_owners(statefulset, claim, pod, condemned=condemned)
    return sorted(map(_text, owners_of(claim))) == sorted(map(_text, wanted))


def has_foreign_controller(claim: Object, statefulset: Object, pod: Object) -> bool:
    """Whether somebody else controls the claim (A-64)."""
    return any(
        owner.get("controller") and not _is(owner, statefulset) and not _is(owner, pod)
        for owner in owners_of(claim)
    )


def is_stale(claim: Object, pod_name: str, pod_uid: str = "") -> bool:
    """Whether a former pod of this name, with another uid, owns the claim (A-63)."""
    return any(
        owner.get("kind") == "Pod" and owner.get("name") == pod_name and owner.get("uid") != pod_uid
        for owner in owners_of(claim)
    )


def _is(owner: dict[str, Any], obj: Object) -> bool:
    same = owner.get("kind") == obj["kind"] and owner.get("name") == name_of(obj)
    return same and owner.get("uid") == uid_of(obj)


def _text(owner: dict[str, Any]) -> str:
    return repr(sorted(owner.items()))
