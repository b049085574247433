"""`pause end`: a container's command ended from outside, and nobody else.

Why mounts: which container a process is of is told by its cgroup, and no test may move processes around.
"""

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.engine.pausing import run
from tests.waiting import holds, until

ID, OTHER = "0a" * 32, "0b" * 32
LAYOUTS = {
    "v1": f"4:memory:/docker/{ID}\n1:cpu:/docker/{ID}\n0::/docker/{ID}\n",
    "v2, systemd": f"0::/system.slice/docker-{ID}.scope\n",
    "v2, from a namespace of our own": f"0::/../{ID}\n",
    "v2, in a container": f"0::/docker/{OTHER}/docker/{ID}/init\n",
}
NEVER = "sleep 600"
Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Begins a command in a session of its own, as an engine does, and waits until it says `ready`."""
    if os.geteuid() != 0:
        pytest.skip("only root may open namespaces everywhere")
    with ExitStack() as begun:

        def begin(script: str) -> subprocess.Popen[str]:
            command = ["sh", "-c", script]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
            begun.callback(process.communicate)
            begun.callback(lambda: kill(*session_of(process.pid)))
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            return process

        yield begin


def kill(*processes: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def session_of(leader: int) -> list[int]:
    """Who lives in the session."""
    found = subprocess.run(
        ["ps", "-s", str(leader), "-o", "pid=,stat="], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in found.stdout.splitlines() if "Z" not in line]


def end(
    program: list[str], process: int, tmp_path: Path, cgroups: Mapping[int, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """As seen from where each of these processes has that cgroup."""
    script = ""
    for pid, text in (cgroups or {}).items():
        (tmp_path / f"cgroup-{pid}").write_text(text)
        script += f"mount --bind {shlex.quote(str(tmp_path))}/cgroup-{pid} /proc/{pid}/cgroup && "
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{script}exec "$@"', "sh"]
    return run([*inside, *program], "end", str(process), ID)


def ours(process: subprocess.Popen[str]) -> dict[int, str]:
    return dict.fromkeys(session_of(process.pid), LAYOUTS["v1"])


def alone(process: subprocess.Popen[str]) -> dict[int, str]:
    """Of one whose children come and go."""
    return {process.pid: LAYOUTS["v1"]}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_command_is_ended_whatever_its_cgroup_is_called(
    program: list[str], begin: Begin, tmp_path: Path, layout: str
) -> None:
    command = begin(f"echo ready; exec {NEVER}")
    result = end(program, command.pid, tmp_path, {command.pid: LAYOUTS[layout]})
    assert (result.returncode, result.stderr) == (0, "")
    assert command.wait(5) == -signal.SIGHUP


def test_a_command_that_takes_a_hangup_for_news_is_told_to_end(
    program: list[str], begin: Begin, tmp_path: Path
) -> None:
    command = begin("trap : HUP; trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    assert end(program, command.pid, tmp_path, alone(command)).returncode == 0
    assert command.wait(5) == 7


def test_a_command_that_will_not_end_is_killed_after_two_seconds(
    program: list[str], begin: Begin, tmp_path: Path
) -> None:
    command = begin("trap '' HUP TERM; echo ready; while :; do sleep 0.05; done")
    began = time.monotonic()
    assert end(program, command.pid, tmp_path, alone(command)).returncode == 0
    assert 2 <= time.monotonic() - began < 8  # and not as late as a container, which has ten seconds
    assert command.wait(5) == -signal.SIGKILL


def test_a_stopped_command_ends_without_being_killed(
    program: list[str], begin: Begin, tmp_path: Path
) -> None:
    command = begin(f"echo ready; exec {NEVER}")
    command.send_signal(signal.SIGSTOP)
    assert end(program, command.pid, tmp_path, ours(command)).returncode == 0
    assert command.wait(5) == -signal.SIGHUP


def test_a_shells_children_end_with_it_and_its_next_line_is_not_reached(
    program: list[str], begin: Begin, tmp_path: Path
) -> None:
    command = begin(f"{NEVER} & echo ready; {NEVER}; echo next > {shlex.quote(str(tmp_path))}/next")
    until(lambda: len(session_of(command.pid)) == 3, "the children")
    assert end(program, command.pid, tmp_path, ours(command)).returncode == 0
    until(lambda: not session_of(command.pid), "all of them to end")
    assert not (tmp_path / "next").exists()


def test_what_was_started_to_outlive_a_terminal_does(
    program: list[str], begin: Begin, tmp_path: Path
) -> None:
    note = tmp_path / "setsid"
    apart = f"setsid sh -c 'echo $$ > {shlex.quote(str(note))}; exec {NEVER}' >/dev/null"
    command = begin(f"nohup {NEVER} >/dev/null 2>&1 & {apart} & echo ready; {NEVER}")
    setsid = until(lambda: note.exists() and note.read_text().strip(), "setsid")
    (nohup,) = until(lambda: pids_of(command.pid, "sleep", ignoring=signal.SIGHUP), "nohup")
    until(lambda: len(session_of(command.pid)) == 3, "the child in the foreground")
    assert end(program, command.pid, tmp_path, ours(command)).returncode == 0
    assert command.wait(5) == -signal.SIGHUP
    holds(lambda: session_of(command.pid) == [nohup] and Path(f"/proc/{setsid}").exists(), "both run on")
    kill(int(setsid))


def pids_of(session: int, name: str, *, ignoring: signal.Signals) -> list[int]:
    found = []
    for pid in session_of(session):
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        if status["Name"] == name and int(status["SigIgn"], 16) >> (ignoring - 1) & 1:
            found.append(pid)
    return found


def test_a_number_that_is_another_containers_by_now_is_not_touched(
    program: list[str], begin: Begin, tmp_path: Path
) -> None:
    command = begin(f"echo ready; exec {NEVER}")
    result = end(program, command.pid, tmp_path, {command.pid: f"0::/docker/{OTHER}\n"})
    said = f"pause: not touched, it is not of that container: {command.pid}: error 3\n"
    assert (result.returncode, result.stderr) == (1, said)
    holds(lambda: command.poll() is None, "it runs on")


def test_who_is_in_the_session_and_of_another_container_is_not_touched(
    program: list[str], begin: Begin, tmp_path: Path
) -> None:
    command = begin(f"{NEVER} & echo ready; wait")
    (child,) = until(lambda: [pid for pid in session_of(command.pid) if pid != command.pid], "the child")
    assert end(program, command.pid, tmp_path, {command.pid: LAYOUTS["v1"], child: "0::/\n"}).returncode == 0
    assert command.wait(5) == -signal.SIGHUP
    holds(lambda: session_of(command.pid) == [child], "it runs on")


def test_one_that_is_gone_has_ended(program: list[str]) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait(5)
    assert run(program, "end", str(gone.pid), ID).returncode == 0


def test_one_that_has_ended_and_was_not_reaped_has_ended(program: list[str]) -> None:
    with subprocess.Popen(["true"]) as dead:
        until(lambda: f"{dead.pid} (true) Z" in Path(f"/proc/{dead.pid}/stat").read_text(), "its end")
        assert run(program, "end", str(dead.pid), ID).returncode == 0


def test_a_number_that_is_a_threads_by_now_is_not_touched(program: list[str]) -> None:
    told, done = threading.Event(), threading.Event()
    numbers: list[int] = []

    def live() -> None:
        numbers.append(threading.get_native_id())
        told.set()
        done.wait(10)

    thread = threading.Thread(target=live)
    thread.start()
    told.wait(10)
    assert run(program, "end", str(numbers[0]), ID).returncode == 0
    done.set()
    thread.join(10)
