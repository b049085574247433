"""The control container on its engine: seen, decided about, brought to serve, ended.

`repair.py` decides, `starting.py` does; here they meet, under the lock that lets one command begin at a time.
Imported only when the engine has to be asked.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.cluster import container, endpoint, image, lock, logins, network
from minisets.cluster.calls import ControlCalls
from minisets.cluster.content import own_content
from minisets.cluster.engine import refuse_strangers
from minisets.cluster.places import LOGINS
from minisets.cluster.quirks import quirks
from minisets.cluster.repair import Step, next_step
from minisets.cluster.starting import Hands, Start, access_to, answers, complaint_of, keys_of
from minisets.engine import labels
from minisets.engine.specs import LogOptions
from minisets.errors import EngineConflict, MinisetsError
from minisets.settings import Parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from ipaddress import IPv4Network

    from minisets.client.access import Access
    from minisets.cluster.container import Inspected
    from minisets.cluster.control import Presence
    from minisets.cluster.image import Sources
    from minisets.cluster.places import Places

__all__ = ["Container", "Hands", "connected"]

SOON = timedelta(seconds=8)
"""Several times what a control plane takes to start: one that does not answer by then is made anew."""
_NO_TIME = timedelta(0)


@contextlib.contextmanager
def connected() -> Iterator[ControlCalls]:
    """The engine that the docker command would talk to."""
    calls = ControlCalls.connect()
    try:
        yield calls
    finally:
        calls.close()


class Container:
    """One cluster's control container on one engine."""

    def __init__(self, calls: ControlCalls, places: Places, hands: Hands, environ: Mapping[str, str]) -> None:
        self._calls = calls
        self._places = places
        self._cluster = places.cluster
        self._hands = hands
        self._environ = environ
        self._waited_for = ("", "")

    def found(self) -> Inspected | None:
        """The container, if there is one."""
        body = self._calls.find(self._cluster)
        return container.read(body, self._cluster) if body else None

    def subnet(self) -> IPv4Network | None:
        """Of the cluster's network, if there is one; MinisetsError if a stranger has its name."""
        ours = network.find(self._calls.list_networks(), self._cluster)
        if ours is None:
            return None
        found = network.in_text(ours.subnet)
        if found is None:
            raise MinisetsError(
                f'the network "{self._cluster}" has no IPv4 subnet any more: remove it '
                f"(`docker network rm {self._cluster}`), then type the same again"
            )
        return found

    def presence(self) -> Presence:
        """up: it runs, or should; down: only what was kept is there."""
        if self.found() or self.subnet():
            return "up"
        ours = labels.cluster_selector(self._cluster)
        return "down" if self._calls.list_volumes(ours) or self._calls.list_containers(ours) else "absent"

    # --- serving ---

    def served(self, *, is_up: bool) -> Access | None:
        """How to reach the server, which answers by then; None where none should run, nor was asked for."""
        refuse_strangers(self._calls, self._cluster)
        step = self._next(is_up=is_up)
        if step.what == "use" and (access := self._used()):
            return access
        if step.what in ("use", "create", "replace"):
            engine, hands = self._calls.info().identity, self._hands
            with lock.starting(engine, self._cluster, hands.clock, hands.sleep, hands.tell):
                lock.refuse_host_process(engine, self._cluster)
                return self._alone(is_up=is_up)
        if step.what == "refuse":
            raise MinisetsError(step.cause)
        return None

    def _alone(self, *, is_up: bool) -> Access | None:
        """Looked at again, for another command may have done it while this one waited; then done."""
        step = self._next(is_up=is_up)
        if step.what == "use":
            if access := self._used():
                return access
            # Why: it may hold an engine's socket that is dead since the engine was started again.
            step = Step("create", "it did not answer")
        if step.what == "refuse":
            raise MinisetsError(step.cause)
        return None if step.what == "nothing" else self._started(step, is_up=is_up)

    def _next(self, *, is_up: bool) -> Step:
        wanted = image.content_of(self._calls, self._sources()) if is_up else None
        return next_step(self._cluster, self.found(), has_network=self.subnet() is not None, wanted=wanted)

    def _sources(self) -> Sources:
        return image.sources(own_content(), self._environ)

    def take_logins(self, found: logins.Auths) -> None:
        """Kept with the state: the server's own pulls log in with them from now on."""
        held = self._calls.file_end(self._cluster, f"{container.STATE}/{LOGINS}", logins.LONGEST)
        wanted = logins.merged(held, found)
        if wanted != logins.merged(held, {}):
            self._calls.put_archive(self._cluster, container.STATE, logins.archive(LOGINS, wanted))

    def _used(self) -> Access | None:
        """Of a server that runs, or that the engine starts again; our kubeconfig says so afterwards.

        None where it does not answer soon.
        """
        found = self.found()
        access = access_to(self._calls, found) if found else None
        if found is None or access is None:
            return None
        this = (found.id, found.started_at)
        if not answers(access, SOON if this != self._waited_for else _NO_TIME, self._hands):
            # Why raised: a new container would end in the same way, and this one's log tells why.
            if complaint := complaint_of(self._calls, self._cluster):
                raise MinisetsError(f"the server does not start: {complaint}")
            self._waited_for = this
            return None
        with endpoint.written_down(self._places) as write:
            write(access)
        return access

    def _started(self, step: Step, *, is_up: bool) -> Access:
        old = self.found()
        before = endpoint.access(self._places)
        port = old.port if old else before.address[1] if before else 0
        start = Start(self._calls, self._cluster, self._hands)
        with endpoint.written_down(self._places) as write:
            access = start.run(self._sources_of(old, is_up=is_up), old, port)
            write(access)
        self._say(step, access, port, start)
        if is_up:
            image.remove_others(self._calls, own_content())
        return access

    def _sources_of(self, old: Inspected | None, *, is_up: bool) -> Sources:
        """What ran before goes on, whichever minisets that is, unless it is `up` that asks."""
        if not is_up and old is not None and self._calls.inspect_image(old.image) is not None:
            return image.Sources(old.content, "", ready=old.image)
        return self._sources()

    def _say(self, step: Step, access: Access, port: int, start: Start) -> None:
        did = "replaced" if step.what == "replace" else "brought back" if step.cause else "started"
        why = f": {step.cause}" if step.cause else ""
        tell = self._hands.tell
        tell(f'{did} the server of cluster "{self._cluster}" at {access.url}{why} ({start.steps})')
        if port and access.address[1] != port:
            tell(
                f"Warning: port {port} is taken by another program, so it is reached at port "
                f"{access.address[1]} from now on; {self._places.kubeconfig} says so, copies of it do not"
            )

    def keys(self) -> dict[str, bytes]:
        """The server's credentials, by file name; none where there is no container."""
        found = self.found()
        return keys_of(self._calls, found) if found else {}

    # --- its end, and what it said ---

    def end(self) -> bool:
        """Container and network go; pods do not, nor volumes. False if there was neither."""
        found, subnet = self.found(), self.subnet()
        if found is not None:
            self._calls.stop(found.id, container.STOP_WITHIN)
            self._calls.remove_container(found.id, force=True)
        if subnet is not None:
            try:
                self._calls.remove_network(self._cluster)
            except EngineConflict as error:
                # Why asked: pods of ours that are still there go next, and the network with them.
                if not self._calls.list_containers(labels.cluster_selector(self._cluster)):
                    said = f"Warning: the network stays, for something that is not ours uses it: {error}"
                    self._hands.tell(said)
        return found is not None or subnet is not None

    def log(self, *, follow: bool, tail: int | None) -> Iterator[bytes]:
        """What it printed, from all its starts. MinisetsError where there is no container."""
        if self.found() is None:
            raise MinisetsError(f'cluster "{self._cluster}" has no control container whose log could be read')
        stream = self._calls.logs(self._cluster, LogOptions(follow=follow, tail=tail))
        with contextlib.closing(stream):
            for _, piece in stream:
                yield piece

    def details(self) -> list[tuple[str, str]]:
        """Engine, container, image, network and state, as names and texts for a person."""
        about = quirks(*self._calls.about(), self._calls.address)
        rows = [("engine found", f"{about.kind} at {self._calls.address}"), ("its own socket", about.socket)]
        found, subnet = self.found(), self.subnet()
        if found is None:
            rows.append(("container", "none"))
        else:
            ended = "" if found.state == "running" else f", code {found.exit_code} {found.error}".rstrip()
            rows += [
                ("container", f"{self._cluster} ({found.state}{ended}; since {found.started_at})"),
                ("restarts", str(found.restarts)),
                ("image", f"{found.image} (this command's content: {own_content()})"),
            ]
        if subnet is not None:
            parts = Parts.of(subnet)
            rows += [
                ("network", f"{self._cluster}, {subnet}"),
                ("addresses", f"control {parts.control}, pods {parts.pods}, services {parts.services}"),
            ]
        held = self._calls.inspect_volume(container.state_volume(self._cluster))
        rows.append(("state", f'the Docker volume "{held.name}"' if held else "none"))
        return rows
