"""Where it all must end: what a world converges to, and that crashes on the way make no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.controllers.garbage import is_waiting
from minisets.objects.metadata import is_being_deleted, name_of, spec_of, uid_of
from minisets.objects.owners import owners_of
from tests.models.statefulset_invariants import check
from tests.models.statefulset_seen import TERMINAL, Seen, image_of, is_broken, is_ready, phase_of, revision_of
from tests.models.statefulset_world import KINDS, World

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_HEALTHY = "nginx:9"
_EVERYTHING = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
_MOST_REPAIRS = 20


def check_end(world: World) -> None:
    """Everybody does what is due until nothing happens; what is stuck then is let go, and must end well."""
    world.converge()
    _untie(world)
    if world.statefulset is None:
        check((what_a_deleted_set_leaves_has_no_owner,), world)
        return
    check(_ENDS, world.look())
    if not _blockers(world.look()):
        return
    world.happened["rollouts stuck"] += world.look().is_ordered
    _repair(world)
    check((everything_is_there_and_ready, an_update_reaches_its_partition), world.look())


def _untie(world: World) -> None:
    """What waits for itself, in Kubernetes too, needs a person."""
    statefulset = world.statefulset
    if statefulset is not None and world.look().may_be_left_alone:
        world.edit(updateStrategy=_EVERYTHING)
    for pod in _knotted(world) if statefulset is None or is_being_deleted(statefulset) else ():
        world.happened["knots"] += 1
        world.let_go(pod)
    world.converge()


def _repair(world: World) -> None:
    """A-30: a good template does not help an ordered set past a broken pod; deleting the pod does."""
    blocked = _blockers(world.look())[0]
    world.set_image(_HEALTHY)
    world.edit(updateStrategy=_EVERYTHING)
    world.converge()
    check((a_broken_pod_stays_in_an_ordered_set,), world.look(), blocked)
    for _ in range(_MOST_REPAIRS):
        blockers = _blockers(world.look())
        if not blockers:
            return
        world.delete(blockers[0])
        world.converge()


def _knotted(world: World) -> list[Object]:
    """The condemned pods and their claims that wait for each other, once the set goes in the foreground.

    Such a pod waits for its dependents (A-60, A-70), and its claim for the pods that name it (A-142); that
    the set goes in the background after all does not help. Kubernetes: its own knot; only a person unties it.
    """
    owners = {owner["uid"] for claim in world.claims() for owner in owners_of(claim)}
    return [pod for pod in world.pods() if is_waiting(pod) and uid_of(pod) in owners]


def _blockers(seen: Seen) -> list[Object]:
    """The pods that will never be ready, those in range first, as they block (A-18, A-30)."""
    return [pod for pod in (*seen.replicas.values(), *seen.condemned.values()) if _is_lost(pod)]


def _is_lost(pod: Object) -> bool:
    return is_broken(pod) or phase_of(pod) in TERMINAL


def a_broken_pod_stays_in_an_ordered_set(seen: Seen, blocked: Object) -> None:
    """A rollout that is stuck stays stuck, whatever the template says (A-30)."""
    uids = {uid_of(pod) for pod in seen.members.values()}
    assert not seen.is_ordered or uid_of(blocked) in uids, f"{name_of(blocked)} was healed"


def what_a_deleted_set_leaves_has_no_owner(world: World) -> None:
    """Pods and revisions go with their set, or stay without it (A-69 to A-71, A-73)."""
    for kind in KINDS:
        for obj in world.house.store.list(kind).items:
            owners = [owner["name"] for owner in owners_of(obj) if owner["kind"] == "StatefulSet"]
            assert not owners, f"{kind} {name_of(obj)} still has {owners}"


def nothing_is_half_done(seen: Seen) -> None:
    """A set that was being deleted is gone; no pod is terminating, or ended, unless another one blocks."""
    assert not seen.is_going
    is_blocked = seen.is_ordered and len(_blockers(seen)) > 1
    for pod in seen.members.values():
        assert not is_being_deleted(pod), name_of(pod)
        assert phase_of(pod) == "Running" or is_blocked, f"{name_of(pod)} is {phase_of(pod)}"
        assert is_ready(pod) != _is_lost(pod), name_of(pod)


def everything_is_there_and_ready(seen: Seen) -> None:
    """Each ordinal in range has its available pod, none outside has one; unless a broken one blocks."""
    if seen.is_ordered and _blockers(seen):
        return
    assert sorted(seen.members) == list(seen.wanted), f"{sorted(seen.members)} and not {seen.wanted}"
    unavailable = [each for each in seen.unavailable if not is_broken(seen.members[each])]
    assert not unavailable, unavailable


def an_ordered_set_is_stuck_at_its_first_broken_pod(seen: Seen) -> None:
    """Below the first broken pod all is well, above it nothing is made (A-6, A-18, A-30)."""
    if not seen.is_ordered or not _blockers(seen):
        return
    if not seen.unavailable:
        highest = seen.condemned[max(seen.condemned)]
        assert _is_lost(highest), f"{name_of(highest)} could go"
        assert highest is not _blockers(seen)[0], f"{name_of(highest)} is the first that is not available"
        return
    first = seen.members.get(seen.unavailable[0])
    assert first is not None, f"{seen.unavailable[0]} is missing"
    assert is_broken(first), f"{name_of(first)} could be ready"


def an_update_reaches_its_partition(seen: Seen) -> None:
    """Under RollingUpdate all pods from the partition on have the update revision (A-21 to A-23, A-27)."""
    if not seen.is_rolling or (_blockers(seen) and seen.is_ordered):
        return
    outdated = {
        ordinal: pod
        for ordinal, pod in seen.replicas.items()
        if ordinal >= seen.lowest_updated and revision_of(pod) != seen.update
    }
    if _blockers(seen):
        broken = [name_of(pod) for pod in outdated.values() if is_broken(pod)]
        assert not broken, f"{broken} are broken, and free to replace (A-28)"
        return
    assert not outdated, list(outdated)
    if seen.lowest_updated == seen.start and seen.members:
        assert seen.status["currentRevision"] == seen.update, seen.status


_ENDS = (
    nothing_is_half_done,
    everything_is_there_and_ready,
    an_ordered_set_is_stuck_at_its_first_broken_pod,
    an_update_reaches_its_partition,
)


# --- with a crash and without ---


def check_same_end(world: World, writes: int) -> None:
    """In two copies: this world is left as it is."""
    calm, shaken = world.copy(), world.copy()
    shaken.reconcile(writes)
    calm.converge()
    shaken.converge()
    world.happened["ends compared"] += 1
    check((a_crash_makes_no_difference,), _end(calm), _end(shaken))


def a_crash_makes_no_difference(calm: dict[str, Any], shaken: dict[str, Any]) -> None:
    """Any prefix of a plan may be all that ran: the end is the same."""
    assert calm == shaken, f"without: {calm}, with a crash: {shaken}"


def _end(world: World) -> dict[str, Any]:
    """All that matters, without uids and times."""
    store = world.house.store
    pods = {name_of(pod): (revision_of(pod), image_of(spec_of(pod)), is_ready(pod)) for pod in world.pods()}
    claims = {
        name_of(claim): [(owner["kind"], owner["name"]) for owner in owners_of(claim)]
        for claim in world.claims()
    }
    revisions = {name_of(each): each["revision"] for each in store.list("ControllerRevision").items}
    statefulset = world.statefulset
    status = (statefulset or {}).get("status")
    return {"pods": pods, "claims": claims, "revisions": revisions, "status": status}
