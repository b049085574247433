"""What pods and nodes use: a rate between two looks, of which the first is kept."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from minisets.api.lanes import CALLS
from minisets.api.metrics import SHORTEST, Metrics, measured
from minisets.clock import FakeClock
from minisets.engine.interface import Usage
from minisets.engine.memory import MemoryEngine
from minisets.engine.specs import ContainerSpec
from minisets.errors import EngineUnavailable, NotFound
from minisets.objects.kinds import Object, Ref
from minisets.store.memory import MemoryStore
from tests.api.serving import CONFIGMAPS, Client, Running, run_pod
from tests.waiting import holds, until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
METRICS = "/apis/metrics.k8s.io/v1beta1"
MEBI = 1024**2


def look(seconds: float, cpu: float) -> Usage:
    return Usage(NOON + timedelta(seconds=seconds), int(cpu * 1e9), MEBI)


def test_a_rate_is_what_was_used_over_the_time_between_two_looks() -> None:
    found = measured(look(0, 1), look(15, 4))
    assert found is not None
    assert (found.nanocores, found.window) == (200_000_000, timedelta(seconds=15))


@pytest.mark.parametrize(
    "before",
    [None, look(15 - SHORTEST.total_seconds() / 2, 3), look(-50, 0), look(0, 9)],
    ids=["no look", "a look just now", "a look long ago", "a look at another life"],
)
def test_two_looks_that_do_not_belong_together_make_no_rate(before: Usage | None) -> None:
    assert measured(before, look(15, 4)) is None


class Passing(FakeClock):
    """A clock on which a second passes when somebody waits; it counts how often."""

    waits = 0

    def wait(self, condition: threading.Condition, timeout: timedelta | None) -> None:
        del condition, timeout
        self.waits += 1
        self.advance(timedelta(seconds=1))


class Counting(FakeClock):
    """It counts who waits."""

    waits = 0

    def wait(self, condition: threading.Condition, timeout: timedelta | None) -> None:
        self.waits += 1
        super().wait(condition, timeout)


class House:
    """A store and an engine whose containers run, and what measures them."""

    def __init__(self, clock: Passing | Counting | None = None) -> None:
        self.clock = clock or Passing(NOON)
        self.engine = MemoryEngine(self.clock)
        self.store = MemoryStore()
        self.metrics = Metrics(self.store, self.engine, self.clock)
        self.engine.behave("*", cores=0.25, memory_bytes=3 * MEBI)
        self.put("Node", {"metadata": {"name": "minisets-0"}})

    def pod(self, name: str, node: str = "minisets-0", *, phase: str = "Running", runs: bool = True) -> None:
        id_ = self.engine.create_container(ContainerSpec(name, "nginx", {}))
        self.engine.start_container(id_)
        state: Object = {"running": {}} if runs else {"waiting": {}}
        status = {"name": "nginx", "state": state, "containerID": f"docker://{id_}"}
        self.put("Pod", {
            "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
            "spec": {"containers": [{"name": "nginx"}], "nodeName": node},
            "status": {"phase": phase, "containerStatuses": [status]},
        })  # fmt: skip

    def put(self, kind: str, obj: Object) -> None:
        with self.store.transaction() as transaction:
            transaction.put({"apiVersion": "v1", "kind": kind, **obj})

    def listed(self, matches: Callable[[Object], bool] = bool) -> list[Object]:
        return list(self.metrics.listing("PodMetrics", "default", matches))


@pytest.fixture
def house() -> House:
    return House()


def test_only_the_first_request_waits(house: House) -> None:
    house.pod("web-0")
    assert house.listed()[0]["window"] == "1.000s"
    house.clock.advance(timedelta(seconds=5))
    (found,) = house.listed()
    assert house.clock.waits == 1
    assert found["containers"] == [{"name": "nginx", "usage": {"cpu": "250000000n", "memory": "3072Ki"}}]
    assert (found["window"], found["timestamp"]) == ("6.000s", "2026-11-23T12:00:06Z")
    assert found["metadata"]["labels"] == {"app": "web-0"}


def test_the_first_look_is_renewed_so_that_a_rate_is_of_late(house: House) -> None:
    house.pod("web-0")
    house.listed()
    for window in ("10.000s", "5.000s"):
        house.clock.advance(timedelta(seconds=9) if window == "10.000s" else timedelta(seconds=5))
        assert house.listed()[0]["window"] == window


def test_of_what_does_not_run_nothing_is_told(house: House) -> None:
    house.pod("web-0")
    house.pod("ended", phase="Succeeded")
    house.pod("waits", runs=False)
    house.listed()
    house.clock.advance(timedelta(seconds=1))
    assert [one["metadata"]["name"] for one in house.listed()] == ["web-0"]
    with pytest.raises(NotFound, match=r'podmetrics\.metrics\.k8s\.io "default/waits" not found'):
        house.metrics.one("PodMetrics", Ref("PodMetrics", "default", "waits"))
    with pytest.raises(NotFound, match='pods "nobody" not found'):
        house.metrics.one("PodMetrics", Ref("PodMetrics", "default", "nobody"))


def test_only_what_matches_is_looked_at(house: House) -> None:
    house.pod("web-0")
    house.listed()
    house.clock.advance(timedelta(seconds=1))
    assert house.listed(lambda _: False) == []


def test_a_container_that_went_meanwhile_is_passed_over(house: House) -> None:
    house.pod("web-0")
    house.listed()
    house.engine.remove_container("web-0", force=True)
    assert house.listed() == []


def test_a_node_is_told_what_its_pods_use(house: House) -> None:
    house.pod("web-0")
    house.pod("web-1")
    house.listed()
    house.clock.advance(timedelta(seconds=1))
    (node,) = house.metrics.listing("NodeMetrics", "", bool)
    assert node["usage"] == {"cpu": "500000000n", "memory": "6144Ki"}


def test_each_of_several_nodes_is_told_what_its_own_pods_use(house: House) -> None:
    house.pod("web-0")
    house.pod("web-1", "minisets-1")
    house.pod("web-2", "minisets-1")
    house.put("Node", {"metadata": {"name": "minisets-1"}})
    used = {
        one["metadata"]["name"]: one["usage"]["cpu"] for one in house.metrics.listing("NodeMetrics", "", bool)
    }
    assert used == {"minisets-0": "250000000n", "minisets-1": "500000000n"}


def test_of_a_node_that_is_stopped_or_of_somebody_elses_nothing_is_told(house: House) -> None:
    """Kubernetes: nobody there answers metrics-server."""
    house.put("Node", {"metadata": {"name": "minisets-1", "annotations": {"minisets.dev/stopped": "pause"}}})
    house.put("Node", {"metadata": {"name": "raspberry"}})
    house.pod("web-0")
    house.pod("web-1", "minisets-1")
    assert [one["metadata"]["name"] for one in house.listed()] == ["web-0"]
    told = house.metrics.listing("NodeMetrics", "", bool)
    assert [one["metadata"]["name"] for one in told] == ["minisets-0"]
    with pytest.raises(NotFound, match=r'podmetrics\.metrics\.k8s\.io "default/web-1" not found'):
        house.metrics.one("PodMetrics", Ref("PodMetrics", "default", "web-1"))


def test_metrics_are_served_as_tables_and_with_selectors(client: Client, running: Running) -> None:
    running.engine.behave("web-0-*", cores=0.5, memory_bytes=3 * MEBI)
    run_pod(running, "web-0")
    run_pod(running, "web-1")
    path = f"{METRICS}/namespaces/default/pods"
    found = client.get(f"{path}?fieldSelector=metadata.name%3Dweb-0").json
    assert (found["kind"], [one["metadata"]["name"] for one in found["items"]]) == (
        "PodMetricsList",
        ["web-0"],
    )
    assert client.get(f"{path}/web-0").json["kind"] == "PodMetrics"
    table = client.get(path, "application/json;as=Table;v=v1;g=meta.k8s.io").json
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "cpu", "memory", "Window"]
    assert table["rows"][0]["cells"][2] == "3Mi"
    assert client.ask("POST", path, {}).code == 405
    assert client.get(f"{path}?watch=true").code == 405


def test_without_an_engine_there_are_no_metrics(client: Client, running: Running) -> None:
    run_pod(running, "web-0")
    running.engine.fail_next("stats", EngineUnavailable("no engine answers"))
    answered = client.get(f"{METRICS}/namespaces/default/pods")
    assert (answered.code, answered.json["message"]) == (503, "no engine answers")


def test_who_asks_while_another_waits_does_not_take_the_first_look_away() -> None:
    house = House(Counting(NOON))
    house.pod("web-0")
    with ThreadPoolExecutor(2) as people:
        first = people.submit(house.listed)
        until(lambda: house.clock.waits == 1, "the wait for a second look")
        house.clock.advance(SHORTEST / 2)
        until(lambda: house.clock.waits == 2, "the rest of the wait")
        second = people.submit(house.listed)
        until(second.running, "another who asks")
        house.clock.advance(SHORTEST)
        try:
            until(lambda: first.done() and second.done(), "both answers")
        finally:
            house.clock.advance(SHORTEST * 2)
        told = [len(asked.result()) for asked in (first, second)]
    assert told == [1, 1]


def test_an_engine_that_does_not_answer_for_metrics_holds_up_nobody_else(
    client: Client, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_pod(running, "web-0")
    reached, answers = threading.Event(), threading.Event()

    def stats(_container: str) -> None:
        reached.set()
        assert answers.wait(60)

    monkeypatch.setattr(running.engine, "stats", stats)
    path = f"{METRICS}/namespaces/default/pods"
    with ThreadPoolExecutor(CALLS) as people:
        asked = [people.submit(client.get, path) for _ in range(CALLS)]
        try:
            assert reached.wait(20)
            holds(lambda: client.get(CONFIGMAPS).code == 200, "the API answers")
        finally:
            answers.set()
        assert [one.result().code for one in asked] == [200] * CALLS
