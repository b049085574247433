"""What is told of claims that go, stay, or show what is not theirs; the seed alone decides what is done."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.soak.drawing import KINDS, operations
from tests.soak.expectations import Expectations
from tests.soak.policies import Policy, three
from tests.soak.records import Contents
from tests.soak.seen import Seen, is_knotted
from tests.soak.test_records import record

POLICIES = {
    "kept": Policy("kept", "OrderedReady", "Retain", "Retain", "Retain"),
    "dropped": Policy("dropped", "Parallel", "Delete", "Delete", "Delete"),
    "mixed": Policy("mixed", "Parallel", "Retain", "Delete", "Retain"),
}
CREATED = "1970-01-01T00:01:40Z"


class World:
    """Two claims of each set, each with its volume and a record; uids such as `kept-0`; others: policies."""

    def __init__(self, **others: Policy) -> None:
        self.expected = Expectations({**POLICIES, **others})
        self.claims: dict[str, Any] = {}
        self.volumes: dict[str, Any] = {}
        self.contents: dict[str, Contents] = {}
        for name in self.expected.policies:
            self.expected.scaled(name, 2)
            for pod in (f"{name}-0", f"{name}-1"):
                self.add(pod, pod)
        assert self.look() == []

    def add(self, pod: str, uid: str, *, life: str = "") -> None:
        life = life or f"life-of-{uid}"
        ref = {"name": f"data-{pod}", "uid": uid}
        self.claims[uid] = {"metadata": {**ref, "creationTimestamp": CREATED}, "status": {"phase": "Bound"}}
        spec = {"claimRef": ref, "csi": {"volumeHandle": f"docker-{uid}"}}
        self.volumes[uid] = {"spec": spec, "status": {"phase": "Bound"}}
        line = record(1, pod=pod, life=life, writer=life, uid=f"pod-of-{uid}")
        self.contents[f"docker-{uid}"] = Contents(f"{life} {pod} 100\n".encode(), line)

    def lose(self, uid: str, *, also_volume: bool = True) -> None:
        del self.claims[uid]
        if also_volume:
            del self.volumes[uid]
        elif uid in self.volumes:
            self.volumes[uid]["status"]["phase"] = "Released"

    def seen(self, *pods: Any) -> Seen:
        return Seen(tuple(self.volumes.values()), self.contents, tuple(self.claims.values()), pods)

    def look(self, *pods: Any) -> list[str]:
        return self.expected.see(self.seen(*pods))

    def left(self, about: str, *pods: Any) -> list[str]:
        """What is not yet as it must be of claims."""
        left = self.expected.unfinished(self.seen(*pods), {})
        return [each for each in left if about in each and not each.startswith("pod")]


def mounting(pod: str) -> list[Any]:
    return [{"persistentVolumeClaim": {"claimName": f"data-{pod}"}}]


@pytest.fixture
def world() -> World:
    return World()


def test_a_claim_that_nobody_deleted_stays(world: World) -> None:
    world.claims["dropped-1"]["metadata"]["deletionTimestamp"] = CREATED
    assert world.look() == [
        "claim data-dropped-1 (dropped-) goes: nobody deleted it, and no retention policy"
    ]
    world.lose("dropped-1")
    assert world.look() == [
        "claim data-dropped-1 (dropped-) is gone: nobody deleted it, and no retention policy"
    ]


def test_a_claim_beyond_a_scale_down_goes_where_when_scaled_is_delete(world: World) -> None:
    for name in POLICIES:
        world.expected.scaled(name, 1, alone=True)
    assert world.left("should go") == ["claim data-dropped-1 (dropped-) should go"]
    world.lose("dropped-1")
    assert (world.look(), world.left("should go")) == ([], [])
    world.lose("kept-1", also_volume=False)
    assert "claim data-kept-1" in world.look()[0]


def test_what_others_overlapped_may_be_and_need_not(world: World) -> None:
    world.expected.scaled("dropped", 1)
    world.expected.scaled("dropped", 2)
    assert world.left("should go") == []
    world.expected.settled(world.seen())
    world.lose("dropped-1")
    assert len(world.look()) == 1, "once all was quiet its policy holds it again"


def test_a_claim_beyond_that_stayed_is_held_again_and_stays_when_its_set_shrinks_or_is_made_anew() -> None:
    """A-60: what has no pod any more goes with none."""
    world = World(scaled=Policy("scaled", "Parallel", "Retain", "Retain", "Delete"))
    world.expected.scaled("scaled", 1)
    world.expected.settled(world.seen())
    world.expected.scaled("scaled", 0, alone=True)
    world.lose("scaled-0", also_volume=False)
    assert world.look() == []
    world.expected.deleted("scaled", "background")
    world.expected.settled(world.seen())
    world.expected.scaled("scaled", 1)
    world.lose("scaled-1", also_volume=False)
    assert len(world.look()) == 1


def test_the_claim_of_an_orphan_beyond_goes_with_it_when_its_set_is_made_anew() -> None:
    world = World(scaled=Policy("scaled", "Parallel", "Retain", "Retain", "Delete"))
    world.expected.deleted("scaled", "orphan")
    orphan = {"metadata": {"name": "scaled-1", "uid": "p"}, "spec": {"volumes": mounting("scaled-1")}}
    assert world.look(orphan) == []
    world.expected.settled(world.seen())
    world.expected.scaled("scaled", 1)
    world.claims["scaled-1"]["metadata"]["ownerReferences"] = [{"kind": "Pod", "uid": "p"}]
    world.expected.deleted("scaled", "orphan")
    world.expected.settled(world.seen(orphan))
    assert world.left("data-scaled-1", orphan) == []
    assert world.left("data-scaled-1") == ["claim data-scaled-1 (scaled-1) should go"]
    world.lose("scaled-1", also_volume=False)
    assert world.look() == []


def test_a_claim_that_came_and_went_between_two_looks_had_to_be_let_go(world: World) -> None:
    world.expected.scaled("dropped", 1)
    for ordinal in (1, 0):
        world.add(f"dropped-{ordinal}", f"unseen-{ordinal}")
        del world.claims[f"unseen-{ordinal}"]
    said = "is gone: nobody deleted it, and no retention policy"
    assert world.look() == [f"claim data-dropped-0 (unseen-0) {said}"]


@pytest.mark.parametrize("propagation", ["background", "foreground", "orphan"])
def test_claims_go_with_their_set_where_when_deleted_is_delete(world: World, propagation: str) -> None:
    for name in POLICIES:
        world.expected.deleted(name, propagation, alone=True)
    going = {said.split()[1] for said in world.left("should go") if said.startswith("claim ")}
    of = ("dropped", "mixed") if propagation != "orphan" else ()
    assert going == {f"data-{name}-{ordinal}" for name in of for ordinal in range(2)}


def test_what_is_retained_stays_bit_for_bit_after_its_claim(world: World) -> None:
    for uid in ("kept-0", "dropped-0"):
        world.expected.claim_deleted(world.claims[uid])
        world.lose(uid, also_volume=False)
    assert world.look() == []
    assert world.left("the volume of") == ["the volume of claim data-dropped-0 (dropped-) should go"]
    del world.volumes["dropped-0"], world.contents["docker-dropped-0"]
    assert world.look() == []
    world.contents["docker-kept-0"] = Contents(world.contents["docker-kept-0"].born, b"")
    assert "acknowledged bytes" in world.look()[0]
    del world.contents["docker-kept-0"]
    assert "lost its Docker volume" in world.look()[0]
    del world.volumes["kept-0"]
    assert "lost its PersistentVolume" in world.look()[0]


def test_a_deleted_claim_stays_as_long_as_a_scheduled_pod_names_it(world: World) -> None:
    world.expected.claim_deleted(world.claims["kept-0"])
    assert world.left("data-kept-0") == ["claim data-kept-0 (kept-0) should go"]
    world.claims["kept-0"]["metadata"]["deletionTimestamp"] = CREATED
    assert len(world.left("data-kept-0")) == 1
    pod = {
        "metadata": {"name": "kept-0", "uid": "p"},
        "spec": {"nodeName": "n", "volumes": mounting("kept-0")},
    }
    seen = Seen(tuple(world.volumes.values()), {}, tuple(world.claims.values()), (pod,))
    assert not any("data-kept-0" in said for said in world.expected.unfinished(seen, {}))


@pytest.mark.parametrize("pod", ["kept-0", "kept-1"])
def test_a_claim_that_shows_an_earlier_ones_or_anothers_data_is_told(world: World, pod: str) -> None:
    world.expected.claim_deleted(world.claims["kept-0"])
    world.lose("kept-0", also_volume=False)
    world.add(pod, "new", life="life-of-kept-0")
    assert any("shows the data of claim data-kept-0" in said for said in world.look())


def test_a_pod_that_does_not_write_into_its_claim_is_told(world: World) -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    pod = {
        "metadata": {"name": "kept-0", "uid": "pod-of-kept-0"},
        "spec": {"volumes": mounting("kept-0")},
        "status": ready,
    }
    seen = Seen(claims=tuple(world.claims.values()), pods=(pod,))
    said = "pod kept-0 does not write into its claim"
    assert said not in world.expected.unfinished(seen, {})
    assert said in world.expected.unfinished(seen, world.expected.written())


def test_a_seed_decides_and_every_kind_of_operation_comes() -> None:
    def drawn(seed: int) -> list[str]:
        random = Random(seed)
        return [str(policy) for policy in three(random).values()] + [
            str(each) for each in operations(random, POLICIES, 300)
        ]

    assert drawn(1) == drawn(1) != drawn(2)
    found = list(operations(Random(3), POLICIES, 300))
    assert {each.kind for each in found} == set(KINDS)
    assert {each.replicas for each in found} == {0, 1, 2, 3}
    assert {each.ordinal for each in found} == {0, 1, 2}
    assert found[-1].waits


def test_a_pod_and_its_claim_that_wait_for_each_other_are_a_knot(world: World) -> None:
    """A-70 and A-142: only a person unties it."""
    head = {"name": "kept-0", "deletionTimestamp": CREATED, "finalizers": ["foregroundDeletion"]}
    pod = {"metadata": head, "spec": {"volumes": mounting("kept-0")}}
    assert not is_knotted(pod, world.seen())
    world.claims["kept-0"]["metadata"]["deletionTimestamp"] = CREATED
    assert is_knotted(pod, world.seen())
