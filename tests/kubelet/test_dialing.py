"""One probe, against real sockets and commands in the engine in memory."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from minisets.engine.interface import ContainerSpec
from minisets.engine.memory_scripts import ExecResult
from minisets.kubelet.dialing import run
from minisets.kubelet.probing import Target
from tests.kubelet.test_plan import NOW
from tests.kubelet.world import World


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        code = int(self.path.strip("/").partition("?")[0] or 200)
        self.send_response(code)
        self.send_header("Location", "http://elsewhere.invalid/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def probed(world: World, ports: dict[str, int] | None = None, **probe: Any) -> tuple[bool | None, str]:
    result = run(world.engine, target(world, ports, **probe), lambda _close: None)
    return result.passed, result.message


def target(world: World, ports: dict[str, int] | None = None, **probe: Any) -> Target:
    container = next((one.id for one in world.engine.list_containers({})), "none")
    return Target(container, "nginx", "readiness", probe, "127.0.0.1", ports or {}, NOW)


@pytest.mark.parametrize(
    ("code", "passed"), [(200, True), (302, True), (399, True), (404, False), (500, False)]
)
def test_an_answer_of_200_to_399_passes(world: World, port: int, code: int, *, passed: bool) -> None:
    """A-114."""
    assert probed(world, httpGet={"port": port, "path": f"/{code}"})[0] is passed


def test_a_port_may_be_named(world: World, port: int) -> None:
    """A-115."""
    assert probed(world, {"web": port}, httpGet={"port": "web"}) == (True, "")
    assert probed(world, {"web": port}, tcpSocket={"port": "web"}) == (True, "")
    assert probed(world, {}, tcpSocket={"port": "web"})[0] is False


def test_nobody_there_is_a_failure_that_says_so(world: World, port: int) -> None:
    passed, message = probed(world, httpGet={"port": 1, "path": "/x"})
    assert passed is False
    assert message.startswith('Get "http://127.0.0.1:1/x": ')
    assert probed(world, tcpSocket={"port": 1})[0] is False
    assert probed(world, tcpSocket={"port": port})[0] is True


@pytest.fixture
def running(world: World) -> str:
    container = world.engine.create_container(ContainerSpec("web-0", "nginx", {}))
    world.engine.start_container(container)
    return container


def _prints(result: ExecResult) -> Callable[[tuple[str, ...], bytes], ExecResult]:
    return lambda _command, _stdin: result


@pytest.mark.usefixtures("running")
def test_a_command_passes_on_0_and_its_output_is_the_message(world: World) -> None:
    command = {"command": ["check", "it"]}
    assert probed(world, exec=command) == (True, "check it")
    world.engine.behave("web-0", run=_prints(ExecResult(stderr=b"no\n", exit_code=2)))
    assert probed(world, exec=command) == (False, "no")


@pytest.mark.usefixtures("running")
def test_a_command_that_is_ended_from_outside_has_timed_out_and_runs_on(world: World) -> None:
    world.engine.behave("web-0", run=_prints(ExecResult(hangs=True)))
    result = run(world.engine, target(world, exec={"command": ["check"]}), lambda close: close())
    assert result.passed is False
    assert "timed out after 1s" in result.message
    assert world.engine.inspect_exec(result.running).running


def test_a_container_that_is_gone_changes_nothing(world: World) -> None:
    assert probed(world, exec={"command": ["check"]})[0] is None


def test_a_grpc_probe_passes_where_its_port_takes_connections(world: World, port: int) -> None:
    """A probe that never came to an answer would leave the pod unready for good."""
    assert probed(world, grpc={"port": port})[0] is True
    assert probed(world, grpc={"port": 1})[0] is False
