"""Requests, against a whole server; and how a refusal becomes an error."""

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import urllib3

from minisets import errors
from minisets.client.access import Access
from minisets.client.requests import (
    ApiClient,
    LogStream,
    Unreachable,
    WatchEvent,
    collection_of,
    path_of,
    refusal,
)
from minisets.cluster import credentials
from minisets.cluster.content import own_content
from minisets.objects.kinds import Ref
from tests.cluster.wire import PKI, WayIn
from tests.waiting import until
from tests.whole import Whole, configmap, pod

A = Ref("ConfigMap", "default", "a")


# --- refusals ---


@pytest.mark.parametrize(
    "leaf",
    [
        errors.BadRequest,
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.AlreadyExists,
        errors.Conflict,
        errors.Expired,
        errors.Invalid,
        errors.TooManyRequests,
        errors.ServiceUnavailable,
    ],
)
def test_a_status_becomes_the_error_that_it_was(leaf: type[errors.ApiError]) -> None:
    cause = errors.Cause("spec.replicas", "FieldValueInvalid", "must not be negative")
    sent = leaf("said", name="web", group="apps", kind="statefulsets", causes=[cause])
    back = refusal(sent.as_status())
    assert type(back) is leaf
    assert back.as_status() == sent.as_status()


def test_a_status_that_nobody_knows_is_an_error_all_the_same() -> None:
    assert type(refusal({"code": 418, "reason": "Teapot", "message": "short"})) is errors.ApiError
    assert str(refusal({})) == "the server refused without a word"


# --- paths ---


@pytest.mark.parametrize(
    ("kind", "namespace", "path"),
    [
        ("Pod", "default", "/api/v1/namespaces/default/pods"),
        ("Pod", "", "/api/v1/pods"),
        ("Node", "default", "/api/v1/nodes"),
        ("StatefulSet", "a", "/apis/apps/v1/namespaces/a/statefulsets"),
        ("StorageClass", "", "/apis/storage.k8s.io/v1/storageclasses"),
        ("EndpointSlice", "", "/apis/discovery.k8s.io/v1/endpointslices"),
    ],
)
def test_collections_have_kubernetes_routes(kind: str, namespace: str, path: str) -> None:
    assert collection_of(kind, namespace) == path


def test_names_are_quoted_in_routes() -> None:
    assert path_of(Ref("Pod", "../x", "a/b?c")) == "/api/v1/namespaces/..%2Fx/pods/a%2Fb%3Fc"


# --- logs ---


def test_a_log_began_when_its_server_says() -> None:
    headers = {"Date": "Thu, 01 Jan 2026 12:00:30 GMT"}
    told = LogStream(urllib3.HTTPResponse(headers=headers), "https://here")
    assert told.began == datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
    assert LogStream(urllib3.HTTPResponse(), "https://here").began is None


# --- against a server ---


def test_an_object_is_created_read_patched_and_deleted(whole: Whole) -> None:
    client = whole.client
    assert client.get(A) is None
    assert client.create("ConfigMap", "default", configmap("a")).object["metadata"]["name"] == "a"
    assert client.patch(A, {"data": {"b": "2"}}).object["data"] == {"a": "1", "b": "2"}
    assert client.patch(A, [{"op": "remove", "path": "/data/a"}], form="json").object["data"] == {"b": "2"}
    client.delete(A)
    with pytest.raises(errors.NotFound, match='configmaps "a" not found'):
        client.read(A)


def test_a_trial_run_changes_nothing(whole: Whole) -> None:
    whole.client.create("ConfigMap", "default", configmap("a"), dry_run=True)
    assert whole.client.get(A) is None


def test_a_taken_name_is_refused(whole: Whole) -> None:
    whole.client.create("ConfigMap", "default", configmap("a"))
    with pytest.raises(errors.AlreadyExists):
        whole.client.create("ConfigMap", "default", configmap("a"))


def test_an_unknown_field_is_refused(whole: Whole) -> None:
    with pytest.raises(errors.ApiError, match='unknown field "dta"'):
        whole.client.create("ConfigMap", "default", {**configmap("a"), "dta": {}})


def test_listed_objects_carry_their_kind(whole: Whole) -> None:
    whole.client.create("ConfigMap", "default", configmap("a", app="x"))
    whole.client.create("ConfigMap", "default", configmap("b"))
    listing = whole.client.select("ConfigMap", "default", labels="app=x")
    assert [(held["apiVersion"], held["kind"], held["metadata"]["name"]) for held in listing.items] == [
        ("v1", "ConfigMap", "a")
    ]
    assert listing.version > 0
    assert len(whole.client.list("ConfigMap").items) >= 2


def test_a_table_can_be_asked_for(whole: Whole) -> None:
    whole.client.create("Pod", "default", pod("a"))
    assert whole.client.read(Ref("Pod", "default", "a"), table=True)["kind"] == "Table"
    assert whole.client.collection("Pod", "default", table=True)["rows"][0]["cells"][0] == "a"


def test_a_delete_may_be_of_one_uid_only(whole: Whole) -> None:
    whole.client.create("ConfigMap", "default", configmap("a"))
    with pytest.raises(errors.Conflict):
        whole.client.delete(A, uid="another")
    assert whole.client.get(A) is not None


def test_a_watch_tells_what_happens_after_the_list(whole: Whole) -> None:
    client = whole.client
    watch = client.watch("ConfigMap", "default", since=client.list("ConfigMap").version, labels="app=x")
    events: Iterator[WatchEvent] = iter(watch)
    client.create("ConfigMap", "default", configmap("other"))
    client.create("ConfigMap", "default", configmap("a", app="x"))
    client.patch(A, {"data": {"b": "2"}})
    client.delete(A)
    told = [next(events) for _ in range(3)]
    assert [event.type for event in told] == ["ADDED", "MODIFIED", "DELETED"]
    assert {event.object["metadata"]["name"] for event in told} == {"a"}
    watch.close()


def test_a_watch_from_a_version_that_is_forgotten_is_refused(whole: Whole) -> None:
    with pytest.raises(errors.Expired):
        list(whole.client.watch("ConfigMap", since=999_999_999))


def test_closing_ends_a_watch_that_waits_in_another_thread(whole: Whole) -> None:
    watch = whole.client.watch("ConfigMap", since=whole.client.list("ConfigMap").version)
    seen: list[WatchEvent] = []
    reading = threading.Thread(target=lambda: seen.extend(watch))
    reading.start()
    whole.client.create("ConfigMap", "default", configmap("a"))
    until(lambda: seen, "an event")
    watch.close()
    reading.join(5)
    assert not reading.is_alive()


def test_a_wrong_token_is_refused(whole: Whole) -> None:
    stranger = ApiClient(dataclasses.replace(whole.access, token="wrong"))  # noqa: S106 - nobody's
    with pytest.raises(errors.Unauthorized):
        stranger.list("Pod")
    stranger.close()


def test_a_server_that_is_gone_is_unreachable(whole: Whole) -> None:
    away = ApiClient(dataclasses.replace(whole.access, url="https://127.0.0.1:9"))
    with pytest.raises(Unreachable, match=r"no minisets server answers at https://127\.0\.0\.1:9"):
        away.list("Pod")
    away.close()


def test_raw_routes_can_be_asked(whole: Whole) -> None:
    assert whole.client.raw("/version")["gitVersion"].endswith("+minisets")


# --- which server answers ---


def test_a_server_tells_which_minisets_it_is(whole: Whole) -> None:
    assert whole.client.content_served() == own_content() == whole.client.raw("/version")["gitCommit"]


def test_who_asks_which_server_it_is_gives_no_token_away(whole: Whole) -> None:
    """The address in a kubeconfig may be another program's by now; and a wrong token is no answer either."""
    stranger = ApiClient(dataclasses.replace(whole.access, token="wrong"))  # noqa: S106 - nobody's
    assert stranger.content_served() == own_content()
    stranger.close()


@contextmanager
def program(does: Callable[[socket.socket], None]) -> Iterator[int]:
    """Another program that listens at a port, which is yielded, and does that with who connects."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connected, _ = listening.accept()
                    with connected:
                        does(connected)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def hang_up(connected: socket.socket) -> None:
    del connected


def say_nothing(connected: socket.socket) -> None:
    while connected.recv(4096):
        pass


def speak_plainly(connected: socket.socket) -> None:
    connected.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def mumble(connected: socket.socket) -> None:
    connected.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")


def test_a_server_that_hangs_up_in_the_handshake_is_one_that_is_away(whole: Whole) -> None:
    def hear_and_hang_up(connected: socket.socket) -> None:
        connected.recv(4096)

    with program(hear_and_hang_up) as port:
        client = ApiClient(dataclasses.replace(whole.access, url=f"https://127.0.0.1:{port}"))
        with pytest.raises(Unreachable):
            client.get(Ref("Pod", "default", "web-0"))
        client.close()


@pytest.mark.parametrize("does", [hang_up, say_nothing, speak_plainly, mumble])
def test_another_program_at_the_address_is_no_server_and_holds_nobody_up(
    whole: Whole, does: Callable[[socket.socket], None]
) -> None:
    began = time.monotonic()
    with program(does) as port:
        client = ApiClient(dataclasses.replace(whole.access, url=f"https://127.0.0.1:{port}"))
        assert client.content_served() is None
        client.close()
    assert time.monotonic() - began < 10  # who asks as for anything else waits a minute


def test_nobody_at_the_address_is_no_server(whole: Whole) -> None:
    away = ApiClient(dataclasses.replace(whole.access, url="https://127.0.0.1:9"))
    assert away.content_served() is None
    away.close()


def test_a_server_under_another_authority_is_no_server(whole: Whole) -> None:
    others = credentials.outside({}, (), datetime.now(UTC)).ca
    client = ApiClient(dataclasses.replace(whole.access, authority=others))
    assert client.content_served() is None
    client.close()


@pytest.mark.parametrize(("status", "served"), [(200, "anothers"), (404, None), (503, None)])
def test_a_server_that_refuses_is_none(status: int, served: str | None) -> None:
    handed = credentials.outside({}, (), datetime.now(UTC))
    files = {f"{PKI}/{name}": data for name, data in handed.changed.items()}
    way_in = WayIn(0, files, "anothers", status=status)
    client = ApiClient(Access(f"https://127.0.0.1:{way_in.port}", handed.ca, handed.token))
    assert client.content_served() == served
    client.close()
    way_in.close()
