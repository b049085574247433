"""A world with one statefulset, `web`: the real store, registry, controller and garbage collector.

Nothing runs by itself. Every sync, and every claim that goes, is checked against the invariants.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.controllers.garbage import Garbage, is_waiting
from minisets.controllers.keys import key_for
from minisets.controllers.statefulset.observe import observe
from minisets.controllers.statefulset.plan import plan
from minisets.controllers.statefulset.reconciler import StatefulSets
from minisets.errors import AlreadyExists, MinisetsError
from minisets.objects.metadata import (
    is_being_deleted,
    name_of,
    ref_of,
    spec_of,
    uid_of,
    version_of,
)
from minisets.objects.owners import owners_of
from minisets.store.transaction import copied
from tests.models import statefulset_invariants as invariants
from tests.models import statefulset_records as records
from tests.models.statefulset_players import Crash, Fragile, Players
from tests.models.statefulset_seen import (
    BROKEN,
    NAME,
    NAMESPACE,
    Seen,
    Sync,
    image_of,
    phase_of,
    template_of,
)

if TYPE_CHECKING:
    from minisets.controllers.statefulset.actions import Plan
    from minisets.controllers.statefulset.observe import Observed
    from minisets.objects.kinds import Object

KEY = f"{NAMESPACE}/{NAME}"
KINDS = ("StatefulSet", "Pod", "PersistentVolumeClaim", "ControllerRevision")
_LONG_ENOUGH = timedelta(seconds=11)
_OFF_THE_SECOND = timedelta(milliseconds=500)
_MOST_ROUNDS = 300
_MOVING = f"it_converges: still moving after {_MOST_ROUNDS} rounds"


class World(Players):
    """happened: how often what did, over all worlds that share the counter."""

    def __init__(self, happened: Counter[str]) -> None:
        super().__init__()
        self.house.clock.advance(_OFF_THE_SECOND)
        self.happened = happened
        self.fragile = Fragile(self.house)
        recorder = self.house.recorder("statefulset-controller")
        self.controller = StatefulSets(self.house.store, self.fragile, recorder, self.house.clock)
        self.garbage = Garbage(self.house.store, self.house.registry)

    def copy(self) -> World:
        """Another world with the same objects at the same time; it counts for nothing."""
        other = World(Counter())
        other.house.clock.advance(self.house.clock.elapsed() - _OFF_THE_SECOND)
        with other.house.store.transaction() as transaction:
            for kind in KINDS:
                for obj in self.house.store.list(kind).items:
                    transaction.put(obj)
        return other

    # Looking.

    def look(self) -> Seen:
        """What there is; the set must be."""
        found = self.house.get("StatefulSet", NAME)
        return Seen.of(self.house.store, found, self.house.clock.now())

    def versions(self) -> list[tuple[str, int]]:
        """Changes with every write that is not an Event."""
        stored = (obj for kind in KINDS for obj in self.house.store.list(kind).items)
        return [(uid_of(obj), version_of(obj)) for obj in stored]

    # The controller.

    def planned(self) -> str:
        """The plan in words; empty without a set. Planning is pure, total and deterministic."""
        observed = observe(self.house.store, NAMESPACE, NAME, self.house.clock.now())
        if observed is None:
            return ""
        before = _parts(observed, copied)
        first, second = plan(observed), plan(observed)
        invariants.check((equal_input_gives_an_equal_plan,), first, second)
        invariants.check((planning_changes_nothing,), before, _parts(observed, lambda part: part))
        return str(first)

    def reconcile(self, writes: int | None = None) -> Sync | None:
        """One checked sync; None without a set. writes: see `Fragile.begin`."""
        self.planned()
        if self.statefulset is None:
            self.controller.reconcile(KEY)
            return None
        before = self.look()
        self.fragile.begin(writes)
        error = self._sync()
        created, deleted = tuple(self.fragile.created), tuple(self.fragile.deleted)
        sync = Sync(before, self.look(), created, deleted, error)
        invariants.check((*invariants.OF_A_SYNC, *records.OF_A_SYNC), sync)
        invariants.check(invariants.OF_A_MOMENT, sync.after)
        self._count(sync)
        return sync

    def _sync(self) -> Exception | None:
        """The error if it is one that the world accounts for: a taken name, a claim on its way out."""
        try:
            self.controller.reconcile(KEY)
        except (Crash, AlreadyExists) as error:
            return error
        except MinisetsError as error:
            if all(map(_is_accounted_for, str(error).split("; "))):
                return error
            raise
        return None

    def _count(self, sync: Sync) -> None:
        """For the account of what the machine reached."""
        self.happened["syncs"] += 1
        self.happened["crashes"] += isinstance(sync.error, Crash)
        self.happened["refusals"] += isinstance(sync.error, MinisetsError)
        self.happened["pods created"] += len(sync.created)
        self.happened["pods updated"] += len(sync.updated)
        self.happened["pods scaled down"] += sum(
            pod in sync.deleted for pod in sync.before.condemned.values()
        )
        self.happened["ended pods deleted"] += len(sync.deleted) and sum(
            pod in sync.deleted and phase_of(pod) in ("Failed", "Succeeded")
            for pod in sync.before.replicas.values()
        )
        moved = sync.after.status.get("currentRevision") != sync.before.status.get("currentRevision")
        self.happened["rollouts completed"] += moved and "currentRevision" in sync.before.status
        adopted = [name for name, pod in sync.before.pods.items() if not owners_of(pod)]
        self.happened["pods adopted"] += sum(bool(owners_of(sync.after.pods.get(n, {}))) for n in adopted)

    # The garbage collector and the claims' protection.

    def collect(self) -> None:
        """Every object that may concern the garbage collector, once."""
        for kind in KINDS:
            for obj in self.house.store.list(kind).items:
                if owners_of(obj) or is_being_deleted(obj):
                    self._watching_claims(obj)

    def _watching_claims(self, obj: Object) -> None:
        before = {name_of(claim): claim for claim in self.claims()}
        self.garbage.reconcile(key_for(ref_of(obj)))
        after = {name_of(claim): claim for claim in self.claims()}
        if before == after:
            return
        stored = (each for kind in KINDS for each in self.house.store.list(kind).items)
        living = {uid_of(each) for each in stored if not is_waiting(each)}
        for name, claim in before.items():
            now = after.get(name)
            if now is not None:
                invariants.check((records.a_claim_keeps_its_uid,), claim, now)
            if now is None or is_being_deleted(now) != is_being_deleted(claim):
                self.happened["claims collected"] += 1
                invariants.check((records.a_claim_goes_after_all_its_owners,), claim, living)

    # Together.

    def settle(self) -> None:
        """Everybody but the kubelet until nothing changes."""
        for _ in range(_MOST_ROUNDS):
            before = self.versions()
            self.reconcile()
            self.collect()
            self.protect()
            if self.versions() == before:
                self._check_quiet()
                return
        raise invariants.Violated(_MOVING)

    def _check_quiet(self) -> None:
        if self.statefulset is None:
            return
        said, version = self.planned(), self.house.store.version()
        invariants.check(records.OF_QUIET, self.look(), said)
        self.reconcile()
        if all(line.startswith("wait") for line in said.splitlines()):
            invariants.check((quiet_writes_nothing,), version, self.house.store.version())

    def go_on(self) -> None:
        """One round in which everybody does what is due."""
        self.reconcile()
        self.collect()
        self.protect()
        self.play()

    def converge(self) -> None:
        """Until nothing happens any more, with time going by."""
        idle = 0
        for _ in range(_MOST_ROUNDS):
            before = self.versions()
            self.go_on()
            idle = idle + 1 if self.versions() == before else 0
            if idle == 2:
                return
            if idle:
                self.house.clock.advance(_LONG_ENOUGH)
        raise invariants.Violated(_MOVING)

    # For comparing.

    def is_sound(self) -> bool:
        """Whether no pod can be or become broken."""
        revisions = self.house.store.list("ControllerRevision").items
        images = [image_of(template_of(revision)["spec"]) for revision in revisions]
        images += [image_of(spec_of(pod)) for pod in self.pods()]
        wanted = image_of(self.look().spec["template"]["spec"]) if self.statefulset else ""
        return BROKEN not in (*images, wanted)


def equal_input_gives_an_equal_plan(first: Plan, second: Plan) -> None:
    """Planning is deterministic."""
    assert first == second, f"{first} and {second}"
    assert str(first) == str(second)


def planning_changes_nothing(before: list[Any], after: list[Any]) -> None:
    """The snapshot is the store's own objects: nobody may write on them."""
    assert before == after


def quiet_writes_nothing(before: int, after: int) -> None:
    """A sync with nothing to do leaves no trace, not even in the store's version."""
    assert before == after


def _is_accounted_for(error: str) -> bool:
    return "is being deleted" in error or "already exists" in error


def _parts(observed: Observed, taken: Any) -> list[Any]:
    """The snapshot's objects."""
    return [
        taken(observed.statefulset),
        *map(taken, observed.pods),
        *map(taken, observed.claims.values()),
        *map(taken, observed.revisions.values()),
    ]
