"""The controllers as the daemon runs them: threads, followers, a store on disk."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from minisets.clock import SystemClock
from minisets.controllers.disruption import Disruption
from minisets.controllers.garbage import Garbage
from minisets.controllers.namespaces import Namespaces, ensure_namespaces
from minisets.controllers.scheduling.reconciler import Scheduling
from minisets.controllers.volumes.reconciler import Volumes
from minisets.errors import NotFound, TooManyRequests
from minisets.loop import Worker
from minisets.objects.kinds import Ref
from minisets.objects.metadata import spec_of, status_of
from minisets.registry.events import Recorder
from minisets.registry.options import DeleteOptions
from minisets.registry.registry import Registry
from minisets.settings import Settings
from minisets.store.follow import Follower
from minisets.store.interface import Store
from minisets.store.sqlite import SqliteStore
from tests.waiting import until

CLAIMS = 12


@contextmanager
def running(store: Store, *controllers: Any) -> Iterator[None]:
    followers: list[Follower] = []
    workers: list[Worker] = []
    try:
        for controller in controllers:
            _start(store, controller, followers, workers)
        yield
    finally:
        for worker in workers:
            assert worker.stop(timedelta(seconds=5))
        for follower in followers:
            follower.close()


def _start(store: Store, controller: Any, followers: list[Follower], workers: list[Worker]) -> None:
    place = len(followers)
    worker = Worker(
        controller.name,
        controller,
        SystemClock(),
        threads=2,
        source=lambda: followers[place].keys(controller.keys),
    )
    followers.append(Follower(store, controller.kinds, worker.wake))
    workers.append(worker)
    worker.start()


def test_claims_that_race_for_volumes_each_get_one_and_their_pods_are_placed(tmp_path: Path) -> None:
    clock = SystemClock()
    with closing(SqliteStore(tmp_path / "state.db", clock=clock)) as store:
        registry = Registry(store, clock, Settings())
        ensure_namespaces(registry)
        recorder = Recorder(registry, clock, "test")
        with running(
            store,
            Volumes(store, registry, recorder),
            Scheduling(registry, recorder, clock),
            Garbage(store, registry),
            Namespaces(store, registry),
        ):
            _make_a_crowd(registry)
            until(lambda: _placed(store) == CLAIMS, "every pod to be placed")
            until(lambda: store.get(Ref("ServiceAccount", "default", "default")), "the service account")
        claims = store.list("PersistentVolumeClaim").items
        assert {status_of(claim)["phase"] for claim in claims} == {"Bound"}
        assert len({spec_of(claim)["volumeName"] for claim in claims}) == CLAIMS


def test_evictions_that_race_never_take_more_than_the_budget(tmp_path: Path) -> None:
    """A-105."""
    clock = SystemClock()
    with closing(SqliteStore(tmp_path / "state.db", clock=clock)) as store:
        registry = Registry(store, clock, Settings())
        ensure_namespaces(registry)
        disruption = Disruption(store, registry, Recorder(registry, clock, "test"), clock)
        refs = _make_ready_pods(registry)
        spec = {"selector": {}, "minAvailable": CLAIMS - 2}
        with running(store, disruption):
            registry.create("PodDisruptionBudget", "default", {"metadata": {"name": "web"}, "spec": spec})
            until(lambda: _allowed(store) == 2, "the budget to be counted")
            with ThreadPoolExecutor(4) as pool:
                gone = list(pool.map(lambda ref: _evicted(registry, ref), refs * 3))
            until(lambda: _counted(store) == CLAIMS - 2, "the rest to be counted")
        assert (gone.count(True), _allowed(store)) == (2, 0)


def _make_ready_pods(registry: Registry) -> list[Ref]:
    refs = [Ref("Pod", "default", f"web-{number}") for number in range(CLAIMS)]
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    for ref in refs:
        spec = {"nodeName": "minisets-0", "containers": [{"name": "c", "image": "x:1"}]}
        registry.create("Pod", "default", {"metadata": {"name": ref.name}, "spec": spec})
        registry.change(ref, lambda pod: {**pod, "status": status}, subresource="status")
    return refs


def _evicted(registry: Registry, ref: Ref) -> bool:
    try:
        return registry.evict(ref, DeleteOptions(grace=timedelta(0))).gone
    except (NotFound, TooManyRequests):
        return False


def _allowed(store: Store) -> int:
    return int(_budget(store)["disruptionsAllowed"])


def _counted(store: Store) -> int:
    return int(_budget(store)["expectedPods"])


def _budget(store: Store) -> dict[str, Any]:
    return status_of(store.get(Ref("PodDisruptionBudget", "default", "web")) or {})


def _placed(store: Store) -> int:
    return sum(1 for pod in store.list("Pod").items if spec_of(pod).get("nodeName"))


def _make_a_crowd(registry: Registry) -> None:
    conditions = [{"type": "Ready", "status": "True"}]
    node = {
        "metadata": {"name": "minisets-0"},
        "status": {"conditions": conditions, "allocatable": {"pods": "250"}},
    }
    registry.create("Node", "", node)
    once = ["ReadWriteOnce"]
    for number in range(CLAIMS):
        name = f"www-{number}"
        source = {"name": "v", "persistentVolumeClaim": {"claimName": name}}
        container = {"name": "c", "image": "x:1"}
        pod = {"metadata": {"name": name}, "spec": {"containers": [container], "volumes": [source]}}
        registry.create("Pod", "default", pod)
        wanted = {"accessModes": once, "resources": {"requests": {"storage": "1Gi"}}}
        registry.create("PersistentVolumeClaim", "default", {"metadata": {"name": name}, "spec": wanted})
        disk = {"capacity": {"storage": "1Gi"}, "accessModes": once, "hostPath": {"path": "/srv"}}
        registry.create("PersistentVolume", "", {"metadata": {"name": f"disk-{number}"}, "spec": disk})
