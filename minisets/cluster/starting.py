"""Making a cluster's control container and seeing it serve, step by step; each step is timed.

    image -> network, state volume -> (the old one ends) -> container, credentials in it, start -> it answers

Called by one command at a time (`lock.py`). A command that dies in between leaves what the next one goes on
from: everything is found again by name and label. Leaves whether to do it to `repair.py`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from minisets.client.access import Access
from minisets.client.requests import ApiClient
from minisets.cluster import container, credentials, endpoint, image, network
from minisets.cluster.container import LOOPBACK, STATE, Inspected, Wanted
from minisets.cluster.quirks import quirks
from minisets.engine import labels
from minisets.engine.specs import VolumeSpec
from minisets.errors import EngineError, EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Network

    from minisets.clock import Clock
    from minisets.cluster.calls import ControlCalls
    from minisets.cluster.image import Sources

ANSWERS_WITHIN = timedelta(seconds=30)
_LOOK_EVERY = timedelta(milliseconds=500)
_PAUSE = timedelta(milliseconds=25)
_PORTS_TRIED = 5
_HOST_ROUTES = Path("/proc/net/route")
_PKI = f"{STATE}/{credentials.FOLDER}"
_GIVEN_UP_AFTER = 3
"""How often the server may end at its start before nobody waits for it any more."""


@dataclass(frozen=True)
class Hands:
    """What a command acts with. tell: prints a line beside the result."""

    clock: Clock
    sleep: Callable[[timedelta], None]
    tell: Callable[[str], None]


@dataclass
class Steps:
    """How long each step of a start took."""

    clock: Clock
    took: list[tuple[str, timedelta]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens in the block."""
        began = self.clock.elapsed()
        yield
        self.took.append((name, self.clock.elapsed() - began))

    def __str__(self) -> str:
        """`image 2.1 s, network 0.1 s`."""
        return ", ".join(f"{name} {took.total_seconds():.1f} s" for name, took in self.took)


class Start:
    """One start of one cluster's control container."""

    def __init__(self, calls: ControlCalls, cluster: str, hands: Hands) -> None:
        self._calls = calls
        self._cluster = cluster
        self._hands = hands
        self.steps = Steps(hands.clock)

    def run(self, sources: Sources, old: Inspected | None, port: int) -> Access:
        """Start it from these sources in the place of the old one; `port` is kept if it is free."""
        step = self.steps.step
        with step("image"):
            content = image.content_of(self._calls, sources)
            name = image.ensure(self._calls, sources, self._hands.tell)
        with step("network"):
            subnet = self._network()
        if old is not None:
            with step("old one"):
                self._calls.stop(old.id, container.STOP_WITHIN)
                self._calls.remove_container(old.id, force=True)
        with step("container"):
            about = quirks(*self._calls.about(), self._calls.address)
            wanted = Wanted(self._cluster, subnet, name, content, port, about)
            access = self._create(wanted, sources)
        with step("answers"):
            _await_answer(self._calls, self._cluster, access, self._hands)
        return access

    def _network(self) -> IPv4Network:
        """The cluster's network and state volume, which has the network's subnet on record."""
        held = self._calls.inspect_volume(container.state_volume(self._cluster))
        wanted = network.in_text(held.labels.get(labels.SUBNET, "")) if held else None
        subnet = network.ensure(self._calls, self._cluster, network.routes(_HOST_ROUTES), wanted)
        if held is None:
            volume = container.state_volume(self._cluster)
            self._calls.create_volume(VolumeSpec(volume, labels.state_labels(self._cluster, str(subnet))))
        return subnet

    def _create(self, wanted: Wanted, sources: Sources) -> Access:
        """Created, with credentials, started; on another port where the wanted one is taken."""
        port = endpoint.free_port(LOOPBACK, wanted.port)
        failed: EngineError | None = None
        for _ in range(_PORTS_TRIED):
            wanted = replace(wanted, port=port)
            try:
                made = self._calls.create(self._cluster, container.body(wanted))
            except EngineNotFound as error:
                # Why: the end of another cluster removes images that nobody uses, and this one just did not.
                failed = error
                image.ensure(self._calls, sources, self._hands.tell)
                continue
            handed = self._credentials(made, wanted)
            try:
                self._calls.start_container(made)
            except EngineError as error:
                self._calls.remove_container(made, force=True)
                failed = error
                port = endpoint.free_port(LOOPBACK, port)
                if port == wanted.port:
                    raise
            else:
                return Access(f"https://{LOOPBACK}:{port}", handed.ca, handed.token)
        raise MinisetsError(f"the control container could not be made: {failed}")

    def _credentials(self, made: str, wanted: Wanted) -> credentials.Handed:
        """Those in the state, completed here and handed in by archive: never in env, args or labels."""
        held = self._calls.files_in(made, _PKI)
        handed = credentials.outside(held, container.hosts(wanted.settings), self._hands.clock.now())
        if handed.changed:
            self._calls.put_archive(made, STATE, handed.archive())
        return handed


def access_to(calls: ControlCalls, found: Inspected) -> Access | None:
    """How to reach a container that is there, by its label and state; None: it has no credentials yet."""
    held = credentials.of_clients(keys_of(calls, found))
    return Access(f"https://{LOOPBACK}:{found.port}", *held) if held else None


def keys_of(calls: ControlCalls, found: Inspected) -> dict[str, bytes]:
    """The credentials of a container that is there, by file name."""
    return calls.files_in(found.id, _PKI)


def answers(access: Access, within: timedelta, hands: Hands) -> bool:
    """Whether the server there answers in time. Why a poll: no event tells that a program listens."""
    client = ApiClient(access)
    deadline = hands.clock.elapsed() + within
    try:
        while client.content_served() is None:
            if hands.clock.elapsed() > deadline:
                return False
            hands.sleep(_PAUSE)
        return True
    finally:
        client.close()


def _await_answer(calls: ControlCalls, cluster: str, access: Access, hands: Hands) -> None:
    """Until the server answers; MinisetsError with the end of its log where it does not."""
    deadline = hands.clock.elapsed() + ANSWERS_WITHIN
    while not answers(access, _LOOK_EVERY, hands):
        if complaint := complaint_of(calls, cluster):
            raise MinisetsError(f"the server did not start: {complaint}")
        if hands.clock.elapsed() > deadline:
            said = last_words(calls, cluster)
            raise MinisetsError(f"the server did not answer within {ANSWERS_WITHIN.seconds} s: {said}")


def complaint_of(calls: ControlCalls, cluster: str) -> str:
    """Why waiting makes no sense any more; empty while it does."""
    body = calls.find(cluster)
    found = container.read(body, cluster) if body else None
    if found is None:
        return "somebody removed its container"
    if found.state not in ("running", "restarting"):
        return f"its container has ended with code {found.exit_code} {found.error}".strip()
    errors = [line for line in calls.output(found.id, tail=50).splitlines() if line.startswith("Error: ")]
    return errors[-1].removeprefix("Error: ") if len(errors) >= _GIVEN_UP_AFTER else ""


def last_words(calls: ControlCalls, cluster: str) -> str:
    """The last line that the control container printed."""
    try:
        lines = calls.output(cluster, tail=1).strip().splitlines()
    except EngineNotFound:
        lines = []
    return f"its last words: {lines[-1]}" if lines else "it said nothing"
