"""`attach` and `debug`: what is said, where input goes, and how both end."""

import select
import signal
from datetime import timedelta
from typing import Any

import pytest

from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true
from tests.cli.conftest import Run
from tests.cli.terminals import at_a_terminal, between_pipes
from tests.waiting import until
from tests.whole import Whole, pod

LONE = Ref("Pod", "default", "lone")
PROMPT = "If you don't see a command prompt, try pressing enter."


def begun(whole: Whole, *, restarts: str = "Never", **container: Any) -> None:
    """A pod whose container is like this; what it prints is what it reads, in capitals."""
    whole.engine.behave("nginx:1", answers=bytes.upper, input_exit=0)
    made = pod("lone")
    made["spec"]["containers"][0].update(container)
    made["spec"]["restartPolicy"] = restarts
    whole.client.create("Pod", "default", made)
    until(lambda: is_true(whole.client.read(LONE), "Ready"), "the pod to be Ready")


def id_of(whole: Whole, field: str = "containerStatuses") -> str:
    status = whole.client.read(LONE)["status"]
    return str(status[field][0]["containerID"].removeprefix("docker://"))


def sizes_told(whole: Whole) -> tuple[tuple[int, int], ...]:
    engine: Any = whole.engine
    sizes: tuple[tuple[int, int], ...] = engine.container_sizes_of(id_of(whole))
    return sizes


def test_input_reaches_the_program_and_its_end_ends_both(whole: Whole) -> None:
    begun(whole, stdin=True, stdinOnce=True)
    with between_pipes("attach", "-i", "lone") as attachment:
        out, err = attachment.communicate(b"hello\n", timeout=20)
    assert (attachment.returncode, out, err.decode()) == (0, b"HELLO\n", f"{PROMPT}\n")


def test_without_input_what_is_printed_from_now_on_is_seen_until_the_container_ends(whole: Whole) -> None:
    begun(whole)
    with between_pipes("attach", "lone") as attachment:
        assert attachment.stdout is not None
        assert attachment.stderr is not None
        out = attachment.stdout

        def seen() -> bool:
            whole.engine.write_log(id_of(whole), b"now\n")
            return bool(select.select([out], [], [], 0)[0])

        until(seen, "what is printed while somebody is at it")
        assert out.readline() == b"now\n"
        whole.engine.exit(id_of(whole), 3)
        assert (attachment.wait(20), attachment.stderr.read()) == (0, b"")


def test_a_container_without_input_or_terminal_is_said(whole: Whole) -> None:
    begun(whole)
    with at_a_terminal("attach", "-it", "lone") as terminal:
        terminal.sees(b"container nginx takes no input: `stdin: true` in its spec would let it\r\n")
        terminal.sees(b"error: Unable to use a TTY - container nginx did not allocate one\r\n")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ends() == 130


def test_at_a_terminal_every_key_goes_to_the_program_which_is_made_to_draw_anew(whole: Whole) -> None:
    begun(whole, restarts="Always", stdin=True, tty=True)
    with at_a_terminal("attach", "-it", "lone", columns=100, rows=40) as terminal:
        terminal.sees(PROMPT.encode())
        until(lambda: terminal.is_raw, "a terminal that is lent")
        until(lambda: sizes_told(whole) == ((101, 41), (100, 40)), "both sizes")
        terminal.type(b"a\x03b")
        terminal.sees(b"A\x03B")
        whole.engine.exit(id_of(whole), 3)
        assert terminal.ends() == 0
        assert not terminal.is_raw
        again = b"'minisets attach lone -c nginx -i -t'"
        terminal.sees(b"Session ended, resume using " + again + b" command when the pod is running\r\n")


def test_a_pod_that_has_ended_has_nothing_to_be_at(run: Run, whole: Whole) -> None:
    begun(whole)
    whole.engine.exit(id_of(whole), 0)
    until(lambda: whole.client.read(LONE)["status"]["phase"] == "Succeeded", "the pod's end")
    ran = run("attach", "lone")
    said = "Error: cannot attach a container in a completed pod; current phase is Succeeded\n"
    assert (ran.code, ran.err) == (1, said)


def test_a_debugger_is_added_with_what_was_asked_for(run: Run, whole: Whole) -> None:
    begun(whole)
    ran = run(
        "debug", "pod/lone", "--image", "busybox:1", "--target", "nginx", "--env", "A=1", "--", "sleep", "9"
    )
    assert ran.code == 0, ran.err
    (made,) = whole.client.read(LONE)["spec"]["ephemeralContainers"]
    assert ran.err == f"Defaulting debug container name to {made['name']}.\n"
    assert made["name"].startswith("debugger-")
    assert {key: made.get(key) for key in ("image", "command", "env", "targetContainerName")} == {
        "image": "busybox:1",
        "command": ["sleep", "9"],
        "env": [{"name": "A", "value": "1"}],
        "targetContainerName": "nginx",
    }
    assert made["securityContext"] == {"capabilities": {"add": ["SYS_PTRACE"]}}
    assert run("debug", "lone", "--image", "busybox:1", "-c", "second", "--profile", "baseline").err == ""
    second = whole.client.read(LONE)["spec"]["ephemeralContainers"][1]
    assert (second["name"], second.get("securityContext")) == ("second", None)


def test_a_debugger_that_a_pipe_feeds_ends_with_its_input(whole: Whole) -> None:
    begun(whole)
    whole.engine.behave("busybox:1", answers=bytes.upper, input_exit=0)
    with between_pipes("debug", "lone", "-i", "-q", "--image", "busybox:1") as running:
        assert running.communicate(b"a look\n", timeout=30) == (b"A LOOK\n", b"")
    assert running.returncode == 0
    (made,) = whole.client.read(LONE)["spec"]["ephemeralContainers"]
    assert (made["stdin"], made["stdinOnce"], made.get("tty")) == (True, True, None)


def test_a_debugger_is_waited_for_and_joined(whole: Whole) -> None:
    begun(whole, restarts="Always")
    whole.engine.behave("busybox:1", answers=bytes.upper, input_exit=0)
    with at_a_terminal("debug", "lone", "-it", "--image", "busybox:1", "-c", "look") as terminal:
        terminal.sees(PROMPT.encode())
        until(lambda: terminal.is_raw, "a terminal that is lent")
        terminal.type(b"hello")
        terminal.sees(b"HELLO")
        whole.engine.exit(id_of(whole, "ephemeralContainerStatuses"), 3)
        assert terminal.ends() == 0
        terminal.sees(b"Session ended, the ephemeral container will not be restarted")


def test_a_debugger_that_has_ended_already_has_its_log_printed(run: Run, whole: Whole) -> None:
    begun(whole)
    whole.engine.behave("busybox:1", exits_with=0, output=(("stdout", b"was here\n"),))
    ran = run("debug", "lone", "-i", "--image", "busybox:1", "-c", "look")
    assert (ran.code, ran.out) == (0, "was here\n"), ran.err


def test_why_a_debugger_does_not_begin_is_said(
    run: Run, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minisets.kubelet.images.pulling._SHOWN_AS_ERROR", timedelta(minutes=1))
    begun(whole)
    whole.engine.miss_image("nowhere:1")
    whole.engine.refuse_pull("nowhere:1", "no such image")
    ran = run("debug", "lone", "-i", "--image", "nowhere:1", "-c", "look")
    assert ran.code == 1
    assert ran.err.startswith("Error: container look does not begin: ErrImagePull: "), ran.err
    assert ran.err.endswith("see `minisets describe pod lone`\n")


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["--target", "other"], 1, "container other not found in pod lone"),
        (["--env", "A"], 2, '--env "A": write NAME=VALUE'),
        (["-c", "nginx"], 1, "nginx"),
    ],
)
def test_what_cannot_be_added_is_said_in_a_line(
    run: Run, whole: Whole, argv: list[str], code: int, said: str
) -> None:
    begun(whole)
    ran = run("debug", "lone", "--image", "busybox:1", *argv)
    assert (ran.code, said in ran.err, ran.err.count("Error")) == (code, True, 1), ran.err
