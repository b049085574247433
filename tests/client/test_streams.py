"""Commands in containers, over a whole server and the engine in memory."""

import dataclasses
import io
import threading
from typing import Any

import pytest

from minisets import errors
from minisets.client import streams
from minisets.client.streams import Command
from minisets.engine.memory_scripts import ExecResult
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true
from tests.waiting import until
from tests.whole import Whole, pod

IMAGE = "nginx:1"


@pytest.fixture
def web(whole: Whole) -> Whole:
    """A server with one pod that runs."""
    whole.client.create("Pod", "default", pod("web-0"))
    until(lambda: is_true(whole.client.read(Ref("Pod", "default", "web-0")), "Ready"), "a pod that is Ready")
    return whole


def answering(whole: Whole, **result: Any) -> None:
    whole.engine.behave(IMAGE, run=lambda _command, _stdin: ExecResult(**result))


def ran(whole: Whole, *argv: str, stdin: bytes | None = None) -> tuple[int, bytes, bytes]:
    out, err = io.BytesIO(), io.BytesIO()
    session = streams.run(whole.access, Command("default", "web-0", argv), stdin=stdin is not None)
    if stdin is not None:
        session.feed(io.BytesIO(stdin).read)
    return session.wait(out, err), out.getvalue(), err.getvalue()


def test_output_goes_where_it_belongs_and_the_exit_code_comes_back(web: Whole) -> None:
    answering(web, stdout=b"out\n", stderr=b"err\n", exit_code=7)
    assert ran(web, "sh", "-c", "true") == (7, b"out\n", b"err\n")


def test_a_command_that_succeeds_is_0(web: Whole) -> None:
    assert ran(web, "echo", "a b", "--", "-x") == (0, b"echo a b -- -x\n", b"")


def test_input_reaches_the_command_and_ends(web: Whole) -> None:
    assert ran(web, "cat", stdin=b"hello") == (0, b"hello", b"")


def test_large_output_comes_whole(web: Whole) -> None:
    answering(web, stdout=b"0123456789abcdef" * (256 * 1024))
    code, out, _ = ran(web, "cat", "file")
    assert (code, len(out)) == (0, 4 * 1024 * 1024)


def test_large_input_arrives_whole(web: Whole) -> None:
    data = b"x" * (1024 * 1024)
    code, out, _ = ran(web, "cat", stdin=data)
    assert (code, out == data) == (0, True)


def test_a_pod_that_is_not_there_is_the_apis_refusal(web: Whole) -> None:
    with pytest.raises(errors.NotFound, match='pods "web-9" not found'):
        streams.run(web.access, Command("default", "web-9", ("ls",)), stdin=False)


def test_a_container_that_is_not_there_is_said(web: Whole) -> None:
    command = Command("default", "web-0", ("ls",), "nobody")
    with pytest.raises(errors.MinisetsError, match="nobody"):
        streams.run(web.access, command, stdin=False).wait(io.BytesIO(), io.BytesIO())


def test_a_server_that_ends_first_is_an_error_and_no_success(web: Whole) -> None:
    answering(web, hangs=True)
    session = streams.run(web.access, Command("default", "web-0", ("sleep",)), stdin=False)
    ending = threading.Timer(0.1, session.close)
    ending.start()
    with pytest.raises(errors.MinisetsError, match="ended the session before the command did"):
        session.wait(io.BytesIO(), io.BytesIO())
    ending.join()


def test_resizing_a_session_that_has_ended_is_no_mistake(web: Whole) -> None:
    session = streams.run(web.access, Command("default", "web-0", ("ls",)), stdin=False)
    session.wait(io.BytesIO(), io.BytesIO())
    session.resize(80, 24)


def test_nobody_at_the_address_is_said(web: Whole) -> None:

    away = dataclasses.replace(web.access, url="https://127.0.0.1:9")
    with pytest.raises(errors.MinisetsError, match=r"no session with the server at https://127\.0\.0\.1:9"):
        streams.run(away, Command("default", "web-0", ("ls",)), stdin=False)
