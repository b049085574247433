"""A pod's life as its containers see it: hooks, the order of starts and ends, signals, deadlines."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import h2
import pytest
import yaml

from minisets.objects.metadata import is_true, status_of
from tests.scenarios.bare import built, container_status, made, pod
from tests.scenarios.cluster import DEADLINE, MANIFESTS, SOON
from tests.scenarios.heard import listening, times
from tests.waiting import holds, until

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """Where pods tell theirs."""
    tmp_path.chmod(0o777)
    return tmp_path


def create(cluster: Cluster, name: str, folder: Path) -> None:
    """One pod of the file."""
    places = {"HOST_FOLDER": folder, "CODE_FOLDER": Path(__file__).parent, "PACKAGES_FOLDER": _packages()}
    text = (MANIFESTS / "lifecycle.yaml").read_text()
    for place, path in places.items():
        text = text.replace(place, str(path))
    pods: dict[str, Object] = {pod["metadata"]["name"]: pod for pod in yaml.safe_load_all(text)}
    made(cluster, pods[name])


def _packages() -> Path:
    return Path(h2.__file__).parents[1]


def until_ready(cluster: Cluster, name: str) -> Object:
    until(lambda: is_true(cluster.pod(name), "Ready"), f"{name} to be ready", SOON)
    return cluster.pod(name)


def told(file: Path) -> list[str]:
    return file.read_text().splitlines()


# --- the order of things ---


def test_a_rich_pod_comes_up_and_ends_in_order(cluster: Cluster, story: Path) -> None:
    """A-108, A-119, A-120: two init containers, two sidecars, three containers over a shared emptyDir."""
    create(cluster, "rich", story)
    pod = until_ready(cluster, "rich")
    assert [one["ready"] for one in status_of(pod)["initContainerStatuses"]] == [True] * 4
    assert cluster.inside("rich", "cat /shared/data", "api") == "prepared\n"
    begun = until(lambda: lines if len(lines := told(story / "rich")) >= 8 else [], "the last one up", SOON)
    assert begun[:4] == ["first", "proxy up", "second", "logger up"]
    assert begun[4:6] == ["web up", "web postStart"], "nobody starts before the hook is done"
    assert sorted(begun[6:]) == ["api up", "worker up"]

    cluster.minisets("delete-pod", "rich").succeeded()
    ended = told(story / "rich")[len(begun) :]
    assert ended[-3:] == ["web down", "logger down", "proxy down"]
    assert sorted(ended[:-3]) == ["api down", "web preStop", "worker down"]
    assert not any(name.startswith(cluster.named("rich")) for name in cluster.containers())


def test_a_hook_that_takes_too_long_and_a_container_that_ignores_the_signal(
    cluster: Cluster, story: Path
) -> None:
    """A-108: the hook has the grace, the container two seconds more, and neither of them a grace more."""
    create(cluster, "stubborn", story)
    until_ready(cluster, "stubborn")
    main = cluster.inspected("stubborn")["Id"]
    grace = 10
    with listening(cluster, "kill", "destroy") as heard:
        began = time.time()
        cluster.minisets("delete-pod", "stubborn").succeeded()
        until(lambda: times(heard, "destroy", main), "the engine's word of its end", SOON)
    asked, killed, *_ = times(heard, "kill", main)
    assert told(story / "stubborn") == ["hook", "term"], "one signal came, and the hook never to its end"
    assert grace <= asked - began < 2 * grace
    assert 2 <= killed - asked < grace
    assert cluster.has_event("stubborn", "Stopping container main", reason="Killing")
    until(lambda: cluster.has_event("stubborn", reason="FailedPreStopHook"), "the hook's event", SOON)


def test_a_server_that_is_killed_in_a_hook_runs_it_again_and_goes_on(cluster: Cluster, story: Path) -> None:
    """A-108: what the first one began goes on beside it."""
    create(cluster, "patient", story)
    until_ready(cluster, "patient")
    file = story / "patient"
    cluster.minisets("delete-pod", "patient", "--no-wait").succeeded()
    until(lambda: file.exists() and told(file) == ["hook"], "the hook", SOON)
    cluster.kill_control_plane()
    until(lambda: "down" in told(file), "the end", DEADLINE)
    assert told(file) == ["hook", "hook", "done", "done", "down"]
    until(lambda: cluster.get("Pod", "patient") is None, "the pod to go", SOON)


def test_hooks_may_sleep_and_may_be_requests(cluster: Cluster, story: Path) -> None:
    """A-108, A-115."""
    create(cluster, "asked", story)
    until_ready(cluster, "asked")
    assert cluster.started("asked_c_main") - cluster.started("asked") >= timedelta(seconds=3)
    log = cluster.running("logs", "-f", "asked", "-c", "web")
    log.until_printed("GET /begun HTTP/1.1", SOON)
    began = int(time.time())
    cluster.minisets("delete-pod", "asked").succeeded()
    log.until_printed("the-hook", SOON)
    assert "GET /leave HTTP/1.1" in log.printed()
    word, at = (story / "asked").read_text().split()
    assert word == "down"
    assert int(at) - began >= 2, "the signal comes after the sleep"
    for reason in ("FailedPostStartHook", "FailedPreStopHook"):
        assert not cluster.has_event("asked", reason=reason)


def test_a_container_is_told_to_leave_by_its_images_signal(cluster: Cluster, story: Path) -> None:
    """A-108: it is deaf to the other one."""
    file = story / "signalled"
    traps = "trap '' TERM; trap 'echo told > /story/signalled; exit 0' USR1; touch /story/signalled"
    script = f"{traps}; while :; do sleep 0.1; done"
    mounts = [{"name": "story", "mountPath": "/story"}]
    volumes = [{"name": "story", "hostPath": {"path": str(story)}}]
    with built(cluster, f"minisets.test/{cluster.name}-signalled:1", StopSignal="SIGUSR1") as image:
        container = {"image": image, "volumeMounts": mounts}
        grace = {"terminationGracePeriodSeconds": 30}
        made(cluster, pod("signalled", script, container=container, volumes=volumes, **grace))
        until(file.exists, "its traps", SOON)
        cluster.minisets("delete-pod", "signalled").succeeded()
    assert told(file) == ["told"]


# --- what is not there ---


def test_a_probe_whose_command_is_not_there_restarts_nothing(cluster: Cluster, story: Path) -> None:
    """A-112: it is the prober that fails."""
    create(cluster, "unprobed", story)
    for kind in ("Readiness", "Liveness"):
        said = f"{kind} probe errored and resulted in unknown state: "
        until(lambda said=said: cluster.has_event("unprobed", said, "no-such-command"), said, SOON)  # type: ignore[misc] # a lambda's default
    first = container_status(cluster, "unprobed")["containerID"]
    holds(lambda: container_status(cluster, "unprobed")["containerID"] == first, "the same container")
    assert container_status(cluster, "unprobed")["restartCount"] == 0
    assert not is_true(cluster.pod("unprobed"), "Ready")


def test_a_probe_that_takes_too_long_has_failed(cluster: Cluster, story: Path) -> None:
    """A-112: and no second one is begun before its command is over."""
    create(cluster, "slow", story)
    said = 'Readiness probe failed: command timed out: "sleep 3" timed out after 1s'
    until(lambda: cluster.has_event("slow", said, reason="Unhealthy"), "the event", SOON)
    container = cluster.engine.containers.get(cluster.named("slow"))

    def commands() -> int:
        listed = container.top(ps_args="-o pid,args")["Processes"]
        return sum(process[-1] == "sleep 3" for process in listed)

    until(lambda: commands() == 1, "the command", SOON)
    holds(lambda: commands() <= 1, "one command at a time", timedelta(seconds=4))


def test_a_post_start_hook_whose_command_is_not_there_ends_its_container(
    cluster: Cluster, story: Path
) -> None:
    create(cluster, "unhooked", story)
    until(lambda: container_status(cluster, "unhooked").get("restartCount"), "a restart", SOON)
    said = "PostStartHook failed"
    until(lambda: cluster.has_event("unhooked", said, reason="FailedPostStartHook"), said, SOON)
    until(lambda: cluster.has_event("unhooked", reason="BackOff"), "the back-off", SOON)
    assert not is_true(cluster.pod("unhooked"), "Ready")


# --- ends ---


def test_a_pod_that_has_run_for_as_long_as_it_may_is_failed(cluster: Cluster, story: Path) -> None:
    create(cluster, "limited", story)
    until_ready(cluster, "limited")
    until(lambda: status_of(cluster.pod("limited"))["phase"] == "Failed", "the end", DEADLINE)
    status = status_of(cluster.pod("limited"))
    said = "Pod was active on the node longer than the specified deadline"
    assert (status["reason"], status["message"]) == ("DeadlineExceeded", said)
    assert container_status(cluster, "limited")["state"]["terminated"]["exitCode"] == 0
    until(lambda: cluster.has_event("limited", said, reason="DeadlineExceeded"), "the event", SOON)


def test_a_sandbox_that_somebody_removed_is_made_again_and_init_containers_run_again(
    cluster: Cluster, story: Path
) -> None:
    """A-119."""
    create(cluster, "prepared", story)
    until_ready(cluster, "prepared")
    sandbox = cluster.inspected("prepared_sandbox")["Id"]
    cluster.engine.containers.get(sandbox).remove(force=True)
    until(lambda: container_status(cluster, "prepared")["restartCount"] == 1, "a new container", SOON)
    until_ready(cluster, "prepared")
    assert cluster.inside("prepared", "cat /shared/runs") == "prepared\n" * 2, "on the same volume"
    assert container_status(cluster, "prepared", "initContainerStatuses")["restartCount"] == 1
    assert cluster.inspected("prepared_sandbox")["Id"] != sandbox


# --- gRPC ---


def test_a_grpc_service_is_ready_when_it_says_that_it_serves(cluster: Cluster, story: Path) -> None:
    """A-114, A-115."""
    create(cluster, "by-grpc", story)
    said = 'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")'
    until(lambda: cluster.has_event("by-grpc", said, reason="Unhealthy"), "the answer", SOON)
    assert not is_true(cluster.pod("by-grpc"), "Ready")
    cluster.inside("by-grpc", "touch /go")
    until_ready(cluster, "by-grpc")
