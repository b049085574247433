"""Many logs at once until Ctrl-C: of a statefulset's replicas, of a selector's pods, of a pod's containers.

    watches --> which sources there are --threads--> funnel --> the one that prints

Decides which containers are followed and when nothing more can come; leaves each to `log_sources.py`. A
server that goes away is waited for; pods that come meanwhile are read from their beginning.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.cli.applying import word_for
from minisets.cli.following import Follower, Interest, Scene, is_back
from minisets.cli.log_funnel import Funnel
from minisets.cli.log_sources import Manner, Outlet, Source
from minisets.cli.pod_containers import by_ordinal
from minisets.client.requests import Unreachable
from minisets.errors import MinisetsError
from minisets.objects.metadata import uid_of, version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from minisets.cli.log_lines import Shape
    from minisets.client.requests import ApiClient
    from minisets.clock import Clock
    from minisets.objects.kinds import Object, Ref

_FAREWELL = timedelta(seconds=2)
_LAST_WORDS = timedelta(seconds=5)
"""How long the logs of pods that are gone may take to end."""
_LONG = timedelta(days=1)


@dataclass(frozen=True)
class Wanted:
    """What is followed, and how it is printed.

    owner: the statefulset without which no pod will come; goes_on: whether others may come after these.
    containers: those of a pod that are meant, MinisetsError where it does not have them.
    query: how the logs that are there at the beginning are asked for; limit: how many bytes of each.
    """

    namespace: str
    pods: Interest
    owner: Ref | None
    goes_on: bool
    accepts: Callable[[Object], bool]
    containers: Callable[[Object], Sequence[str]]
    shape: Callable[[Object, str], Shape]
    query: Mapping[str, str]
    limit: int | None


@contextmanager
def followed(
    client: ApiClient, clock: Clock, wanted: Wanted, tell: Callable[[str], None]
) -> Iterator[Iterator[bytes]]:
    """What the logs print, whole lines of any number at a time, until nothing more can come."""
    following = _Following(client, clock, wanted, tell)
    try:
        following.start()
        yield following.lines()
    finally:
        following.close()


class _Following:
    def __init__(self, client: ApiClient, clock: Clock, wanted: Wanted, tell: Callable[[str], None]) -> None:
        self._client = client
        self._clock = clock
        self._wanted = wanted
        self._tell = tell
        self._funnel = Funnel()
        self._sources: dict[tuple[str, str], Source] = {}
        self._versions: dict[str, int] = {}
        self._is_first = True
        self._closed = False
        self._lock = threading.Lock()
        self._follower = Follower()
        self._thread = threading.Thread(target=self._run, name="minisets-logs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def lines(self) -> Iterator[bytes]:
        while lines := self._funnel.take():
            yield lines

    def close(self) -> None:
        """End every reading and watch; at once, from any thread."""
        with self._lock:
            self._closed = True
            follower = self._follower
        self._funnel.close()
        follower.close()
        self._thread.join(_FAREWELL.total_seconds())
        for source in tuple(self._sources.values()):
            source.close()
        for source in tuple(self._sources.values()):
            source.join(_FAREWELL)

    # --- the thread ---

    def _run(self) -> None:
        error: Exception | None = None
        try:
            while not self._is_done():
                pass
        except MinisetsError as raised:
            error = raised
        self._funnel.end(error)

    def _is_done(self) -> bool:
        """Follow until nothing more can come, or the watches end: then once more, if a server answers."""
        follower = Follower()
        with self._lock:
            self._follower = follower
        self._versions.clear()
        try:
            follower.begin(self._client, self._wanted.namespace, self._interests())
            # Why asked again and again: `close` ends the watches that are there then, and no later ones.
            while not self._closed and not self._is_over(follower.scene):
                follower.wait(_LONG)
        except Unreachable as error:
            if not self._closed:
                self._await_server(error)
            return self._closed
        finally:
            follower.close()
        if not self._closed:
            self._say_why()
        return True

    def _interests(self) -> list[Interest]:
        owner = self._wanted.owner
        own = [] if owner is None else [Interest(owner.kind, fields=f"metadata.name={owner.name}")]
        return [*own, self._wanted.pods]

    def _await_server(self, error: Unreachable) -> None:
        if self._client.content_served() is not None:
            return  # only the watch has ended
        self._tell("the server went away: waiting for it")
        if not is_back(self._client, self._clock):
            raise error

    def _is_over(self, scene: Scene) -> bool:
        """Take in what is there; whether nothing more can come."""
        pods = [pod for ref, pod in scene.objects.items() if ref.kind == "Pod" and self._wanted.accepts(pod)]
        for pod in sorted(pods, key=by_ordinal):
            self._follow(pod)
        self._is_first = False
        self._wake({uid_of(pod): version_of(pod) for pod in pods})
        owner = self._wanted.owner
        if owner is not None:
            return scene.get(owner) is None and not pods
        return not self._wanted.goes_on and all(source.has_ended for source in self._sources.values())

    def _follow(self, pod: Object) -> None:
        """Begin with those of its containers that are new."""
        try:
            containers = self._wanted.containers(pod)
        except MinisetsError as error:
            if self._is_first:
                raise
            if uid_of(pod) not in self._versions:
                self._tell(str(error))
            return
        for container in containers:
            if (uid_of(pod), container) not in self._sources:
                source = self._source(pod, container)
                self._sources[uid_of(pod), container] = source
                source.start()

    def _source(self, pod: Object, container: str) -> Source:
        manner = Manner(
            shape=self._wanted.shape(pod, container),
            query=self._wanted.query if self._is_first else {},
            limit=self._wanted.limit,
            is_new=not self._is_first,
        )
        return Source(self._client, pod, container, manner, Outlet(self._funnel, self._tell, self._nudge))

    def _nudge(self) -> None:
        self._follower.nudge()

    def _wake(self, versions: dict[str, int]) -> None:
        """Tell the sources whose pods have changed or are gone; forget those that have ended with theirs."""
        for (uid, container), source in tuple(self._sources.items()):
            if uid not in versions and source.has_ended:
                del self._sources[uid, container]
            elif versions.get(uid, 0) != self._versions.get(uid, -1):
                source.changed()
        self._versions = versions

    def _say_why(self) -> None:
        deadline = self._clock.elapsed() + _LAST_WORDS
        for source in tuple(self._sources.values()):
            source.join(max(timedelta(0), deadline - self._clock.elapsed()))
        if (owner := self._wanted.owner) is not None:
            self._tell(f"{word_for(owner)} is gone, and its pods with it: nothing more will come")
