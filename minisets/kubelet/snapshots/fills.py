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
from minisets.kubelet.snapshots.copying import MARK, CopyFailed, Pair, Stopping
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


@dataclass
class _Fill:
    """Into one volume. key: who asked; empty once they gave it up. outcome: None while it goes on."""

    key: str
    source: str
    outcome: Outcome | None = None


class Fills:
    """Those that go on, and those that nobody has asked about since they ended: one a volume."""

    def __init__(self, engine: Engine, copier: Copier, lane: Lane, cluster: str) -> None:
        self._engine = engine
        self._copier = copier
        self._lane = lane
        self._cluster = cluster
        self._lock = threading.Lock()
        self._into: dict[str, _Fill] = {}

    def ask(
        self,
        key: str,
        source: str,
        target: str,
        is_wanted: Callable[[], bool],
        ended: Callable[[], None],
    ) -> Outcome | None:
        """How it went, once; None: not yet, and it has begun now, or begins when asked after another's end.

        `ended` is called at the end of what has begun. is_wanted: asked once more when its turn has come.
        """
        with self._lock:
            before = self._into.get(target)
            if before is not None:
                if before.outcome is None:
                    return None
                del self._into[target]
                if (before.key, before.source) == (key, source):
                    return before.outcome
            fill = self._into[target] = _Fill(key, source)
        self._lane.submit(lambda: self._run(fill, target, is_wanted, ended))
        return None

    def forget(self, key: str) -> None:
        """Given up by who asked. Why: asked for again later, an old copy would pass for a new one."""
        with self._lock:
            for fill in self._into.values():
                if fill.key == key:
                    fill.key = ""

    def is_unfinished(self, volume: str) -> bool:
        """Whether a copy into the volume was begun and not ended."""
        with self._copier.looking(volume) as container:
            return self._engine.stat_path(container, f"/s/0/{MARK}") is not None

    def _run(
        self, fill: _Fill, target: str, is_wanted: Callable[[], bool], ended: Callable[[], None]
    ) -> None:
        outcome: Outcome | None = Outcome("the kubelet failed")
        try:
            self._copy(fill.source, target, is_wanted)
            outcome = Outcome()
        except Stopping:
            outcome = None  # Why: that is no failure; the next kubelet begins anew
        except MinisetsError as error:
            _log.warning("%s into %s: %s", fill.source, target, error)
            outcome = Outcome(str(error))
        finally:
            with self._lock:
                fill.outcome = outcome
            ended()

    def _copy(self, source: str, target: str, is_wanted: Callable[[], bool]) -> None:
        self._copier.end_fills()  # Why: one of another snapshot may still be at it
        copy, volume = self._engine.inspect_volume(source), self._engine.inspect_volume(target)
        if copy is None or not labels.is_snapshot(copy.labels, self._cluster):
            raise CopyFailed(f"the Docker volume {source} is no copy of this cluster")
        if volume is None or not labels.is_data(volume.labels, self._cluster):
            raise CopyFailed(f"the Docker volume {target} is not minisets': it is not touched")
        self._refuse_users(volume)
        with self._copier.helper([Pair(source, target, source_folder=DATA)]) as helper:
            self._refuse_users(volume)
            if not is_wanted():  # Why: the volume may be another claim's by now
                raise CopyFailed("it is asked for no more")
            self._copier.run(helper)
            self._refuse_users(volume)

    def _refuse_users(self, volume: Volume) -> None:
        users = users_of(self._engine, self._cluster, [volume])
        if users != Users():
            raise CopyFailed(f"{', '.join(sorted(users.pods))} uses the Docker volume {volume.name}")
