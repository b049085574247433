"""The control plane's life, from outside: reach it, start it, mend it, replace it, end it.

    reach    what answers at our kubeconfig's address; only when nothing does, the engine is asked and mended
    ensure   the same, and it is of this minisets (`up`)
    end      the container goes, and the network as the sign that the cluster is down; volumes stay

Decides nothing about workloads; what is to be done is `repair.py`'s, doing it `starting.py`'s. Every wait has
a deadline; what went wrong is said in one line.
"""

from __future__ import annotations

import contextlib
import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from minisets.client.requests import ApiClient
from minisets.cluster import endpoint, logins
from minisets.cluster.content import own_content
from minisets.cluster.engine import is_in_memory
from minisets.errors import EngineUnavailable, MinisetsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from minisets.client.access import Access
    from minisets.clock import Clock
    from minisets.cluster.credentials import Issued
    from minisets.cluster.mending import Container
    from minisets.cluster.places import Places
    from minisets.objects.kinds import Object

HOST_STOPS_WITHIN = timedelta(seconds=30)
_HOST_ANSWERS_WITHIN = timedelta(seconds=10)
_PAUSE = timedelta(milliseconds=25)


Presence = Literal["up", "down", "absent"]
"""up: it runs, or should; down: only what was kept is there; absent: nothing is."""


class NotRunning(MinisetsError):
    """No server runs for the cluster, and none should."""


def running(places: Places) -> Access:
    """How to reach the server that answers now; NotRunning, with what to type, if none. Mends nothing."""
    access = endpoint.access(places)
    if access is None or _served_at(access) is None:
        raise not_running(places)
    return access


def _served_at(access: Access) -> str | None:
    """Which minisets answers there, by its content; None: nobody."""
    client = ApiClient(access)
    try:
        return client.content_served()
    finally:
        client.close()


def not_running(places: Places) -> NotRunning:
    """What is said where nothing runs: what to type."""
    option = "" if places.cluster == "minisets" else f" --cluster {places.cluster}"
    return NotRunning(
        f'no server runs for cluster "{places.cluster}": start it with `minisets{option} up -f FILE`'
    )


class Control:
    """One cluster's control plane, as a person's command handles it; tell prints a line beside the result."""

    def __init__(
        self,
        places: Places,
        clock: Clock,
        sleep: Callable[[timedelta], None],
        tell: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._places = places
        self._cluster = places.cluster
        self._clock = clock
        self._sleep = sleep
        self._tell = tell
        self._environ = environ

    # --- reaching it ---

    def reach(self) -> Access:
        """How to reach the server; one that should run and does not is mended. Raises NotRunning."""
        access = endpoint.access(self._places)
        if access is not None and (content := _served_at(access)) is not None:
            self._say_if_other(content)
            return access
        return self._mended(is_up=False)

    def ensure(self) -> Access:
        """How to reach the server, of this minisets; it is started or replaced if need be (`up`)."""
        access = endpoint.access(self._places)
        if access is not None and (content := _served_at(access)) is not None:
            if (process := endpoint.serving(self._places)) is not None:
                if content != own_content():
                    self._tell(
                        f"the server, process {process.pid} of this machine, is of another minisets than "
                        "this command: end it and start `minisets daemon` again; pods run on"
                    )
                return access
            if content == own_content() and not self._environ.get("MINISETS_IMAGE"):
                return access
        return self._mended(is_up=True)

    def _say_if_other(self, content: str) -> None:
        if content != own_content() and not self._environ.get("MINISETS_IMAGE"):
            self._tell(
                "the server is of another minisets than this command: `minisets up` replaces it, pods run on"
            )

    def _mended(self, *, is_up: bool) -> Access:
        if (process := endpoint.serving(self._places)) is not None:
            return self._host_process(process)
        if self._places.database.exists() and not is_in_memory(self._places):
            raise NotRunning(
                f'cluster "{self._cluster}" has the state of a host process, in {self._places.state}: '
                "start that again with `minisets daemon`, or use another name: --cluster NAME"
            )
        if is_in_memory(self._places) and not is_up:
            raise not_running(self._places)
        try:
            with self._container() as container:
                access = container.served(is_up=is_up)
        except EngineUnavailable:
            if not is_up and endpoint.access(self._places) is None:
                # Why: a person who never started anything is helped by this, not by the engine's trouble.
                raise not_running(self._places) from None
            raise
        if access is None:
            raise not_running(self._places)
        return access

    def _host_process(self, process: endpoint.Serving) -> Access:
        """A server that is a process of this machine: it may be starting."""
        deadline = self._clock.elapsed() + _HOST_ANSWERS_WITHIN
        while endpoint.is_alive(process) and self._clock.elapsed() < deadline:
            access = endpoint.access(self._places)
            if access is not None and _served_at(access) is not None:
                return access
            self._sleep(_PAUSE)
        raise NotRunning(
            f"the server (process {process.pid}) does not answer: see what it printed, or end it "
            f"(`kill {process.pid}`)"
        )

    def hand_logins(self, objects: Iterable[Object]) -> None:
        """What the person is logged in to, as far as these objects' images want it; else nothing is asked.

        A server that is a process of this machine needs nothing handed: it pulls as the person does.
        """
        if endpoint.serving(self._places) is not None:
            return
        try:
            if found := logins.of_person(logins.images_of(objects), self._environ):
                with self._container() as container:
                    container.take_logins(found)
        except MinisetsError as error:
            self._tell(f"Warning: the server pulls without your docker login: {error}")

    def issue(self, user: str, groups: Sequence[str]) -> Issued:
        """A client's certificate, by the cluster's authority: its key is read where the server has it."""
        # Why here: only this needs cryptography, and its import takes long.
        from minisets.cluster import credentials  # noqa: PLC0415

        if endpoint.serving(self._places) is not None:
            held = credentials.kept(endpoint.state_of(self._places) / credentials.FOLDER)
        else:
            with self._container() as container:
                held = container.keys()
        return credentials.issue_client(held, user, groups, self._clock.now())

    # --- ending it ---

    def end(self) -> bool:
        """The server ends, pods do not. False if none ran."""
        if (process := endpoint.serving(self._places)) is not None:
            self._end_host_process(process)
            return True
        if is_in_memory(self._places):
            return False
        with self._container() as container:
            return container.end()

    def _end_host_process(self, process: endpoint.Serving) -> None:
        """SIGTERM, and wait until the process is gone."""
        try:
            os.kill(process.pid, signal.SIGTERM)
        except ProcessLookupError:
            return  # it ended by itself, just now
        except PermissionError as error:
            raise MinisetsError(
                f"the server (process {process.pid}) is another user's: run the command as that user"
            ) from error
        deadline = self._clock.elapsed() + HOST_STOPS_WITHIN
        while endpoint.is_alive(process):
            if self._clock.elapsed() > deadline:
                raise MinisetsError(
                    f"the server (process {process.pid}) does not end: see what it printed, then "
                    f"`kill {process.pid}`"
                )
            self._sleep(_PAUSE)

    # --- looking at it ---

    def presence(self) -> Presence:
        """What of the cluster is there. EngineUnavailable where no engine tells."""
        if endpoint.serving(self._places):
            return "up"
        if is_in_memory(self._places):
            return "down"
        with self._container() as container:
            found = container.presence()
        # Why: after a host process has died its network is there, and nothing of it runs.
        return "down" if found == "up" and self._places.database.exists() else found

    def answering(self) -> Access | None:
        """How to reach the server, if it answers now; None if not. Mends nothing."""
        with contextlib.suppress(NotRunning):
            return running(self._places)
        return None

    def details(self) -> list[tuple[str, str]]:
        """The engine and the control container, as names and texts for a person."""
        if (process := endpoint.serving(self._places)) is not None:
            state = endpoint.state_of(self._places)
            return [("process", f"{process.pid}, of this machine"), ("state", str(state))]
        if is_in_memory(self._places):
            return [("state", f"in memory; {self._places.state}")]
        with self._container() as container:
            return container.details()

    def log(self, *, follow: bool, tail: int | None) -> Iterator[bytes]:
        """What the control container printed. MinisetsError where there is none."""
        if endpoint.serving(self._places):
            raise MinisetsError("the server is a process of this machine: its log is where it was started")
        with self._container() as container:
            yield from container.log(follow=follow, tail=tail)

    @contextlib.contextmanager
    def _container(self) -> Iterator[Container]:
        # Why here: Docker's SDK takes longer to import than most commands to run, and they do not need it.
        from minisets.cluster.mending import Container, Hands, connected  # noqa: PLC0415

        with connected() as calls:
            yield Container(calls, self._places, Hands(self._clock, self._sleep, self._tell), self._environ)
