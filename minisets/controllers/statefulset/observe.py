"""One snapshot of everything that the planner looks at. Reads; decides nothing.

Takes a `Reader`, so the control plane reads its store and the CLI can read through the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader


@dataclass(frozen=True)
class Observed:
    """A statefulset, and its namespace's pods, claims and revisions, at one moment."""

    statefulset: Object
    pods: tuple[Object, ...]
    claims: Mapping[str, Object]
    revisions: Mapping[str, Object]
    now: datetime


def observe(reader: Reader, namespace: str, name: str, now: datetime) -> Observed | None:
    """The snapshot, or None if the statefulset is gone."""
    statefulset = reader.get(Ref("StatefulSet", namespace, name))
    if statefulset is None:
        return None
    claims = reader.list("PersistentVolumeClaim", namespace).items
    revisions = reader.list("ControllerRevision", namespace).items
    return Observed(
        statefulset=statefulset,
        pods=reader.list("Pod", namespace).items,
        claims={name_of(claim): claim for claim in claims},
        revisions={name_of(revision): revision for revision in revisions},
        now=now,
    )
