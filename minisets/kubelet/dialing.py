"""Runs one probe: a command in the container, a request or a connection to the pod (A-114, A-115).

Differs: a redirect passes without being followed; gRPC is only dialled. Leaves what a result
means to `probing.py`.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.engine.interface import ExecSpec
from minisets.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.engine.interface import Engine
    from minisets.kubelet.probing import Target

_LONGEST_OUTPUT = 10 * 1024
_REDIRECTS_END = 400


@dataclass(frozen=True)
class Result:
    """passed None: nothing was learnt, which changes nothing (A-112). running: a command that goes on."""

    passed: bool | None
    message: str = ""
    running: str = ""


def run(engine: Engine, target: Target, on_closer: Callable[[Callable[[], None]], None]) -> Result:
    """One probe. `on_closer` is handed what ends it early; whoever calls that keeps the time."""
    if command := (target.probe.get("exec") or {}).get("command"):
        return _exec(engine, target, tuple(command), on_closer)
    if get := target.probe.get("httpGet"):
        return _http(target, get)
    if tcp := target.probe.get("tcpSocket"):
        return _tcp(target, tcp)
    # Differs: no health call is made; a server that takes connections counts as healthy.
    return _tcp(target, {"port": (target.probe.get("grpc") or {}).get("port")})


def _exec(
    engine: Engine, target: Target, command: tuple[str, ...], on_closer: Callable[[Callable[[], None]], None]
) -> Result:
    spec = ExecSpec(command)
    try:
        exec_id = engine.create_exec(target.container_id, spec)
        stream = engine.start_exec(exec_id, spec)
        on_closer(stream.close)
        output = b""
        for _, data in stream:
            output += data[: _LONGEST_OUTPUT - len(output)]
        stream.close()
        state = engine.inspect_exec(exec_id)
    except EngineError as error:
        return Result(None, str(error))
    text = output.decode(errors="replace").strip()
    if state.running:
        seconds = int(target.timeout.total_seconds())
        return Result(False, f"command timed out: {' '.join(command)!r} timed out after {seconds}s", exec_id)
    return Result(
        state.exit_code == 0, text or f"command {' '.join(command)!r} exited with {state.exit_code}"
    )


def _http(target: Target, get: dict[str, object]) -> Result:
    host = str(get.get("host") or target.address)
    scheme, path = str(get.get("scheme") or "HTTP"), str(get.get("path") or "/")
    try:
        port = _port(target, get.get("port"))
        timeout = target.timeout.total_seconds()
        connection = _connection(scheme, host, port, timeout)
        try:
            connection.request("GET", path if path.startswith("/") else f"/{path}", headers=_headers(get))
            response = connection.getresponse()
            response.read(_LONGEST_OUTPUT)
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Result(False, f'Get "{scheme.lower()}://{host}:{get.get("port")}{path}": {error}')
    if 200 <= response.status < _REDIRECTS_END:
        return Result(True)
    return Result(False, f"HTTP probe failed with statuscode: {response.status}")


def _headers(get: dict[str, object]) -> dict[str, str]:
    """The probe's own replace ours."""
    headers = {"User-Agent": "kube-probe/1.37", "Accept": "*/*", "Connection": "close"}
    listed = get.get("httpHeaders")
    for one in listed if isinstance(listed, list) else ():
        headers[one["name"]] = one.get("value") or ""
    return headers


def _connection(scheme: str, host: str, port: int, timeout: float) -> http.client.HTTPConnection:
    if scheme != "HTTPS":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    # Kubernetes: probes check no certificate.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)


def _tcp(target: Target, tcp: dict[str, object]) -> Result:
    host = str(tcp.get("host") or target.address)
    try:
        port = _port(target, tcp.get("port"))
        socket.create_connection((host, port), target.timeout.total_seconds()).close()
    except (OSError, ValueError) as error:
        return Result(False, f"dial tcp {host}:{tcp.get('port')}: {error}")
    return Result(True)


def _port(target: Target, port: object) -> int:
    """By number, or by the name of one of the container's ports."""
    if isinstance(port, int):
        return port
    if str(port) in target.ports:
        return target.ports[str(port)]
    return int(str(port))
