"""Runs one probe: a command in the container, a request or a connection to the pod (A-114, A-115).

Leaves what a result means to `probing.py`. Kubernetes: pkg/kubelet/prober/prober.go, pkg/probe.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.engine.specs import ExecSpec
from minisets.errors import EngineError
from minisets.kubelet.probes import health
from minisets.kubelet.probes.requesting import Getter, Request, RequestError, dialled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from minisets.engine.interface import Engine
    from minisets.kubelet.probes.probing import Target

    OnCloser = Callable[[Callable[[], None]], None]

_LONGEST_OUTPUT = 10 * 1024
_SUCCESS, _REDIRECT, _FAILURE = 200, 300, 400
_LAST_PORT = 65535
_NOT_RUN = "OCI runtime exec failed"
_NOT_RUN_CODES = (126, 127)


@dataclass(frozen=True)
class Result:
    """passed None: nothing was learnt, which changes nothing (A-112).

    warning: it passed, and still there is something to say. running: a command that goes on.
    """

    passed: bool | None
    message: str = ""
    running: str = ""
    warning: bool = False


@dataclass(frozen=True)
class Ran:
    """A command and what it printed; code None: it goes on."""

    id: str
    text: str
    code: int | None

    @property
    def was_not_run(self) -> bool:
        """Whether the engine could not even begin it."""
        return self.code in _NOT_RUN_CODES and self.text.startswith(_NOT_RUN)


def run(engine: Engine, target: Target, on_closer: OnCloser) -> Result:
    """One probe. `on_closer` is handed what ends it early; whoever calls that keeps the time."""
    probe = target.probe
    try:
        if command := (probe.get("exec") or {}).get("command"):
            return _exec(engine, target, tuple(command), on_closer)
        if get := probe.get("httpGet"):
            return _http(target, get, on_closer)
        if tcp := probe.get("tcpSocket"):
            return _tcp(target, tcp)
        return _grpc(target, probe.get("grpc") or {}, on_closer)
    except (EngineError, ValueError) as error:
        return Result(None, str(error))


def execute(
    engine: Engine,
    container_id: str,
    command: tuple[str, ...],
    on_closer: OnCloser,
) -> Ran:
    """Run a command until it ends, or until what `on_closer` got is called: it goes on by itself then."""
    spec = ExecSpec(command)
    exec_id = engine.create_exec(container_id, spec)
    stream = engine.start_exec(exec_id, spec)
    on_closer(stream.close)
    output = b""
    for _, data in stream:
        output += data[: _LONGEST_OUTPUT - len(output)]
    stream.close()
    state = engine.inspect_exec(exec_id)
    return Ran(exec_id, output.decode(errors="replace").strip(), None if state.running else state.exit_code)


def port_of(port: object, named: Mapping[str, int]) -> int:
    """By number, or by the name of one of the container's ports (A-115). ValueError as Go says it.

    Kubernetes: pkg/probe/util.go ResolveContainerPort.
    """
    number = named.get(str(port), port) if isinstance(port, str) else port
    if not str(number).isdecimal():
        raise ValueError(f'strconv.Atoi: parsing "{number}": invalid syntax')
    if not 0 < int(str(number)) <= _LAST_PORT:
        raise ValueError(f"invalid port number: {number}")
    return int(str(number))


def _exec(engine: Engine, target: Target, command: tuple[str, ...], on_closer: OnCloser) -> Result:
    """Kubernetes: pkg/probe/exec; a command that is not there is the prober's error, not a failure."""
    ran = execute(engine, target.container_id, command, on_closer)
    said = json.dumps(" ".join(command), ensure_ascii=False)
    if ran.code is None:
        seconds = int(target.timeout.total_seconds())
        return Result(False, f"command timed out: {said} timed out after {seconds}s", ran.id)
    if ran.was_not_run:
        return Result(None, ran.text)
    return Result(ran.code == 0, ran.text)


def _http(target: Target, get: Mapping[str, Any], on_closer: OnCloser) -> Result:
    port = port_of(get.get("port"), target.ports)
    getter = Getter(target.timeout.total_seconds())
    on_closer(getter.close)
    try:
        answer = getter.get(Request.of(get, target.address, port, "probe"))
    except RequestError as error:
        return Result(False, str(error))
    if not _SUCCESS <= answer.status < _FAILURE:
        return Result(False, f"HTTP probe failed with statuscode: {answer.status}")
    if answer.status >= _REDIRECT:
        return Result(True, f"Probe terminated redirects, Response body: {answer.body}", warning=True)
    return Result(True)


def _tcp(target: Target, tcp: Mapping[str, Any]) -> Result:
    host, port = str(tcp.get("host") or target.address), port_of(tcp.get("port"), target.ports)
    try:
        socket.create_connection((host, port), target.timeout.total_seconds()).close()
    except OSError as error:
        return Result(False, dialled(f"{host}:{port}", error))
    return Result(True)


def _grpc(target: Target, grpc: Mapping[str, Any], on_closer: OnCloser) -> Result:
    port, service = port_of(grpc.get("port"), target.ports), str(grpc.get("service") or "")
    said = health.complaint(target.address, port, service, target.timeout.total_seconds(), on_closer)
    return Result(not said, said)
