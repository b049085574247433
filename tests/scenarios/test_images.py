"""Images that are not there, and a registry that wants to know who pulls: real pulls by a real engine."""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from minisets.cluster.container import STATE
from minisets.cluster.places import LOGINS
from minisets.objects.metadata import name_of, status_of
from tests.scenarios.bare import BUSY, built, container_status, made, pod, state, told, waits_for
from tests.scenarios.cluster import DEADLINE, SOON
from tests.scenarios.registry import PASSWORD, USER, Registry, serving
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker


def test_an_image_that_cannot_be_had_is_named_and_asked_for_again_and_again(cluster: Cluster) -> None:
    """A-118."""
    nowhere = "127.0.0.1:9/nobody/nothing:1"
    made(
        cluster,
        pod("nowhere", container={"image": nowhere}),
        pod("never", container={"image": nowhere, "imagePullPolicy": "Never"}),
        pod("nonsense", container={"image": "No Such:Name"}),
    )
    assert nowhere in waits_for(cluster, "nowhere", "ErrImagePull")
    backed_off = waits_for(cluster, "nowhere", "ImagePullBackOff")
    assert backed_off.startswith(f'Back-off pulling image "{nowhere}": ErrImagePull: ')
    said = f'Back-off pulling image "{nowhere}"'
    until(lambda: cluster.has_event("nowhere", said, reason="BackOff"), "the event", SOON)
    said = f'Container image "{nowhere}" is not present with pull policy of Never'
    assert waits_for(cluster, "never", "ErrImageNeverPull") == said
    assert "invalid reference format" in waits_for(cluster, "nonsense", "InvalidImageName")
    for name in ("nowhere", "never", "nonsense"):
        assert status_of(cluster.pod(name))["phase"] == "Pending"
    until(lambda: _count(cluster, "nowhere", "Pulling") >= 2, "another try", SOON)


def test_an_image_that_was_built_here_just_runs(cluster: Cluster) -> None:
    """Also as `latest`, which is asked for at its registry first: nobody answers there."""
    with built(cluster, f"127.0.0.1:9/{cluster.name}/here:latest", Env=["BUILT=here"]) as image:
        made(cluster, pod("built", "echo $BUILT", container={"image": image}))
        assert cluster.pod("built")["spec"]["containers"][0]["imagePullPolicy"] == "Always"
        assert told(cluster, "built") == ["here"]
        said = "going on with the local image"
        until(lambda: cluster.has_event("built", image, said, reason="PullFallback"), said, SOON)
        cluster.minisets("delete-pod", "built").succeeded()


def _count(cluster: Cluster, name: str, reason: str) -> int:
    """How often that was told of the pod."""
    events = [one for one in cluster.list("Event") if one["involvedObject"]["name"] == name]
    return sum(int(one.get("count") or 1) for one in events if one.get("reason") == reason)


@pytest.fixture
def registry(docker_engine: docker.DockerClient) -> Registry:
    return Registry(docker_engine, BUSY)


@pytest.fixture
def private(registry: Registry, cluster: Cluster, docker_engine: docker.DockerClient) -> Iterator[str]:
    """An image that only somebody with the password gets; nothing of it is left."""
    with serving(registry) as address:
        name = f"{address}/private/app:1"
        yield name
        for one in cluster.list("Pod"):
            cluster.minisets("delete", "pod", name_of(one)).succeeded()
        if docker_engine.images.list(name):
            docker_engine.images.remove(name, force=True)


def _secret(name: str, image: str, password: str) -> Object:
    """As `kubectl create secret docker-registry` makes it."""
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    auths = {image.partition("/")[0]: {"username": USER, "password": password, "auth": auth}}
    text = json.dumps({"auths": auths})
    kind = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson"}
    return {**kind, "metadata": {"name": name}, "stringData": {".dockerconfigjson": text}}


def _pulling(name: str, image: str, **spec: Any) -> Object:
    return pod(name, "echo here", container={"image": image, "imagePullPolicy": "IfNotPresent"}, **spec)


def test_a_private_image_comes_to_who_has_its_password(
    cluster: Cluster, registry: Registry, private: str
) -> None:
    """A-118: nobody and the wrong one wait; the right secret brings the image, and tells how far it is."""
    made(
        cluster,
        _secret("right", private, PASSWORD),
        _secret("wrong", private, "mellon"),
        _pulling("nobody", private),
        _pulling("mistaken", private, imagePullSecrets=[{"name": "wrong"}]),
    )
    complaints = {"nobody": "no basic auth credentials", "mistaken": "unauthorized"}
    for name, complaint in complaints.items():
        assert complaint in waits_for(cluster, name, "ImagePullBackOff")
        assert "running" not in container_status(cluster, name)["state"]

    made(cluster, _pulling("friend", private, imagePullSecrets=[{"name": "wrong"}, {"name": "right"}]))

    def progress() -> dict[str, Any]:
        waiting = state(cluster, "friend", "waiting")
        return waiting if "Downloading" in (waiting.get("message") or "") else {}

    assert until(progress, "how far the pull is", DEADLINE)["reason"] == "ContainerCreating"
    registry.may_hurry.set()
    assert told(cluster, "friend") == ["here"]
    said = f'Successfully pulled image "{private}"'
    until(lambda: cluster.has_event("friend", said, reason="Pulled"), said, SOON)


def test_a_service_accounts_secret_is_its_pods(cluster: Cluster, registry: Registry, private: str) -> None:
    registry.may_hurry.set()
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "puller"}}
    made(
        cluster,
        _secret("of-account", private, PASSWORD),
        {**account, "imagePullSecrets": [{"name": "of-account"}]},
    )
    made(cluster, _pulling("served", private, serviceAccountName="puller"))
    assert told(cluster, "served") == ["here"]
    assert cluster.pod("served")["spec"]["imagePullSecrets"] == [{"name": "of-account"}]


def test_the_persons_own_login_comes_with_the_files(
    cluster: Cluster, registry: Registry, private: str
) -> None:
    """Into the server's state, for its eyes only: neither the API nor the engine's inspection tells it."""
    registry.may_hurry.set()
    secrets = [name_of(one) for one in cluster.list("Secret")]
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    folder = cluster.home / ".docker"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {private.partition("/")[0]: {"auth": auth}}}))
    try:
        made(cluster, _pulling("logged-in", private))
    finally:
        shutil.rmtree(folder)
    assert told(cluster, "logged-in") == ["here"]
    assert "imagePullSecrets" not in cluster.pod("logged-in")["spec"]
    assert cluster.inside_control("stat", "-c", "%a %u", f"{STATE}/{LOGINS}") == (0, "600 0\n")
    assert auth not in json.dumps(cluster.control())
    assert [name_of(one) for one in cluster.list("Secret")] == secrets, "no secret was made of it"
