"""The whole controller on the store, with a player who makes pods ready and lets deleted ones go."""

from __future__ import annotations

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
from minisets.objects.owners import controller_of
from minisets.registry.registry import DeleteOptions, Registry
from minisets.settings import Settings
from tests.controllers.house import House, ref

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_ROUNDS = 60


def make(house: House, replicas: int = 3, **spec: Any) -> Object:
    template = {
        "metadata": {"labels": {"app": "nginx"}},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:1"}]},
    }
    claim = {
        "metadata": {"name": "www"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    wanted = {
        "replicas": replicas,
        "serviceName": "nginx",
        "selector": {"matchLabels": {"app": "nginx"}},
        "template": template,
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


def test_a_pod_whose_name_is_taken_is_told_and_tried_again(running: House) -> None:
    """A-68, A-100."""
    running.pod("web-0", labels={"other": "pod"})
    make(running, 1)
    with pytest.raises(MinisetsError, match="already exists"):
        running.settle()
    assert ("Warning", "FailedCreate") in [event[:2] for event in running.events("web")]
    assert labels_of(running.get("Pod", "web-0")) == {"other": "pod"}


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
