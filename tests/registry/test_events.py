"""What is told about objects: counted when it repeats, forgotten after an hour, never in the way."""

import re
from datetime import timedelta

import pytest

from minisets.clock import FakeClock
from minisets.objects.kinds import Object, Ref
from minisets.registry.events import Recorder
from minisets.registry.registry import Registry
from minisets.store.memory import MemoryStore
from tests.registry.things import metadata, pod


@pytest.fixture
def recorder(registry: Registry, clock: FakeClock) -> Recorder:
    return Recorder(registry, clock, "kubelet", host="minisets-0")


@pytest.fixture
def web(registry: Registry) -> Object:
    return registry.create("Pod", "default", pod()).object


def told(store: MemoryStore) -> list[tuple[str, int]]:
    return [(event["message"], event["count"]) for event in store.list("Event").items]


def test_an_event_says_who_told_what_of_whom(recorder: Recorder, store: MemoryStore, web: Object) -> None:
    """A-102."""
    recorder.record(web, "Normal", "Pulled", "it is here", field_path="spec.containers{nginx}")
    (event,) = store.list("Event").items
    assert re.fullmatch(r"web-0\.[0-9a-f]{16}", metadata(event)["name"])
    assert metadata(event)["namespace"] == "default"
    assert event["involvedObject"] == {
        "kind": "Pod",
        "namespace": "default",
        "name": "web-0",
        "uid": metadata(web)["uid"],
        "apiVersion": "v1",
        "resourceVersion": metadata(web)["resourceVersion"],
        "fieldPath": "spec.containers{nginx}",
    }
    assert (event["type"], event["reason"], event["message"]) == ("Normal", "Pulled", "it is here")
    assert event["source"] == {"component": "kubelet", "host": "minisets-0"}
    assert (event["reportingComponent"], event["reportingInstance"]) == ("kubelet", "minisets-0")
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-11-23T12:00:00Z"
    assert event["count"] == 1


def test_what_repeats_is_counted(
    recorder: Recorder, store: MemoryStore, clock: FakeClock, web: Object
) -> None:
    """A-103."""
    for _ in range(3):
        recorder.record(web, "Warning", "BackOff", "again")
        clock.advance(timedelta(seconds=10))
    (event,) = store.list("Event").items
    assert event["count"] == 3
    assert event["firstTimestamp"] == "2026-11-23T12:00:00Z"
    assert event["lastTimestamp"] == "2026-11-23T12:00:20Z"


def test_counting_survives_a_restart(
    registry: Registry, store: MemoryStore, clock: FakeClock, web: Object
) -> None:
    for _ in range(2):
        Recorder(registry, clock, "kubelet").record(web, "Warning", "BackOff", "again")
    assert told(store) == [("again", 2)]


@pytest.mark.parametrize(
    ("kind", "reason", "message", "component"),
    [
        ("Warning", "Started", "m", "kubelet"),
        ("Normal", "Created", "m", "kubelet"),
        ("Normal", "Started", "n", "kubelet"),
        ("Normal", "Started", "m", "default-scheduler"),
    ],
)
def test_what_differs_is_told_apart(
    registry: Registry,
    store: MemoryStore,
    clock: FakeClock,
    web: Object,
    kind: str,
    reason: str,
    message: str,
    component: str,
) -> None:
    Recorder(registry, clock, "kubelet").record(web, "Normal", "Started", "m")
    Recorder(registry, clock, component).record(
        web, "Warning" if kind == "Warning" else "Normal", reason, message
    )
    assert len(store.list("Event").items) == 2


def test_events_of_cluster_scoped_objects_are_in_default(
    recorder: Recorder, registry: Registry, store: MemoryStore
) -> None:
    node = registry.create("Node", "", {"metadata": {"name": "minisets-0"}}).object
    recorder.record(node, "Normal", "Starting", "hello")
    (event,) = store.list("Event").items
    assert metadata(event)["namespace"] == "default"
    assert "namespace" not in event["involvedObject"]


def test_an_event_is_forgotten_an_hour_after_it_was_last_told(
    recorder: Recorder, store: MemoryStore, clock: FakeClock, web: Object
) -> None:
    recorder.record(web, "Normal", "A", "once")
    recorder.record(web, "Normal", "B", "again")
    clock.advance(timedelta(minutes=30))
    recorder.record(web, "Normal", "B", "again")
    clock.advance(timedelta(minutes=31))
    recorder.record(web, "Normal", "C", "now")
    assert sorted(told(store)) == [("again", 2), ("now", 1)]


def test_an_event_that_cannot_be_written_is_in_nobodys_way(
    recorder: Recorder, registry: Registry, store: MemoryStore, web: Object
) -> None:
    gone = {**web, "metadata": {**metadata(web), "namespace": "gone"}}
    recorder.record(gone, "Normal", "Killing", "bye")
    registry.create("Namespace", "", {"metadata": {"name": "going"}})
    registry.delete(Ref("Namespace", "", "going"))
    recorder.record({**web, "metadata": {**metadata(web), "namespace": "going"}}, "Normal", "Killing", "bye")
    assert told(store) == []


def test_a_very_long_message_is_cut(recorder: Recorder, store: MemoryStore, web: Object) -> None:
    recorder.record(web, "Warning", "Failed", "x" * 5000)
    assert len(store.list("Event").items[0]["message"]) == 1024
