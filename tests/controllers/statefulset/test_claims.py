"""Claims of a statefulset: made, refused, owned as the retention policy says."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.statefulset.actions import CreateClaim, OwnClaim, RepairPod
from minisets.controllers.statefulset.identity import claim_for, claim_templates
from minisets.controllers.statefulset.plan import plan
from minisets.controllers.statefulset.retention import has_unexpected_controller
from minisets.objects.metadata import name_of
from minisets.objects.owners import owner_reference
from tests.controllers.statefulset.make import (
    claims,
    lines,
    observed,
    pod,
    pods,
    statefulset,
    terminating,
    unready,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.kinds import Object


def keeping(
    replicas: int, *, when_deleted: str = "Retain", when_scaled: str = "Retain", **spec: Any
) -> Object:
    policy = {"whenDeleted": when_deleted, "whenScaled": when_scaled}
    return statefulset(replicas, persistentVolumeClaimRetentionPolicy=policy, **spec)


def reference(version: str, kind: str, name: str, uid: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": True, **more}


def owned(owner: Object, *owners: dict[str, Any], ordinal: int = 0) -> dict[str, Object]:
    """The claims of ordinals 0 to 9; that of one ordinal has these owners."""
    held = claims(owner, *range(10))
    held[f"www-web-{ordinal}"]["metadata"]["ownerReferences"] = list(owners)
    return held


def owners_written(owner: Object, held: Mapping[str, Object], *present: Object) -> dict[str, list[str]]:
    """For each claim whose owners are written: their uids."""
    step = plan(observed(owner, *present, claims=held))
    return {
        name_of(action.claim): [each["uid"] for each in action.owners]
        for action in step.actions
        if isinstance(action, OwnClaim)
    }


def test_a_claim_that_is_being_deleted_refuses_its_pod() -> None:
    """A-57."""
    owner = statefulset(1)
    going = {name: terminating(claim) for name, claim in claims(owner, 0).items()}
    assert lines(observed(owner, claims=going)) == [
        "cannot create pod web-0: pvc www-web-0 is being deleted",
    ]


def test_a_pending_pod_gets_its_missing_claims_again() -> None:
    """A-9."""
    owner = statefulset(1)
    waiting = pod(owner, 0, phase="Pending")
    assert lines(observed(owner, waiting, claims={})) == [
        "create claim www-web-0 for web-0: there is none",
        "wait: web-0 is not Running and Ready",
    ]


def test_volumes_that_are_not_the_pods_claims_are_written_again() -> None:
    """A-10: the claims are made first; that the write is refused is the registry's."""
    owner = statefulset(1)
    strayed = pod(owner, 0)
    strayed["spec"]["volumes"] = [{"name": "www", "emptyDir": {}}, {"name": "other", "emptyDir": {}}]
    step = plan(observed(owner, strayed, claims={}))
    assert [str(action) for action in step.actions] == [
        "create claim www-web-0 for web-0: there is none",
        "repair pod web-0: its volumes are not its claims",
    ]
    repair = next(action for action in step.actions if isinstance(action, RepairPod))
    assert repair.repaired["spec"]["volumes"] == [
        {"name": "www", "persistentVolumeClaim": {"claimName": "www-web-0"}},
        {"name": "other", "emptyDir": {}},
    ]


def test_retention_makes_the_statefulset_or_the_condemned_pod_own_the_claim() -> None:
    """A-60, A-20."""
    owner = keeping(1, when_deleted="Delete", when_scaled="Delete")
    assert lines(observed(owner, pod(owner, 0), pod(owner, 1))) == [
        "let StatefulSet web own claim www-web-0: the retention policy says so",
        "repair pod web-0: its claims had other owners",
        "let Pod web-1 own claim www-web-1: the retention policy says so",
        "delete pod web-1: 1 replicas are wanted",
    ]


def test_a_claim_of_a_former_pod_blocks_its_successor_where_scaling_down_deletes() -> None:
    """A-63."""
    owner = keeping(1, when_scaled="Delete")
    held = owned(owner, reference("v1", "Pod", "web-0", "former"))
    assert lines(observed(owner, claims=held)) == [
        "wait: www-web-0 still belongs to a former web-0 and waits to be collected",
    ]
    kept = keeping(1)
    held = owned(kept, reference("v1", "Pod", "web-0", "former"))
    assert lines(observed(kept, claims=held)) == ["create pod web-0: ordinal 0 has no pod"]


def two_templates(replicas: int) -> Object:
    made = [
        {"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"]}} for name in ("log", "data")
    ]
    return statefulset(replicas, volumeClaimTemplates=made)


def test_a_claim_has_its_templates_labels_under_the_selectors() -> None:
    """A-55."""
    metadata = {"name": "www", "labels": {"tier": "db", "app": "other"}, "annotations": {"note": "1"}}
    owner = statefulset(
        1, volumeClaimTemplates=[{"metadata": metadata, "spec": {}, "status": {"phase": "x"}}]
    )
    assert claim_for(claim_templates(owner)[0], owner, 3) == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "www-web-3",
            "namespace": "default",
            "labels": {"tier": "db", "app": "nginx"},
            "annotations": {"note": "1"},
        },
        "spec": {},
    }


def test_an_existing_claim_is_used_as_it_is_whoever_made_it() -> None:
    """A-56."""
    owner = statefulset(1)
    found = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "www-web-0"}}
    assert lines(observed(owner, claims={"www-web-0": found})) == ["create pod web-0: ordinal 0 has no pod"]


def test_a_pod_is_made_though_its_claim_is_not_bound() -> None:
    """A-58."""
    owner = statefulset(1)
    held = claims(owner, 0)
    held["www-web-0"]["status"] = {"phase": "Pending"}
    assert lines(observed(owner, claims=held)) == ["create pod web-0: ordinal 0 has no pod"]


def test_every_missing_claim_is_made_though_another_is_being_deleted() -> None:
    """A-57."""
    owner = two_templates(1)
    held = claims(owner, 0)
    del held["data-web-0"]
    held["log-web-0"] = terminating(held["log-web-0"])
    assert lines(observed(owner, claims=held)) == [
        "create claim data-web-0 for web-0: there is none",
        "cannot create pod web-0: pvc log-web-0 is being deleted",
    ]


def test_a_pending_pod_whose_claim_is_being_deleted_ends_the_sync() -> None:
    """A-9, A-57."""
    owner = statefulset(2)
    going = {name: terminating(claim) for name, claim in claims(owner, 0).items()}
    assert lines(observed(owner, pod(owner, 0, phase="Pending"), claims=going)) == [
        "cannot go on with pod web-0: pvc www-web-0 is being deleted",
    ]


def test_only_a_create_or_an_update_of_the_pod_is_told_of_in_an_event() -> None:
    """A-101."""
    owner = statefulset(1)
    for present, verb in ((), "create"), ((pod(owner, 0, phase="Pending"),), ""):
        step = plan(observed(owner, *present, claims={}))
        assert [action.verb for action in step.actions if isinstance(action, CreateClaim)] == [verb]


def test_a_claim_is_owned_from_the_moment_its_pod_is_made() -> None:
    """A-60: deleting the statefulset takes the claim along, though its pod never was ready."""
    owner = keeping(2, when_deleted="Delete")
    assert lines(observed(owner, claims={})) == [
        "create claim www-web-0 for web-0: there is none",
        "create pod web-0: ordinal 0 has no pod",
        "let StatefulSet web own claim www-web-0: the retention policy says so",
    ]
    waiting = pod(owner, 0, phase="Pending")
    assert lines(observed(owner, waiting, claims={})) == [
        "create claim www-web-0 for web-0: there is none",
        "let StatefulSet web own claim www-web-0: the retention policy says so",
        "wait: web-0 is not Running and Ready",
    ]


POLICIES = tuple(product(("Retain", "Delete"), repeat=2))


@pytest.mark.parametrize(("deleted", "scaled"), POLICIES)
def test_a_claim_in_range_belongs_to_the_statefulset_if_its_deletion_takes_claims(
    deleted: str, scaled: str
) -> None:
    """A-60, A-62, A-65."""
    owner = keeping(1, when_deleted=deleted, when_scaled=scaled)
    for before in ((), ("uid-web",), ("uid-web-0",), ("uid-web", "uid-web-0")):
        known = {"uid-web": owner_reference(owner), "uid-web-0": owner_reference(pod(owner, 0))}
        held = owned(owner, *(known[uid] for uid in before))
        after = ["uid-web"] if deleted == "Delete" else []
        written = owners_written(owner, held, pod(owner, 0))
        assert written.get("www-web-0", list(before)) == after


@pytest.mark.parametrize(("deleted", "scaled"), POLICIES)
def test_a_claim_out_of_range_belongs_to_its_pod_if_scaling_down_takes_claims(
    deleted: str, scaled: str
) -> None:
    """A-60, A-20."""
    owner = keeping(1, when_deleted=deleted, when_scaled=scaled)
    held = owned(owner, owner_reference(owner), ordinal=1)
    held["www-web-0"]["metadata"]["ownerReferences"] = [owner_reference(owner)] if deleted == "Delete" else []
    wanted = "uid-web-1" if scaled == "Delete" else "uid-web" if deleted == "Delete" else ""
    written = owners_written(owner, held, pod(owner, 0), pod(owner, 1))
    assert written.get("www-web-1", ["uid-web"]) == ([wanted] if wanted else [])


def test_owners_that_are_right_are_not_written_again() -> None:
    """A-62."""
    owner = keeping(1, when_deleted="Delete", when_scaled="Delete")
    held = owned(owner, owner_reference(owner))
    held["www-web-1"]["metadata"]["ownerReferences"] = [owner_reference(pod(owner, 1))]
    assert lines(observed(owner, pod(owner, 0), pod(owner, 1), claims=held)) == [
        "delete pod web-1: 1 replicas are wanted"
    ]


def test_scaling_up_again_gives_the_claim_back_to_the_statefulset() -> None:
    """A-60."""
    owner = keeping(2, when_deleted="Delete", when_scaled="Delete")
    held = owned(owner, owner_reference(pod(owner, 1)), ordinal=1)
    held["www-web-0"]["metadata"]["ownerReferences"] = [owner_reference(owner)]
    assert owners_written(owner, held, *pods(owner, 2)) == {"www-web-1": ["uid-web"]}


@pytest.mark.parametrize(
    "former",
    [reference("apps/v1", "StatefulSet", "web", "former"), reference("v1", "Pod", "web-0", "former")],
)
def test_a_claim_of_a_former_owner_is_never_touched(former: dict[str, Any]) -> None:
    """A-63."""
    owner = keeping(1, when_deleted="Delete")
    assert lines(observed(owner, pod(owner, 0), claims=owned(owner, former))) == []
    both = owned(owner, owner_reference(owner), former)
    assert lines(observed(owner, pod(owner, 0), claims=both)) == []


@pytest.mark.parametrize(
    "other",
    [reference("apps/v1", "StatefulSet", "other", "x"), reference("v1", "ReplicaSet", "web", "x")],
)
def test_an_owner_of_another_name_or_kind_is_no_former_one(other: dict[str, Any]) -> None:
    """A-63, A-64."""
    owner = keeping(1, when_deleted="Delete")
    held = owned(owner, {**other, "controller": False})
    assert owners_written(owner, held, pod(owner, 0)) == {"www-web-0": ["x", "uid-web"]}


def test_a_foreign_controller_keeps_the_claim_and_is_told_of() -> None:
    """A-64."""
    owner = keeping(1, when_deleted="Delete")
    foreign = reference("example.com/v1", "Database", "db", "foreign")
    held = owned(owner, foreign, owner_reference(owner))
    assert owners_written(owner, held, pod(owner, 0)) == {"www-web-0": ["foreign"]}
    assert lines(observed(owner, pod(owner, 0), claims=held))[0] == (
        "warn ConflictingController: PersistentVolumeClaim www-web-0 has a conflicting OwnerReference that "
        "acts as a managing controller, the retention policy is ignored for this claim"
    )
    assert lines(observed(owner, pod(owner, 0), claims=owned(owner, foreign))) == []


def test_a_foreign_controller_is_nobodys_business_where_claims_are_retained() -> None:
    """A-64."""
    owner = keeping(1)
    foreign = reference("example.com/v1", "Database", "db", "foreign")
    held = owned(owner, foreign, owner_reference(owner))
    assert lines(observed(owner, pod(owner, 0), claims=held)) == [
        "let Database db own claim www-web-0: the retention policy says so",
        "repair pod web-0: its claims had other owners",
    ]


def test_a_foreign_owner_that_does_not_control_stays_beside_ours() -> None:
    """A-64."""
    owner = keeping(1, when_deleted="Delete")
    foreign = reference("example.com/v1", "Database", "db", "foreign", controller=False)
    assert owners_written(owner, owned(owner, foreign), pod(owner, 0)) == {
        "www-web-0": ["foreign", "uid-web"]
    }


def test_our_reference_without_control_is_rewritten() -> None:
    """A-64."""
    owner = keeping(1, when_deleted="Delete")
    held = owned(owner, owner_reference(owner, controller=False))
    step = plan(observed(owner, pod(owner, 0), claims=held))
    written = next(action for action in step.actions if isinstance(action, OwnClaim))
    assert written.owners == (owner_reference(owner),)


def test_a_parallel_statefulset_owns_the_claims_of_pods_that_are_not_ready() -> None:
    """A-62."""
    owner = keeping(1, when_deleted="Delete", podManagementPolicy="Parallel")
    assert owners_written(owner, claims(owner, 0), unready(pod(owner, 0))) == {"www-web-0": ["uid-web"]}


def test_repairing_the_owners_leaves_the_pod_as_it_is() -> None:
    """A-10, A-62."""
    owner = keeping(1, when_deleted="Delete")
    present = pod(owner, 0)
    present["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = "seven"
    step = plan(observed(owner, present))
    assert [action.repaired for action in step.actions if isinstance(action, RepairPod)] == [present]


def test_a_refused_pending_pod_has_no_owners_written() -> None:
    """A-9, A-57."""
    owner = keeping(1, when_deleted="Delete")
    going = {name: terminating(claim) for name, claim in claims(owner, 0).items()}
    assert owners_written(owner, going, pod(owner, 0, phase="Pending")) == {}


def test_all_claims_that_are_going_are_named_together() -> None:
    """A-57."""
    owner = two_templates(1)
    going = {name: terminating(claim) for name, claim in claims(owner, 0).items()}
    assert lines(observed(owner, claims=going)) == [
        "cannot create pod web-0: pvc log-web-0 is being deleted, pvc data-web-0 is being deleted",
    ]


def test_one_claim_of_two_with_wrong_owners_is_enough_to_write() -> None:
    """A-62."""
    owner = two_templates(1)
    owner["spec"]["persistentVolumeClaimRetentionPolicy"] = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    held = claims(owner, 0)
    held["log-web-0"]["metadata"]["ownerReferences"] = [owner_reference(owner)]
    assert owners_written(owner, held, pod(owner, 0)) == {"data-web-0": ["uid-web"]}


def test_condemned_claims_that_are_owned_as_wanted_are_not_warned_of_again() -> None:
    """A-64."""
    owner = keeping(1, when_scaled="Delete")
    foreign = reference("example.com/v1", "Database", "db", "foreign")
    held = owned(owner, foreign, ordinal=1)
    assert lines(observed(owner, pod(owner, 0), pod(owner, 1), claims=held)) == [
        "delete pod web-1: 1 replicas are wanted"
    ]


def test_a_repair_of_volumes_tells_of_its_claims_as_an_update() -> None:
    """A-100, A-101."""
    owner = statefulset(1)
    strayed = pod(owner, 0)
    strayed["spec"]["volumes"] = []
    step = plan(observed(owner, strayed, claims={}))
    assert [action.verb for action in step.actions if isinstance(action, CreateClaim)] == ["update"]


def test_an_unexpected_controller_counts_under_either_policy() -> None:
    """A-64."""
    foreign = reference("example.com/v1", "Database", "db", "foreign")
    for policy in ({"when_scaled": "Delete"}, {"when_deleted": "Delete"}):
        owner = keeping(1, **policy)
        held = owned(owner, foreign, owner_reference(owner))
        assert owners_written(owner, held, pod(owner, 0)) == {"www-web-0": ["foreign"]}
        assert has_unexpected_controller(owner, held["www-web-0"], pod(owner, 0))
        former = owned(owner, reference("apps/v1", "StatefulSet", "web", "former", controller=False))
        assert has_unexpected_controller(owner, former["www-web-0"], pod(owner, 0))
        ancient = owned(owner, reference("v1", "Pod", "web-0", "former", controller=False))
        assert has_unexpected_controller(owner, ancient["www-web-0"], pod(owner, 0))
        assert not has_unexpected_controller(owner, claims(owner, 0)["www-web-0"], pod(owner, 0))


def test_a_foreign_owner_that_does_not_control_is_no_reason_to_write() -> None:
    """A-64."""
    owner = keeping(1, when_deleted="Delete")
    foreign = reference("example.com/v1", "Database", "db", "foreign", controller=False)
    assert owners_written(owner, owned(owner, foreign, owner_reference(owner)), pod(owner, 0)) == {}
