"""Commands in pods, and what passes through them: by each client that people use, on a real engine."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.bare import BUSY, WAITS, ended, printed, state
from tests.scenarios.cluster import DEADLINE, SOON
from tests.scenarios.streaming import (
    CLIENTS,
    COMMAND_LINES,
    KUBECTL,
    SPDY,
    Client,
    execs,
    line,
    processes,
    runs,
    sha256,
    until_ended,
    until_runs,
)
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

by_command_lines = pytest.mark.parametrize("client", COMMAND_LINES, indirect=True)

MUCH = 100 * 1000 * 1000
SEED = 9
INTERRUPTED = 130
by_kubectl = pytest.mark.parametrize("client", [KUBECTL, SPDY], indirect=True)


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, cluster: Cluster, kubectl: str) -> Client:
    del kubectl
    return Client(cluster, request.param)


@pytest.fixture
def runner(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """A pod of the module that commands may be run in."""
    del request
    if cluster.get("Pod", "runner") is None:
        runs(cluster, "runner")
    return "runner"


@pytest.fixture(scope="module")
def much(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("much") / "much"
    file.write_bytes(random.Random(SEED).randbytes(MUCH))
    return file


def test_a_hundred_megabytes_go_in_and_come_out_unharmed(client: Client, runner: str, much: Path) -> None:
    wanted = sha256(much.read_bytes())
    inward = "tee /tmp/much | sha256sum"
    told = client.succeeds("exec", "-i", runner, "--", "sh", "-c", inward, given=much, within=2 * DEADLINE)
    assert told.split()[0].decode() == wanted
    outward = "cat /tmp/much; rm /tmp/much"
    assert sha256(client.succeeds("exec", runner, "--", "sh", "-c", outward, within=2 * DEADLINE)) == wanted


def test_a_command_is_run_once_and_its_end_is_the_clients(client: Client, runner: str) -> None:
    kept = f"/tmp/{CLIENTS.index(client.name)}"  # noqa: S108 - a container's
    script = f"echo ran >> {kept}; echo out; echo err >&2; exit 3"
    done = client.run("exec", runner, "--", "sh", "-c", script)
    assert (done.code, done.out) == (3, b"out\n")
    assert done.err.splitlines()[0] == "err"
    assert client.succeeds("exec", runner, "--", "cat", kept) == b"ran\n"


def test_a_command_sees_the_end_of_its_input_and_is_heard_to_the_end(client: Client, runner: str) -> None:
    given = b"one\ntwo\nthree\n" * 1000
    script = "wc -c; echo the end"
    told = client.succeeds("exec", "-i", runner, "--", "sh", "-c", script, given=given)
    assert told.split(b"\n") == [b"%d" % len(given), b"the end", b""]


@by_command_lines
def test_a_commands_terminal_is_as_large_as_the_clients_and_takes_its_keys(
    client: Client, runner: str
) -> None:
    # Why in a loop: a terminal has its size a moment after the command has begun.
    sizes = "; ".join(
        f'until test "$(stty size)" = "{size}"; do :; done; echo {size}' for size in ("41 97", "29 131")
    )
    script = f"{sizes}; read line; echo heard $line; sleep 6999"
    with client.at_a_terminal(
        "exec", "-it", runner, "--", "sh", "-c", script, columns=97, rows=41
    ) as terminal:
        terminal.until_printed("41 97\r\n")
        terminal.resize(columns=131, rows=29)
        terminal.until_printed("29 131\r\n")
        terminal.type("word\r")
        terminal.until_printed("heard word\r\n")
        until_runs(client.cluster, runner, "sleep 6999")
        terminal.type("\x03")
        assert terminal.ended() == INTERRUPTED
    until_ended(client.cluster, runner, "sleep 6999")


def test_a_command_ends_with_its_killed_client_and_no_other_does(client: Client, runner: str) -> None:
    mine, other = f"sleep {7001 + CLIENTS.index(client.name)}", "sleep 7000"
    with client.started("exec", runner, "--", *other.split()) as staying:
        until_runs(client.cluster, runner, other)
        with client.started("exec", runner, "--", *mine.split()) as process:
            until_runs(client.cluster, runner, mine)
            process.kill()
            until_ended(client.cluster, runner, mine)
        assert other in processes(client.cluster, runner)
        assert staying.poll() is None
    until(lambda: not execs(client.cluster, runner), "the engine to count no command", SOON)


# --- attach, run, cp ---


def test_who_attaches_hears_the_container_and_is_its_input(client: Client) -> None:
    name = f"attached-{CLIENTS.index(client.name)}"
    script = "while read line; do echo heard $line; done; echo no more; exit 3"
    runs(client.cluster, name, script, container={"stdin": True, "stdinOnce": True})
    assert client.succeeds("attach", "-i", name, given=b"one\ntwo\n") == b"heard one\nheard two\nno more\n"
    assert ended(client.cluster, name)["exitCode"] == 3


def test_a_container_outlives_who_was_attached_to_it(client: Client) -> None:
    name = f"outlives-{CLIENTS.index(client.name)}"
    runs(client.cluster, name, "while read line; do echo heard $line; done", container={"stdin": True})
    for word in (b"first", b"second"):
        with client.started("attach", "-i", name, pipe=True) as process:
            assert process.stdin is not None
            process.stdin.write(word + b"\n")
            assert line(process) == b"heard " + word + b"\n"
    told = ["heard first", "heard second"]
    until(lambda: printed(client.cluster, name) == told, "both lines in the log", SOON)


@by_kubectl
def test_a_pod_is_run_for_one_command_and_is_gone(client: Client) -> None:
    name = f"once-{CLIENTS.index(client.name)}"
    run = ("run", name, "--rm", "-i", "--quiet", "--restart=Never", f"--image={BUSY}")
    done = client.run(*run, "--", "sh", "-c", "cat; echo the end; exit 4", given=b"what is given\n")
    assert (done.code, done.out) == (4, b"what is given\nthe end\n"), done
    assert client.cluster.get("Pod", name) is None


@by_command_lines
def test_a_container_beside_another_sees_its_processes(client: Client) -> None:
    name = f"looked-into-{CLIENTS.index(client.name)}"
    runs(client.cluster, name, WAITS)
    debug = ("debug", name, "-i", "--quiet", "--container=looks", f"--image={BUSY}", "--target=main")
    script = "read line; echo $line from $(hostname); tr '\\0' ' ' < /proc/1/cmdline; echo"
    with client.started(*debug, "--", "sh", "-c", script, pipe=True) as process:
        assert process.stdin is not None
        process.stdin.write(b"a look\n")
        assert line(process) == f"a look from {name}\n".encode()
        assert line(process).decode().strip() == f"sh -c {WAITS}"
        process.communicate(timeout=SOON.total_seconds())
        assert process.returncode == 0
    assert state(client.cluster, name, "running"), "the other one goes on"


@by_command_lines
def test_files_and_folders_are_copied_both_ways(client: Client, runner: str, tmp_path: Path) -> None:
    there = f"/tmp/copied-{CLIENTS.index(client.name)}"  # noqa: S108 - a container's
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    content = random.Random(SEED).randbytes(10 * 1000 * 1000)
    (folder / "deep/large").write_bytes(content)
    (folder / "with space").write_text("small\n")
    (folder / "script").write_text("#!/bin/sh\n")
    (folder / "script").chmod(0o755)

    client.succeeds("cp", str(folder), f"{runner}:{there}")
    seen = client.cluster.inside(
        runner, f"cd {there}; sha256sum deep/large; cat 'with space'; stat -c %a script"
    )
    assert seen.splitlines() == [f"{sha256(content)}  deep/large", "small", "755"]

    client.succeeds("cp", f"{runner}:{there}", str(tmp_path / "back"))
    assert (tmp_path / "back/deep/large").read_bytes() == content
    assert (tmp_path / "back/with space").read_text() == "small\n"
    client.succeeds("cp", f"{runner}:{there}/deep/large", str(tmp_path / "one"))
    assert (tmp_path / "one").read_bytes() == content
