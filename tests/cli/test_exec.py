"""`exec`: targets and containers, pipes, a terminal, and every way out of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from minisets.engine.memory_scripts import ExecResult
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true
from tests.cli.conftest import Run
from tests.cli.terminals import at_a_terminal, between_pipes
from tests.waiting import until
from tests.whole import Whole, pod

MINISETS = (sys.executable, "-m", "minisets")
CAT = ("exec", "-it", "web-0", "--", "cat")


def begun(whole: Whole, obj: dict[str, Any]) -> None:
    """It is created, and Ready."""
    whole.client.create("Pod", "default", obj)
    ref = Ref("Pod", "default", obj["metadata"]["name"])
    until(lambda: is_true(whole.client.read(ref), "Ready"), f"{ref.name} to be Ready")


@pytest.fixture
def web(whole: Whole) -> Whole:
    """A server with one pod that runs."""
    begun(whole, pod("web-0"))
    return whole


def two_containers(whole: Whole, **annotations: str) -> dict[str, Any]:
    """And one that comes first."""
    whole.engine.behave("set:1", exits_with=0)
    app, proxy, first = ({"name": name, "image": f"{name}:1"} for name in ("app", "proxy", "set"))
    spec = {"containers": [app, proxy], "initContainers": [first]}
    return {**pod("two"), "metadata": {"name": "two", "annotations": annotations}, "spec": spec}


def test_a_statefulset_means_its_first_pod_that_is_ready(run: Run, whole: Whole) -> None:
    whole.engine.behave("nginx:1", run=lambda *_: ExecResult(stdout=b"ran\n"))
    labels = {"app": "web"}
    spec = {
        "serviceName": "web",
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod("any")["spec"]},
    }
    web = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"clusterIP": "None", "selector": labels, "ports": [{"port": 80}]},
    }
    ran = run("up", "-f", "-", "--timeout", "20", stdin=f"{json.dumps(service)}\n---\n{json.dumps(web)}")
    assert ran.code == 0, ran.err
    for target in ("statefulset/web", "sts/web", "service/web", "pod/web-0", "web-1"):
        ran = run("exec", target, "--", "it")
        assert (ran.code, ran.out, ran.err) == (0, "ran\n", ""), target


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("configmap/a", '"configmap/a" names no pod: write POD, pod/NAME, statefulset/NAME or service/NAME'),
        ("nothing/a", 'doesn\'t have a resource type "nothing"'),
        ("pod/", '"pod/" names no pod'),
    ],
)
def test_what_is_no_pod_and_has_none_is_misuse(run: Run, whole: Whole, target: str, said: str) -> None:
    del whole
    ran = run("exec", target, "--", "ls")
    assert (ran.code, said in ran.err, ran.err.count("\n")) == (2, True, 1), ran.err


def test_the_first_of_several_containers_is_said(run: Run, whole: Whole) -> None:
    begun(whole, two_containers(whole))
    whole.engine.behave("app:1", run=lambda *_: ExecResult(stdout=b"app\n"))
    ran = run("exec", "two", "--", "it")
    assert (ran.out, ran.err) == ("app\n", 'Defaulted container "app" out of: app, proxy, set (init)\n')
    assert run("exec", "-q", "two", "--", "it").err == ""
    ran = run("exec", "two", "-c", "other", "--", "it")
    assert (ran.code, ran.err) == (1, "Error: container other not found in pod two\n")


def test_the_annotation_names_the_default_container_without_a_word(run: Run, whole: Whole) -> None:
    begun(whole, two_containers(whole, **{"kubectl.kubernetes.io/default-container": "proxy"}))
    whole.engine.behave("proxy:1", run=lambda *_: ExecResult(stdout=b"proxy\n"))
    ran = run("exec", "two", "--", "it")
    assert (ran.out, ran.err) == ("proxy\n", "")


def test_a_pod_that_has_ended_runs_nothing_more(run: Run, whole: Whole) -> None:
    whole.engine.behave("nginx:1", exits_with=0)
    whole.client.create(
        "Pod", "default", {**pod("once"), "spec": {**pod("once")["spec"], "restartPolicy": "Never"}}
    )
    ref = Ref("Pod", "default", "once")
    until(lambda: whole.client.read(ref)["status"].get("phase") == "Succeeded", "the pod to end")
    ran = run("exec", "once", "--", "ls")
    said = "Error: cannot exec into a container in a completed pod; current phase is Succeeded\n"
    assert (ran.code, ran.err) == (1, said)


def test_input_is_piped_through_to_its_end(web: Whole) -> None:
    del web
    data = os.urandom(4 * 1024 * 1024)
    argv = [*MINISETS, "exec", "-i", "web-0", "--", "cat"]
    ran = subprocess.run(argv, input=data, capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr, ran.stdout == data) == (0, b"", True)


def test_input_that_was_closed_is_at_its_end(web: Whole) -> None:
    """`minisets exec -i web-0 -- cat <&-`"""
    del web
    argv = " ".join([*MINISETS, "exec", "-i", "web-0", "--", "cat", "<&-"])
    ran = subprocess.run(["sh", "-c", argv], capture_output=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


def test_a_reader_that_goes_away_ends_it_with_141(web: Whole) -> None:
    """`minisets exec web-0 -- yes | head -1`"""
    web.engine.behave("nginx:1", run=lambda *_: ExecResult(stdout=b"y\n" * 4 * 1024 * 1024))
    with between_pipes("exec", "web-0", "--", "yes") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"y\n"
        running.stdout.close()
        assert (running.wait(20), running.stderr.read()) == (141, b"")


def test_output_that_cannot_be_written_is_said(web: Whole) -> None:
    """`minisets exec web-0 -- pg_dump > /a/full/disk`"""
    del web
    argv = [*MINISETS, "exec", "web-0", "--", "echo"]
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert ran.returncode == 1
    assert ran.stderr == b"Error: the output cannot be written: No space left on device\n"


def test_ctrl_c_without_a_terminal_ends_it_with_130(web: Whole) -> None:
    del web
    with between_pipes("exec", "-i", "web-0", "--", "cat") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b"here\n")
        running.stdin.flush()
        assert running.stdout.readline() == b"here\n"
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert (running.returncode, said) == (130, b"interrupted\n")


def test_at_a_terminal_every_key_goes_to_the_command(web: Whole) -> None:
    """Ctrl-C, Ctrl-Z and Ctrl-D too, which are the command's to understand."""
    del web
    with at_a_terminal(*CAT) as terminal:
        until(lambda: terminal.is_raw, "a terminal that is lent")
        terminal.type(b"a\x03b\x1ac\x04d\r")
        terminal.sees(b"a\x03b\x1ac\x04d\r")
        assert terminal.process.poll() is None


def test_the_commands_terminal_has_the_persons_size_and_follows_it(web: Whole) -> None:
    with at_a_terminal(*CAT, columns=100, rows=40) as terminal:
        (command,) = until(lambda: tuple(web.engine._commands), "the command")
        until(lambda: web.engine.sizes_of(command) == ((100, 40),), "the size at first")
        terminal.resize(132, 50)
        until(lambda: web.engine.sizes_of(command)[-1] == (132, 50), "the new size")


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_is_given_back_when_the_client_is_ended(web: Whole, way: signal.Signals) -> None:
    del web
    with at_a_terminal(*CAT) as terminal:
        until(lambda: terminal.is_raw, "a terminal that is lent")
        terminal.process.send_signal(way)
        assert terminal.ends() == 128 + way
        assert not terminal.is_raw


def test_a_terminal_is_given_back_when_the_command_ends(web: Whole) -> None:
    web.engine.behave("nginx:1", run=lambda *_: ExecResult(exit_code=3))
    with at_a_terminal("exec", "-it", "web-0", "--", "leave") as terminal:
        until(lambda: terminal.is_raw, "a terminal that is lent")
        web.engine.remove_container(container_of(web, "web-0"), force=True)
        assert terminal.ends() != 0
        assert not terminal.is_raw


def container_of(whole: Whole, name: str) -> str:
    status = whole.client.read(Ref("Pod", "default", name))["status"]
    return str(status["containerStatuses"][0]["containerID"].removeprefix("docker://"))
