from datetime import timedelta
from typing import Any

import pytest

from minisets.controllers.disruption import Disruption
from minisets.errors import TooManyRequests
from minisets.objects.kinds import Object
from minisets.objects.metadata import meta, status_of
from minisets.objects.owners import owner_reference
from minisets.registry.options import DeleteOptions
from tests.controllers.house import House, ref

LABELS = {"app": "web"}
SELECTOR = {"matchLabels": LABELS}
NOW = DeleteOptions(grace=timedelta(0))


@pytest.fixture
def house(house: House) -> House:
    house.run(Disruption(house.store, house.registry, house.recorder(), house.clock))
    return house


def statefulset(house: House, replicas: int) -> Object:
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}
    spec = {"serviceName": "web", "replicas": replicas, "selector": SELECTOR, "template": template}
    return house.create("StatefulSet", "web", spec=spec)


def member(house: House, name: str, owner: Object | None = None, *, ready: bool = True) -> None:
    owners = {"ownerReferences": [owner_reference(owner)]} if owner else {}
    spec = {"containers": [{"name": "c", "image": "x:1"}], "nodeName": "minisets-0"}
    house.create("Pod", name, metadata={"labels": LABELS, **owners}, spec=spec)
    house.set_status("Pod", name, phase="Running", conditions=[{"type": "Ready", "status": str(ready)}])


def budget(house: House, name: str = "web", **spec: Any) -> None:
    house.create("PodDisruptionBudget", name, spec={"selector": SELECTOR, **spec})


def counts(house: House, name: str = "web") -> tuple[int, int, int, int]:
    status = status_of(house.get("PodDisruptionBudget", name))
    fields = ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
    expected, desired, healthy, allowed = (status[field] for field in fields)
    return expected, desired, healthy, allowed


def test_the_status_follows_pods_scale_and_spec(house: House) -> None:
    """A-105."""
    budget(house, maxUnavailable=1)
    house.settle()
    assert counts(house) == (0, 0, 0, 0)
    web = statefulset(house, 3)
    for name in ("web-0", "web-1", "web-2"):
        member(house, name, web)
    house.settle()
    assert counts(house) == (3, 2, 3, 1)
    house.set_status("Pod", "web-1", conditions=[{"type": "Ready", "status": "False"}])
    house.settle()
    assert counts(house) == (3, 2, 2, 0)
    house.edit("StatefulSet", "web", lambda obj: obj["spec"].update(replicas=2))
    house.settle()
    assert counts(house) == (2, 1, 2, 1)
    house.edit("PodDisruptionBudget", "web", lambda obj: obj["spec"].update(maxUnavailable=0))
    house.settle()
    assert counts(house) == (2, 2, 2, 0)
    found = house.get("PodDisruptionBudget", "web")
    assert (status_of(found)["observedGeneration"], meta(found)["generation"]) == (2, 2)


def test_a_pod_that_changes_its_labels_leaves_the_budget(house: House) -> None:
    member(house, "web-0")
    budget(house, minAvailable=0)
    house.settle()
    assert counts(house) == (1, 0, 1, 1)
    house.edit("Pod", "web-0", lambda obj: obj["metadata"].update(labels={"app": "db"}))
    house.settle()
    assert counts(house) == (0, 0, 0, 0)


def test_pods_go_one_by_one_as_the_budget_allows(house: House) -> None:
    """A-104, A-105."""
    web = statefulset(house, 2)
    for name in ("web-0", "web-1"):
        member(house, name, web)
    budget(house, maxUnavailable=1)
    house.settle()
    house.registry.evict(ref("Pod", "web-1"), NOW)
    with pytest.raises(TooManyRequests):
        house.registry.evict(ref("Pod", "web-0"), NOW)
    house.settle()
    assert counts(house) == (2, 1, 1, 0)
    assert "disruptedPods" not in status_of(house.get("PodDisruptionBudget", "web"))
    with pytest.raises(TooManyRequests):
        house.registry.evict(ref("Pod", "web-0"), NOW)
    member(house, "web-1", web)
    house.settle()
    house.registry.evict(ref("Pod", "web-0"), NOW)
    assert house.names("Pod") == ["web-1"]


def test_what_was_counted_before_an_eviction_is_not_written_after_it(house: House) -> None:
    """A-105: the race that would spend a budget twice."""
    for name in ("web-0", "web-1"):
        member(house, name)
    budget(house, minAvailable=1)
    house.settle()

    class Evicting:
        """Reads pods; then somebody evicts one."""

        def get(self, wanted: Any) -> Object | None:
            return house.store.get(wanted)

        def list(self, kind: str, namespace: str = "") -> Any:
            found = house.store.list(kind, namespace)
            if kind == "Pod":
                house.registry.evict(ref("Pod", "web-1"), NOW)
            return found

    Disruption(Evicting(), house.registry, house.recorder(), house.clock).reconcile("default/web")
    assert counts(house)[-1] == 0
    house.settle()
    assert counts(house) == (1, 1, 1, 0)


def test_an_eviction_that_nobody_saw_through_is_looked_at_again(house: House) -> None:
    for name in ("web-0", "web-1"):
        member(house, name)
    budget(house, minAvailable=1)
    controller = Disruption(house.store, house.registry, house.recorder(), house.clock)
    house.set_status("PodDisruptionBudget", "web", disruptedPods={"web-1": "2026-11-23T12:00:00Z"})
    again = controller.reconcile("default/web")
    assert counts(house) == (2, 1, 1, 0)
    assert again == timedelta(minutes=2)
    house.clock.advance(again)
    assert controller.reconcile("default/web") is None
    assert counts(house) == (2, 1, 2, 1)
    assert [reason for _, reason, _ in house.events("web-1")] == ["NotDeleted"]


def test_people_are_told_what_is_odd(house: House) -> None:
    budget(house, "aaa", minAvailable=1)
    budget(house, maxUnavailable=1)
    house.settle()
    assert ("Normal", "NoPods", "No matching pods found") in house.events("web")
    member(house, "web-0")
    house.settle()
    assert "UnmanagedPods" in [reason for _, reason, _ in house.events("web")]
    message = 'Pod "default"/"web-0" matches multiple PodDisruptionBudgets.  Chose "aaa" arbitrarily.'
    assert house.events("web-0") == [("Warning", "MultiplePodDisruptionBudgets", message)]


def test_a_maker_that_is_gone_or_another_fails_safe(house: House) -> None:
    web = statefulset(house, 1)
    member(house, "web-0", {**web, "metadata": {**web["metadata"], "uid": "another"}})
    budget(house, maxUnavailable=1)
    house.settle()
    status = status_of(house.get("PodDisruptionBudget", "web"))
    (said,) = status["conditions"]
    assert (said["reason"], said["message"]) == ("SyncFailed", 'found no controllers for pod "web-0"')
    assert "observedGeneration" not in status
    assert "CalculateExpectedPodCountFailed" in [reason for _, reason, _ in house.events("web")]


def test_a_quiet_budget_is_not_written(house: House) -> None:
    member(house, "web-0")
    budget(house, minAvailable=1)
    house.settle()
    before = house.store.version()
    house.reconcile_all_again()
    assert house.store.version() == before


def test_a_budget_that_is_gone_is_left_alone(house: House) -> None:
    budget(house, minAvailable=1)
    house.settle()
    house.registry.delete(ref("PodDisruptionBudget", "web"))
    house.settle()
    assert house.find("PodDisruptionBudget", "web") is None
