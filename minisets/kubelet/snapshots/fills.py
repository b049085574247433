"""Copies back into claims' Docker volumes, in a lane; how one went is told to whoever asks next.

A copy is begun by asking, and begun anew by a new kubelet. Leaves to `volumes/provisioner.py` and
`restoring.py` which volume gets what, and what follows.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.errors import MinisetsError
from minisets.kubelet.snapshots.copying import MARK, CopyFailed, Pair
from minisets.kubelet.snapshots.taking import DATA
from minisets.kubelet.snapshots.users import Users, users_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.engine.interface import Engine, Volume
    from minisets.kubelet.lanes import Lane
    from minisets.kubelet.snapshots.copying import Copier

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """failed: why; empty: the volume holds what the copy holds, and nothing else."""

    failed: str = ""


class Fills:
    """Those that go on, and those that nobody has asked about since they ended."""

    def __init__(self, engine: Engine, copier: Copier, lane: Lane, cluster: str) -> None:
        self._engine = engine
        self._copier = copier
        self._lane = lane
        self._cluster = cluster
        self._lock = threading.Lock()
        self._outcomes: dict[str, Outcome | None] = {}

    def ask(self, key: str, source: str, target: str, ended: Callable[[], None]) -> Outcome | None:
        """How it went, once; None: it goes on, or has begun now, and `ended` will be called."""
        with self._lock:
            if key in self._outcomes:
                outcome = self._outcomes[key]
                if outcome is not None:
                    del self._outcomes[key]
                return outcome
            self._outcomes[key] = None
        self._lane.submit(lambda: self._run(key, source, target, ended))
        return None

    def is_unfinished(self, volume: str) -> bool:
        """Whether a copy into the volume was begun and not ended."""
        with self._copier.looking(volume) as container:
            return self._engine.stat_path(container, f"/s/0/{MARK}") is not None

    def _run(self, key: str, source: str, target: str, ended: Callable[[], None]) -> None:
        failed = "the kubelet failed"
        try:
            self._fill(source, target)
            failed = ""
        except MinisetsError as error:
            _log.warning("%s into %s: %s", source, target, error)
            failed = str(error)
        finally:
            with self._lock:
                self._outcomes[key] = Outcome(failed)
            ended()

    def _fill(self, source: str, target: str) -> None:
        copy, volume = self._engine.inspect_volume(source), self._engine.inspect_volume(target)
        if copy is None or not labels.is_snapshot(copy.labels, self._cluster):
            raise CopyFailed(f"the Docker volume {source} is no copy of this cluster")
        if volume is None or not labels.is_data(volume.labels, self._cluster):
            raise CopyFailed(f"the Docker volume {target} is not minisets': it is not touched")
        self._refuse_users(volume)
        with self._copier.helper([Pair(source, target, source_folder=DATA)]) as helper:
            self._refuse_users(volume)
            self._copier.run(helper)
            self._refuse_users(volume)

    def _refuse_users(self, volume: Volume) -> None:
        users = users_of(self._engine, self._cluster, [volume])
        if users != Users():
            raise CopyFailed(f"{', '.join(sorted(users.pods))} uses the Docker volume {volume.name}")
