"""What it costs to find a pod its node, printed; asserted is only how the cost grows."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from minisets.controllers.scheduling.reconciler import Scheduling
from minisets.objects.metadata import spec_of, uid_of
from minisets.settings import node_name
from minisets.store.follow import Follower
from tests.benchmarks.test_statefulset import spec
from tests.controllers.house import House

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NODES = 8
SMALL, LARGE = 100, 1000
FEW, MANY = 50, 300
_REPEATS = 5
# Why: flat, with room for a busy machine; a cost that grew with the pods would be ten times.
_MOST_GROWTH = 2.5

Wish = dict[str, "Any"]


def apart(weight: int) -> Wish:
    """Preferably not beside a pod of the same app."""
    term = {"labelSelector": {"matchLabels": {"app": "nginx"}}, "topologyKey": "kubernetes.io/hostname"}
    wish = {"weight": weight, "podAffinityTerm": term}
    return {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}}


@pytest.mark.parametrize("wish", [{}, apart(1)], ids=["plain pods", "pods that wish to be apart"])
def test_a_pods_node_costs_no_more_the_more_pods_there_are(
    wish: Wish, measured: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    rounds = [{size: _cost(size, wish) for size in (SMALL, LARGE)} for _ in range(_REPEATS)]
    costs = {size: min(one[size] for one in rounds) for size in (SMALL, LARGE)}
    what = request.node.callspec.id
    for size, cost in costs.items():
        measured(f"scheduling {size} {what} over {NODES} nodes: {cost * 1e6:.0f} us a pod")
    assert costs[LARGE] < costs[SMALL] * _MOST_GROWTH


def test_a_pods_node_costs_no_more_the_more_pods_wait_for_their_volumes(
    measured: Callable[[str], None],
) -> None:
    rounds = [{size: _late_cost(size) for size in (FEW, MANY)} for _ in range(_REPEATS)]
    costs = {size: min(one[size] for one in rounds) for size in (FEW, MANY)}
    for size, cost in costs.items():
        measured(f"scheduling {size} pods that wait for volumes: {cost * 1e6:.0f} us a pod")
    assert costs[MANY] < costs[FEW] * _MOST_GROWTH


def _late_cost(size: int) -> float:
    """Seconds of this thread a pod: all are told their node first, then their claims are bound one by one."""
    house, took = House(), 0.0
    for ordinal in range(NODES):
        house.node(node_name(ordinal))
    late = {"provisioner": "example.com/disks", "volumeBindingMode": "WaitForFirstConsumer"}
    house.create("StorageClass", "late", **late)
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    for ordinal in range(size):
        wanted = {**storage, "storageClassName": "late"}
        house.create("PersistentVolumeClaim", f"www-{ordinal}", spec=wanted)
        house.pod(f"web-{ordinal}", claims=[f"www-{ordinal}"])
    scheduling = Scheduling(house.registry, house.recorder(), house.clock)
    follower = Follower(house.store, scheduling.kinds, lambda: None)
    for ordinal in range(-1, size):
        if ordinal >= 0:
            _bind_claim(house, f"www-{ordinal}")
        began = time.thread_time()
        while keys := follower.keys(scheduling.keys):
            for key in sorted(keys):
                scheduling.reconcile(key)
        took += time.thread_time() - began
    assert all(spec_of(pod).get("nodeName") for pod in house.store.list("Pod").items)
    return took / size


def _bind_claim(house: House, name: str) -> None:
    disk = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv"}}
    its = {"namespace": "default", "name": name, "uid": uid_of(house.get("PersistentVolumeClaim", name))}
    wanted = {**disk, "storageClassName": "late", "claimRef": its}
    house.create("PersistentVolume", f"pv-{name}", spec=wanted)
    done = {"pv.kubernetes.io/bind-completed": "yes"}
    house.edit("PersistentVolumeClaim", name, lambda claim: claim["metadata"]["annotations"].update(done))
    house.edit("PersistentVolumeClaim", name, lambda claim: claim["spec"].update(volumeName=f"pv-{name}"))


def _cost(size: int, wish: Wish) -> float:
    """Seconds of this thread a pod: from the changes in the store to the last binding."""
    house = House()
    for ordinal in range(NODES):
        house.node(node_name(ordinal))
    house.create("Service", "nginx", spec={"clusterIP": "None", "selector": {"app": "nginx"}})
    owner = house.create("StatefulSet", "web", spec=spec(size))
    reference = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "name": "web",
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    for ordinal in range(size):
        labels = {"app": "nginx", "statefulset.kubernetes.io/pod-name": f"web-{ordinal}"}
        metadata = {"labels": labels, "ownerReferences": [reference]}
        pod = {"containers": [{"name": "nginx", "image": "nginx:1"}], **wish}
        house.create("Pod", f"web-{ordinal}", metadata=metadata, spec=pod)
    scheduling = Scheduling(house.registry, house.recorder(), house.clock)
    follower = Follower(house.store, scheduling.kinds, lambda: None)
    began = time.thread_time()
    while keys := follower.keys(scheduling.keys):
        for key in sorted(keys):
            scheduling.reconcile(key)
    took = time.thread_time() - began
    found = Counter(str(spec_of(pod).get("nodeName")) for pod in house.store.list("Pod").items)
    assert max(found.values()) - min(found.values()) <= 1, found
    assert len(found) == NODES
    return took / size
