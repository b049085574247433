"""Misuse exits 2 with a line; what is not there exits 1 with a line."""

import click
import pytest

from minisets import __version__
from minisets.cli.app import app
from tests.cli.conftest import Run
from tests.whole import Whole


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").out == f"minisets {__version__}\n"


@pytest.mark.parametrize("command", app.list_commands(click.Context(app)))
def test_every_command_explains_itself(run: Run, command: str) -> None:
    explained = run(command, "-h")
    assert explained.code == 0
    assert "--cluster" in explained.out
    assert "--namespace" in explained.out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["wrong"], "No such command 'wrong'"),
        (["get"], "Missing argument"),
        (["get", "pods", "--wrong"], "No such option"),
        (["get", "pods", "-o", "xml"], "Invalid value for '-o'"),
        (["get", "statefulsett"], 'doesn\'t have a resource type "statefulsett"'),
        (["get", "pod", "a", "b"], "at most one name"),
        (["get", "pod", "a", "-A"], "not unique across all namespaces"),
        (["get", "pod", "a", "-l", "app=a"], "one of both"),
        (["get", "pods", "-w", "-o", "yaml"], "leave -o yaml out"),
        (["get", "pods,pvc", "-w"], "one kind at a time"),
        (["--cluster", "No_Good", "get", "pods"], 'cluster name "No_Good" is not usable'),
        (["apply"], "minisets apply -f FILE"),
        (["create"], "minisets create -f FILE"),
        (["check"], "minisets check -f FILE"),
        (["check", "-f", "missing.yaml"], 'the path "missing.yaml" does not exist'),
        (["check", "-f", "-", "-o", "xml"], "Invalid value for '-o'"),
        (["exec", "web-0"], "Missing argument"),
        (["exec", "web-0", "ls", "-l"], "No such option"),
        (["attach"], "Missing argument"),
        (["port-forward", "web-0"], "Missing argument"),
        (["port-forward", "web-0", "80", "--address", "here"], '"here" is no address'),
        (["port-forward", "web-0", "80", "--address", ""], "needs an IP address"),
        (["debug", "web-0"], "Missing option '--image'"),
        (["debug", "web-0", "--image", "a", "-t"], "-i/--stdin is required"),
        (["debug", "web-0", "--image", "a", "--profile", "all"], "Invalid value for '--profile'"),
        (["daemon", "--port", "70000"], "Invalid value for '--port'"),
        (["daemon", "--engine", "memory", "--subnet", "10.0.0.1/8"], "write it as 10.213.0.0/16"),
        (["daemon", "--engine", "memory", "--subnet", "10.0.0.0/28"], "too small"),
        (["up", "-f", "missing.yaml"], 'the path "missing.yaml" does not exist'),
        (["up", "-f", "-", "-f", "-"], "write `-f -` once"),
        (["scale", "statefulset", "web", "--replicas", "-1"], "Invalid value for '--replicas'"),
        (["scale", "statefulset", "--replicas", "1"], "NAME --replicas N"),
        (["scale", "pod", "web-0", "--replicas", "1"], "pods cannot be scaled"),
        (["logs"], "POD or TYPE/NAME is a required argument for the logs command"),
        (["logs", "a", "b", "c"], "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'"),
        (["logs", "web-0", "--control-plane"], "one of both"),
        (["logs", "web-0", "-l", "a=b"], "only a selector (-l) or a POD name is allowed"),
        (["logs", "web-0", "a", "-c", "b"], "only one of -c or an inline [CONTAINER] arg is allowed"),
        (["logs", "web-0", "-c", "a", "--all-containers"], "should not be specified with container name a"),
        (["logs", "web-0", "--since", "1m", "--since-time", "2026-01-02T15:04:05Z"], "at most one of"),
        (["logs", "web-0", "--since-time", "noon"], "write it as 2026-01-02T15:04:05Z"),
        (["logs", "web-0", "--since", "noon"], "is no duration"),
        (["logs", "web-0", "--limit-bytes", "-1"], "--limit-bytes must be greater than 0"),
        (["logs", "web-0", "--tail", "-2"], "--tail must be greater than or equal to -1"),
    ],
)
def test_misuse_exits_2_with_one_line(run: Run, argv: list[str], said: str) -> None:
    result = run(*argv)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "argv",
    [
        ["delete-pod"],
        ["delete-pod", "web-0", "-l", "app=a"],
        ["delete"],
        ["delete", "pod"],
        ["delete", "pod", "a", "-l", "b=c"],
    ],
)
def test_naming_nothing_or_twice_is_misuse(run: Run, whole: Whole, argv: list[str]) -> None:
    del whole
    assert run(*argv).code == 2


@pytest.mark.parametrize("argv", [["get", "pods"], ["status"], ["kubeconfig"], ["logs", "web-0"]])
def test_without_a_server_it_is_said_how_to_start_one(run: Run, argv: list[str]) -> None:
    result = run(*argv)
    assert result.code == 1
    assert result.err == (
        'Error: no server runs for cluster "minisets": start it with `minisets up -f FILE`\n'
    )


def test_down_without_a_state_has_nothing_to_do(run: Run) -> None:
    result = run("down")
    assert (result.code, result.out) == (0, 'nothing runs: cluster "minisets" has nothing on this machine\n')


def test_the_cluster_comes_from_the_environment_unless_it_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINISETS_CLUSTER", "from-env")
    assert 'cluster "from-env"' in run("get", "pods").err
    assert 'cluster "before"' in run("--cluster", "before", "get", "pods").err
    assert 'cluster "after"' in run("get", "pods", "--cluster", "after").err


def test_up_without_an_engine_says_so_and_starts_nothing(
    run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("files") / "a.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    result = run("up", "-f", str(file))
    assert result.code == 1
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
