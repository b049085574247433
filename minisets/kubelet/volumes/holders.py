"""Holders: containers that keep a claim's volume in memory mounted, so that its contents outlive its pods.

Docker unmounts such a volume, and its contents are gone, when the last container that mounts it stops. A
holder is the sandbox's image and nothing else: no network, no rights, no pod's labels. Leaves when there has
to be one to `claim_volumes.py` and `reclaiming.py`, and to `cluster/removal.py` that `down` ends them all.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from minisets.engine import labels, names
from minisets.engine.specs import ContainerSpec, Mount
from minisets.errors import EngineConflict, EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from minisets.engine.interface import ContainerSummary, Engine, Volume
    from minisets.engine.sandbox_image import SandboxImage

_INSIDE = "/x"
_NAMES_TRIED = 20
_UP = ("running", "paused")


class Holders:
    """Those of one cluster."""

    def __init__(self, engine: Engine, image: SandboxImage, cluster: str) -> None:
        self._engine = engine
        self._image = image
        self._cluster = cluster

    def is_held(self, volume: str) -> bool:
        """Whether a holder of that Docker volume runs."""
        return any(one.state in _UP for one in self._of(volume))

    def hold(self, volume: str) -> None:
        """See to it that one runs. Trap: a mount makes a volume that is not there; it has to be.

        Why tried again: the server and a command of ours may both do this, and one of them removes what the
        other has made and not yet started.
        """
        refused: MinisetsError | None = None
        for attempt in range(_NAMES_TRIED):
            if self._one_runs(volume):
                return
            try:
                spec = self._spec(names.holder_name(volume, attempt), volume)
                self._engine.start_container(self._engine.create_container(spec))
            except (EngineConflict, EngineNotFound) as error:
                refused = error
        raise MinisetsError(f"no holder of the Docker volume {volume} can be made: {refused}") from refused

    def _one_runs(self, volume: str) -> bool:
        """Whether one does; the others are removed. Two made at the same time agree on which one stays."""
        found = self._of(volume)
        running = sorted(one.id for one in found if one.state in _UP)
        for one in found:
            if one.id not in running[:1]:
                self._engine.remove_container(one.id, force=True)
        return bool(running)

    def end(self, volume: str) -> None:
        """It goes, and with it, where no pod has the volume, what was in there."""
        for one in self._of(volume):
            self._engine.remove_container(one.id, force=True)

    def is_kept_by_a_pod(self, volume: Volume) -> bool:
        """Whether a sandbox has had the volume mounted since before its holder ended."""
        ended = [self._engine.inspect_container(one.id).finished_at for one in self._of(volume.name)]
        before = max((moment for moment in ended if moment), default=None)
        sandboxes = self._engine.list_containers({labels.CLUSTER: self._cluster, labels.KIND: "sandbox"})
        for one in sandboxes:
            if one.state not in _UP:
                continue
            with suppress(EngineNotFound):
                seen = self._engine.inspect_container(one.id)
                is_older = before is None or (seen.started_at is not None and seen.started_at < before)
                if volume.mountpoint in seen.mounts.values() and is_older:
                    return True
        return False

    def _of(self, volume: str) -> tuple[ContainerSummary, ...]:
        return self._engine.list_containers({**labels.holders_selector(self._cluster), labels.HELD: volume})

    def _spec(self, name: str, volume: str) -> ContainerSpec:
        return ContainerSpec(
            name,
            self._image.ensured(),
            labels.holder_labels(self._cluster, volume),
            mounts=(Mount("volume", _INSIDE, volume, read_only=True),),
            cap_drop=("ALL",),
            no_new_privileges=True,
            read_only_root=True,
        )
