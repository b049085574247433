"""The room put together: workers, lanes, probes, the event feed and the node, started bottom up."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from minisets.cluster.places import LOGINS
from minisets.engine import labels
from minisets.engine.sandbox_image import SandboxImage
from minisets.errors import MinisetsError
from minisets.kubelet.addresses import Addresses
from minisets.kubelet.carry import Parts
from minisets.kubelet.feed import EventFeed
from minisets.kubelet.images.pulling import Images
from minisets.kubelet.lanes import Lane
from minisets.kubelet.memory import Memory
from minisets.kubelet.nodes.halting import Halter
from minisets.kubelet.nodes.reconciler import Nodes
from minisets.kubelet.nodes.reported import host_address
from minisets.kubelet.nodes.served import Served
from minisets.kubelet.nodes.telling import NodesRecorder
from minisets.kubelet.pods import RELIST, Pods
from minisets.kubelet.probes.hooks import Hooks
from minisets.kubelet.probes.prober import Probes
from minisets.kubelet.room import Room
from minisets.kubelet.snapshots.copying import Copier
from minisets.kubelet.snapshots.fills import Fills
from minisets.kubelet.snapshots.pauses import Pauses
from minisets.kubelet.snapshots.restoring import Restorer
from minisets.kubelet.snapshots.snapshotter import Snapshotter
from minisets.kubelet.snapshots.taking import Taker
from minisets.kubelet.volumes import provisioner
from minisets.kubelet.volumes.attached import Attached
from minisets.kubelet.volumes.exclusive import ATTACHER
from minisets.loop import Worker
from minisets.registry.events import Recorder
from minisets.store.follow import Follower

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from minisets.clock import Clock
    from minisets.engine.interface import Engine
    from minisets.registry.registry import Registry
    from minisets.settings import Settings
    from minisets.store.interface import Store

COMPONENT = "kubelet"
_POD_THREADS = 4  # the engine itself gets no faster with more (2 cores: 2 to 4)
_PULL_THREADS = 3
_PROBE_THREADS = 4
_HOOK_THREADS = 32  # each may take as long as a pod's grace, and a whole statefulset may end at once

_COPY_THREADS = 2

_log = logging.getLogger(__name__)


class Kubelet:
    """Brings the pods of our nodes onto the engine.

    dns: the server that pods ask; empty: the engine's. engine_lost: called whenever the engine's events end.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        engine: Engine,
        clock: Clock,
        settings: Settings,
        *,
        dns: str,
        engine_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine_lost = engine_lost
        self._engine = engine
        served = Served(store)
        recorder = NodesRecorder(registry, clock, COMPONENT, served)
        self._lanes = {
            name: Lane(name, count)
            for name, count in (
                ("pulls", _PULL_THREADS),
                ("probing", _PROBE_THREADS),
                ("hooks", _HOOK_THREADS),
                ("copies", _COPY_THREADS),
                ("snapshots", 1),  # two groups at once would only keep their pods paused for longer
            )
        }
        logins = settings.state / LOGINS
        images = Images(engine, self._lanes["pulls"], clock, recorder, store, logins, self._wake)
        pauses = Pauses(self._wake)
        halter = Halter(engine, store, pauses, settings.cluster)
        self._nodes = Nodes(registry, recorder, clock, settings, served, halter)
        self._probes = Probes(engine, self._lanes["probing"], clock, recorder, self._wake, pauses)
        memory = Memory(clock)
        self._hooks = Hooks(engine, self._lanes["hooks"], memory, recorder, self._wake)
        image = SandboxImage(engine)
        parts = Parts(
            store=store,
            registry=registry,
            engine=engine,
            recorder=recorder,
            attacher=Recorder(registry, clock, ATTACHER),
            attached=Attached(store, engine, clock, settings.cluster),
            served=served,
            settings=settings,
            images=images,
            addresses=Addresses(store, registry, settings),
            sandbox_image=image,
            memory=memory,
            hooks=self._hooks,
            pauses=pauses,
            dns=dns,
        )
        pods = Pods(parts, clock, self._probes, host_address(settings), self._wake, self._look_at_node)
        self._copier = Copier(engine, image, clock, settings.cluster)
        fills = Fills(engine, self._copier, self._lanes["copies"], settings.cluster)
        room = Room(store, registry, engine, recorder, clock, settings)
        volumes = provisioner.Provisioner(room, image, fills, self._wake_volume)
        restorer = Restorer(room, fills, self._wake_restore)
        taker = Taker(store, engine, self._copier, pauses, clock, settings.cluster)
        snapshotter = Snapshotter(room, taker, self._lanes["snapshots"], self._wake_snapshot)
        self._pods, follow_pods = _following(pods, store, clock, _POD_THREADS)
        self._volumes, follow_volumes = _following(volumes, store, clock, 1)
        self._restores, follow_restores = _following(restorer, store, clock, 1)
        self._snapshots, follow_snapshots = _following(snapshotter, store, clock, 1)
        self._node_worker, follow_nodes = _following(self._nodes, store, clock, 1)
        self._follow = (follow_nodes, follow_pods, follow_volumes, follow_restores, follow_snapshots)
        self._followers: list[Follower] = []
        self._feed = EventFeed(
            engine,
            clock,
            labels.cluster_selector(settings.cluster),
            on_key=self._wake,
            on_holder=self._wake_volumes,
            on_oom=memory.ran_out,
            on_connected=self._connected,
            on_lost=self._lost,
        )

    def start(self) -> None:
        """Register the nodes, then take up whatever is there. Raises EngineUnavailable where no engine is."""
        self._nodes.register(self._engine.info())
        self._followers = [follow() for follow in self._follow]
        self._pods.add(RELIST)
        self._probes.start()
        for worker in self._workers:
            worker.start()
        self._feed.start()

    def stop(self, timeout: timedelta) -> bool:
        """Take up nothing more; pods run on. Whether everything ended in time."""
        ended = [self._feed.stop(timeout), self._probes.stop(timeout)]
        self._hooks.stop()
        self._copier.stop()
        ended += [worker.stop(timeout) for worker in self._workers]
        ended += [lane.stop(timeout) for lane in self._lanes.values()]
        for follower in self._followers:
            follower.close()
        return all(ended)

    def settle(self, timeout: timedelta) -> bool:
        """Wait until every pod was looked at, and what could be done at once was done; False: not by then."""
        return self._pods.settle(timeout)

    def is_idle(self) -> bool:
        """Whether nothing waits to be done now; what waits for a time does not count."""
        return all(worker.is_idle() for worker in self._workers)

    @property
    def _workers(self) -> tuple[Worker, ...]:
        return (self._node_worker, self._pods, self._volumes, self._restores, self._snapshots)

    def _wake(self, key: str) -> None:
        self._pods.add(key)

    def _look_at_node(self, name: str) -> None:
        self._node_worker.add(name)

    def _wake_volumes(self) -> None:
        self._volumes.add(provisioner.RELIST)

    def _wake_volume(self, key: str) -> None:
        self._volumes.add(key)

    def _wake_restore(self, key: str) -> None:
        self._restores.add(key)

    def _wake_snapshot(self, key: str, after: timedelta) -> None:
        self._snapshots.add_after(key, after)

    def _connected(self) -> None:
        """Events have no memory: whatever happened before is seen by listing."""
        self._say_ready(is_ready=True)
        # Why in a lane: an engine may never answer for a container that is paused.
        self._lanes["snapshots"].submit(self._let_go)
        self._pods.add(RELIST)
        self._wake_volumes()

    def _let_go(self) -> None:
        try:
            self._copier.let_go()
        except MinisetsError as error:
            _log.warning("what was paused for a snapshot is not let go: %s", error)

    def _lost(self) -> None:
        self._say_ready(is_ready=False)
        self._engine_lost()

    def _say_ready(self, *, is_ready: bool) -> None:
        try:
            self._nodes.say_ready(is_ready=is_ready)
        except MinisetsError as error:
            _log.warning("the nodes' conditions are not written: %s", error)


def _following(
    controller: Nodes | Pods | provisioner.Provisioner | Restorer | Snapshotter,
    store: Store,
    clock: Clock,
    threads: int,
) -> tuple[Worker, Callable[[], Follower]]:
    """A worker, and what makes its follower once there is something to follow."""
    followers: list[Follower] = []

    def source() -> set[str]:
        return {key for each in followers for key in each.keys(controller.keys)}

    worker = Worker(controller.name, controller, clock, threads=threads, source=source)

    def follow() -> Follower:
        followers.append(Follower(store, controller.kinds, worker.wake))
        worker.wake()
        return followers[0]

    return worker, follow
