"""Engine events as keys of pods, and as word of holders: a container died, or was removed by hand.

Trap: Docker says now and then only after the end that memory ran out, and then its inspect never does.

A stream that ends is a loss, as events have no memory: connect again, have all listed, go on (DESIGN 12).
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import labels
from minisets.errors import EngineError
from minisets.kubelet.pods import key_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from minisets.clock import Clock
    from minisets.engine.interface import Engine, EngineEvent, EventStream

_TELLING = frozenset({"start", "die", "oom", "destroy", "pause", "unpause"})
_ENDS = frozenset({"die", "destroy"})
_FIRST_RETRY = timedelta(milliseconds=200)
_LONGEST_RETRY = timedelta(seconds=10)

_log = logging.getLogger(__name__)


class EventFeed:
    """One thread. on_key: a pod's key; on_connected: list everything; on_lost: no engine answers.

    on_holder: what keeps a volume in memory ended. on_oom: the id of a container whose memory ran out.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        selector: Mapping[str, str],
        *,
        on_key: Callable[[str], None],
        on_holder: Callable[[], None],
        on_oom: Callable[[str], None],
        on_connected: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._selector = dict(selector)
        self._on_key = on_key
        self._on_holder = on_holder
        self._on_oom = on_oom
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._changed = threading.Condition()
        self._stream: EventStream | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="minisets-engine-events", daemon=True)

    def start(self) -> None:
        """Connect, and stay connected."""
        self._thread.start()

    def stop(self, timeout: timedelta) -> bool:
        """End; whether the thread did in time."""
        with self._changed:
            self._stopping = True
            stream = self._stream
            self._changed.notify_all()
        if stream is not None:
            stream.close()
        if self._thread.ident is not None:
            self._thread.join(timeout.total_seconds())
        return not self._thread.is_alive()

    def _run(self) -> None:
        retry = _FIRST_RETRY
        while not self._is_stopping():
            if self._follow():
                retry = _FIRST_RETRY
            if not self._is_stopping():
                self._on_lost()
                self._rest(retry)
            retry = min(retry * 2, _LONGEST_RETRY)

    def _is_stopping(self) -> bool:
        with self._changed:
            return self._stopping

    def _rest(self, duration: timedelta) -> None:
        with self._changed:
            if not self._stopping:
                self._clock.wait(self._changed, duration)

    def _tell(self, event: EngineEvent) -> None:
        if event.action == "oom":
            self._on_oom(event.id)
        if key := key_in(event.labels):
            self._on_key(key)
        elif event.labels.get(labels.KIND) == "holder" and event.action in _ENDS:
            self._on_holder()

    def _follow(self) -> bool:
        """One connection, until it ends; whether there was one."""
        try:
            stream = self._engine.events(self._selector)
        except EngineError as error:
            _log.warning("no events from the engine: %s", error)
            return False
        with self._changed:
            self._stream = stream
            stopping = self._stopping
        if not stopping:
            self._on_connected()
            for event in stream:
                if event.kind == "container" and event.action in _TELLING:
                    self._tell(event)
        with self._changed:
            self._stream = None
        stream.close()
        return True
