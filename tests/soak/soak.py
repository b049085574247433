"""Random operations over three statefulsets on an engine of its own; after each one, what was seen is judged.

    draw an operation -> tell the expectations -> carry it out -> wait until all is as it must be, or go on

Ends at the first thing that must never be, or that did not come in time, with seed, operation and the
cluster's story; else with its counts.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Self

from minisets import errors
from minisets.cluster import image
from minisets.cluster.content import own_content
from minisets.cluster.mending import connected
from minisets.objects.metadata import is_being_deleted, is_true, name_of, ref_of, uid_of
from tests import leftovers
from tests.engines import PrivateEngine
from tests.scenarios.bare import BUSY
from tests.scenarios.cluster import Cluster
from tests.soak import policies
from tests.soak.carrying_out import Hands
from tests.soak.drawing import operations
from tests.soak.expectations import Expectations
from tests.soak.records import FOLDER, JOURNAL
from tests.soak.seen import Seen, claim_of, is_backing_off, is_knotted, look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.soak.drawing import Operation

SETTLES = timedelta(seconds=180)
IMPATIENT = timedelta(seconds=8)
"""After that pods that wait for their next start are deleted, as a person would do: it may take minutes."""

_PAUSE = 0.3
_CLONE_NEWNET = 0x40000000


class SoakError(AssertionError):
    """What was seen is not what had to be."""


@contextlib.contextmanager
def opened(seed: int, say: Callable[[str], None]) -> Iterator[Soak]:
    """A soak on a started cluster; of a failed one the logs are kept, and said where."""
    with PrivateEngine() as engine:
        with connected() as calls:
            control = image.ensure(calls, image.sources(own_content(), os.environ), say)
        engine.load(BUSY, control)
        with engine.connected() as client, _network_of(engine):
            kept = Path(tempfile.mkdtemp(prefix=f"minisets-soak-{seed}-"))
            name = leftovers.cluster_name(os.getpid(), "soak")
            soak = Soak(seed, Cluster(name, kept / "home", client, engine.address), engine, say)
            try:
                soak.begin()
                yield soak
                soak.cluster.minisets("down", "--volumes", "--yes").succeeded()
            except BaseException:
                _keep(soak, kept)
                say(f"seed {seed}, operation {soak.number}: logs are in {kept}")
                raise
            shutil.rmtree(kept)


def _keep(soak: Soak, folder: Path) -> None:
    with contextlib.suppress(Exception):
        log = soak.cluster.engine.containers.get(soak.cluster.name).logs(timestamps=True)
        (folder / "control.log").write_bytes(bytes(log))
    shutil.copy(soak.engine.log, folder / "dockerd.log")
    with contextlib.suppress(Exception):
        (folder / "story").write_text(soak.cluster.story())


@contextlib.contextmanager
def _network_of(engine: PrivateEngine) -> Iterator[None]:
    """This thread, and what it starts, in the engine's network: there the API is reached."""
    anchor = engine.inside()[2]
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as own, Path(f"/proc/{anchor}/ns/net").open() as theirs:
        if libc.setns(theirs.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            libc.setns(own.fileno(), _CLONE_NEWNET)


class Soak:
    """One run: `for operation in soak.drawn(300): soak.step(operation)`, then `soak.end()`."""

    def __init__(
        self, seed: int, cluster: Cluster, engine: PrivateEngine, say: Callable[[str], None]
    ) -> None:
        self.cluster = cluster
        self.engine = engine
        self.number = 0
        self.counts: Counter[str] = Counter()
        self._say = say
        self._random = Random(seed)
        self._seed = seed
        self._disk = engine.home / "data" / "volumes"
        self._expected = Expectations(policies.three(self._random))
        self._hands = Hands(cluster, engine, self._expected, self._look_and_untie)
        self._is_quiet = True
        self._began = time.monotonic()

    def begin(self) -> None:
        for policy in self._expected.policies.values():
            self._say(str(policy))
        self.cluster.start()
        self._hands.asked(lambda api: api.create("StorageClass", "", policies.retaining_class()))

    def drawn(self, count: int) -> Iterator[Operation]:
        return operations(self._random, self._expected.policies, count)

    def step(self, operation: Operation) -> Self:
        """Carry it out and judge. Raises SoakError."""
        self.number += 1
        self.counts[operation.kind] += 1
        alone = self._is_quiet and operation.waits
        began = time.monotonic()
        try:
            outcome = self._hands.carry_out(operation, alone=alone)
            self._look()
            if operation.waits:
                self._settle()
        except Exception as error:
            said = f"seed {self._seed}, operation {self.number} ({operation}): {error}"
            raise SoakError(said) from error
        self._is_quiet = operation.waits
        self._say(f"{self.number:4} {operation}: {outcome} ({time.monotonic() - began:.1f} s)")
        return self

    def end(self) -> str:
        """What the pods show of it through the API, bit for bit; the account."""
        self._settle()
        seen = self._seen_now()
        lives = self._expected.lives
        uids = {name_of(claim): uid_of(claim) for claim in seen.claims}
        for pod in seen.pods:
            journal = lives[uids[claim_of(pod)]].journal
            script = f"head -c {journal.acknowledged} {FOLDER}/{JOURNAL} | sha256sum"
            shown = self.cluster.inside(name_of(pod), script).split()[0]
            if shown != journal.digest:
                raise SoakError(f"seed {self._seed}: pod {name_of(pod)} shows another journal at the end")
        return self._account(seen)

    def _account(self, seen: Seen) -> str:
        lives = self._expected.lives.values()
        gone = [life for life in lives if life.uid not in seen.claim_by_uid]
        kept = sum(life.policy.reclaim == "Retain" and bool(life.volume) for life in gone)
        records = sum(life.journal.records for life in lives)
        there = sum(life.journal.records for life in lives if life.uid in seen.volume_by_claim)
        named = {life.volume for life in lives}
        on_disk = {each.name for each in self._disk.glob(f"{self.cluster.named('data-')}*")}
        counts = [f"{count:6} {kind}" for kind, count in sorted(self.counts.items())]
        lines = [
            f"seed {self._seed}: {self.number} operations in {time.monotonic() - self._began:.0f} s",
            *counts,
            f"{records:6} records acknowledged; {there} had to be there at the end, and were, bit for bit",
            f"{len(lives):6} claims: {len(seen.claims)} are there",
            f"{kept:6} of those that went left their data, as they had to; {len(gone) - kept} did not",
            f"{len(on_disk - named):6} Docker volumes that never had a PersistentVolume",
        ]
        return "\n".join(lines)

    # --- looking ---

    def _seen_now(self) -> Seen:
        seen = look(self.cluster, self._disk)
        if wrong := self._expected.see(seen):
            raise SoakError("; ".join(wrong))
        return seen

    def _look(self) -> Seen | None:
        """None while no server answers."""
        try:
            return self._seen_now()
        except errors.MinisetsError:
            return None

    def _look_and_untie(self) -> None:
        if (seen := self._look()) is not None:
            self._untie(seen)

    def _settle(self) -> None:
        """Wait until all is as it must be, and each pod has written since."""
        written = self._expected.written()
        began = time.monotonic()
        left: list[str] = ["no server answers"]
        while (elapsed := time.monotonic() - began) < SETTLES.total_seconds():
            seen = self._look()
            left = ["no server answers"] if seen is None else list(self._expected.unfinished(seen, written))
            if seen is not None and not left:
                self._expected.settled(seen)
                return
            if seen is not None and elapsed > IMPATIENT.total_seconds():
                self._help(seen)
            time.sleep(_PAUSE)
        raise SoakError(f"not done within {SETTLES.total_seconds():.0f} s: {'; '.join(left)}")

    def _help(self, seen: Seen) -> None:
        """What a person does where it would take minutes, or for ever."""
        self._untie(seen)
        for pod in seen.pods:
            if is_backing_off(pod) and not is_true(pod, "Ready") and not is_being_deleted(pod):
                self.counts["(pods that backed off deleted)"] += 1
                with contextlib.suppress(errors.MinisetsError), self.cluster.api() as api:
                    api.delete(ref_of(pod), uid=uid_of(pod))

    def _untie(self, seen: Seen) -> None:
        for pod in seen.pods:
            if is_knotted(pod, seen):
                self.counts["(knots untied)"] += 1
                with contextlib.suppress(errors.MinisetsError), self.cluster.api() as api:
                    api.patch(ref_of(pod), {"metadata": {"finalizers": None}}, form="merge")
