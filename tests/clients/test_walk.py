"""The article's walk through every client that people use: written once, spoken by each in its own way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import yaml

from tests.waiting import until

if TYPE_CHECKING:
    from tests.clients.speaking import Json, Speaker

# Why: these libraries leave sockets and streams to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # Why: kr8s warns of servers that are newer than itself.
    pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported:UserWarning"),
]

PODS = "app=nginx"
ARTICLE = Path(__file__).parents[2] / "examples/article/web.yaml"
SERVICE, SET = cast("tuple[Json, Json]", tuple(yaml.safe_load_all(ARTICLE.read_text())))
SET["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1


def test_the_articles_walk(speaker: Speaker) -> None:
    """What the article does, and what people do next, in one session: each step stands on the one before."""
    speaker.create(SERVICE)
    speaker.create(SET)
    speaker.rolled_out("web")
    speaker.wait_ready("web-1")
    claims = speaker.names("PersistentVolumeClaim", PODS)
    assert claims == ["www-web-0", "www-web-1"]
    assert {get(speaker, "PersistentVolumeClaim", name)["status"]["phase"] for name in claims} == {"Bound"}
    assert get(speaker, "Service", "nginx")["spec"]["clusterIP"] == "None"

    speaker.scale("web", 3)
    speaker.rolled_out("web")
    assert speaker.names("Pod", PODS) == ["web-0", "web-1", "web-2"]
    speaker.scale("web", 2)
    until(lambda: speaker.names("Pod", PODS) == ["web-0", "web-1"], "the third pod to go")
    assert speaker.names("PersistentVolumeClaim", PODS) == [*claims, "www-web-2"]

    a_deleted_pod_is_seen_to_come_back(speaker)

    assert speaker.logs("web-0") == "hello\n"
    if speaker.executes:
        assert speaker.execute("web-0", "echo", "hello there") == "echo hello there\n"

    speaker.patch("StatefulSet", "web", {"metadata": {"labels": {"tier": "front"}}})
    assert get(speaker, "StatefulSet", "web")["metadata"]["labels"] == {"tier": "front"}
    assert speaker.names("StatefulSet", "tier=front") == ["web"]

    rollout(speaker, templated("nginx:1.9.2"))

    before = uid(speaker, "web-0")
    speaker.evict("web-0")
    until(lambda: came_back(speaker, "web-0", before), "the evicted pod to come back")
    speaker.rolled_out("web")

    assert {"Scheduled", "Started"} <= set(speaker.events("web-0"))
    assert "SuccessfulCreate" in speaker.events("web")

    the_set_goes_with_and_without_its_pods(speaker)


def a_deleted_pod_is_seen_to_come_back(speaker: Speaker) -> None:
    seen: list[tuple[str, str, str]] = []
    before = uid(speaker, "web-1")

    def tell(type_: str, pod: Json) -> bool:
        seen.append((type_, pod["metadata"]["name"], pod["metadata"]["uid"]))
        return any(kind == "ADDED" and name == "web-1" and id_ != before for kind, name, id_ in seen)

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(speaker.watch, "Pod", PODS, tell)
        until(lambda: len(seen) >= 2, "the watch to tell what is there")
        speaker.delete("Pod", "web-1")
        watching.result(timeout=60)
    assert {("ADDED", "web-0"), ("ADDED", "web-1")} == {(kind, name) for kind, name, _ in seen[:2]}
    assert ("DELETED", "web-1", before) in seen
    until(lambda: came_back(speaker, "web-1", before), "the deleted pod to be ready again")
    speaker.rolled_out("web")


def rollout(speaker: Speaker, template: Json) -> None:
    speaker.patch("StatefulSet", "web", {"spec": {"template": template}})
    speaker.rolled_out("web")
    pods = [get(speaker, "Pod", name) for name in ("web-0", "web-1")]
    containers = [container for pod in pods for container in pod["spec"]["containers"]]
    assert [one["image"] for one in containers] == ["nginx:1.9.2"] * 2
    assert len(speaker.names("ControllerRevision", PODS)) == 2
    status = get(speaker, "StatefulSet", "web")["status"]
    assert status["currentRevision"] == status["updateRevision"]


def the_set_goes_with_and_without_its_pods(speaker: Speaker) -> None:
    pods = {name: uid(speaker, name) for name in ("web-0", "web-1")}
    speaker.delete("StatefulSet", "web", "Orphan")
    until(lambda: not speaker.find("StatefulSet", "web"), "the set to go")
    until(
        lambda: not get(speaker, "Pod", "web-0")["metadata"].get("ownerReferences"), "the pods to be nobody's"
    )
    assert {name: uid(speaker, name) for name in pods} == pods
    adopting = {**SET, "spec": {**SET["spec"], "template": templated("nginx:1.9.2")}}
    speaker.create(adopting)
    speaker.rolled_out("web")
    assert {name: uid(speaker, name) for name in pods} == pods

    speaker.delete("StatefulSet", "web", "Foreground")
    until(lambda: not speaker.find("StatefulSet", "web"), "the set to go after its pods")
    assert speaker.names("Pod", PODS) == []
    assert speaker.names("PersistentVolumeClaim", PODS) == ["www-web-0", "www-web-1", "www-web-2"]
    speaker.delete("Service", "nginx")
    until(lambda: not speaker.find("Service", "nginx"), "the service to go")


def templated(image: str) -> Json:
    template = SET["spec"]["template"]
    containers = [{**one, "image": image} for one in template["spec"]["containers"]]
    return {**template, "spec": {**template["spec"], "containers": containers}}


def uid(speaker: Speaker, pod: str) -> str:
    return str(get(speaker, "Pod", pod)["metadata"]["uid"])


def came_back(speaker: Speaker, pod: str, before: str) -> bool:
    found = speaker.find("Pod", pod)
    return found is not None and found["metadata"]["uid"] != before


def get(speaker: Speaker, kind: str, name: str) -> Json:
    found = speaker.find(kind, name)
    assert found is not None, f"{kind} {name} is not there"
    return found
