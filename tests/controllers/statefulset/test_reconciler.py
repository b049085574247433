"""The whole controller on the store, with a player who makes pods ready and lets deleted ones go."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from minisets.controllers.garbage import Garbage
from minisets.controllers.statefulset.reconciler import StatefulSets
from minisets.errors import MinisetsError
from minisets.objects.metadata import (
    is_being_deleted,
    labels_of,
    name_of,
    ref_of,
    spec_of,
    status_of,
    timestamp,
    uid_of,
)
from minisets.objects.owners import controller_of, owner_reference
from minisets.registry.registry import DeleteOptions, Registry
from minisets.settings import Settings
from minisets.store.interface import Change, ChangeType
from tests.controllers.house import House, ref

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_ROUNDS = 60
TEMPLATE = {
    "metadata": {"labels": {"app": "nginx"}},
    "spec": {"containers": [{"name": "nginx", "image": "nginx:1"}]},
}


def make(house: House, replicas: int = 3, **spec: Any) -> Object:
    claim = {
        "metadata": {"name": "www"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    wanted = {
        "replicas": replicas,
        "serviceName": "nginx",
        "selector": {"matchLabels": {"app": "nginx"}},
        "template": TEMPLATE,
        "volumeClaimTemplates": [claim],
        **spec,
    }
    return house.create("StatefulSet", "web", spec=wanted)


def controller(house: House, registry: Registry | None = None) -> StatefulSets:
    writing = registry or house.registry
    return StatefulSets(house.store, writing, house.recorder("statefulset-controller"), house.clock)


def play(house: House) -> bool:
    """One pod becomes ready, or one that is being deleted goes; whether anything was left to do."""
    for pod in house.store.list("Pod").items:
        if not spec_of(pod).get("nodeName"):
            house.registry.bind(ref_of(pod), "minisets-0")
            return True
        if is_being_deleted(pod):
            house.end(name_of(pod))
            return True
        if status_of(pod).get("phase") != "Running":
            since = timestamp(house.clock.now())
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
            house.set_status("Pod", name_of(pod), phase="Running", conditions=[ready])
            return True
    return False


def run(house: House) -> list[list[str]]:
    """Settle and play until nothing moves; returns the names of the pods after each step."""
    seen: list[list[str]] = []
    for _ in range(_ROUNDS):
        house.settle()
        seen.append(house.names("Pod"))
        if not play(house):
            return seen
    raise AssertionError("still moving")


@pytest.fixture
def running(house: House) -> House:
    house.run(controller(house), Garbage(house.store, house.registry))
    return house


def status(house: House) -> dict[str, Any]:
    return status_of(house.get("StatefulSet", "web"))


def scale(house: House, replicas: int) -> None:
    house.edit("StatefulSet", "web", lambda obj: obj["spec"].update(replicas=replicas))


def set_image(house: House, image: str) -> None:
    def edit(obj: Object) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = image

    house.edit("StatefulSet", "web", edit)


def images(house: House) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in house.store.list("Pod").items]


def test_pods_and_claims_come_one_after_the_other(running: House) -> None:
    """A-4, A-55, A-93."""
    make(running)
    steps = run(running)
    assert steps[0] == ["web-0"]
    assert all(len(after) - len(before) <= 1 for before, after in pairwise(steps))
    assert running.names("Pod") == ["web-0", "web-1", "web-2"]
    assert running.names("PersistentVolumeClaim") == ["www-web-0", "www-web-1", "www-web-2"]
    assert (status(running)["readyReplicas"], status(running)["currentReplicas"]) == (3, 3)


def test_a_deleted_pod_comes_back_as_another_one_on_the_same_claim(running: House) -> None:
    make(running)
    run(running)
    before, claim = running.get("Pod", "web-1"), running.get("PersistentVolumeClaim", "www-web-1")
    running.registry.delete(ref("Pod", "web-1"))
    run(running)
    after = running.get("Pod", "web-1")
    assert uid_of(after) != uid_of(before)
    assert uid_of(running.get("PersistentVolumeClaim", "www-web-1")) == uid_of(claim)


def test_scale_down_goes_from_the_top_and_leaves_the_claims(running: House) -> None:
    """A-16, A-59."""
    make(running)
    run(running)
    scale(running, 1)
    assert next(names for names in run(running) if len(names) < 3) == ["web-0", "web-1"]
    assert running.names("Pod") == ["web-0"]
    assert running.names("PersistentVolumeClaim") == ["www-web-0", "www-web-1", "www-web-2"]


def test_a_rolling_update_replaces_every_pod_and_a_rollback_reuses_its_revision(running: House) -> None:
    """A-22, A-27, A-39."""
    make(running)
    run(running)
    first = status(running)["currentRevision"]
    set_image(running, "nginx:2")
    run(running)
    assert images(running) == ["nginx:2"] * 3
    second = status(running)["currentRevision"]
    assert second == status(running)["updateRevision"] != first
    set_image(running, "nginx:1")
    run(running)
    assert (images(running), status(running)["currentRevision"]) == (["nginx:1"] * 3, first)
    assert running.get("ControllerRevision", first)["revision"] == 3
    assert running.names("ControllerRevision") == sorted([first, second])


def test_an_orphaned_pod_is_adopted_again_without_being_replaced(running: House) -> None:
    """A-66, A-71."""
    owner = make(running, 1)
    run(running)
    pod = running.get("Pod", "web-0")
    running.registry.delete(ref("StatefulSet", "web"), DeleteOptions(propagation="Orphan"))
    run(running)
    assert controller_of(running.get("Pod", "web-0")) is None
    again = make(running, 1)
    run(running)
    adopted = running.get("Pod", "web-0")
    assert uid_of(again) != uid_of(owner)
    assert (uid_of(adopted), (controller_of(adopted) or {})["uid"]) == (uid_of(pod), uid_of(again))


def test_deleting_the_statefulset_takes_pods_and_revisions_and_leaves_claims(running: House) -> None:
    """A-59, A-69."""
    make(running, 2)
    run(running)
    running.registry.delete(ref("StatefulSet", "web"))
    run(running)
    assert running.names("Pod") == []
    assert running.names("ControllerRevision") == []
    assert running.names("PersistentVolumeClaim") == ["www-web-0", "www-web-1"]


def test_every_write_is_told_in_upstreams_words(running: House) -> None:
    """A-100, A-101."""
    make(running, 1)
    run(running)
    assert running.events("web") == [
        ("Normal", "SuccessfulCreate", "create Claim www-web-0 Pod web-0 in StatefulSet web success"),
        ("Normal", "SuccessfulCreate", "create Pod web-0 in StatefulSet web successful"),
    ]


def test_a_pod_whose_name_is_taken_is_tried_again_without_an_event(running: House) -> None:
    """A-67, A-68: upstream sinks AlreadyExists."""
    running.pod("web-0", labels={"other": "pod"})
    make(running, 1)
    with pytest.raises(MinisetsError, match="already exists"):
        running.settle()
    assert [event[:2] for event in running.events("web")] == [("Normal", "SuccessfulCreate")]
    assert labels_of(running.get("Pod", "web-0")) == {"other": "pod"}
    running.registry.delete(ref("Pod", "web-0"))
    run(running)
    assert labels_of(running.get("Pod", "web-0"))["app"] == "nginx"


def test_one_pod_that_cannot_be_made_stops_only_the_later_batches_of_a_parallel_statefulset(
    running: House,
) -> None:
    """A-5: batches of 1, 2, 4: web-1 fails, web-2 is made beside it, web-3 is not reached."""
    running.pod("web-1", labels={"other": "pod"})
    make(running, 6, podManagementPolicy="Parallel")
    for _ in range(3):
        with pytest.raises(MinisetsError, match="already exists"):
            controller(running).reconcile("default/web")
    assert running.names("Pod") == ["web-0", "web-1", "web-2"]
    assert status(running)["replicas"] == 2


def test_an_adopted_pod_on_other_volumes_is_refused_its_repair_and_told(running: House) -> None:
    """A-10, A-78."""
    running.pod("web-0", labels={"app": "nginx"})
    running.registry.bind(ref("Pod", "web-0"), "minisets-0")
    since = timestamp(running.clock.now())
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
    running.set_status("Pod", "web-0", phase="Running", conditions=[ready])
    make(running, 1)
    with pytest.raises(MinisetsError, match="pod updates may not change fields"):
        running.settle()
    assert ("Warning", "FailedUpdate") in [event[:2] for event in running.events("web")]
    assert status(running)["readyReplicas"] == 1


def test_two_failures_of_one_batch_are_both_told(running: House) -> None:
    """A-5."""
    for name in ("web-1", "web-2"):
        running.pod(name, labels={"other": "pod"})
    make(running, 3, podManagementPolicy="Parallel")
    with pytest.raises(MinisetsError, match='"web-1" already exists; pods "web-2" already exists'):
        controller(running).reconcile("default/web")


def test_a_pod_that_is_no_valid_pod_is_told_of_and_tried_again(running: House) -> None:
    """A-45, A-100: the revision's name does not fit a label."""
    long = "w" * 60
    body = {"serviceName": "nginx", "selector": {"matchLabels": {"app": "nginx"}}, "template": TEMPLATE}
    running.create("StatefulSet", long, spec={"replicas": 1, **body})
    with pytest.raises(MinisetsError, match="must be no more than 63"):
        running.settle()
    (event,) = (event for event in running.events(long) if event[1] == "FailedCreate")
    assert event[2].startswith(f"create Pod {long}-0 in StatefulSet {long} failed error: Pod ")


def test_a_claim_that_is_going_refuses_the_pod_until_it_is_gone(running: House) -> None:
    """A-57, A-101."""
    make(running, 1)
    run(running)
    running.edit("PersistentVolumeClaim", "www-web-0", lambda obj: obj["metadata"].update(finalizers=["a/b"]))
    running.registry.delete(ref("PersistentVolumeClaim", "www-web-0"))
    running.registry.delete(ref("Pod", "web-0"), DeleteOptions(grace=timedelta(0)))
    with pytest.raises(MinisetsError, match="pvc www-web-0 is being deleted"):
        running.settle()
    refusal = "create Pod web-0 in StatefulSet web failed error: pvc www-web-0 is being deleted"
    assert ("Warning", "FailedCreate", refusal) in running.events("web")
    assert running.find("Pod", "web-0") is None
    old = uid_of(running.get("PersistentVolumeClaim", "www-web-0"))
    running.edit("PersistentVolumeClaim", "www-web-0", lambda obj: obj["metadata"].pop("finalizers"))
    controller(running).reconcile("default/web")
    assert uid_of(running.get("PersistentVolumeClaim", "www-web-0")) != old
    assert running.find("Pod", "web-0") is not None


def test_a_claim_that_is_no_valid_claim_is_told_of_twice_and_makes_no_pod(running: House) -> None:
    """A-101: once for the claim, once for the pod."""
    make(running, 1)
    with running.store.transaction() as transaction:  # as if stored by a release that allowed it
        stored = deepcopy(running.get("StatefulSet", "web"))
        stored["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] = ["Nonsense"]
        transaction.put(stored)
    with pytest.raises(MinisetsError, match="failed to create PVC www-web-0"):
        controller(running).reconcile("default/web")
    told = [event[2].split(" failed error: ")[0] for event in running.events("web")]
    assert told == [
        "create Claim www-web-0 for Pod web-0 in StatefulSet web",
        "create Pod web-0 in StatefulSet web",
    ]
    assert running.names("Pod") == []


def test_a_pod_is_deleted_with_its_own_grace(running: House) -> None:
    """A-15."""
    make(running, 1)
    run(running)
    scale(running, 0)
    running.settle()
    assert running.get("Pod", "web-0")["metadata"]["deletionGracePeriodSeconds"] == 30
    assert ("Normal", "SuccessfulDelete", "delete Pod web-0 in StatefulSet web successful") in running.events(
        "web"
    )


def test_a_pod_that_is_gone_already_counts_as_deleted(running: House) -> None:
    """A-15."""
    make(running, 1)
    run(running)
    scale(running, 0)
    late = StatefulSets(
        _Stale(running.store, running),
        running.registry,
        running.recorder("statefulset-controller"),
        running.clock,
    )
    late.reconcile("default/web")
    assert running.names("Pod") == []


class _Stale:
    """Reads as it is, and removes web-0 behind the controller's back once pods were listed."""

    def __init__(self, store: Any, house: House) -> None:
        self._store, self._house = store, house

    def get(self, ref: Any) -> Any:
        return self._store.get(ref)

    def list(self, kind: str, namespace: str = "") -> Any:
        listing = self._store.list(kind, namespace)
        if kind == "Pod":
            self._house.end("web-0")
        return listing


def test_pods_made_in_a_sync_are_counted_in_the_next(running: House) -> None:
    """A-94."""
    make(running, 1)
    controller(running).reconcile("default/web")
    assert (running.names("Pod"), status(running)["replicas"]) == (["web-0"], 0)
    controller(running).reconcile("default/web")
    assert status(running)["replicas"] == 1


def test_conditions_that_somebody_added_are_dropped_with_the_next_write(running: House) -> None:
    """A-96."""
    make(running, 1)
    added = {"type": "Mine", "status": "True"}
    running.set_status("StatefulSet", "web", replicas=0, conditions=[added])
    assert "conditions" in status(running)
    run(running)
    assert "conditions" not in status(running)


def test_the_status_is_written_though_the_middle_failed(running: House) -> None:
    """A-2."""
    running.pod("web-0", labels={"other": "pod"})
    make(running, 1)
    with pytest.raises(MinisetsError, match="already exists"):
        controller(running).reconcile("default/web")
    assert status(running)["observedGeneration"] == 1


def test_a_status_of_another_statefulset_of_that_name_is_not_written(house: House) -> None:
    make(house, 0)
    plain = controller(house)
    replaced = StatefulSets(_Replaced(house), house.registry, house.recorder("x"), house.clock)
    replaced.reconcile("default/web")
    assert "observedGeneration" not in status(house)
    plain.reconcile("default/web")
    assert status(house)["observedGeneration"] == 1


class _Replaced:
    """Reads a statefulset that was there before the present one."""

    def __init__(self, house: House) -> None:
        self._house = house

    def get(self, ref: Any) -> Any:
        found = deepcopy(self._house.store.get(ref))
        if found and ref.kind == "StatefulSet":
            found["metadata"]["uid"] = "former"
        return found

    def list(self, kind: str, namespace: str = "") -> Any:
        return self._house.store.list(kind, namespace)


def test_nothing_is_adopted_once_the_statefulset_is_gone_or_going(running: House) -> None:
    """A-66: it is read again, afresh, before anything is adopted."""
    make(running, 1)
    run(running)
    running.edit("Pod", "web-0", lambda obj: obj["metadata"].pop("ownerReferences"))
    observed_before = deepcopy(running.get("StatefulSet", "web"))

    class Before:
        """Lists as it is; what it gets first is the statefulset as it was."""

        first = True

        def get(self, wanted: Any) -> Any:
            if self.first:
                self.first = False
                return observed_before
            return running.store.get(wanted)

        def list(self, kind: str, namespace: str = "") -> Any:
            return running.store.list(kind, namespace)

    running.registry.delete(ref("StatefulSet", "web"), DeleteOptions(propagation="Foreground"))
    late = StatefulSets(Before(), running.registry, running.recorder("x"), running.clock)
    with pytest.raises(MinisetsError, match="is gone or going: web-0 is not adopted"):
        late.reconcile("default/web")
    assert controller_of(running.get("Pod", "web-0")) is None


def test_which_statefulset_a_change_concerns(running: House) -> None:
    """A-1: by controller, before and after; an orphan by every selector that it matches; claims never."""
    make(running, 1)
    run(running)
    plain = controller(running)
    pod = running.get("Pod", "web-0")
    orphan = deepcopy(pod)
    del orphan["metadata"]["ownerReferences"]
    stranger = {**orphan, "metadata": {**orphan["metadata"], "labels": {"app": "other"}}}
    other = deepcopy(pod)
    other["metadata"]["ownerReferences"][0]["kind"] = "ReplicaSet"

    def keys(obj: Object, previous: Object | None = None) -> list[str]:
        return list(plain.keys(Change(ChangeType.MODIFIED, ref_of(obj), obj, previous, 1)))

    assert keys(running.get("StatefulSet", "web")) == ["default/web"]
    assert keys(pod) == ["default/web"]
    assert keys(orphan) == ["default/web"]
    assert keys(stranger, pod) == ["default/web"]
    assert keys(stranger) == []
    assert keys(other) == []
    assert plain.kinds == ("StatefulSet", "Pod")


def test_a_whole_set_of_claims_goes_with_its_statefulset(running: House) -> None:
    """A-60, A-61: by the garbage collector, once the owner is gone, whichever pods were ready."""
    make(running, 2, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete", "whenScaled": "Retain"})
    running.settle()
    owner = controller_of(running.get("PersistentVolumeClaim", "www-web-0"))
    assert owner is not None
    assert owner["kind"] == "StatefulSet"
    running.registry.delete(ref("StatefulSet", "web"))
    running.settle()
    assert is_being_deleted(running.get("PersistentVolumeClaim", "www-web-0"))


def test_a_pod_deleted_by_hand_keeps_its_claim_under_any_policy(running: House) -> None:
    """A-65."""
    make(running, 1, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete", "whenScaled": "Delete"})
    run(running)
    claim = running.get("PersistentVolumeClaim", "www-web-0")
    running.registry.delete(ref("Pod", "web-0"))
    run(running)
    after = running.get("PersistentVolumeClaim", "www-web-0")
    assert (uid_of(after), is_being_deleted(after)) == (uid_of(claim), False)


def test_scaling_down_takes_the_claim_and_up_again_makes_a_fresh_one(running: House) -> None:
    """A-60, A-61, A-63."""
    make(running, 2, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Delete"})
    run(running)
    first = running.get("PersistentVolumeClaim", "www-web-1")
    running.edit("PersistentVolumeClaim", "www-web-1", lambda obj: obj["metadata"].pop("finalizers"))
    scale(running, 1)
    run(running)
    assert running.names("PersistentVolumeClaim") == ["www-web-0"]
    scale(running, 2)
    run(running)
    assert uid_of(running.get("PersistentVolumeClaim", "www-web-1")) != uid_of(first)


def test_a_changed_policy_is_written_to_live_claims_and_told_as_an_update(running: House) -> None:
    """A-62, A-100."""
    make(running, 1)
    run(running)
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    running.edit(
        "StatefulSet", "web", lambda obj: obj["spec"].update(persistentVolumeClaimRetentionPolicy=policy)
    )
    run(running)
    assert controller_of(running.get("PersistentVolumeClaim", "www-web-0")) is not None
    assert ("Normal", "SuccessfulUpdate", "update Pod web-0 in StatefulSet web successful") in running.events(
        "web"
    )
    kept = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    running.edit(
        "StatefulSet", "web", lambda obj: obj["spec"].update(persistentVolumeClaimRetentionPolicy=kept)
    )
    run(running)
    assert controller_of(running.get("PersistentVolumeClaim", "www-web-0")) is None


def test_a_foreign_controller_of_a_claim_is_warned_of(running: House) -> None:
    """A-64."""
    make(running, 1)
    run(running)
    foreign = {"apiVersion": "v1", "kind": "Pod", "name": "else", "uid": "else", "controller": True}
    node = running.pod("else", labels={"other": "pod"})
    foreign["uid"] = uid_of(node)
    mine = owner_reference(running.get("StatefulSet", "web"), controller=False)
    running.edit(
        "PersistentVolumeClaim",
        "www-web-0",
        lambda obj: obj["metadata"].update(ownerReferences=[foreign, mine]),
    )
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    running.edit(
        "StatefulSet", "web", lambda obj: obj["spec"].update(persistentVolumeClaimRetentionPolicy=policy)
    )
    run(running)
    assert ("Warning", "ConflictingController") in [event[:2] for event in running.events("web")]
    owners = running.get("PersistentVolumeClaim", "www-web-0")["metadata"]["ownerReferences"]
    assert [owner["uid"] for owner in owners] == [uid_of(node)]


class _Crash(Exception):
    """The process ends here."""


class _Fragile(Registry):
    """Crashes before its n-th write."""

    def __init__(self, house: House, writes: int) -> None:
        super().__init__(house.store, house.clock, Settings())
        self.left = writes

    def _count(self) -> None:
        if self.left == 0:
            raise _Crash
        self.left -= 1

    def create(self, *args: Any, **kwargs: Any) -> Any:
        self._count()
        return super().create(*args, **kwargs)

    def change(self, *args: Any, **kwargs: Any) -> Any:
        self._count()
        return super().change(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        self._count()
        return super().delete(*args, **kwargs)


@pytest.mark.parametrize("writes", range(10))
def test_a_crash_before_any_write_converges_to_the_same_end(house: House, writes: int) -> None:
    """Any prefix of a plan may be all that ran."""
    fragile = _Fragile(house, writes)
    house.run(controller(house, fragile))
    make(house, 2)
    with pytest.raises(_Crash):
        run(house)
    fragile.left = -1
    house.reconcile_all_again()
    run(house)
    assert house.names("Pod") == ["web-0", "web-1"]
    assert house.names("PersistentVolumeClaim") == ["www-web-0", "www-web-1"]
    assert len(house.names("ControllerRevision")) == 1
    assert status(house)["readyReplicas"] == 2
