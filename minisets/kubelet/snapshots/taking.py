"""Takes one group: its pods stand still, every claim is copied, they go on, and the copies are marked whole.

Raises CopyFailed where that is not to be tried again, and what the engine raised where it is. Waits for the
copying, so that only a lane calls it. Leaves to `groups.py` when, to `snapshotter.py` what is on record.
"""

from __future__ import annotations

import json
import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import labels, names
from minisets.engine.archives import archive, file
from minisets.engine.specs import VolumeSpec
from minisets.errors import EngineConflict, EngineError, EngineNotFound, MinisetsError
from minisets.kubelet.snapshots.copying import MARK, CopyFailed, Pair
from minisets.kubelet.snapshots.users import Users, users_of
from minisets.kubelet.volumes.persistent import handle_of
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, name_of, namespace_of, spec_of, timestamp
from minisets.objects.snapshots import source_claim
from minisets.settings import ADOPTED

if TYPE_CHECKING:
    from minisets.clock import Clock
    from minisets.engine.interface import Engine, Volume
    from minisets.kubelet.snapshots.copying import Copier
    from minisets.kubelet.snapshots.groups import Group, Member
    from minisets.kubelet.snapshots.pauses import Pauses
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader

PAUSED_AT_MOST = timedelta(seconds=60)
"""See the charter. Nothing is paused where no pod uses the claims, and then there is no limit."""

BEGUN_WITHIN = timedelta(seconds=10)
"""Commands in the pods that are just being started; nobody is paused if one is not by then."""

DATA = "data"
_WHOLE = "whole"
_TRIES = 3
_SHORTEST = 0.001  # of a pause: none at all is 0
_NAMES_TRIED = 50
_LONGEST_MARK = 4096

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Taken:
    """One copy that is whole. taken: the moment, as in a status; paused: seconds; which: of which taking."""

    handle: str
    capacity: str
    taken: str
    copied: int
    paused: float
    which: str


class _Woken(CopyFailed):
    """Somebody wrote, or may have, while it was copied."""


class Taker:
    """Takes groups."""

    def __init__(
        self, reader: Reader, engine: Engine, copier: Copier, pauses: Pauses, clock: Clock, cluster: str
    ) -> None:
        self._reader = reader
        self._engine = engine
        self._copier = copier
        self._pauses = pauses
        self._clock = clock
        self._cluster = cluster

    def take(self, group: Group) -> tuple[Taken, ...]:
        """A copy for each member: those that are marked as of one taking, else new ones."""
        self._copier.let_go()
        if (found := self._taken_before(group)) is not None:
            return found
        sources = [self._source(one) for one in group.members]
        try:
            for attempt in range(_TRIES):
                try:
                    return self._take(group, sources)
                except _Woken as error:
                    _log.info("snapshot of %s: %s", ", ".join(one.name for one in sources), error)
                    if attempt == _TRIES - 1:
                        raise
        except MinisetsError:
            with suppress(EngineError):  # Why: what went wrong first is what is told
                self.remove(group)
            raise
        raise AssertionError("the loop returns or raises")

    def remove(self, group: Group) -> None:
        """Whatever copies of the group there are: they are not whole."""
        for one in group.members:
            for volume in self.copies_of(one.content):
                self._engine.remove_volume(volume.name)

    def copies_of(self, content: Object) -> tuple[Volume, ...]:
        """The Docker volumes that were made for a content."""
        selector = {
            **labels.cluster_selector(self._cluster),
            labels.KIND: "snapshot",
            labels.SNAPSHOT_CONTENT: name_of(content),
        }
        return self._engine.list_volumes(selector)

    def mark_of(self, volume: Volume) -> Taken | None:
        """What is on record in a copy; None if it is not whole."""
        with self._copier.looking(volume.name) as container:
            found = self._engine.file_end(container, f"/s/0/{_WHOLE}", _LONGEST_MARK)
        try:
            read = json.loads(found or b"")
            return Taken(
                volume.name,
                volume.labels.get(labels.CAPACITY, ""),
                str(read["taken"]),
                int(read["copied"]),
                float(read["paused"]),
                str(read["which"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def _taken_before(self, group: Group) -> tuple[Taken, ...] | None:
        """By a kubelet that was killed before all of it was on record."""
        found = []
        for one in group.members:
            marks = [mark for volume in self.copies_of(one.content) if (mark := self.mark_of(volume))]
            if len(marks) != 1:
                return None
            found += marks
        return tuple(found) if len({mark.which for mark in found}) == 1 else None

    def _source(self, member: Member) -> Volume:
        """The claim's Docker volume. A mount would make one that is not there, and nobody's is read."""
        found = self._engine.inspect_volume(member.handle)
        if found is None:
            raise CopyFailed(f"the Docker volume {member.handle} is gone")
        adopted = {
            annotations_of(each).get(ADOPTED, "")
            for each in self._reader.list("PersistentVolume").items
            if handle_of(each) == member.handle
        }
        is_taken_in = any(labels.is_taken_in(found.labels, member.handle, each) for each in adopted)
        if not labels.is_data(found.labels, self._cluster) and not is_taken_in:
            raise CopyFailed(f"the Docker volume {member.handle} is not minisets': it is not read")
        return found

    # --- one try ---

    def _take(self, group: Group, sources: list[Volume]) -> tuple[Taken, ...]:
        self.remove(group)
        targets = [self._target(one) for one in group.members]
        users = users_of(self._engine, self._cluster, sources)
        pairs = [
            Pair(source.name, target.name, target_folder=DATA)
            for source, target in zip(sources, targets, strict=True)
        ]
        with self._copier.helper(pairs, sorted(users.running)) as helper:
            self._refuse_unfinished(helper, sources)
            execs, inspect = self._engine.execs, self._engine.inspect_exec
            with (
                self._pauses.holding(users.pods, users.running),
                execs.closed(users.running, inspect, BEGUN_WITHIN),
            ):
                began = self._clock.elapsed()
                try:
                    moment, sizes = self._copied(helper, users, sources)
                finally:
                    self._copier.unpause(sorted(users.running))
            paused = round((self._clock.elapsed() - began).total_seconds(), 3)
            paused = max(paused, _SHORTEST) if users.running else 0.0
            which = secrets.token_hex(8)
            taken = tuple(
                Taken(target.name, target.labels[labels.CAPACITY], moment, size, paused, which)
                for target, size in zip(targets, sizes, strict=True)
            )
            for at, one in enumerate(taken):
                self._engine.put_archive(helper, f"/t/{at}", archive([file(_WHOLE, 0o600, _mark(one))]))
        return taken

    def _refuse_unfinished(self, helper: str, sources: list[Volume]) -> None:
        """Why: the copy of a claim that was put back in part would be told as whole."""
        for at, one in enumerate(sources):
            if self._engine.stat_path(helper, f"/s/{at}/{MARK}") is not None:
                raise CopyFailed(
                    f"the Docker volume {one.name} is being put back from a snapshot, "
                    "and does not hold all of that yet"
                )

    def _copied(self, helper: str, users: Users, sources: list[Volume]) -> tuple[str, tuple[int, ...]]:
        """The moment, and how much it was of each."""
        for one in sorted(users.running):
            # Why suppressed: one that has just ended writes nothing either; it is looked at again.
            with suppress(EngineNotFound, EngineConflict):
                self._engine.pause_container(one)
        moment = timestamp(self._clock.now())
        sizes = self._copier.run(helper, PAUSED_AT_MOST if users.running else None)
        if len(sizes) != len(sources):
            raise CopyFailed("the copying container did not say how much it copied")
        now = users_of(self._engine, self._cluster, sources)
        if now.running or now.paused != users.running | users.paused:
            raise _Woken("a container was started, woken or ended while it was copied")
        return moment, sizes

    def _target(self, member: Member) -> Volume:
        """A fresh volume for the copy, under a name that nobody has."""
        snapshot = member.snapshot
        wanted = labels.snapshot_labels(
            self._cluster,
            snapshot,
            member.content,
            self._capacity(snapshot),
            timestamp(self._clock.now()),
        )
        for attempt in range(_NAMES_TRIED):
            name = names.snapshot_volume_name(
                self._cluster, namespace_of(snapshot), name_of(snapshot), attempt
            )
            if self._engine.inspect_volume(name) is None:
                made = self._engine.create_volume(VolumeSpec(name, wanted))
                if dict(made.labels) == wanted:
                    return made
        raise CopyFailed(f"every name for the copy of {name_of(snapshot)} is taken")

    def _capacity(self, snapshot: Object) -> str:
        claim = self._reader.get(Ref("PersistentVolumeClaim", namespace_of(snapshot), source_claim(snapshot)))
        spec = spec_of(claim) if claim else {}
        return str(((spec.get("resources") or {}).get("requests") or {}).get("storage") or "0")


def _mark(taken: Taken) -> bytes:
    told = {"taken": taken.taken, "copied": taken.copied, "paused": taken.paused, "which": taken.which}
    return json.dumps(told).encode()
