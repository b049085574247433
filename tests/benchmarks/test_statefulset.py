"""What a statefulset of many pods costs, printed; asserted is only how the cost grows."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.controllers.statefulset.reconciler import StatefulSets
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true, name_of, status_of, timestamp
from minisets.objects.pods import node_of
from minisets.objects.shape import SHAPE, Shape
from tests.controllers.house import House
from tests.waiting import until
from tests.whole import Whole, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = (10, 100, 1000)
_MOST_UNEVEN = 5
WEB = Ref("StatefulSet", "default", "web")
_REPEATS = 3
# Why: linear with room for a busy machine; a cost that grew with the square would be 100 times.
_MOST_GROWTH = 4.0


def spec(replicas: int) -> dict[str, Any]:
    containers = [{"name": "nginx", "image": "nginx:1"}]
    return {
        "replicas": replicas,
        "podManagementPolicy": "Parallel",
        "serviceName": "nginx",
        "selector": {"matchLabels": {"app": "nginx"}},
        "template": {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": containers}},
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "www"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }
        ],
    }


def make_nodes(whole: Whole, count: int) -> None:
    shape = Shape(count, count, ("a",))  # of unequal zones none gets more than its share
    metadata = {"name": SHAPE.name, "namespace": SHAPE.namespace}
    body = {"apiVersion": "v1", "kind": SHAPE.kind, "metadata": metadata, "data": shape.as_data()}
    whole.client.create(SHAPE.kind, SHAPE.namespace, body)

    def are_ready() -> bool:
        nodes = whole.client.list("Node").items
        return len(nodes) == count and all(is_true(node, "Ready") for node in nodes)

    until(are_ready, f"{count} nodes to be ready")


def test_a_sync_costs_no_more_per_pod_the_more_pods_there_are(measured: Callable[[str], None]) -> None:
    rounds = [{size: _costs(size) for size in SIZES} for _ in range(_REPEATS)]
    costs = {size: _best([one[size] for one in rounds]) for size in SIZES}
    for size, (creating, quiet) in costs.items():
        measured(
            f"sync of {size} pods: {creating:.0f} us a pod creates them, {quiet:.0f} us a pod looks again"
        )
    smallest, largest = costs[SIZES[0]], costs[SIZES[-1]]
    assert largest[0] < smallest[0] * _MOST_GROWTH
    assert largest[1] < smallest[1] * _MOST_GROWTH


def _costs(size: int) -> tuple[float, float]:
    """Microseconds of this thread a pod: of the sync that makes them all, and of one with nothing to do."""
    house = House()
    house.create("StatefulSet", "web", spec=spec(size))
    controller = StatefulSets(house.store, house.registry, house.recorder(), house.clock)
    creating = _work(lambda: controller.reconcile("default/web"))
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": timestamp(house.clock.now())}
    for pod in house.store.list("Pod").items:
        house.set_status("Pod", name_of(pod), phase="Running", conditions=[ready])
    controller.reconcile("default/web")
    before = house.store.version()
    quiet = min(_work(lambda: controller.reconcile("default/web")) for _ in range(_REPEATS))
    assert house.store.version() == before
    assert status_of(house.get("StatefulSet", "web"))["readyReplicas"] == size
    return creating / size * 1e6, quiet / size * 1e6


def _best(costs: list[tuple[float, float]]) -> tuple[float, float]:
    """The least of each: what else the machine did is in none of both, or in other rounds."""
    creating, quiet = zip(*costs, strict=True)
    return min(creating), min(quiet)


def _work(act: Callable[[], object]) -> float:
    """Seconds for which this thread has had a processor."""
    before = time.thread_time()
    act()
    return time.thread_time() - before


def _time(act: Callable[[], object]) -> float:
    before = time.perf_counter()
    act()
    return time.perf_counter() - before


def test_a_thousand_pods_come_and_go_on_eight_nodes_of_the_engine_in_memory(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    """A-5, A-19: with every controller, the kubelet, the API and its client."""
    within = timedelta(minutes=10)
    with serving(tmp_path) as whole:

        def counts(field: str) -> int:
            return int(status_of(whole.client.get(WEB) or {}).get(field) or 0)

        def scaled(replicas: int, field: str, count: int, what: str) -> None:
            whole.client.patch(WEB, {"spec": {"replicas": replicas}}, form="merge")
            until(lambda: counts(field) == count, what, within)

        make_nodes(whole, 8)
        body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec(0)}
        whole.client.create("StatefulSet", "default", body)
        up = _time(lambda: scaled(1000, "readyReplicas", 1000, "1,000 pods to be ready"))
        pods = whole.client.list("Pod", "default").items
        assert set(map(name_of, pods)) == {f"web-{ordinal}" for ordinal in range(1000)}
        nodes = Counter(map(node_of, pods))
        assert len(nodes) == 8
        assert max(nodes.values()) - min(nodes.values()) <= _MOST_UNEVEN, nodes
        down = _time(lambda: scaled(0, "replicas", 0, "the last pod to go"))
        assert whole.client.list("Pod", "default").items == ()
        assert len(whole.client.list("PersistentVolumeClaim", "default").items) == 1000
    measured(f"1,000 pods on 8 nodes in memory: all Ready after {up:.1f} s, all gone after {down:.1f} s")
