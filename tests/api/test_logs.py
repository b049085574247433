"""`pods/log`: which container, which part of its log, and how it is followed."""

from typing import Any

import pytest

from minisets.api import containers
from minisets.errors import ApiError, BadRequest
from minisets.objects.kinds import Object
from tests.api.serving import PODS, Client, Json, Running, pod, run_pod, set_status
from tests.waiting import until

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
    several["spec"]["initContainers"] = [{"name": "i"}]
    assert containers.chosen(several, "i") == "i"
    with pytest.raises(BadRequest, match=r"choose one of: \[a b\] or one of the init containers: \[i\]"):
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
