"""Watches: what they begin with, what they are told, how they end."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from minisets.api.queries import Filter
from minisets.api.watching import event_of
from minisets.objects.kinds import Ref, kind_of
from minisets.objects.selectors import FieldSelector, LabelSelector
from minisets.store.interface import Change, ChangeType
from tests.api.serving import CONFIGMAPS, PODS, TABLE, Client, Json, Running, Watch, configmap, pod
from tests.waiting import until

MERGE = {"Content-Type": "application/merge-patch+json"}
Open = Callable[..., Watch]


def label(client: Client, name: str, **labels: str | None) -> None:
    assert client.ask("PATCH", f"{CONFIGMAPS}/{name}", {"metadata": {"labels": labels}}, MERGE).code == 200


@pytest.mark.parametrize("query", ["watch=true", "watch=1&resourceVersion=0", "watch=True&resourceVersion="])
def test_without_a_version_the_state_comes_first(client: Client, watch: Open, query: str) -> None:
    client.create(CONFIGMAPS, configmap("a"))
    events = watch(f"{CONFIGMAPS}?{query}")
    assert events.told() == ("ADDED", "a")
    client.create(CONFIGMAPS, configmap("b"))
    label(client, "b", x="y")
    client.ask("DELETE", f"{CONFIGMAPS}/b")
    assert [events.told() for _ in range(3)] == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]


def test_from_a_version_everything_after_it_is_replayed(client: Client, watch: Open) -> None:
    """A-146."""
    first = client.create(CONFIGMAPS, configmap("a"))
    client.create(CONFIGMAPS, configmap("b"))
    events = watch(f"{CONFIGMAPS}?watch=true&resourceVersion={first['metadata']['resourceVersion']}")
    assert events.told() == ("ADDED", "b")
    client.create(CONFIGMAPS, configmap("c"))
    assert events.told() == ("ADDED", "c")


def test_an_event_carries_the_whole_object_and_its_version(client: Client, watch: Open) -> None:
    events = watch(f"{CONFIGMAPS}?watch=true")
    made = client.create(CONFIGMAPS, configmap("a"))
    assert events.next() == {"type": "ADDED", "object": made}
    client.ask("DELETE", f"{CONFIGMAPS}/a")
    deleted = events.next()["object"]
    assert int(deleted["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_only_the_namespace_that_is_watched_is_told_of(client: Client, watch: Open) -> None:
    client.create("/api/v1/namespaces", {"metadata": {"name": "another"}})
    here, everywhere = watch(f"{CONFIGMAPS}?watch=true"), watch("/api/v1/configmaps?watch=true")
    client.create(CONFIGMAPS.replace("default", "another"), configmap("a"))
    client.create(CONFIGMAPS, configmap("b"))
    assert here.told() == ("ADDED", "b")
    assert [everywhere.told(), everywhere.told()] == [("ADDED", "a"), ("ADDED", "b")]


def test_entering_and_leaving_a_selector_looks_like_adding_and_deleting(client: Client, watch: Open) -> None:
    """A-146: the transitions are synthesised."""
    client.create(CONFIGMAPS, configmap("a"))
    events = watch(f"{CONFIGMAPS}?watch=true&labelSelector=app%3Dx")
    label(client, "a", app="x")
    label(client, "a", other="y")
    label(client, "a", app="z")
    label(client, "a", app="w")
    label(client, "a", app="x")
    seen = [events.next() for _ in range(4)]
    assert [event["type"] for event in seen] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
    assert seen[2]["object"]["metadata"]["labels"] == {"app": "x", "other": "y"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]
    assert versions == sorted(set(versions))


def test_one_object_is_watched_by_its_name(client: Client, watch: Open) -> None:
    events = watch(f"{CONFIGMAPS}?watch=true&fieldSelector=metadata.name%3Db&resourceVersion=0")
    client.create(CONFIGMAPS, configmap("a"))
    client.create(CONFIGMAPS, configmap("b"))
    assert events.told() == ("ADDED", "b")


def test_initial_events_end_with_their_bookmark_even_if_there_are_none(client: Client, watch: Open) -> None:
    """A-147."""
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    empty = watch(f"{CONFIGMAPS}?{query}")
    bookmark = empty.next()
    assert (bookmark["type"], bookmark["object"]["kind"]) == ("BOOKMARK", "ConfigMap")
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    client.create(CONFIGMAPS, configmap("a"))
    assert empty.told() == ("ADDED", "a")
    full = watch(f"{CONFIGMAPS}?{query}")
    assert [full.told(), full.told()] == [("ADDED", "a"), ("BOOKMARK", "")]


def test_no_initial_events_means_from_now_on(client: Client, watch: Open) -> None:
    client.create(CONFIGMAPS, configmap("a"))
    query = "watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan"
    events = watch(f"{CONFIGMAPS}?{query}")
    client.create(CONFIGMAPS, configmap("b"))
    assert events.told() == ("ADDED", "b")


@pytest.mark.parametrize("query", ["sendInitialEvents=true", "resourceVersionMatch=NotOlderThan"])
def test_half_of_what_initial_events_need_is_invalid(client: Client, query: str) -> None:
    answered = client.get(f"{CONFIGMAPS}?watch=true&{query}")
    assert (answered.code, answered.json["reason"]) == (422, "Invalid")


def test_a_version_that_is_no_longer_held_is_told_in_an_error_event(
    client: Client, running: Running, watch: Open
) -> None:
    client.create(CONFIGMAPS, configmap("a"))
    client.create(CONFIGMAPS, configmap("b"))
    running.store.compact(running.store.version())
    for version in (1001, 99_999_999):
        events = watch(f"{CONFIGMAPS}?watch=true&resourceVersion={version}")
        error = events.next()
        assert (error["type"], error["object"]["code"], error["object"]["reason"]) == (
            "ERROR",
            410,
            "Expired",
        )
        assert events.has_ended()


def test_a_watch_ends_cleanly_when_its_time_is_over(client: Client, watch: Open) -> None:
    started = time.monotonic()
    events = watch(f"{CONFIGMAPS}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=1000")
    client.create(PODS, pod("another-kind"))
    bookmark = events.next()
    assert (bookmark["type"], bookmark["object"]["metadata"]["resourceVersion"]) == ("BOOKMARK", "1000")
    assert events.has_ended()
    assert 0.9 < time.monotonic() - started < 5


def test_a_time_longer_than_anybody_waits_is_a_time(client: Client, watch: Open) -> None:
    endless = f"timeoutSeconds={10**17}"
    client.create(CONFIGMAPS, configmap("a"))
    assert watch(f"{CONFIGMAPS}?watch=true&{endless}").told() == ("ADDED", "a")
    assert client.get(f"{CONFIGMAPS}?{endless}").code == 200


def test_a_watch_as_a_table_has_a_row_for_each_event(client: Client, watch: Open) -> None:
    client.create(PODS, pod("web-0"))
    events = watch(f"{PODS}?watch=true", {"Accept": TABLE})
    table = events.next()["object"]
    assert table["kind"] == "Table"
    assert table["rows"][0]["cells"][:4] == ["web-0", "0/1", "Pending", "0"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    client.ask("PATCH", f"{PODS}/web-0", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    assert events.next()["object"]["rows"][0]["object"]["metadata"]["labels"] == {"a": "b"}


def test_a_hundred_watches_are_each_told_of_every_change(
    client: Client, running: Running, watch: Open
) -> None:
    watches = [watch(f"{CONFIGMAPS}?watch=true") for _ in range(100)]
    client.create(CONFIGMAPS, configmap("a"))
    client.create(CONFIGMAPS, configmap("b"))
    for events in watches:
        assert [events.told(), events.told()] == [("ADDED", "a"), ("ADDED", "b")]
    assert client.get("/version").code == 200
    assert running.store.version() > 1000


def test_a_watch_that_is_left_is_forgotten(client: Client, running: Running, watch: Open) -> None:
    events = watch(f"{CONFIGMAPS}?watch=true")
    client.create(CONFIGMAPS, configmap("a"))
    events.told()
    subscribers = running.store._broadcaster._by_kind
    assert len(subscribers["ConfigMap"]) == 1
    events.close()
    until(lambda: not subscribers["ConfigMap"], "the subscription to be closed")


def change(type_: ChangeType, before: Json | None, after: Json) -> Change:
    def obj(labels: Json, version: int) -> Any:
        return {"metadata": {"name": "a", "labels": labels, "resourceVersion": str(version)}}

    previous = None if before is None else obj(before, 1)
    return Change(type_, Ref("ConfigMap", "default", "a"), obj(after, 2), previous, 2)


IN, OUT = {"app": "x"}, {"app": "y"}


@pytest.mark.parametrize(("given", "expected"), [
    (change(ChangeType.ADDED, None, IN), ChangeType.ADDED),
    (change(ChangeType.ADDED, None, OUT), None),
    (change(ChangeType.MODIFIED, IN, IN), ChangeType.MODIFIED),
    (change(ChangeType.MODIFIED, OUT, IN), ChangeType.ADDED),
    (change(ChangeType.MODIFIED, IN, OUT), ChangeType.DELETED),
    (change(ChangeType.MODIFIED, OUT, OUT), None),
    (change(ChangeType.DELETED, IN, IN), ChangeType.DELETED),
    (change(ChangeType.DELETED, OUT, OUT), None),
])  # fmt: skip
def test_what_a_change_is_to_a_watch_with_a_selector(given: Change, expected: ChangeType | None) -> None:
    meant = Filter(kind_of("ConfigMap"), LabelSelector.parse("app=x"), FieldSelector())
    event = event_of(given, meant)
    assert (event[0] if event else None) == expected


def test_events_are_watched_in_either_version(
    client: Client, watch: Callable[..., Watch], running: Running
) -> None:
    path = "/apis/events.k8s.io/v1/namespaces/default/events"
    seen = watch(f"{path}?watch=true&fieldSelector=regarding.name%3Dweb-0")
    for name in ("web-1", "web-0"):
        about = {"kind": "Pod", "namespace": "default", "name": name}
        body = {"metadata": {"name": name}, "involvedObject": about, "message": "it is here"}
        client.create("/api/v1/namespaces/default/events", body)
    event = seen.next()
    assert (event["type"], event["object"]["apiVersion"]) == ("ADDED", "events.k8s.io/v1")
    assert (event["object"]["regarding"]["name"], event["object"]["note"]) == ("web-0", "it is here")
    assert len(client.get(path).json["items"]) == 2
    assert client.ask("DELETE", f"{path}/web-0").code == 200
    assert seen.next()["type"] == "DELETED"
    assert running.store.get(Ref("Event", "default", "web-0")) is None
