"""Rules for probes and lifecycle hooks (A-86).

Kubernetes: core validation.go validateProbe, validateHandler, validateLifecycle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects import names
from minisets.objects.causes import (
    Causes,
    each_invalid,
    forbidden,
    invalid,
    nonnegative,
    not_supported,
    required,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.objects.kinds import Object

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_BARRED = "may not be set for init containers without restartPolicy=Always"


def check_probes(path: str, container: Object, grace: int | None) -> Causes:
    """Hooks and probes of a container that runs as long as its pod; grace is the pod's, in seconds."""
    lifecycle = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):
        if (hook := lifecycle.get(name)) is not None:
            yield from _check_handler(f"{path}.lifecycle.{name}", hook, grace)
    for name in PROBES:
        if (probe := container.get(name)) is not None:
            yield from _check_probe(f"{path}.{name}", name, probe, grace)


def check_no_probes(path: str, container: Object) -> Causes:
    """A container that runs to its end has neither."""
    for name in ("lifecycle", *PROBES):
        if container.get(name) is not None:
            yield forbidden(f"{path}.{name}", _BARRED)


def check_port(path: str, port: Any) -> Causes:
    """A port by number or by name."""
    if isinstance(port, str):
        yield from each_invalid(path, port, names.port_name(port))
    else:
        yield from each_invalid(path, port or 0, names.port_number(port or 0))


def _check_probe(path: str, name: str, probe: Object, grace: int | None) -> Causes:
    yield from _check_handler(path, probe, grace)
    for count in _COUNTS:
        yield from nonnegative(f"{path}.{count}", probe.get(count) or 0)
    own_grace = probe.get("terminationGracePeriodSeconds")
    if own_grace is not None and own_grace <= 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", own_grace, "must be greater than 0")
    if name == "readinessProbe":
        if own_grace is not None:
            detail = "must not be set for readinessProbes"
            yield invalid(f"{path}.terminationGracePeriodSeconds", own_grace, detail)
    elif probe.get("successThreshold") != 1:
        yield invalid(f"{path}.successThreshold", probe.get("successThreshold") or 0, "must be 1")


def _check_handler(path: str, handler: Object, grace: int | None) -> Causes:
    given = [name for name in _HANDLERS if handler.get(name) is not None]
    for position, name in enumerate(given):
        if position:
            yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")
        else:
            yield from _HANDLERS[name](f"{path}.{name}", handler[name], grace)
    if not given:
        yield required(path, "must specify a handler type")


def _check_exec(path: str, action: Object, _: int | None) -> Causes:
    if not action.get("command"):
        yield required(f"{path}.command")


def _check_http(path: str, action: Object, _: int | None) -> Causes:
    if not action.get("path"):
        yield required(f"{path}.path")
    yield from check_port(f"{path}.port", action.get("port"))
    if action.get("scheme") not in {"HTTP", "HTTPS"}:
        yield not_supported(f"{path}.scheme", action.get("scheme") or "", ("HTTP", "HTTPS"))
    for header in action.get("httpHeaders") or ():
        name = header.get("name") or ""
        yield from each_invalid(f"{path}.httpHeaders", name, names.header_name(name))


def _check_tcp(path: str, action: Object, _: int | None) -> Causes:
    yield from check_port(f"{path}.port", action.get("port"))


def _check_sleep(path: str, action: Object, grace: int | None) -> Causes:
    seconds = action.get("seconds") or 0
    if grace is not None and not 0 <= seconds <= grace:
        detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        yield invalid(path, seconds, detail)


_HANDLERS: dict[str, Callable[[str, Object, int | None], Causes]] = {
    "exec": _check_exec,
    "httpGet": _check_http,
    "tcpSocket": _check_tcp,
    "grpc": _check_tcp,
    "sleep": _check_sleep,
}
