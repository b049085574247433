"""What Kubernetes' rules say of each claim: whether it may go, must go, and what it must show. Pure.

    a claim   stays, unless somebody deleted it or its set's retention policy lets it go;
              goes when it is to go, or all its owners are gone, and no scheduled pod names it
    its data  is its own from its beginning on: never an earlier claim's of that name, never another's;
              stays as long as the claim, and under Retain for good, in a Released volume

An operation that met a quiet cluster and was waited for says what must be; one that others overlapped says
only what may be (a set scaled down and up again at once may lose the claims between, or not), until all is
quiet again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minisets.objects.metadata import (
    generation_of,
    is_being_deleted,
    is_true,
    moment,
    name_of,
    spec_of,
    status_of,
    uid_of,
)
from minisets.objects.owners import owners_of
from tests.soak.policies import claim_name
from tests.soak.records import Journal
from tests.soak.seen import Seen, claim_of, claim_uid_of, handle_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.objects.kinds import Object
    from tests.soak.policies import Policy


@dataclass
class Life:
    """A claim from its beginning to its end, by its uid; volume: Docker's, once it is known."""

    uid: str
    policy: Policy
    ordinal: int
    journal: Journal
    volume: str = ""
    may_go: bool = False
    must_go: bool = False

    def __str__(self) -> str:
        return f"claim {claim_name(self.policy.name, self.ordinal)} ({self.uid[:8]})"


@dataclass
class Expectations:
    """Kept along with the operations; `replicas`: as asked for, None while a set should not be there."""

    policies: Mapping[str, Policy]
    replicas: dict[str, int | None] = field(default_factory=dict)
    lives: dict[str, Life] = field(default_factory=dict)
    _ending: set[str] = field(default_factory=set)
    _mounted: frozenset[str] = frozenset()

    # --- what was asked for; before it is asked ---

    def scaled(self, name: str, replicas: int, *, alone: bool = False) -> None:
        """Or created. A claim beyond goes with its pod alone (A-60): one that was asked for, or an orphan."""
        before, self.replicas[name] = self.replicas.get(name) or 0, replicas
        if self.policies[name].when_scaled == "Delete":
            for life in self._of(name):
                had_pod = life.ordinal < before or claim_name(name, life.ordinal) in self._mounted
                life.may_go |= had_pod and life.ordinal >= replicas
                life.must_go |= alone and replicas <= life.ordinal < before

    def deleted(self, name: str, propagation: str, *, alone: bool = False) -> None:
        """A claim whose pod ran when all was quiet has the set as its owner, if its policy says so (A-60)."""
        before, self.replicas[name] = self.replicas.get(name), None
        if self.policies[name].when_deleted == "Delete":
            self._ending.add(name)  # Why for orphan too: a claim that the last sync made late is collected
            for life in self._of(name) if propagation != "orphan" else ():
                life.may_go = True
                life.must_go |= alone and life.ordinal < (before or 0)

    def claim_deleted(self, claim: Object) -> None:
        """By a person; it may be one that was not seen before."""
        life = self._note(claim)
        life.may_go = life.must_go = True

    def _of(self, name: str) -> Iterator[Life]:
        return (life for life in self.lives.values() if life.policy.name == name)

    # --- what is seen ---

    def see(self, seen: Seen) -> list[str]:
        """Take note of claims and records that are new; what must never be, at any moment, in sentences."""
        self._mounted = frozenset(map(claim_of, seen.pods))
        for claim in seen.claims:
            self._note(claim)
        for uid, volume in seen.volume_by_claim.items():
            # Why since 0: nobody saw when a claim began that came and went between two looks.
            life = self._begun(uid, spec_of(volume)["claimRef"]["name"], since=0)
            life.volume = life.volume or handle_of(volume)
        wrong = [f"{life} {said}" for life in self.lives.values() for said in self._read(life, seen)]
        return [*wrong, *self._shared()]

    def _note(self, claim: Object) -> Life:
        since = moment(claim["metadata"]["creationTimestamp"]).timestamp()
        return self._begun(uid_of(claim), name_of(claim), since)

    def _begun(self, uid: str, claim: str, since: float) -> Life:
        """As it is known already, else as a new one."""
        if (known := self.lives.get(uid)) is not None:
            return known
        _, name, tail = claim.split("-")
        policy, ordinal, replicas = self.policies[name], int(tail), self.replicas.get(name)
        is_beyond = replicas is not None and ordinal >= replicas
        may_go = name in self._ending or (is_beyond and policy.when_scaled == "Delete")
        life = Life(uid, policy, ordinal, Journal(f"{name}-{ordinal}", since), may_go=may_go)
        self.lives[uid] = life
        return life

    def _read(self, life: Life, seen: Seen) -> list[str]:
        claim, volume = seen.claim_by_uid.get(life.uid), seen.volume_by_claim.get(life.uid)
        is_there = claim is not None
        if not life.may_go and (claim is None or is_being_deleted(claim)):
            return [f"{'goes' if is_there else 'is gone'}: nobody deleted it, and no retention policy"]
        if not life.volume or (not is_there and life.policy.reclaim == "Delete"):
            return []
        if volume is None:
            return [f"lost its PersistentVolume, of Docker volume {life.volume}"]
        if handle_of(volume) != life.volume:
            return [f"had Docker volume {life.volume} and has {handle_of(volume)}"]
        contents = seen.contents.get(life.volume)
        if contents is None:
            return [f"lost its Docker volume {life.volume}"]
        return [f"in Docker volume {life.volume}: {said}" for said in life.journal.read(contents)]

    def _shared(self) -> Iterator[str]:
        """A life of data, and a pod, belong to one claim."""
        owners: dict[str, Life] = {}
        for life in self.lives.values():
            for mark in ({life.journal.life} - {""}) | set(life.journal.by_pod):
                if owners.setdefault(mark, life) is not life:
                    yield f"{life} shows the data of {owners[mark]}: both have {mark}"

    # --- what must come, once nothing is asked any more ---

    def unfinished(self, seen: Seen, written: Mapping[str, int]) -> Iterator[str]:
        """What is not yet as it must be; written: records of each pod before which do not count."""
        for name, replicas in self.replicas.items():
            yield from _unsettled(name, replicas, seen.statefulset(name))
        yield from self._unfinished_claims(seen)
        yield from self._unfinished_volumes(seen)
        yield from self._unfinished_pods(seen, written)
        yield from _left_of(self.replicas, seen)

    def _unfinished_claims(self, seen: Seen) -> Iterator[str]:
        for claim in seen.claims:
            life = self.lives[uid_of(claim)]
            must_go = life.must_go or seen.has_lost_its_owners(claim)
            if must_go and not (is_being_deleted(claim) and seen.is_used(claim)):
                yield f"{life} should go"
            elif is_being_deleted(claim) and not seen.is_used(claim):
                yield f"{life} is being deleted and nobody uses it"
            elif status_of(claim).get("phase") != "Bound":
                yield f"{life} is not Bound"

    def _unfinished_volumes(self, seen: Seen) -> Iterator[str]:
        for volume in seen.volumes:
            life = self.lives[claim_uid_of(volume)]
            wanted = "Bound" if life.uid in seen.claim_by_uid else "Released"
            if (phase := status_of(volume).get("phase")) != wanted:
                yield f"the volume of {life} is {phase}"
            elif wanted == "Released" and life.policy.reclaim == "Delete":
                yield f"the volume of {life} should go"

    def _unfinished_pods(self, seen: Seen, written: Mapping[str, int]) -> Iterator[str]:
        uids = {name_of(claim): uid_of(claim) for claim in seen.claims}
        for pod in seen.pods:
            claim = uids.get(claim_of(pod), "")
            if is_being_deleted(pod) or not is_true(pod, "Ready"):
                yield f"pod {name_of(pod)} is not Ready, or goes"
            elif self._records(claim, uid_of(pod)) <= written.get(uid_of(pod), 0):
                yield f"pod {name_of(pod)} does not write into its claim"

    def _records(self, claim: str, pod: str) -> int:
        return self.lives[claim].journal.by_pod[pod] if claim in self.lives else 0

    def written(self) -> dict[str, int]:
        """Of each pod, the records that were acknowledged so far."""
        return {pod: count for life in self.lives.values() for pod, count in life.journal.by_pod.items()}

    def settled(self, seen: Seen) -> None:
        """All is as it must be: a claim is held again but by a pod that is no set's any more (A-60, A-62)."""
        self._ending.clear()
        for uid, claim in seen.claim_by_uid.items():
            life = self.lives[uid]
            in_range = life.ordinal < (self.replicas[life.policy.name] or 0)
            goes_with_pod = any(owner["kind"] == "Pod" for owner in owners_of(claim))
            if not is_being_deleted(claim) and (in_range or not goes_with_pod):
                life.may_go = life.must_go = False


def _unsettled(name: str, replicas: int | None, found: Object | None) -> Iterator[str]:
    if found is None:
        if replicas is not None:
            yield f"statefulset {name} is not there"
        return
    status = status_of(found)
    counts = {status.get(each, 0) for each in ("replicas", "readyReplicas")}
    if replicas is None:
        yield f"statefulset {name} should go"
    elif status.get("observedGeneration") != generation_of(found) or counts != {replicas}:
        yield f"statefulset {name} has {sorted(counts)} of {replicas} pods"


def _left_of(replicas: Mapping[str, int | None], seen: Seen) -> Iterator[str]:
    """Pods whose owner is gone go; those without one stay."""
    uids = {uid_of(each) for each in seen.statefulsets}
    for pod in seen.pods:
        owners = {owner["uid"] for owner in owners_of(pod)}
        if owners - uids:
            yield f"pod {name_of(pod)} outlived its set"
        elif not owners and replicas.get(name_of(pod).rpartition("-")[0]) is not None:
            yield f"pod {name_of(pod)} is not adopted"
