"""Who has a volume mounted: pods' containers, as the engine sees them now."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.errors import EngineNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.engine.interface import ContainerSummary, Engine, Volume


@dataclass(frozen=True)
class Users:
    """pods: their keys. running, paused: their containers, by id; their sandboxes do not count."""

    pods: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()


def users_of(engine: Engine, cluster: str, volumes: Iterable[Volume]) -> Users:
    """The pods that mount any of these. Why by their sandboxes: those mount every volume of their pod."""
    places = {volume.mountpoint for volume in volumes if volume.mountpoint}
    found = engine.list_containers({**labels.cluster_selector(cluster), labels.POD: ""})
    uids = {
        one.labels.get(labels.POD_UID, "")
        for one in found
        if one.labels.get(labels.KIND) == "sandbox" and _mounts(engine, one, places)
    }
    of_them = [one for one in found if one.labels.get(labels.POD_UID) in uids]
    inside = [one for one in of_them if one.labels.get(labels.KIND) != "sandbox"]
    return Users(
        frozenset(f"{one.labels.get(labels.NAMESPACE)}/{one.labels.get(labels.POD)}" for one in of_them),
        frozenset(one.id for one in inside if one.state in ("running", "restarting")),
        frozenset(one.id for one in inside if one.state == "paused"),
    )


def _mounts(engine: Engine, one: ContainerSummary, places: set[str]) -> bool:
    with suppress(EngineNotFound):
        return not places.isdisjoint(engine.inspect_container(one.id).mounts.values())
    return False
