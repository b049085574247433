"""Watches: what a client that has seen version N is told from then on, one JSON line an event.

    initial events (state, or history since N) -> [bookmark: initial-events-end] -> changes ... -> end

An idle watch is a suspended task: the store wakes it. Leaves history and bounds to the store.
Kubernetes: apiserver pkg/endpoints/handlers/watch.go, storage/cacher `convertToWatchEvent`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from minisets.api.failures import as_api_error
from minisets.api.representing import encoded
from minisets.errors import ApiError, Expired
from minisets.objects.metadata import version_of
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from minisets.api.lanes import Lanes
    from minisets.api.queries import Filter, ListOptions
    from minisets.api.representing import Representation
    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.store.interface import Change, Store, Subscription

_KEPT = 1024
_BATCH = 128
_PAUSE_PER_WATCH, _LONGEST_PAUSE = 0.0005, 0.1
"""Seconds."""

_PATIENCE = 60
"""Seconds for which a client may refuse to read before its watch is ended."""


@dataclass(frozen=True)
class Watched:
    """What is watched, how, and in which form."""

    representation: Representation
    namespace: str
    options: ListOptions

    @property
    def wants_state(self) -> bool:
        """Whether all present objects come first, as ADDED."""
        if self.options.initial is not None:
            return self.options.initial
        return self.options.version in ("", "0")


@dataclass
class _Begun:
    """A watch that is about to be answered."""

    first: bytes
    seen: int
    subscription: Subscription | None = None

    def close(self) -> None:
        """No more changes are wanted."""
        if self.subscription is not None:
            self.subscription.close()


@dataclass
class Bell:
    """Wakes one watch: rung by the store's threads, and when the server stops."""

    loop: asyncio.AbstractEventLoop
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        """From any thread; does nothing once the loop is gone."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.rung.set)


class Watching:
    """All watches of one server."""

    def __init__(self, store: Store, lanes: Lanes, clock: Clock) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._lines = EventLines(clock)
        self._bells: set[asyncio.Event] = set()
        self._stopping = False

    def stop(self) -> None:
        """End every watch's body cleanly. On the loop only."""
        self._stopping = True
        for rung in self._bells:
            rung.set()

    async def serve(self, request: web.BaseRequest, watched: Watched) -> web.StreamResponse:
        """Answer until the client leaves, the time is over, the history is lost or the server stops."""
        bell = Bell(asyncio.get_running_loop())
        begun = await self._lanes.begin(self._begin, watched, bell.ring)
        self._bells.add(bell.rung)
        try:
            response = web.StreamResponse(headers={"Cache-Control": "no-cache, private"})
            response.content_type = "application/json"
            response.enable_chunked_encoding()
            await response.prepare(request)
            await self._run(response, watched, begun, bell)
            await response.write_eof()
        finally:
            self._bells.discard(bell.rung)
            begun.close()
        return response

    async def _run(self, response: web.StreamResponse, watched: Watched, begun: _Begun, bell: Bell) -> None:
        await _write(response, begun.first)
        if begun.subscription is None:
            return
        timeout = watched.options.timeout
        try:
            async with asyncio.timeout(timeout.total_seconds() if timeout else None):
                await self._follow(response, watched, begun, bell)
        except TimeoutError:
            # Why: a quiet kind's client would otherwise come back with a version long compacted.
            if watched.options.bookmarks:
                await _write(response, _bookmark(watched, begun.seen, initial_end=False))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the answer has begun: this is how it can still be told
            await _write(response, _line("ERROR", encoded(as_api_error(error).as_status())))

    async def _follow(
        self, response: web.StreamResponse, watched: Watched, begun: _Begun, bell: Bell
    ) -> None:
        assert begun.subscription is not None  # noqa: S101 - `_run` has seen to it
        while not self._stopping:
            bell.rung.clear()
            changes = begun.subscription.take()
            for start in range(0, len(changes), _BATCH):
                batch = changes[start : start + _BATCH]
                await _write(response, self._lines.of(batch, watched))
                begun.seen = batch[-1].version
                await asyncio.sleep(0)
            if changes:
                await asyncio.sleep(self._pause())
            else:
                await bell.rung.wait()

    def _pause(self) -> float:
        """How long a watch that was just told something waits before it looks again.

        Why: with many watches each single write costs more than the event; what gathers meanwhile goes in
        one. A watch that was quiet is told at once; a few watches wait for next to nothing.
        """
        return min(_LONGEST_PAUSE, _PAUSE_PER_WATCH * len(self._bells))

    def _begin(self, watched: Watched, ring: Callable[[], None]) -> _Begun:
        """Subscribe, and encode what comes first. Blocks: in a thread only."""
        kind, options = watched.representation.kind, watched.options
        try:
            if watched.wants_state:
                return self._with_state(watched, ring)
            since = int(options.version or 0) or self._store.version()
            return _Begun(b"", since, self._store.watch(kind.title, since, ring, watched.namespace))
        except ApiError as error:
            # Kubernetes: a watch that cannot begin is a 200 with one ERROR event (cacher newErrWatcher).
            return _Begun(_line("ERROR", encoded(error.as_status())), 0)

    def _with_state(self, watched: Watched, ring: Callable[[], None]) -> _Begun:
        representation, options = watched.representation, watched.options
        listing = self._store.list(representation.kind.title, watched.namespace)
        refuse_future(options.version, listing.version)
        now = self._clock.now()
        first = b"".join(
            _line("ADDED", encoded(representation.object(obj, now)))
            for obj in listing.items
            if options.filter.matches(obj)
        )
        if options.initial and options.bookmarks:
            first += _bookmark(watched, listing.version, initial_end=True)
        subscription = self._store.watch(representation.kind.title, listing.version, ring, watched.namespace)
        return _Begun(first, listing.version, subscription)


class EventLines:
    """Changes as lines, each encoded once for all watches in the same form; only on the loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def of(self, changes: Sequence[Change], watched: Watched) -> bytes:
        """The lines of those changes that this watch is to see."""
        lines = []
        for change in changes:
            event = event_of(change, watched.options.filter)
            if event is not None:
                lines.append(self._of(change, *event, watched.representation))
        return b"".join(lines)

    def _of(self, change: Change, type_: ChangeType, obj: Object, representation: Representation) -> bytes:
        now = self._clock.now()
        # Why: a Table says ages, so its line is good for the second in which it was made.
        second = int(now.timestamp()) if representation.form == "Table" else 0
        key = (change.version, change.ref, type_, representation, second)
        if (line := self._kept.get(key)) is not None:
            return line
        stamped = _stamped(obj, change.version)
        line = _line(type_, encoded(representation.object(stamped, now)))
        self._kept[key] = line
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return line


def event_of(change: Change, meant: Filter) -> tuple[ChangeType, Object] | None:
    """What a change is to a watch with a selector: an object that leaves it is DELETED, as it was."""
    is_in = change.type is not ChangeType.DELETED and meant.matches(change.object)
    before = change.previous
    if change.type is ChangeType.DELETED and before is None:
        before = change.object
    was_in = before is not None and meant.matches(before)
    if is_in:
        return (ChangeType.MODIFIED if was_in else ChangeType.ADDED), change.object
    if not was_in or before is None:
        return None
    gone = change.object if change.type is ChangeType.DELETED else before
    return ChangeType.DELETED, gone


def refuse_future(version: str, present: int) -> None:
    """Expired for a version that this store has never reached: its state was made anew."""
    if int(version or 0) > present:
        raise Expired(f"too large resource version: {version}, current: {present}")


def _stamped(obj: Object, version: int) -> Object:
    """The object with the event's version, which a client may watch on from."""
    if version_of(obj) == version:
        return obj
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(version)}}


def _line(type_: str, obj: bytes) -> bytes:
    return b'{"type":"' + type_.encode() + b'","object":' + obj + b"}\n"


def _bookmark(watched: Watched, version: int, *, initial_end: bool) -> bytes:
    return _line("BOOKMARK", encoded(watched.representation.bookmark(version, initial_end=initial_end)))


async def _write(response: web.StreamResponse, data: bytes) -> None:
    if not data:
        return
    try:
        async with asyncio.timeout(_PATIENCE):
            await response.write(data)
    except TimeoutError:
        raise ConnectionResetError("the client does not read") from None
