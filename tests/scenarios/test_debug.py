"""Looking into a pod that runs: debuggers beside its containers, one-off pods with input, what is kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.metadata import is_true, status_of
from tests.scenarios.cluster import SOON
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("kubectl")]

IMAGE = "minisets.test/busy:1"
QUIET = ("--profile=general", "--attach=false", f"--image={IMAGE}", "--image-pull-policy=IfNotPresent")


def start(cluster: Cluster, name: str, script: str, **spec: Any) -> None:
    """A pod of one container that runs a shell's script; `mounts` are that one's."""
    mounts = spec.pop("mounts", [])
    only = {"name": "main", "image": IMAGE, "command": ["sh", "-c", script], "volumeMounts": mounts}
    grace = {"terminationGracePeriodSeconds": 1, **spec}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [only], **grace},
    }
    cluster.kubectl("apply", "-f", "-", given=json.dumps(pod)).succeeded()


def debugger(cluster: Cluster, pod: str, name: str) -> dict[str, Any]:
    entries = status_of(cluster.pod(pod)).get("ephemeralContainerStatuses") or ()
    return next((one for one in entries if one["name"] == name), {})


def is_(cluster: Cluster, pod: str, name: str, state: str) -> bool:
    return state in (debugger(cluster, pod, name).get("state") or {})


def test_a_debugger_sees_the_processes_of_its_target(cluster: Cluster) -> None:
    start(cluster, "watched", "exec sleep 4242")
    until(lambda: is_true(cluster.pod("watched"), "Ready"), "the pod to be ready", SOON)
    cluster.kubectl(
        "debug", "watched", *QUIET, "-c", "looker", "--target=main", "--", "sh", "-c",
        "cat /proc/1/cmdline | tr '\\0' ' '; hostname; exec sleep 600",
    ).succeeded()  # fmt: skip
    until(lambda: is_(cluster, "watched", "looker", "running"), "the debugger to run", SOON)
    until(lambda: "watched" in log(cluster, "watched", "looker"), "what it says", SOON)
    assert log(cluster, "watched", "looker") == "sleep 4242 watched\n"
    seen = cluster.inspected("watched_e_looker")["HostConfig"]
    assert seen["PidMode"] == f"container:{cluster.inspected('watched')['Id']}"
    assert seen["NetworkMode"] == f"container:{cluster.inspected('watched_sandbox')['Id']}"
    assert is_true(cluster.pod("watched"), "Ready")
    assert "1/1 " in cluster.kubectl("get", "pod", "watched").succeeded().out
    said = cluster.kubectl("describe", "pod", "watched").succeeded().out
    assert "Ephemeral Containers:\n  looker:" in said

    cluster.kubectl("delete", "pod", "watched").succeeded()
    assert not [name for name in cluster.containers() if "watched" in name]


def log(cluster: Cluster, pod: str, container: str, *words: str) -> str:
    return cluster.kubectl("logs", pod, "-c", container, *words).succeeded().out


def test_a_debugger_is_run_once_though_the_server_is_killed(cluster: Cluster) -> None:
    start(cluster, "once", "exec sleep 600")
    until(lambda: is_true(cluster.pod("once"), "Ready"), "the pod to be ready", SOON)
    cluster.kubectl(
        "debug", "once", *QUIET, "-c", "looker", "--", "sh", "-c", "echo looked; exit 3"
    ).succeeded()
    until(lambda: is_(cluster, "once", "looker", "terminated"), "the debugger's end", SOON)
    first = debugger(cluster, "once", "looker")
    assert first["state"]["terminated"]["exitCode"] == 3
    cluster.kill_control_plane()
    until(lambda: cluster.minisets("get", "pods").code == 0, "the server to be back")
    cluster.kubectl("label", "pod", "once", "seen=again").succeeded()
    start(cluster, "later", "exec sleep 600")
    until(lambda: is_true(cluster.pod("later"), "Ready"), "a later pod to be ready", SOON)
    assert debugger(cluster, "once", "looker") == first
    assert log(cluster, "once", "looker") == "looked\n"


def test_a_copy_of_a_pod_runs_with_another_command(cluster: Cluster) -> None:
    start(cluster, "broken", "exit 1")
    until(lambda: restarts(cluster, "broken") > 0, "the restart", SOON)
    cluster.kubectl(
        "debug", "broken", "--profile=general", "--attach=false", "--copy-to=mended", "--container=main",
        "--", "sh", "-c", "echo mended; exec sleep 600",
    ).succeeded()  # fmt: skip
    until(lambda: is_true(cluster.pod("mended"), "Ready"), "the copy to be ready", SOON)
    until(lambda: log(cluster, "mended", "main") == "mended\n", "what it says", SOON)


def restarts(cluster: Cluster, pod: str) -> int:
    entries = status_of(cluster.pod(pod)).get("containerStatuses") or ()
    return sum(int(one["restartCount"]) for one in entries)


def test_of_a_container_that_is_restarted_one_before_is_kept(cluster: Cluster) -> None:
    counting = "echo . >> /count/runs; echo run $(wc -l < /count/runs); [ $(wc -l < /count/runs) = 3 ]"
    start(
        cluster,
        "again",
        f"{counting} && exec sleep 600",
        volumes=[{"name": "count", "emptyDir": {}}],
        mounts=[{"name": "count", "mountPath": "/count"}],
    )
    until(
        lambda: is_true(cluster.pod("again"), "Ready") and restarts(cluster, "again") == 2,
        "run 3",
        timedelta(seconds=60),
    )
    until(lambda: len(of_pod(cluster, "again")) == 2, "the oldest to be cleared away", SOON)
    until(lambda: log(cluster, "again", "main") == "run 3\n", "what it says", SOON)
    assert log(cluster, "again", "main", "--previous") == "run 2\n"


def of_pod(cluster: Cluster, pod: str) -> list[str]:
    """The containers of a pod, without its sandbox."""
    named = cluster.named(pod)
    return [name for name in cluster.containers() if name.startswith(named) and "_sandbox" not in name]


def test_a_long_line_comes_whole_and_is_stamped_once(cluster: Cluster) -> None:
    start(cluster, "long", "head -c 100000 /dev/zero | tr '\\0' x; echo; echo short; exec sleep 600")
    until(lambda: "short" in cluster.kubectl("logs", "long").out, "the log", SOON)
    assert [len(line) for line in log(cluster, "long", "main").splitlines()] == [100_000, 5]
    stamped = log(cluster, "long", "main", "--timestamps").splitlines()
    assert [line.count("Z ") for line in stamped] == [1, 1]
    assert [len(line.partition(" ")[2]) for line in stamped] == [100_000, 5]


def test_run_with_rm_and_input_ends_with_its_input(cluster: Cluster) -> None:
    ran = cluster.kubectl(
        "run", "counter", "--rm", "-i", "--restart=Never", f"--image={IMAGE}", "--quiet",
        "--image-pull-policy=IfNotPresent", "--command", "--", "sh", "-c", "wc -c; exit 4",
        given="twelve bytes",
    )  # fmt: skip
    assert (ran.code, ran.out.split()) == (4, ["12"]), str(ran)
    assert cluster.get("Pod", "counter") is None
