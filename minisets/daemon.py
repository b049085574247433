"""The composition root: the only place that builds concrete parts and joins them.

Starts them bottom up and stops them top down. Holds no logic: what a part does is its room's.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import signal
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from minisets.api.app import ApiServer, Backend
from minisets.client.access import Access
from minisets.clock import SystemClock
from minisets.cluster import container, credentials, endpoint, lock, network
from minisets.cluster.engine import mark, refuse_container, refuse_strangers
from minisets.cluster.places import DATABASE
from minisets.cluster.private import write_private
from minisets.controllers.disruption import Disruption
from minisets.controllers.endpoints.reconciler import Endpoints
from minisets.controllers.ephemeral import EphemeralVolumes
from minisets.controllers.garbage import Garbage
from minisets.controllers.namespaces import Namespaces, ensure_namespaces
from minisets.controllers.nodes.eviction import TaintEviction
from minisets.controllers.nodes.growing import Growth
from minisets.controllers.nodes.lifecycle import NodeLifecycle
from minisets.controllers.nodes.podgc import PodGarbage
from minisets.controllers.nodes.registering import ensure_nodes
from minisets.controllers.priorities import ensure_priority_classes
from minisets.controllers.scheduling.fitting import Fitting
from minisets.controllers.scheduling.reconciler import Scheduling
from minisets.controllers.snapshots.reconciler import Snapshots, ensure_default_snapshot_class
from minisets.controllers.statefulset.reconciler import StatefulSets
from minisets.controllers.volumes.classes import ensure_default_class
from minisets.controllers.volumes.reconciler import Volumes
from minisets.dns.feed import Feed
from minisets.dns.restarts import REFUSED
from minisets.dns.server import DnsServer, resolvers
from minisets.engine.docker import DockerEngine
from minisets.engine.memory import MemoryEngine
from minisets.errors import EngineError, EngineUnavailable, MinisetsError
from minisets.kubelet.kubelet import Kubelet
from minisets.loop import Reconciler, Worker
from minisets.objects.shape import SHAPE, Shape
from minisets.registry.events import Recorder
from minisets.registry.registry import Registry
from minisets.store.follow import Follower
from minisets.store.lock import FileLock
from minisets.store.memory import MemoryStore
from minisets.store.sqlite import SqliteStore, first_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from minisets.clock import Clock
    from minisets.cluster.places import Places
    from minisets.dns.handover import ZoneWriter
    from minisets.dns.zone import Zone
    from minisets.engine.interface import Engine
    from minisets.settings import Settings
    from minisets.store.interface import Change, Store

_log = logging.getLogger(__name__)
_LOOKED_WITHIN = timedelta(seconds=2)
_STOP_WITHIN = timedelta(seconds=10)
_HOST_ROUTES = Path("/proc/net/route")
_HOST_RESOLVERS = Path("/etc/resolv.conf")
_DNS_PORT = 53


class Controller(Reconciler, Protocol):
    """What reconciles: a name, the kinds that it follows, and which keys a change concerns."""

    @property
    def name(self) -> str:
        """What its threads are called."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it follows."""

    def keys(self, change: Change) -> Iterable[str]:
        """The keys to look at again."""


def _carry_on() -> None:
    """The kubelet connects again by itself."""


class Running:
    """A controller on its worker, fed by the store."""

    def __init__(self, controller: Controller, store: Store, clock: Clock, *, threads: int = 1) -> None:
        self._controller = controller
        self._worker = Worker(controller.name, controller, clock, threads=threads, source=self._keys)
        self._follower = Follower(store, controller.kinds, self._worker.wake)

    def _keys(self) -> Iterable[str]:
        return self._follower.keys(self._controller.keys)

    def start(self) -> None:
        """Begin to reconcile."""
        self._worker.start()

    def stop(self) -> None:
        """Finish what runs."""
        self._follower.close()
        if not self._worker.stop(_STOP_WITHIN):
            _log.warning("%s did not end within %s s", self._controller.name, _STOP_WITHIN.seconds)


class ControlPlane:
    """Registry, controllers, kubelet and DNS feed over one store and one engine."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        clock: Clock,
        settings: Settings,
        *,
        dns_address: str,
        publish: Callable[[Zone], None],
        engine_lost: Callable[[], None] = _carry_on,
    ) -> None:
        self.registry = Registry(store, clock, settings)
        managers = self.registry.acting_as("kube-controller-manager")
        scheduler, kubelet = self.registry.acting_as("kube-scheduler"), self.registry.acting_as("kubelet")
        snapshots = self.registry.acting_as("snapshot-controller")
        ensure_namespaces(self.registry)
        ensure_default_class(self.registry)
        ensure_priority_classes(self.registry)
        ensure_default_snapshot_class(self.registry)
        ensure_nodes(self.registry, Shape.of(store.get(SHAPE)))
        recorders = {
            name: Recorder(self.registry, clock, name)
            for name in (
                "statefulset-controller",
                "persistentvolume-controller",
                "default-scheduler",
                "controllermanager",
                "snapshot-controller",
                "node-controller",
                "taint-eviction-controller",
                "cluster-autoscaler",
            )
        }
        statefulsets = StatefulSets(store, managers, recorders["statefulset-controller"], clock)
        scheduling = Scheduling(scheduler, recorders["default-scheduler"], clock)
        lifecycle = NodeLifecycle(store, managers, recorders["node-controller"], clock)
        eviction = TaintEviction(store, managers, recorders["taint-eviction-controller"], clock)
        growth = Growth(
            store, managers, recorders["cluster-autoscaler"], clock, lambda: Fitting(store).why_not
        )
        self._controllers = [
            Running(Namespaces(store, managers), store, clock),
            Running(Garbage(store, managers), store, clock),
            Running(Volumes(store, managers, recorders["persistentvolume-controller"]), store, clock),
            Running(Snapshots(store, snapshots, recorders["snapshot-controller"], clock), store, clock),
            Running(EphemeralVolumes(store, managers), store, clock),
            Running(lifecycle, store, clock),
            Running(eviction, store, clock),
            Running(PodGarbage(store, managers, clock), store, clock),
            Running(growth, store, clock),
            Running(scheduling, store, clock),
            Running(Disruption(store, managers, recorders["controllermanager"], clock), store, clock),
            Running(Endpoints(store, managers), store, clock),
            Running(Feed(store, settings, publish), store, clock),
            Running(statefulsets, store, clock, threads=2),
        ]
        self._kubelet = Kubelet(
            store, kubelet, engine, clock, settings, dns=dns_address, engine_lost=engine_lost
        )

    def start(self) -> None:
        """The kubelet first: it says that there is a node.

        Why it is waited for: after the engine's restart the stored pods are Ready and their containers gone;
        nobody should be told so (a pod of which more than that is to be done is not waited for).
        """
        self._kubelet.start()
        for controller in self._controllers:
            controller.start()
        self._kubelet.settle(_LOOKED_WITHIN)

    def stop(self) -> None:
        """Top down; pods run on."""
        for controller in reversed(self._controllers):
            controller.stop()
        self._kubelet.stop(_STOP_WITHIN)


def serve(settings: Settings, places: Places, *, announce: Callable[[str], None]) -> None:
    """Run one cluster's server as a process of the host, until SIGTERM or SIGINT.

    MinisetsError if it cannot start.
    """
    _log_to_stderr()
    words = _words_of_signals()
    with running(settings, places) as access:
        announce(f'minisets serves cluster "{settings.cluster}" at {access.url}')
        announce(f"export KUBECONFIG={places.kubeconfig}")
        words.get()


def serve_contained(settings: Settings, zones: ZoneWriter) -> int:
    """Run one cluster's server in its control container, below process 1, until SIGTERM or the engine's end.

    The exit code: `REFUSED` where the engine does not answer (any more): its socket may be a dead one, which
    only a new start of the container replaces. MinisetsError if it cannot start for another reason.
    """
    _log_to_stderr()
    try:
        return _contained(settings, zones, SystemClock(), _words_of_signals())
    except EngineUnavailable as error:
        _log.warning("%s", error)
        return REFUSED


def _contained(settings: Settings, zones: ZoneWriter, clock: Clock, words: queue.SimpleQueue[str]) -> int:
    with contextlib.ExitStack() as stack:
        stack.callback(zones.close)
        store = SqliteStore(settings.state / DATABASE, clock=clock)
        stack.callback(store.close)
        engine = DockerEngine.connect()
        stack.callback(engine.close)
        plane = ControlPlane(
            store,
            engine,
            clock,
            settings,
            dns_address=str(settings.parts.control),
            publish=zones.publish,
            engine_lost=lambda: words.put("lost"),
        )
        plane.start()
        stack.callback(plane.stop)
        backend = Backend(store, plane.registry, engine, clock)
        _listening(backend, settings, container.hosts(settings), stack)
        _log.info('serving cluster "%s"', settings.cluster)
        while words.get() == "lost":
            if not _answers(engine):
                _log.warning("the engine does not answer any more")
                return REFUSED
        return 0


def _answers(engine: Engine) -> bool:
    try:
        engine.info()
    except EngineError:
        return False
    return True


def _log_to_stderr() -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def _words_of_signals() -> queue.SimpleQueue[str]:
    """Where `stop` arrives at SIGTERM or SIGINT."""
    words: queue.SimpleQueue[str] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: words.put("stop"))
    return words


@contextlib.contextmanager
def running(settings: Settings, places: Places) -> Iterator[Access]:
    """The whole server, from its lock to its announcement; everything ends with the block."""
    clock = SystemClock()
    for folder in (settings.state, places.state):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.ExitStack() as stack:
        store = _store(settings, places, clock, stack)
        mark(places, settings.engine)
        engine, settings = _engine(settings, places, clock, stack)
        dns, notices = _dns(settings, stack)
        plane = ControlPlane(
            store,
            engine,
            clock,
            settings,
            dns_address=str(settings.parts.gateway) if dns else "",
            publish=dns.publish if dns else _nowhere,
        )
        plane.start()
        stack.callback(plane.stop)
        access = _api(store, plane.registry, engine, clock, settings, places, stack)
        endpoint.announce(places, access, notices, settings.state)
        stack.callback(endpoint.withdraw, places)
        yield access


def _store(settings: Settings, places: Places, clock: Clock, stack: contextlib.ExitStack) -> Store:
    """Where objects rest, locked: one server a state."""
    if settings.engine == "docker":
        stored = SqliteStore(settings.state / DATABASE, clock=clock)
        stack.callback(stored.close)
        return stored
    stack.callback(FileLock(settings.state / places.lock.name).release)
    store = MemoryStore(first_version=first_version(clock.now()))
    stack.callback(store.close)
    return store


def _engine(
    settings: Settings, places: Places, clock: Clock, stack: contextlib.ExitStack
) -> tuple[Engine, Settings]:
    """The engine, and the settings with the subnet of the cluster's network, which exists afterwards."""
    if settings.engine == "memory":
        memory = MemoryEngine(clock)
        stack.callback(memory.close)
        return memory, settings
    engine = DockerEngine.connect()
    stack.callback(engine.close)
    whose = engine.info().identity
    with lock.starting(whose, settings.cluster, clock, _sleep, _log.warning):
        stack.callback(lock.Claim(whose, settings.cluster).release)  # before anything there is touched
        refuse_container(engine, settings.cluster)
    refuse_strangers(engine, settings.cluster)
    wanted = settings.subnet or network.kept(places.subnet)
    subnet = network.ensure(engine, settings.cluster, network.routes(_HOST_ROUTES), wanted)
    write_private(places.subnet, f"{subnet}\n")
    return engine, replace(settings, subnet=subnet)


def _sleep(duration: timedelta) -> None:
    time.sleep(duration.total_seconds())


def _dns(settings: Settings, stack: contextlib.ExitStack) -> tuple[DnsServer | None, tuple[str, ...]]:
    """Names for pods, where port 53 of the bridge can be had (root on Linux); else what to say."""
    if settings.subnet is None:
        return None, ()
    gateway = str(settings.parts.gateway)
    try:
        server = DnsServer(gateway, _DNS_PORT, resolvers(_HOST_RESOLVERS, without=gateway))
    except MinisetsError as error:
        notice = f"pods have no names: {error}"
        _log.warning("%s", notice)
        return None, (notice,)
    server.start()
    stack.callback(server.stop)
    return server, ()


def _nowhere(zone: Zone) -> None:
    """Where zones go when nobody serves them."""
    del zone


def _api(
    store: Store,
    registry: Registry,
    engine: Engine,
    clock: Clock,
    settings: Settings,
    places: Places,
    stack: contextlib.ExitStack,
) -> Access:
    """The HTTPS server, and how to reach it."""
    port = settings.port or endpoint.kept_port(places, settings.host)
    backend = Backend(store, registry, engine, clock)
    server, keys = _listening(backend, replace(settings, port=port), (settings.host,), stack)
    return Access(f"https://{settings.host}:{server.port}", keys.ca, keys.token)


def _listening(
    backend: Backend, settings: Settings, hosts: Iterable[str], stack: contextlib.ExitStack
) -> tuple[ApiServer, credentials.Credentials]:
    """The HTTPS server, with a certificate for these names."""
    keys = credentials.ensure(settings.state / credentials.FOLDER, hosts, backend.clock.now())
    server = ApiServer(backend, settings, keys)
    server.start()
    stack.callback(server.stop)
    return server, keys
