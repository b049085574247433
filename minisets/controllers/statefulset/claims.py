"""What the claims of one ordinal need before and beside its pod: to be there, to have the right owners.

Pure. Leaves which owners those are to `retention.py`, and when to ask to `plan.py`.
Kubernetes: stateful_pod_control.go `createPersistentVolumeClaims`, `UpdatePodClaimForRetentionPolicy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.actions import Action, CreateClaim, OwnClaim, Refuse, Verb, Warn
from minisets.controllers.statefulset.identity import claim_for, claim_name, claim_templates, ordinal_of
from minisets.controllers.statefulset.retention import (
    has_unexpected_controller,
    is_owned_as_wanted,
    waits_for_collection,
    wanted_owners,
)
from minisets.objects.metadata import is_being_deleted, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.objects.kinds import Object


@dataclass(frozen=True)
class Claims:
    """The claims of a statefulset's namespace by name, seen for one pod of it."""

    statefulset: Object
    present: Mapping[str, Object]
    pod: Object

    def missing(self, verb: Verb) -> tuple[Action, ...]:
        """Make those that are not there; refuse to go on if one is on its way out (A-55 to A-57)."""
        created: list[Action] = []
        going: list[str] = []
        for template, present in self._all():
            if present is None:
                created.append(CreateClaim(self._made(template), name_of(self.pod), "there is none", verb))
            elif is_being_deleted(present):
                going.append(f"pvc {name_of(present)} is being deleted")
        refused = (Refuse(name_of(self.pod), ", ".join(going), verb),) if going else ()
        return (*created, *refused)

    def owners(self, *, condemned: bool = False) -> tuple[Action, ...]:
        """Write the owners that the retention policy wants, also of claims that this plan makes."""
        actions: list[Action] = []
        for template, present in self._all():
            claim = self._made(template) if present is None else present
            if has_unexpected_controller(self.statefulset, claim, self.pod):
                actions.append(Warn("ConflictingController", _CONFLICT.format(name_of(claim))))
            if not is_owned_as_wanted(self.statefulset, claim, self.pod, condemned=condemned):
                owners = wanted_owners(self.statefulset, claim, self.pod, condemned=condemned)
                actions.append(OwnClaim(claim, owners, "the retention policy says so"))
        return tuple(actions)

    def are_owned_as_wanted(self, *, condemned: bool = False) -> bool:
        """Whether every claim that is there has the owners that it should have."""
        return all(
            is_owned_as_wanted(self.statefulset, present, self.pod, condemned=condemned)
            for _, present in self._all()
            if present is not None
        )

    def stale(self) -> Object | None:
        """A claim that goes with a predecessor, so that the pod cannot be made yet (A-63)."""
        for _, present in self._all():
            if present is not None and waits_for_collection(self.statefulset, present, self.pod):
                return present
        return None

    def _all(self) -> Iterator[tuple[dict[str, Any], Object | None]]:
        """Each template, and its claim if it is there."""
        for template in claim_templates(self.statefulset):
            yield template, self.present.get(claim_name(template, self.statefulset, self._ordinal))

    def _made(self, template: dict[str, Any]) -> Object:
        return claim_for(template, self.statefulset, self._ordinal)

    @property
    def _ordinal(self) -> int:
        return ordinal_of(self.statefulset, self.pod) or 0


_CONFLICT = (
    "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a managing controller, "
    "the retention policy is ignored for this claim"
)
