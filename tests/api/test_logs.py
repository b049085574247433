"""`pods/log`: which container, which part of its log, and how it is followed."""

import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import pytest
import urllib3
from urllib3.exceptions import ProtocolError

from minisets.api import containers
from minisets.api.lanes import STREAMS
from minisets.errors import ApiError, BadRequest
from minisets.objects.kinds import Object, Ref
from tests.api.serving import PODS, Client, Json, Running, pod, run_pod, set_status
from tests.waiting import holds, until

ENDED = {"exitCode": 1, "containerID": "docker://old"}


def status(**facts: Any) -> Json:
    return {"containerStatuses": [{"name": "nginx", "containerID": "docker://now", **facts}]}


def a_pod(**facts: Any) -> Object:
    return {**pod("web-0"), "status": status(**facts)}


@pytest.mark.parametrize(("given", "previous", "expected"), [
    (a_pod(state={"running": {}}), False, "now"),
    (a_pod(state={"terminated": ENDED}), False, "old"),
    (a_pod(state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState={"terminated": ENDED}), False, "old"),
    (a_pod(state={"running": {}}, lastState={"terminated": ENDED}), True, "old"),
    (a_pod(state={"terminated": {"exitCode": 1}}, lastState={"terminated": ENDED}), False, "old"),
])  # fmt: skip
def test_the_container_that_last_had_something_to_say_is_read(
    given: Object, previous: Any, expected: str
) -> None:
    assert containers.logged(given, "nginx", previous=previous) == expected


@pytest.mark.parametrize("field", ["initContainerStatuses", "ephemeralContainerStatuses"])
def test_init_and_ephemeral_containers_are_found_by_name(field: str) -> None:
    told = {"name": "looker", "containerID": "docker://its", "state": {"running": {}}}
    given = {**a_pod(state={"running": {}}), "spec": {"nodeName": "n"}}
    given["status"][field] = [told]
    assert containers.logged(given, "looker", previous=False) == "its"
    assert containers.running(given, "looker") == "its"


@pytest.mark.parametrize(("given", "previous", "says"), [
    (a_pod(state={"running": {}}), True, 'previous terminated container "nginx" in pod "web-0" not found'),
    (pod("web-0"), False, 'container "nginx" in pod "web-0" is waiting to start: ContainerCreating'),
    (a_pod(state={"waiting": {"reason": "ErrImagePull"}}), False,
     'container "nginx" in pod "web-0" is waiting to start: image can\'t be pulled'),
    (a_pod(state={"waiting": {"reason": "ImagePullBackOff"}}), False,
     'container "nginx" in pod "web-0" is waiting to start: trying and failing to pull image'),
    (a_pod(state={}), False, 'container "nginx" in pod "web-0" is waiting to start - no logs yet'),
    (a_pod(state={"terminated": {"exitCode": 1}}), False, 'container "nginx" in pod "web-0" is terminated'),
])  # fmt: skip
def test_why_there_is_no_log_yet_is_said_in_the_kubelets_words(
    given: Object, previous: Any, says: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        containers.logged(given, "nginx", previous=previous)
    assert str(refused.value) == says


def test_a_pod_with_several_containers_wants_a_name() -> None:
    several = pod("web-0", "a", "b")
    several["spec"] |= {"initContainers": [{"name": "i"}], "ephemeralContainers": [{"name": "e"}]}
    assert [containers.chosen(several, name) for name in "iae"] == ["i", "a", "e"]
    with pytest.raises(BadRequest, match=r"for pod web-0, choose one of: \[i a b e\]$"):
        containers.chosen(several, "")
    with pytest.raises(BadRequest, match="container c is not valid for pod web-0"):
        containers.chosen(several, "c")
    with pytest.raises(ApiError, match="container not found"):
        containers.running({**several, "spec": {**several["spec"], "nodeName": "n"}}, "a")


@pytest.fixture
def talking(running: Running) -> Running:
    output = (("stdout", b"one\n"), ("stderr", b"two\n"), ("stdout", b"three\n"))
    running.engine.behave("web-0-*", output=output)
    run_pod(running, "web-0")
    return running


@pytest.mark.parametrize(("query", "expected"), [
    ("", b"one\ntwo\nthree\n"),
    ("container=nginx", b"one\ntwo\nthree\n"),
    ("tailLines=1", b"three\n"),
    ("tailLines=0", b""),
    ("limitBytes=5", b"one\nt"),
    ("stream=Stderr", b"two\n"),
    ("stream=All&tailLines=1", b"three\n"),
    ("insecureSkipTLSVerifyBackend=true", b"one\ntwo\nthree\n"),
    ("sinceSeconds=3600", b"one\ntwo\nthree\n"),
    ("sinceTime=2999-01-01T00:00:00Z", b""),
])  # fmt: skip
def test_part_of_a_log(talking: Running, query: str, expected: bytes) -> None:
    answered = talking.client.ask("GET", f"{PODS}/web-0/log?{query}")
    assert (answered.code, answered.data) == (200, expected)
    assert answered.headers["Content-Type"].startswith("text/plain")


def test_timestamps_stand_before_each_line(talking: Running) -> None:
    lines = talking.client.ask("GET", f"{PODS}/web-0/log?timestamps=true").data.decode().splitlines()
    assert [line.split(" ")[1] for line in lines] == ["one", "two", "three"]
    assert all(line.startswith("20") and "T" in line for line in lines)


@pytest.mark.parametrize(("query", "code"), [
    ("tailLines=1&stream=Stderr", 422),
    ("tailLines=-1", 422), ("limitBytes=0", 422), ("sinceSeconds=0", 422), ("stream=Both", 422),
    ("sinceTime=yesterday", 400), ("tailLines=x", 400), ("container=x", 400), ("previous=true", 400),
    ("sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z", 422),
])  # fmt: skip
def test_nonsense_is_refused_before_anything_is_sent(talking: Running, query: str, code: int) -> None:
    answered = talking.client.ask("GET", f"{PODS}/web-0/log?{query}")
    assert (answered.code, answered.json["kind"]) == (code, "Status")


def test_a_followed_log_grows_and_ends_with_its_container(talking: Running) -> None:
    response = talking.client.stream(f"{PODS}/web-0/log?follow=true")
    seen = b""
    while not seen.endswith(b"three\n"):
        seen += response.read1(1024)
    found = talking.engine.list_containers({})[0]
    talking.engine.signal_container(found.id, "KILL")
    assert until(lambda: not response.read1(1024), "the end of the log")
    response.close()


def test_a_followed_log_that_is_left_frees_its_place(talking: Running) -> None:
    for _ in range(3):
        response = talking.client.stream(f"{PODS}/web-0/log?follow=true")
        assert response.read1(4) == b"one\n"
        response.close()
    assert talking.client.ask("GET", f"{PODS}/web-0/log").code == 200


@pytest.mark.parametrize("followed", [False, True])
def test_a_server_that_stops_does_not_pass_a_part_of_a_log_off_as_the_whole(
    running: Running, *, followed: bool
) -> None:
    """Who follows knows that more may come."""
    lines = b"a line of a log that is long\n" * 2_000_000
    running.engine.behave("web-0-*", output=(("stdout", lines),))
    run_pod(running, "web-0")
    response = running.client.stream(f"{PODS}/web-0/log?follow={str(followed).lower()}")
    seen = len(response.read1(1024))
    stopping = threading.Thread(target=running.server.stop)
    stopping.start()
    is_whole = False
    with suppress(ProtocolError):
        while data := response.read1(64 * 1024):
            seen += len(data)
        is_whole = True
    stopping.join()
    response.close()
    is_cut = seen < len(lines)  # mostly: the server may be told to stop late
    assert is_whole is (followed or not is_cut)


@pytest.mark.parametrize(
    "subresource", ["log", "exec?command=ls&stdout=true", "attach?stdout=true", "portforward?ports=80"]
)
def test_nothing_is_reached_on_a_node_that_is_stopped(
    talking: Running, client: Client, subresource: str
) -> None:
    address = [{"type": "InternalIP", "address": "10.0.0.1"}]
    stopped = {"name": "minisets-0", "annotations": {"minisets.dev/stopped": "pause"}}
    node = {"metadata": stopped, "status": {"addresses": address}}
    talking.registry.create("Node", "", node)
    refused = client.ask("GET", f"{PODS}/web-0/{subresource}")
    said = "error dialing backend: dial tcp 10.0.0.1:10250: connect: no route to host: node minisets-0 is "
    assert (refused.code, refused.json.get("reason")) == (500, None)
    assert refused.json["message"].startswith(said)


def test_a_pod_or_container_that_is_gone_is_told(talking: Running, client: Client) -> None:
    assert client.ask("GET", f"{PODS}/nosuch/log").json["message"] == 'pods "nosuch" not found'
    talking.engine.remove_container(talking.engine.list_containers({})[0].id, force=True)
    answered = client.ask("GET", f"{PODS}/web-0/log")
    assert (answered.code, "unable to retrieve container logs for docker://" in answered.json["message"]) == (
        400,
        True,
    )
    set_status(
        talking,
        "web-0",
        status(
            state={"waiting": {"reason": "ContainerCreating"}},
            image="",
            imageID="",
            ready=False,
            restartCount=0,
        ),
    )
    assert "ContainerCreating" in client.ask("GET", f"{PODS}/web-0/log").json["message"]


def followed(running: Running, query: str = "") -> urllib3.BaseHTTPResponse:
    return running.client.stream(f"{PODS}/web-0/log?follow=true{query}")


def the_container(running: Running) -> str:
    return running.engine.list_containers({})[0].id


def test_only_what_comes_is_followed_where_no_line_of_the_past_is_wanted(talking: Running) -> None:
    with closing(followed(talking, "&tailLines=0")) as response:
        talking.engine.write_log(the_container(talking), b"four\n")
        assert response.read(5) == b"four\n"


def test_a_followed_log_ends_at_its_limit(talking: Running) -> None:
    with closing(followed(talking, "&limitBytes=16")) as response:
        talking.engine.write_log(the_container(talking), b"four\n")
        assert response.read() == b"one\ntwo\nthree\nfo"


def test_a_followed_log_ends_with_its_pod(talking: Running) -> None:
    with closing(followed(talking)) as response:
        assert response.read(14) == b"one\ntwo\nthree\n"
        talking.registry.delete(Ref("Pod", "default", "web-0"))
        talking.engine.remove_container(the_container(talking), force=True)
        assert response.read() == b""


def test_whoever_follows_a_container_that_does_not_run_yet_is_told_why(running: Running) -> None:
    running.registry.create("Pod", "default", pod("web-0"))
    running.registry.bind(Ref("Pod", "default", "web-0"), "minisets-0")
    answered = running.client.ask("GET", f"{PODS}/web-0/log?follow=true")
    said = 'container "nginx" in pod "web-0" is waiting to start: ContainerCreating'
    assert (answered.code, answered.json["message"]) == (400, said)


def test_a_pod_without_a_node_has_nothing_to_say(running: Running) -> None:
    running.registry.create("Pod", "default", pod("web-0"))
    answered = running.client.ask("GET", f"{PODS}/web-0/log?follow=true")
    assert (answered.code, answered.data) == (204, b"")
    assert running.client.ask("GET", f"{PODS}/web-0/log?container=x").code == 400


def at_rest(amount: Callable[[], int]) -> int:
    """The amount, once it has not changed for a moment; 0 while it does."""
    before = amount()
    with suppress(AssertionError):
        holds(lambda: amount() == before, "at rest", timedelta(milliseconds=300))
        return before
    return 0


def test_what_a_slow_reader_does_not_take_stays_with_the_engine(talking: Running) -> None:
    line, count = b"x" * (64 * 1024 - 1) + b"\n", 512
    with closing(followed(talking, "&tailLines=0")) as response:
        record = talking.engine._find(the_container(talking))
        until(lambda: record._followers, "the follower")
        ((_, channel),) = record._followers
        for _ in range(count):
            talking.engine.write_log(record.id, line)
        left = until(lambda: at_rest(lambda: len(channel._items)), "the log to come to rest")
        assert left * len(line) > 8 * 1024 * 1024
        assert response.read(count * len(line)) == line * count


def test_a_quiet_log_that_is_left_frees_its_place(talking: Running) -> None:
    for _ in range(STREAMS + 1):
        response = followed(talking, "&tailLines=0")
        response.close()
    until(lambda: talking.client.ask("GET", f"{PODS}/web-0/log").code == 200, "a place")
