"""One container's log, followed over its restarts until its pod is gone, on a thread of its own.

    look at the pod -> next_step -> read that run -> note how far -> look again ... wait for a change

Decides when to look and what a reading's end means; leaves what to read to `log_choice.next_step`, what of it
is new to `log_lines.py`, and when a pod has changed to `log_following.py`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.cli.following import is_passing, state_of
from minisets.cli.log_choice import Reading, Runs, Step, as_of, next_step, runs_of
from minisets.cli.log_lines import Lines, Resumed, Shape, ended
from minisets.client.requests import Unreachable
from minisets.errors import ApiError, MinisetsError, ServiceUnavailable, TooManyRequests
from minisets.objects.metadata import ref_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from minisets.cli.log_funnel import Funnel
    from minisets.client.requests import ApiClient, LogStream
    from minisets.objects.kinds import Object

_SOON = timedelta(seconds=1)
"""When to look again where nobody tells: a log has ended and its container runs, or the server is away."""


@dataclass(frozen=True)
class Outlet:
    """Where the lines go and what is said of them, and who wants to know that no more will come."""

    funnel: Funnel
    tell: Callable[[str], None]
    left: Callable[[], None]


@dataclass(frozen=True)
class Manner:
    """How a log is read and printed.

    query: of its first run; limit: how many bytes; is_new: every run is wanted, those that are over, too.
    """

    shape: Shape
    query: Mapping[str, str]
    limit: int | None
    is_new: bool


class Source:
    """The log of one container of one pod."""

    def __init__(
        self, client: ApiClient, pod: Object, container: str, manner: Manner, outlet: Outlet
    ) -> None:
        self._client = client
        self._ref, self._uid = ref_of(pod), uid_of(pod)
        self._container = container
        self._manner = manner
        self._first_query = manner.query
        self._left = manner.limit
        self._outlet = outlet
        self._reading = Reading(number=-1 if manner.is_new else None)
        self._first_run = ""
        self._rest = b""
        self._is_cut = False
        self._told: set[str] = set()
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._stream: LogStream | None = None
        self._closed = False
        self._has_ended = False
        name = f"minisets-log-{self._ref.name}-{container}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._has_ended

    def changed(self) -> None:
        """Its pod is not what it was, or the server is back."""
        self._changed.set()

    def close(self) -> None:
        """Read no more; at once, from any thread."""
        with self._lock:
            self._closed = True
            stream = self._stream
        self._changed.set()
        if stream is not None:
            stream.close()

    def join(self, timeout: timedelta) -> None:
        """Wait for its thread."""
        self._thread.join(timeout.total_seconds())

    # --- the thread ---

    def _run(self) -> None:
        try:
            while not self._closed and self._goes_on():
                pass
            self._print(self._rest)
        except MinisetsError as error:
            self._tell(str(error))
        finally:
            self._has_ended = True
            self._outlet.left()

    def _goes_on(self) -> bool:
        """Look, then read or wait; False once nothing more can come."""
        self._changed.clear()
        try:
            pod = self._look()
            if pod is None:
                if self._is_cut and not self._reading.is_done:
                    self._tell(f"it is gone: the last lines of container {self._container} may be missing")
                return False
            runs = runs_of(pod, self._container)
            step = next_step(self._reading, runs)
            if step is not None:
                return self._read(step, runs)
        except Unreachable:
            self._is_cut = True
            self._changed.wait(_SOON.total_seconds())
            return True
        if runs.is_final:
            return False
        if not runs.current and not is_passing(pod):
            self._tell(f"container {self._container} is waiting to start: {state_of(pod)}")
        self._changed.wait()
        return True

    def _look(self) -> Object | None:
        """The pod as it is; None where it is gone."""
        pod = self._client.get(self._ref)
        return pod if pod is not None and uid_of(pod) == self._uid else None

    def _read(self, step: Step, runs: Runs) -> bool:
        """Print what is new of one run; False once nobody wants more."""
        if step.has_gap:
            self._tell(f"container {self._container} restarts faster than it is read: lines are missing here")
        self._first_run = self._first_run or step.reading.run
        self._reading = step.reading
        try:
            stream = self._client.logs(self._ref, self._query(step))
        except ApiError as error:
            self._refused(error, runs)
            return True
        with self._lock:
            self._stream = stream
            if self._closed:
                stream.close()
        if stream.began is not None:
            self._first_query = as_of(self._first_query, stream.began)
        try:
            # Why: only what it was before and is after the answer began is what the answer is about.
            pod = self._look()
            self._is_cut = pod is None
            if pod is None or not _is_same(step, runs_of(pod, self._container)):
                return True
            wants_more = self._copy(stream, step)
        finally:
            stream.close()
            with self._lock:
                self._stream = None
        if wants_more and not self._reading.is_done:
            self._changed.wait(_SOON.total_seconds())
        return wants_more

    def _query(self, step: Step) -> dict[str, str]:
        place = step.reading.place
        first = self._first_query if step.reading.run == self._first_run else {}
        return {
            **({"sinceTime": place.since} if place.stamp else first),
            "container": self._container,
            "timestamps": "true",
            "previous": "true" if step.is_previous else "",
            "follow": "" if step.is_over else "true",
        }

    def _copy(self, stream: LogStream, step: Step) -> bool:
        """Until the stream's end; False once nobody wants more. A run is done where it was over before."""
        if stream.began is not None and not step.is_over:
            # Why: had it any lines, they come now; if none do, the tail would be of what comes after.
            self._first_query = {**self._first_query, "tailLines": ""}
        lines, resumed = Lines(), Resumed(step.reading.place)
        self._rest = b""
        for piece in stream:
            if not self._pass_on(resumed.feed(lines.feed(piece))):
                return False
        self._rest = resumed.feed(ended(lines.rest()))
        if step.is_over:
            last, self._rest = self._rest + resumed.end(), b""
            if not self._pass_on(last):
                return False
            self._reading = replace(self._reading, is_done=True)
        return True

    def _pass_on(self, lines: bytes) -> bool:
        self._reading = replace(self._reading, place=self._reading.place.after(lines))
        return self._print(lines)

    def _print(self, lines: bytes) -> bool:
        printed, self._left = self._manner.shape.of(lines, self._left)
        return (not printed or self._outlet.funnel.put(printed)) and self._left != 0

    def _refused(self, error: ApiError, runs: Runs) -> None:
        """What is refused is told, unless the pod has changed since: then it is looked at anew."""
        pod = self._look()
        if pod is None or runs_of(pod, self._container) != runs:
            return
        self._tell(str(error))
        if isinstance(error, TooManyRequests | ServiceUnavailable):
            self._changed.wait(_SOON.total_seconds())
        else:
            self._reading = replace(self._reading, is_done=True)

    def _tell(self, remark: str) -> None:
        if remark not in self._told and not self._closed:
            self._told.add(remark)
            self._outlet.tell(f"pod/{self._ref.name}: {remark}")


def _is_same(step: Step, runs: Runs) -> bool:
    return step.reading.run == (runs.last if step.is_previous else runs.current)
