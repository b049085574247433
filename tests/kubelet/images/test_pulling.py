import base64
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from minisets.clock import FakeClock
from minisets.engine.memory import MemoryEngine
from minisets.engine.specs import Login
from minisets.kubelet.containers import Wanted
from minisets.kubelet.images.pulling import Images
from minisets.kubelet.lanes import Lane
from minisets.objects.kinds import Object
from minisets.registry.events import Recorder
from tests.kubelet.world import SOON, World
from tests.waiting import until


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("tests", 1)
    yield lane
    assert lane.stop(SOON)


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def logins(tmp_path: Path) -> Path:
    """The node's own; nobody has written it."""
    return tmp_path / "config.json"


@pytest.fixture
def images(world: World, lane: Lane, woken: list[str], logins: Path) -> Images:
    recorder = Recorder(world.registry, world.clock, "kubelet")
    return Images(world.engine, lane, world.clock, recorder, world.store, logins, woken.append)


@pytest.fixture
def pod(world: World) -> Object:
    return world.create_pod()


def one(image: str = "nginx:1.27", policy: str = "IfNotPresent") -> Wanted:
    spec = {"name": "nginx", "image": image, "imagePullPolicy": policy}
    return Wanted(spec, "container", "default", "Always")


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "nginx:1.27",
        "library/nginx",
        "localhost:5000/a/b:c",
        "registry.example.com/a-b/c__d:1.0-x",
        f"nginx@sha256:{'0' * 64}",
        f"nginx:1.27@sha256:{'0' * 64}",
    ],
)
def test_a_sound_name_is_looked_up(images: Images, pod: Object, image: str) -> None:
    assert images.state(pod, one(image), 0).state == "ready"


@pytest.mark.parametrize("image", ["", "NGINX", "nginx:", "nginx:a b", "-nginx", "nginx:1:2", "a//b"])
def test_another_is_invalid(images: Images, pod: Object, image: str) -> None:
    """A-118."""
    assert images.state(pod, one(image), 0).state == "invalid"


def test_always_is_pulled_for_every_start(
    world: World, images: Images, pod: Object, woken: list[str]
) -> None:
    always = one(policy="Always")
    assert images.state(pod, always, 0).state == "wanted"
    images.request(pod, always, 0)
    until(lambda: woken, "the pull", SOON)
    assert images.state(pod, always, 0).state == "ready"
    assert images.state(pod, always, 1).state == "wanted"
    assert world.events("Pulled")


def test_failures_are_shown_and_wait_ever_longer(
    world: World, images: Images, pod: Object, woken: list[str]
) -> None:
    """A-118."""
    world.engine.refuse_pull("nginx:1.27", "denied")
    now = world.clock.now
    for number, wait in enumerate((10, 20, 40), start=1):
        images.request(pod, one(), 0)
        until(lambda: len(woken) == number, "the pull", SOON)  # noqa: B023 - asked before the next turn
        failed = images.state(pod, one(), 0)
        assert (failed.state, failed.again) == ("failed", now() + timedelta(seconds=2))
        assert "denied" in failed.message
        world.clock.advance(timedelta(seconds=2))
        waiting = images.state(pod, one(), 0)
        assert waiting.message.startswith('Back-off pulling image "nginx:1.27": ErrImagePull: image nginx')
        assert (waiting.state, waiting.again) == ("backoff", now() + timedelta(seconds=wait - 2))
        world.clock.advance(timedelta(seconds=wait))


def test_an_image_that_comes_by_another_way_ends_the_back_off(
    world: World, images: Images, pod: Object, woken: list[str]
) -> None:
    world.engine.refuse_pull("nginx:1.27", "denied")
    images.request(pod, one(), 0)
    until(lambda: woken, "the pull", SOON)
    assert images.state(pod, one(), 0).state == "failed"
    world.engine.allow_pull("nginx:1.27")
    assert images.state(pod, one(), 0).state == "failed"
    assert list(world.engine.pull_image("nginx:1.27"))
    assert images.state(pod, one(policy="Always"), 0).state == "failed"
    assert images.state(pod, one(), 0).state == "ready"
    assert not images.was_pulled_for(pod, one(), 0)


class SlowEngine(MemoryEngine):
    """Tells a little of a pull, then waits until it may end."""

    may_end = threading.Event()

    def pull_image(self, image: str, login: Login | None = None) -> Iterator[str]:
        assert login is None
        for number in range(3):
            yield f"layer {number}"
        assert isinstance(self._clock, FakeClock)
        self._clock.advance(timedelta(seconds=1))
        yield f"layer 3 of {image}"
        self.may_end.wait()
        yield "done"


def test_progress_is_told_at_most_once_a_second(
    world: World, lane: Lane, pod: Object, woken: list[str], logins: Path
) -> None:
    """DESIGN decision 1."""
    engine = SlowEngine(world.clock)
    recorder = Recorder(world.registry, world.clock, "kubelet")
    images = Images(engine, lane, world.clock, recorder, world.store, logins, woken.append)
    images.request(pod, one(), 0)
    until(lambda: woken, "progress", SOON)
    assert images.state(pod, one(), 0).message == 'Pulling image "nginx:1.27": layer 3 of nginx:1.27'
    assert len(woken) == 1
    images.request(pod, one(), 0)  # under way: not a second time
    engine.may_end.set()
    until(lambda: images.state(pod, one(), 0).state == "ready", "the end", SOON)
    assert world.events("Pulling") == ['Pulling image "nginx:1.27"']


def _secret(world: World, name: str, password: str) -> None:
    auths = {"r.example.com": {"username": "me", "password": password}}
    content = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
    body = {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": content}}
    world.registry.create("Secret", "default", {"metadata": {"name": name}, **body})


def _pulled(images: Images, pod: Object, woken: list[str]) -> str:
    """How the pull of a private image ends."""
    wanted = one("r.example.com/a:1")
    images.request(pod, wanted, 0)
    until(lambda: woken, "the pull", SOON)
    return images.state(pod, wanted, 0).state


@pytest.mark.parametrize(
    ("named", "state"),
    [([], "failed"), (["wrong"], "failed"), (["right"], "ready"), (["wrong", "right"], "ready")],
)
def test_a_private_image_is_pulled_with_the_logins_that_the_pod_names(
    world: World, images: Images, woken: list[str], named: list[str], state: str
) -> None:
    world.engine.lock_image("r.example.com/a:1", "me", "sesame")
    _secret(world, "right", "sesame")
    _secret(world, "wrong", "mellon")
    pod = world.create_pod(imagePullSecrets=[{"name": name} for name in named])
    assert _pulled(images, pod, woken) == state


def test_a_pull_secret_that_is_not_there_is_told_and_the_image_tried_without(
    world: World, images: Images, woken: list[str]
) -> None:
    world.engine.miss_image("r.example.com/a:1")
    pod = world.create_pod(imagePullSecrets=[{"name": "nobodys"}])
    assert _pulled(images, pod, woken) == "ready"
    assert world.events("FailedToRetrieveImagePullSecret") == [
        "Unable to retrieve some image pull secrets (nobodys); attempting to pull the image may not succeed."
    ]


def test_the_nodes_own_login_serves_pods_that_name_no_secret(
    world: World, images: Images, pod: Object, woken: list[str], logins: Path
) -> None:
    world.engine.lock_image("r.example.com/a:1", "me", "sesame")
    auth = base64.b64encode(b"me:sesame").decode()
    logins.write_text(json.dumps({"auths": {"r.example.com": {"auth": auth}}}))
    assert _pulled(images, pod, woken) == "ready"
