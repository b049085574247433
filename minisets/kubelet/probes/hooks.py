"""postStart and preStop hooks: run in a lane of their own, reported as what `memory.py` knows (A-108).

A hook that sleeps needs no thread: its end is a time. One that is not waited for any more goes on, and is
said to have failed if its container takes it along. Leaves to `plan.py` when one is due, and what follows.
Kubernetes: pkg/kubelet/lifecycle/handlers.go; the outcome of an HTTP hook is that there was an answer.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.errors import EngineError
from minisets.kubelet.probes.dialing import execute, port_of
from minisets.kubelet.probes.requesting import Getter, Request, RequestError
from minisets.objects.metadata import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from minisets.engine.interface import Engine
    from minisets.kubelet.containers import Wanted
    from minisets.kubelet.lanes import Lane
    from minisets.kubelet.memory import Memory
    from minisets.kubelet.observe import Hook
    from minisets.kubelet.probes.dialing import OnCloser
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder

_FAILED = {
    "postStart": ("FailedPostStartHook", "PostStartHook failed"),
    "preStop": ("FailedPreStopHook", "PreStopHook failed"),
}


@dataclass(frozen=True)
class Occasion:
    """One hook of one running container; address: the pod's."""

    pod: Object
    one: Wanted
    container_id: str
    hook: Hook
    address: str


class Hooks:
    """`wake` is told the pod's key when a hook has ended."""

    def __init__(
        self, engine: Engine, lane: Lane, memory: Memory, recorder: Recorder, wake: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._lane = lane
        self._memory = memory
        self._recorder = recorder
        self._wake = wake
        self._lock = threading.Lock()
        self._closers: dict[tuple[str, Hook], Callable[[], None]] = {}
        self._stopping = False

    def begin(self, what: Occasion) -> None:
        """It is under way when this returns; how it went is remembered."""
        sleep = what.one.hook(what.hook).get("sleep")
        if sleep is not None:
            self._memory.hook_begins(
                what.container_id, what.hook, timedelta(seconds=sleep.get("seconds") or 0)
            )
            return
        self._memory.hook_begins(what.container_id, what.hook)
        self._lane.submit(lambda: self._run(what))

    def forget(self, container_id: str) -> None:
        """The container is gone: whatever its hooks wait for does not come."""
        with self._lock:
            closers = [close for (id_, _), close in self._closers.items() if id_ == container_id]
        for close in closers:
            close()

    def stop(self) -> None:
        """Wait for none of them any more; a next kubelet runs them again."""
        with self._lock:
            self._stopping = True
            closers = list(self._closers.values())
        for close in closers:
            close()

    # --- in the lane ---

    def _run(self, what: Occasion) -> None:
        if not self._memory.is_hook_wanted(what.container_id, what.hook):
            return  # its turn in the lane came after its container's end
        passed = False
        try:
            with suppress(EngineError, RequestError, ValueError):
                passed = self._passes(what, what.one.hook(what.hook))
        finally:
            with self._lock:
                self._closers.pop((what.container_id, what.hook), None)
                is_stopping = self._stopping
            if not is_stopping:
                self._report(what, passed=passed)

    def _report(self, what: Occasion, *, passed: bool) -> None:
        self._memory.hook_ended(what.container_id, what.hook, passed=passed)
        if not passed:
            # Kubernetes: why is not said, "so that secrets won't leak".
            reason, message = _FAILED[what.hook]
            self._recorder.record(what.pod, "Warning", reason, message, field_path=what.one.field_path)
        self._wake(key_of(what.pod))

    def _passes(self, what: Occasion, handler: Mapping[str, Any]) -> bool:
        def on_closer(close: Callable[[], None]) -> None:
            with self._lock:
                self._closers[(what.container_id, what.hook)] = close
                is_stopping = self._stopping
            if is_stopping:
                close()

        if command := (handler.get("exec") or {}).get("command"):
            return execute(self._engine, what.container_id, tuple(command), on_closer).code == 0
        if get := handler.get("httpGet"):
            self._request(what, get, on_closer)
            return True
        # Kubernetes: tcpSocket is accepted, and fails when it is run.
        return False

    def _request(self, what: Occasion, get: Mapping[str, Any], on_closer: OnCloser) -> None:
        port = port_of(get.get("port"), what.one.ports)
        request, getter = Request.of(get, what.address, port, "lifecycle"), Getter(None)
        on_closer(getter.close)
        try:
            getter.get(request)
        except RequestError as error:
            if not error.spoke_plainly:
                raise
            getter.get(request.plain())
            host = f"{get.get('host') or what.address}:{port}"
            said = f"request to HTTPS lifecycle hook {host} got HTTP response, retry with HTTP succeeded"
            self._recorder.record(what.pod, "Warning", "LifecycleHTTPFallback", said)
