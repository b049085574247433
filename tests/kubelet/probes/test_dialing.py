"""One probe, against real sockets and commands in the engine in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from minisets.engine.memory_scripts import ExecResult
from minisets.engine.specs import ContainerSpec
from minisets.kubelet.probes.dialing import run
from minisets.kubelet.probes.probing import Target
from tests.kubelet.answering import Server
from tests.kubelet.probes.test_health import NOT_SERVING, SERVING, serving
from tests.kubelet.test_plan import NOW
from tests.kubelet.world import World


@pytest.fixture
def server() -> Iterator[Server]:
    with Server.running() as server:
        yield server


@pytest.fixture
def port(server: Server) -> int:
    return server.port


def probed(world: World, ports: dict[str, int] | None = None, **probe: Any) -> tuple[bool | None, str]:
    result = run(world.engine, target(world, ports, **probe), ignore)
    return result.passed, result.message


def target(world: World, ports: dict[str, int] | None = None, **probe: Any) -> Target:
    container = next((one.id for one in world.engine.list_containers({})), "none")
    return Target(container, "spec.containers{nginx}", "readiness", probe, "127.0.0.1", ports or {}, NOW)


@pytest.mark.parametrize(("code", "passed"), [(200, True), (299, True), (404, False), (500, False)])
def test_an_answer_of_200_to_299_passes(world: World, port: int, code: int, *, passed: bool) -> None:
    """A-114."""
    said = "" if passed else f"HTTP probe failed with statuscode: {code}"
    assert probed(world, httpGet={"port": port, "path": f"/{code}"}) == (passed, said)


@pytest.mark.parametrize("code", [300, 304, 302])
def test_a_redirect_that_leads_nowhere_passes_with_a_warning(world: World, port: int, code: int) -> None:
    """A-114."""
    result = run(world.engine, target(world, httpGet={"port": port, "path": f"/{code}"}), ignore)
    assert (result.passed, result.warning) == (True, True)
    assert result.message == "Probe terminated redirects, Response body: "


def test_a_redirect_to_another_host_passes_with_a_warning(world: World, port: int) -> None:
    """A-114."""
    get = {"port": port, "path": "/302?to=http://elsewhere.invalid/&say=Found"}
    result = run(world.engine, target(world, httpGet=get), ignore)
    assert (result.passed, result.warning) == (True, True)
    assert result.message == "Probe terminated redirects, Response body: Found"


@pytest.mark.parametrize(("code", "passed"), [(200, True), (404, False)])
def test_a_redirect_to_the_same_host_is_followed(
    world: World, server: Server, code: int, *, passed: bool
) -> None:
    assert probed(world, httpGet={"port": server.port, "path": f"/302?to=/{code}"})[0] is passed
    assert server.paths == [f"/302?to=/{code}", f"/{code}"]


def test_a_port_may_be_named(world: World, port: int) -> None:
    """A-115."""
    assert probed(world, {"web": port}, httpGet={"port": "web"}) == (True, "")
    assert probed(world, {"web": port}, tcpSocket={"port": "web"}) == (True, "")
    assert probed(world, tcpSocket={"port": str(port)}) == (True, "")


@pytest.mark.parametrize("kind", ["httpGet", "tcpSocket", "grpc"])
@pytest.mark.parametrize(
    ("port", "why"),
    [
        ("web", 'strconv.Atoi: parsing "web": invalid syntax'),
        (0, "invalid port number: 0"),
        (65536, "invalid port number: 65536"),
    ],
)
def test_a_port_that_is_none_is_the_probers_error(world: World, kind: str, port: str | int, why: str) -> None:
    """A-112."""
    probe: dict[str, Any] = {kind: {"port": port}}
    assert probed(world, **probe) == (None, why)


def test_nobody_there_is_a_failure_that_says_so(world: World, port: int) -> None:
    refused = "dial tcp 127.0.0.1:1: connect: connection refused"
    said = f'Get "http://127.0.0.1:1/x": {refused}'
    assert probed(world, httpGet={"port": 1, "path": "/x"}) == (False, said)
    assert probed(world, tcpSocket={"port": 1}) == (False, refused)
    assert probed(world, tcpSocket={"port": port}) == (True, "")


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
def test_a_command_that_is_not_there_is_the_probers_error(world: World) -> None:
    """A-112: so it restarts nothing."""
    said = b'OCI runtime exec failed: exec failed: exec: "nope": executable file not found in $PATH'
    world.engine.behave("web-0", run=_prints(ExecResult(stdout=said, exit_code=127)))
    assert probed(world, exec={"command": ["nope"]}) == (None, said.decode())
    world.engine.behave("web-0", run=_prints(ExecResult(stdout=b"sh: nope: not found", exit_code=127)))
    assert probed(world, exec={"command": ["sh", "-c", "nope"]}) == (False, "sh: nope: not found")


@pytest.mark.usefixtures("running")
def test_a_command_that_is_ended_from_outside_has_timed_out_and_runs_on(world: World) -> None:
    world.engine.behave("web-0", run=_prints(ExecResult(hangs=True)))
    result = run(world.engine, target(world, exec={"command": ["check"]}), lambda close: close())
    assert result.passed is False
    assert result.message == 'command timed out: "check" timed out after 1s'
    assert world.engine.inspect_exec(result.running).running


def test_a_container_that_is_gone_changes_nothing(world: World) -> None:
    assert probed(world, exec={"command": ["check"]})[0] is None


def test_a_grpc_server_is_asked_how_its_service_is(world: World) -> None:
    """A-114."""
    with serving(lambda request, _context: SERVING if request == b"\x0a\x01a" else NOT_SERVING) as port:
        assert probed(world, grpc={"port": port, "service": "a"}) == (True, "")
        unhealthy = 'service unhealthy (responded with "NOT_SERVING")'
        assert probed(world, grpc={"port": port, "service": ""}) == (False, unhealthy)
    assert probed(world, grpc={"port": 1})[0] is False


def ignore(_close: Callable[[], None]) -> None:
    """Nobody ends it early."""
