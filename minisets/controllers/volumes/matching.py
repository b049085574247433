"""Whether a volume can serve a claim, and which of several serves it best. Pure.

Kubernetes: component-helpers storage/volume/pv_helpers.go FindMatchingVolume, pv_controller.go
checkVolumeSatisfyClaim, index.go findByClaim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects import quantities
from minisets.objects.metadata import (
    annotations_of,
    is_being_deleted,
    labels_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.objects.node_affinity import matches_any
from minisets.objects.selectors import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from minisets.objects.kinds import Object

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def class_of(obj: Object) -> str:
    """The class of a claim or volume; empty for none."""
    annotated = annotations_of(obj).get(CLASS_ANNOTATION)
    return annotated if annotated is not None else str(spec_of(obj).get("storageClassName") or "")


def names_a_class(claim: Object) -> bool:
    """Whether the claim says something about its class; `""` says that it wants none."""
    return CLASS_ANNOTATION in annotations_of(claim) or spec_of(claim).get("storageClassName") is not None


def claim_ref(volume: Object) -> dict[str, Any] | None:
    """Which claim the volume is for, or None."""
    return spec_of(volume).get("claimRef") or None


def is_for(volume: Object, claim: Object) -> bool:
    """Whether the volume names this claim; one without a uid is pre-bound by a person (A-136)."""
    ref = claim_ref(volume)
    if ref is None or (ref.get("namespace"), ref.get("name")) != (namespace_of(claim), name_of(claim)):
        return False
    return ref.get("uid") in (None, "", uid_of(claim))


def is_reached(volume: Object, node: Object) -> bool:
    """Whether the node fits the volume's own affinity. Kubernetes: volume.CheckNodeAffinity."""
    required = (spec_of(volume).get("nodeAffinity") or {}).get("required")
    return required is None or matches_any(required.get("nodeSelectorTerms") or (), node)


def misfit(volume: Object, claim: Object) -> str:
    """Why the volume that a claim asks for by name cannot serve it; empty if it can (A-137)."""
    if _capacity(volume) < request_of(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if mode_of(volume) != mode_of(claim):
        return "incompatible volumeMode"
    if not _serves_modes(volume, claim):
        return "incompatible accessMode"
    return ""


def best_match(claim: Object, volumes: Iterable[Object], *, only_pre_bound: bool = False) -> Object | None:
    """The volume that the claim is to have, or None (A-135, A-136).

    Fewest access modes first, among these one that is reserved for it, then the smallest that is large
    enough, then by name.
    """
    # Why: most volumes are somebody else's, and telling that is cheaper than comparing sizes.
    free = (volume for volume in volumes if claim_ref(volume) is None or is_for(volume, claim))
    by_modes: dict[int, list[Object]] = {}
    for volume in free:
        if _is_usable(volume, claim):
            by_modes.setdefault(len(spec_of(volume).get("accessModes") or ()), []).append(volume)
    selector = spec_of(claim).get("selector")
    wanted = LabelSelector.of(selector) if selector else None
    for _, group in sorted(by_modes.items()):
        found = [volume for volume in group if is_for(volume, claim)]
        if not found and not only_pre_bound:
            found = [volume for volume in group if _fits(volume, claim, wanted)]
        if found:
            return min(found, key=_preference)
    return None


def _fits(volume: Object, claim: Object, wanted: LabelSelector | None) -> bool:
    """What is asked only of a volume that nobody reserved."""
    return (
        status_of(volume).get("phase") == "Available"
        and claim_ref(volume) is None
        and class_of(volume) == class_of(claim)
        and (wanted is None or wanted.matches(labels_of(volume)))
    )


def _is_usable(volume: Object, claim: Object) -> bool:
    return (
        not is_being_deleted(volume)
        and _serves_modes(volume, claim)
        and mode_of(volume) == mode_of(claim)
        and _capacity(volume) >= request_of(claim)
    )


def _preference(volume: Object) -> tuple[Decimal, str]:
    return _capacity(volume), name_of(volume)


def _serves_modes(volume: Object, claim: Object) -> bool:
    return set(spec_of(claim).get("accessModes") or ()) <= set(spec_of(volume).get("accessModes") or ())


def mode_of(obj: Object) -> str:
    """Filesystem or Block."""
    return str(spec_of(obj).get("volumeMode") or "Filesystem")


def _capacity(volume: Object) -> Decimal:
    return capacity_in(spec_of(volume).get("capacity"))


def capacity_in(amounts: dict[str, Any] | None) -> Decimal:
    """How much storage amounts speak of."""
    return quantities.parse((amounts or {}).get("storage", "0"))


def request_of(claim: Object) -> Decimal:
    """How much a claim asks for."""
    return capacity_in((spec_of(claim).get("resources") or {}).get("requests"))
