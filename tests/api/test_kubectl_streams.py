"""What an unmodified kubectl does with commands and attachments, over WebSockets and over SPDY."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from minisets.engine.memory_scripts import ExecResult
from minisets.objects.kinds import Ref
from tests.api.kubectl import NEEDS_KUBECTL, Kubectl
from tests.api.serving import Running, run_pod, set_status, start_pod
from tests.waiting import until

pytestmark = NEEDS_KUBECTL

MUCH = 20_000_000


@pytest.fixture(params=["websocket", "spdy"])
def by(request: pytest.FixtureRequest, kubectl: Kubectl) -> Kubectl:
    over_websocket = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": str(request.param == "websocket").lower()}
    return replace(kubectl, environment={**kubectl.environment, **over_websocket})


def script(command: tuple[str, ...], stdin: bytes) -> ExecResult:
    match command:
        case ("fail", code):
            return ExecResult(stdout=b"out\n", stderr=b"err\n", exit_code=int(code))
        case ("much",):
            return ExecResult(stdout=b"x" * MUCH)
        case ("count",):
            return ExecResult(stdout=str(len(stdin)).encode())
    return ExecResult(stdout=" ".join(command).encode() + b"\n")


@pytest.fixture
def web(running: Running) -> Running:
    running.engine.behave("web-0-*", run=script, answers=lambda data: b"got " + data, input_exit=5)
    return running


class Terminal:
    """A terminal of that size in which a kubectl runs."""

    def __init__(self, by: Kubectl, *arguments: str, columns: int = 100, rows: int = 40) -> None:
        self._ours, theirs = pty.openpty()
        self._set_size(columns, rows)
        self.process = subprocess.Popen(
            ["kubectl", *arguments], env=by.environment, cwd=by.directory,
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.shown = b""
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65536):
                self.shown += data
        except OSError:
            return  # how Linux tells that nobody holds the other side any more

    def resize(self, columns: int, rows: int) -> None:
        self._set_size(columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        os.close(self._ours)


@contextmanager
def on_terminal(by: Kubectl, *arguments: str) -> Iterator[Terminal]:
    terminal = Terminal(by, *arguments)
    try:
        yield terminal
    finally:
        terminal.close()


def test_a_command_prints_and_exits_as_it_does_in_the_container(by: Kubectl, web: Running) -> None:
    run_pod(web, "web-0")
    done = by.run("exec", "web-0", "--", "fail", "3")
    assert (done.returncode, done.stdout) == (3, "out\n")
    assert done.stderr == "err\ncommand terminated with exit code 3\n"
    assert by("exec", "web-0", "--", "echo", "hello  there") == "echo hello  there\n"
    assert len(web.engine._commands) == 2, "no command runs twice"


def test_much_goes_in_and_much_comes_out(by: Kubectl, web: Running) -> None:
    run_pod(web, "web-0")
    assert by("exec", "web-0", "--", "much") == "x" * MUCH
    assert by("exec", "-i", "web-0", "--", "count", stdin="y" * MUCH) == str(MUCH)


def test_an_error_before_the_upgrade_is_told_and_nothing_runs(by: Kubectl, web: Running) -> None:
    run_pod(web, "web-0")
    refused = by("exec", "web-0", "-c", "other", "--", "echo", fails=True)
    assert "container other is not" in refused or "container not found" in refused
    assert web.engine._commands == {}


def test_a_terminal_has_the_size_of_the_persons(by: Kubectl, web: Running) -> None:
    run_pod(web, "web-0")
    with on_terminal(by, "exec", "-it", "web-0", "--", "cat") as terminal:
        until(lambda: web.engine._commands, "the command")
        command = next(iter(web.engine._commands.values()))
        until(lambda: command.sizes == [(100, 40)], "the size")
        terminal.resize(101, 41)
        until(lambda: command.sizes[-1] == (101, 41), "the new size")
        terminal.type(b"hello\r")
        until(lambda: b"hello\r" in terminal.shown, "the answer")
        command.end(0)
        assert terminal.process.wait(10) == 0


def test_somebody_attaches_to_a_terminal_types_and_goes(by: Kubectl, web: Running) -> None:
    (container,) = run_pod(web, "web-0", stdin=True, tty=True)
    with on_terminal(by, "attach", "-it", "web-0") as terminal:
        until(lambda: web.engine.container_sizes_of(container), "a size")
        # kubectl tells another size first so that the program draws its screen again
        until(lambda: web.engine.container_sizes_of(container) == ((101, 41), (100, 40)), "both sizes")
        terminal.type(b"hello\r")
        until(lambda: b"got hello" in terminal.shown, "the answer")
    assert web.engine.inspect_container(container).state == "running"


def test_somebody_attaches_without_a_terminal(by: Kubectl, web: Running) -> None:
    (container,) = run_pod(web, "web-0", stdin=True)
    printed = by("attach", "-i", "-q", "web-0", stdin="hello\n")
    assert printed == "got hello\n"
    process = by.start("attach", "-q", "web-0")
    until(lambda: web.engine.attached_to(container) == 2, "it to be attached")
    web.engine.write_log(container, b"one\n")
    web.engine.exit(container, 7)
    assert process.communicate(timeout=20)[0] == "one\n"
    assert process.returncode == 0, "the end of what was attached to is a success"


def test_who_asks_for_what_a_container_does_not_have_is_told(by: Kubectl, web: Running) -> None:
    (container,) = run_pod(web, "web-0")
    with on_terminal(by, "attach", "-it", "web-0") as terminal:
        until(lambda: web.engine.attached_to(container), "it to be attached")
        said = b"Unable to use a TTY - container nginx did not allocate one"
        until(lambda: said in terminal.shown, "kubectl to say so")
        web.engine.exit(container, 0)
        assert terminal.process.wait(10) == 0


@pytest.fixture
def kubelet(web: Running) -> Iterator[Callable[[str], None]]:
    """Runs a pod as soon as it is there, and tells how it ended."""
    playing: list[threading.Thread] = []

    def play(name: str) -> None:
        made: Any = until(lambda: web.store.get(Ref("Pod", "default", name)), "the pod")
        (container,) = start_pod(web, made)
        set_status(web, name, {"conditions": [{"type": "Ready", "status": "True"}]})
        until(lambda: web.engine.inspect_container(container).state == "exited", "the program's end")
        ended = web.engine.inspect_container(container)
        moment = "2026-01-01T00:00:00Z"
        state = {"exitCode": ended.exit_code, "startedAt": moment, "finishedAt": moment}
        status = {"name": name, "state": {"terminated": state}, "image": "", "imageID": "", "ready": False}
        phase = "Failed" if ended.exit_code else "Succeeded"
        set_status(web, name, {"phase": phase, "containerStatuses": [{**status, "restartCount": 0}]})

    def start(name: str) -> None:
        playing.append(threading.Thread(target=play, args=(name,)))
        playing[-1].start()

    yield start
    for thread in playing:
        thread.join()


def test_a_pod_for_one_program_is_fed_seen_and_gone(
    by: Kubectl, web: Running, kubelet: Callable[[str], None]
) -> None:
    web.engine.behave("once-*", answers=lambda data: b"got " + data, input_exit=3)
    kubelet("once")
    done = by.run("run", "once", "--rm", "-i", "-q", "--restart=Never", "--image=nginx:1", stdin="hello\n")
    assert (done.returncode, done.stdout.splitlines()[0]) == (3, "got hello")
    assert web.store.get(Ref("Pod", "default", "once")) is None
