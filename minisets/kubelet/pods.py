"""The pods' reconciler: observe, write the status, plan, carry out, until nothing more can be done now.

Keys are `namespace/name`; RELIST looks for all that is there by label. What is under a name without its
object is an orphan (A-107). Nothing is done about pods of a node that stands still, or is gone: see `nodes/`.
Leaves deciding to `plan.py` and `status/`, calls to `carry.py`.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.engine import ending, labels
from minisets.errors import NotFound
from minisets.kubelet.actions import CreateContainer, CreateSandbox, PodPlan, Remove, Warn
from minisets.kubelet.admission import is_new, refusal, refused_status, was_refused
from minisets.kubelet.carry import Carrier, Parts
from minisets.kubelet.containers import Wanted, has_ended, wanted, was_made
from minisets.kubelet.endings import with_messages
from minisets.kubelet.failures import NotYet
from minisets.kubelet.nodes.reconciler import HEARTBEAT
from minisets.kubelet.nodes.served import is_ours
from minisets.kubelet.observe import Facts, ObservedName, ObservedPod, observe
from minisets.kubelet.plan import plan_left, plan_orphan, plan_pod
from minisets.kubelet.references import may_free_volumes, pods_concerned
from minisets.kubelet.snapshots.restoring import held_back
from minisets.kubelet.status.announcing import news
from minisets.kubelet.status.pod_status import pod_status
from minisets.kubelet.volumes import mounts
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    is_being_deleted,
    key_of,
    ref_of,
    status_of,
    uid_of,
)
from minisets.objects.pods import node_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from minisets.clock import Clock
    from minisets.kubelet.observe import ImageState
    from minisets.kubelet.probes.prober import Probes
    from minisets.objects.kinds import Object
    from minisets.store.interface import Change

RELIST = "*"
RELIST_EVERY = timedelta(minutes=5)
_ROUNDS = 50
_AT_ONCE = timedelta(0)
_BLOCKED_RECHECK = timedelta(seconds=30)

_log = logging.getLogger(__name__)


class Pods:
    """The controller; `add` is how a relist hands keys to its worker."""

    name = "kubelet"
    kinds = ("Pod", "Node", "ConfigMap", "Secret", "PersistentVolumeClaim", "PersistentVolume")

    def __init__(
        self,
        parts: Parts,
        clock: Clock,
        probes: Probes,
        host: str,
        add: Callable[[str], None],
        look_at_node: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = clock
        self._probes = probes
        self._host = host
        self._add = add
        self._look_at_node = look_at_node
        self._served = parts.served
        self._attached = parts.attached
        self._carrier = Carrier(parts)
        self._mounting = self._carrier.mounting
        self._admission = threading.Lock()

    def keys(self, change: Change) -> Iterable[str]:
        """Pods of our nodes that a change concerns; what this kubelet wrote itself does not."""
        yield from pods_concerned(change, self._store)
        if may_free_volumes(change):
            yield from self._attached.waiting()

    def reconcile(self, key: str) -> timedelta | None:
        """Until quiet; what comes back is when to look again at the latest."""
        if key == RELIST:
            return self._relist()
        namespace, _, name = key.partition("/")
        for _ in range(_ROUNDS):
            goes_on, again = self._round(namespace, name)
            if not goes_on:
                return again
        return _AT_ONCE

    def _round(self, namespace: str, name: str) -> tuple[bool, timedelta | None]:
        """One look and what follows from it; whether to look again at once, and else when."""
        if self._parts.pauses.holds_pod(f"{namespace}/{name}"):
            return False, None  # a hook would be refused, a signal wakes it; it comes again once it goes on
        pod = self._store.get(Ref("Pod", namespace, name))
        found = observe(self._parts.engine, self._parts.settings.cluster, namespace, name, self._facts)
        self._halt_stragglers(found)
        goes_on, waits = False, list[timedelta | None]()
        for uid, orphan in found.orphans(uid_of(pod) if pod else "").items():
            gone = {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(namespace, name, uid)}
            more, wait = self._end_orphan(gone, orphan)
            goes_on |= more
            waits.append(wait)
        if pod is not None and self._is_looked_at(pod) and not self._waits_for_others(pod, found):
            observed = with_messages(self._parts.engine, self._parts.memory, pod, found.of(uid_of(pod)))
            more, again = self._advance(pod, self._completed(pod, observed))
            goes_on |= more
            waits += again
        return goes_on, min((wait for wait in waits if wait is not None), default=None)

    def _is_looked_at(self, pod: Object) -> bool:
        """Whether its node is there, and runs. Nobody asks its containers anything while it does not."""
        is_served = self._served.runs(node_of(pod))
        if not is_served:
            self._probes.forget(uid_of(pod))
        return is_served

    def _waits_for_others(self, pod: Object, found: ObservedName) -> bool:
        """Why: two pods of one name write to the same claims; the new one waits for the old one's end.

        What stands still is left alone for long: whether the new one may begin, `volumes/attached.py` knows.
        """
        others = found.orphans(uid_of(pod)).values()
        are_running = any(one.running() and not self._served.stands_still(one.node) for one in others)
        return are_running and any("persistentVolumeClaim" in one for one in mounts.volumes(pod).values())

    def _halt_stragglers(self, found: ObservedName) -> None:
        """Why: what was being started as its node was stopped runs although it was halted."""
        for each in found.pods.values():
            parts = (*each.sandboxes, *each.containers)
            if any(one.state == "running" for one in parts) and self._served.stands_still(each.node):
                self._look_at_node(each.node)

    def _end_orphan(self, gone: Object, orphan: ObservedPod) -> tuple[bool, timedelta | None]:
        """One step in the end of what a pod left whose object is gone."""
        uid = uid_of(gone)
        self._probes.forget(uid)
        self._parts.memory.forget_pod(uid)
        stands_still = self._served.stands_still(orphan.node)
        if stands_still and not self._served.is_out_of_service(orphan.node):
            for_long = self._attached.left(uid, key_of(gone))
            if for_long > _AT_ONCE:
                return False, for_long
        if stands_still or self._attached.is_left(uid):
            todo = plan_left(orphan, self._clock.now())
        else:
            todo = plan_orphan(orphan, self._clock.now())
        goes_on = self._carry_out(gone, orphan, todo)
        self._attached.is_gone(uid)
        return goes_on, todo.recheck_after

    def _advance(self, pod: Object, observed: ObservedPod) -> tuple[bool, list[timedelta | None]]:
        """One step for a pod of a node that runs."""
        reported = None if was_refused(pod) else self._admitted(pod, observed)
        if reported is None:
            return False, []
        if is_being_deleted(reported) or has_ended(reported, observed, self._clock.now()):
            observed = replace(observed, ending_since=self._parts.memory.pod_ends(uid_of(pod)))
        self._probes.watch(reported, observed)
        todo = plan_pod(reported, observed, self._clock.now())
        goes_on = self._carry_out(reported, observed, todo)
        waiting = self._parts.memory.waiting(uid_of(pod))
        if not goes_on and waiting != observed.waiting and not is_being_deleted(pod):
            self._report(reported, replace(observed, waiting=waiting))
        return goes_on, [todo.recheck_after, _recheck_of_blocked(todo)]

    def _admitted(self, pod: Object, observed: ObservedPod) -> Object | None:
        """The pod as it is stored then; None if its node does not have it, or it is another one now."""
        if not is_new(pod):
            return self._report(pod, observed)
        with self._admission:  # Why: of two that come at once, one gets what is left
            return None if self._refuse(pod) else self._report(pod, observed)

    def _refuse(self, pod: Object) -> bool:
        """Whether its node will not have the pod, which is then on record for good."""
        node = self._served.node(node_of(pod))
        why = refusal(pod, node, self._store.list("Pod").items) if node is not None else None
        if why is None:
            return False

        def edit(current: Object) -> Object | None:
            is_same = uid_of(current) == uid_of(pod)
            return {**current, "status": refused_status(current, why)} if is_same else None

        with suppress(NotFound):
            self._parts.recorder.record(pod, "Warning", why.reason, why.message)
            self._parts.registry.change(ref_of(pod), edit, subresource="status")
        return True

    def _carry_out(self, pod: Object, observed: ObservedPod, todo: PodPlan) -> bool:
        goes_on = False
        for action in todo.actions:
            if self._served.stands_still(node_of(pod)):
                return False
            _log.info("%s: %s", key_of(pod), action)
            try:
                goes_on |= self._carrier.carry_out(pod, observed, action)
            except NotYet as error:
                self._parts.recorder.record(pod, "Warning", error.reason, str(error))
                return False
            if isinstance(action, Remove) and action.what == "sandbox":
                self._look_at_waiting()
        return goes_on

    def _look_at_waiting(self) -> None:
        """A sandbox went: volumes may be free."""
        for key in self._attached.waiting():
            self._add(key)

    # --- observing ---

    def _facts(self, container_id: str) -> Facts:
        probed = self._probes.results(container_id)
        known = self._parts.memory.facts(container_id)
        return replace(known, started=probed.started, ready=probed.ready, live=probed.live)

    def _completed(self, pod: Object, observed: ObservedPod) -> ObservedPod:
        """With what its files should be, and what only concerns containers that are still to be made."""
        if is_being_deleted(pod):
            return observed
        observed = self._with_files(pod, observed)
        missing = [one for one in wanted(pod) if _is_missing(pod, one, observed)]
        if not missing:
            return observed
        begins = observed.sandbox is None and not has_ended(pod, observed, self._clock.now())
        unattached = self._attached.take(pod) if begins else None
        return replace(
            observed,
            images=self._images(pod, missing, observed),
            unattached=unattached,
            problems=self._problems(pod) if observed.sandbox is None and unattached is None else (),
            waiting=self._parts.memory.waiting(uid_of(pod)),
            sandbox_again_at=self._parts.memory.sandbox_again_at(uid_of(pod)),
        )

    def _problems(self, pod: Object) -> tuple[str, ...]:
        """Why its volumes cannot be mounted now."""
        return held_back(pod, self._store) or self._mounting.problems(pod)

    def _images(
        self, pod: Object, missing: Iterable[Wanted], observed: ObservedPod
    ) -> Mapping[str, ImageState]:
        states = {}
        for one in missing:
            newest = observed.newest(one.name)
            restart = newest.restart + 1 if newest else 0
            states[one.name] = self._parts.images.state(pod, one, restart)
        return states

    def _with_files(self, pod: Object, observed: ObservedPod) -> ObservedPod:
        """With what its volumes of files show, once containers see them, and what they should show."""
        sandbox = observed.sandbox
        if sandbox is None or not any(one.sandbox == sandbox.id for one in observed.containers):
            return observed
        wanted_files = self._mounting.wanted(pod)
        shown = {name: self._mounting.written(sandbox.id, name) or "" for name in wanted_files}
        return replace(observed, files=shown, wanted_files=wanted_files)

    # --- reporting ---

    def _report(self, pod: Object, observed: ObservedPod) -> Object | None:
        """The pod as it is stored once its status is written; None if it is another one now, or gone."""
        now = self._clock.now()
        if self._served.stands_still(node_of(pod)):
            return None
        if pod_status(pod, observed, now, self._host) == status_of(pod):
            return pod

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(pod):
                return None
            return {**current, "status": pod_status(current, observed, now, self._host)}

        with suppress(NotFound):
            written = self._parts.registry.change(ref_of(pod), edit, subresource="status")
            if uid_of(written) == uid_of(pod):
                self._announce(pod, written)
                return written
        return None

    def _announce(self, old: Object, new: Object) -> None:
        """An event when a container begins to wait."""
        for one in news(old, new):
            self._parts.recorder.record(new, one.kind, one.reason, one.message, field_path=one.field_path)

    # --- everything ---

    def _relist(self) -> timedelta:
        """Every pod of ours, and everything that carries a pod's label; and the nodes' heartbeat."""
        self._look_at_node(HEARTBEAT)
        engine, selector = self._parts.engine, labels.cluster_selector(self._parts.settings.cluster)
        self._mounting.host_paths.sweep()
        ending.sweep(engine, self._parts.settings.cluster, self._clock.now())
        containers = engine.list_containers({**selector, labels.POD: ""})
        volumes = engine.list_volumes({**selector, labels.KIND: "pod-volume"})
        self._parts.memory.forget_all_but({one.id for one in containers})
        self._attached.forget_left_but({one.labels.get(labels.POD_UID, "") for one in containers})
        pods = [pod for pod in self._store.list("Pod").items if is_ours(node_of(pod))]
        found = {key_of(pod) for pod in pods}
        found.update(key_in(container.labels) for container in containers)
        found.update(key_in(volume.labels) for volume in volumes)
        for key in sorted(filter(None, found)):
            self._add(key)
        return RELIST_EVERY


def key_in(found: Mapping[str, str]) -> str:
    """The key of the pod that something belongs to, by its labels; empty if they name none."""
    namespace, name = found.get(labels.NAMESPACE), found.get(labels.POD)
    return f"{namespace}/{name}" if namespace and name else ""


def _recheck_of_blocked(todo: PodPlan) -> timedelta | None:
    """What holds a pod up is mostly an object that will come as a change; not so a Docker volume."""
    blocked = (Warn, CreateSandbox, CreateContainer)
    return _BLOCKED_RECHECK if any(isinstance(action, blocked) for action in todo.actions) else None


def _is_missing(pod: Object, one: Wanted, observed: ObservedPod) -> bool:
    """Whether a container may have to be made."""
    if one.kind == "ephemeral":
        return not was_made(pod, one, observed)
    seen = observed.current(one.name)
    return seen is None or not (seen.is_running or seen.is_startable)


def _metadata(namespace: str, name: str, uid: str) -> dict[str, str]:
    return {"namespace": namespace, "name": name, "uid": uid}
