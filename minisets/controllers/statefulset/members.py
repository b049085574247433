"""Which pods and revisions belong to a statefulset, and which must be adopted or released.

Pure. Kubernetes: pkg/controller/controller_ref_manager.go `ClaimObject`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.controllers.statefulset.actions import Action, AdoptPod, AdoptRevision, ReleasePod
from minisets.controllers.statefulset.identity import ordinal_of, ordinals_of
from minisets.objects.metadata import is_being_deleted, labels_of, name_of, spec_of
from minisets.objects.owners import controller_of, is_controlled_by
from minisets.objects.selectors import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object


@dataclass(frozen=True)
class Members:
    """The pods by ordinal: those in range, and those that are too many, highest first."""

    replicas: dict[int, Object]
    condemned: tuple[Object, ...]
    actions: tuple[Action, ...]

    @property
    def pods(self) -> tuple[Object, ...]:
        """All of them."""
        return (*self.replicas.values(), *self.condemned)


def members(statefulset: Object, pods: Iterable[Object]) -> Members:
    """Sort a namespace's pods into ours and not ours (A-3, A-66 to A-68)."""
    selector = LabelSelector.of(spec_of(statefulset).get("selector"))
    actions: list[Action] = []
    ours: list[Object] = []
    for pod in pods:
        matches = selector.matches(labels_of(pod)) and ordinal_of(statefulset, pod) is not None
        if controller_of(pod) is not None:
            if not is_controlled_by(pod, statefulset):
                continue
            if matches:
                ours.append(pod)
            elif not is_being_deleted(statefulset):
                actions.append(ReleasePod(pod, "its labels no longer match the selector"))
        elif matches and not is_being_deleted(pod) and not is_being_deleted(statefulset):
            actions.append(AdoptPod(pod, "it matches and nobody controls it"))
            ours.append(pod)
    return _sorted(statefulset, ours, tuple(actions))


def _sorted(statefulset: Object, ours: list[Object], actions: tuple[Action, ...]) -> Members:
    wanted = ordinals_of(statefulset)
    by_ordinal = {ordinal_of(statefulset, pod) or 0: pod for pod in ours}
    replicas = {ordinal: by_ordinal[ordinal] for ordinal in wanted if ordinal in by_ordinal}
    outside = sorted((ordinal for ordinal in by_ordinal if ordinal not in wanted), reverse=True)
    return Members(replicas, tuple(by_ordinal[ordinal] for ordinal in outside), actions)


def history(
    statefulset: Object, revisions: Iterable[Object]
) -> tuple[tuple[Object, ...], tuple[Action, ...]]:
    """The statefulset's revisions, orphans that match included, and the adoptions that this takes."""
    selector = LabelSelector.of(spec_of(statefulset).get("selector"))
    ours: list[Object] = []
    actions: list[Action] = []
    for revision in revisions:
        if not selector.matches(labels_of(revision)):
            continue
        if is_controlled_by(revision, statefulset):
            ours.append(revision)
        elif controller_of(revision) is None:
            if is_being_deleted(statefulset) or is_being_deleted(revision):
                continue
            ours.append(revision)
            actions.append(AdoptRevision(revision, f"it matches {name_of(statefulset)}'s selector"))
    return tuple(ours), tuple(actions)
