"""Claims that ask for more: the volume is said to be larger, as an external CSI resizer does it.

    request > status.capacity --Resizing--> the PV's capacity --> the claim's: VolumeResizeSuccessful
                                  in memory, which no engine can grow --> ControllerResizeInfeasible

Docker volumes have no size, so nothing is left for the node to do. Whether a claim may ask: `registry/`.
Kubernetes: external-resizer pkg/controller expand_and_recover.go, resize_status.go.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from minisets.errors import NotFound
from minisets.objects import quantities
from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of, ref_of, spec_of, status_of, timestamp, uid_of
from minisets.settings import PROVISIONER

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from minisets.clock import Clock
    from minisets.engine.interface import Engine
    from minisets.objects.kinds import Object
    from minisets.registry.events import Recorder
    from minisets.registry.registry import Registry

    Status = dict[str, Any]

_IN_PROGRESS, _INFEASIBLE = "ControllerResizeInProgress", "ControllerResizeInfeasible"
_OF_A_RESIZE = ("Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError")
_STAYS = "a volume in memory keeps the size that it was made with: make another claim, and copy what is in it"


class Resizing:
    """Grows claims of volumes that this node's provisioner stands for."""

    def __init__(self, registry: Registry, engine: Engine, recorder: Recorder, clock: Clock) -> None:
        self._registry = registry
        self._engine = engine
        self._recorder = recorder
        self._clock = clock

    def resize(self, claim: Object) -> None:
        """Bring volume and claim to the size asked for; each write may be the last one that was made."""
        volume = self._registry.store.get(Ref("PersistentVolume", "", spec_of(claim)["volumeName"]))
        size = wanted_size(claim, volume) if volume is not None else None
        if volume is None or size is None:
            return
        now = self._clock.now()
        self._write(claim, lambda status: in_progress(status, size, now))
        self._tell(claim, "Resizing", f"External resizer is resizing volume {name_of(volume)}")
        found = self._engine.inspect_volume(spec_of(volume)["csi"]["volumeHandle"])
        if found is not None and found.is_in_memory:
            said = f'resize volume "{name_of(volume)}" by resizer "{PROVISIONER}" failed: {_STAYS}'
            self._recorder.record(claim, "Warning", "VolumeResizeFailed", said)
            self._write(claim, lambda status: infeasible(status, now))
            return
        with suppress(NotFound):
            self._registry.change(ref_of(volume), lambda current: _grown(current, volume, size))
        self._write(claim, lambda status: finished(status, size))
        self._tell(claim, "VolumeResizeSuccessful", "Resize volume succeeded")

    def _tell(self, claim: Object, reason: str, message: str) -> None:
        self._recorder.record(claim, "Normal", reason, message)

    def _write(self, claim: Object, edit: Callable[[Status], Status]) -> None:
        def edited(current: Object) -> Object | None:
            if uid_of(current) != uid_of(claim):
                return None
            return {**current, "status": edit(status_of(current))}

        with suppress(NotFound):
            self._registry.change(ref_of(claim), edited, subresource="status")


def wanted_size(claim: Object, volume: Object) -> str | None:
    """What the claim is to come to; None: nothing is to be done.

    What was begun is finished first: a request may have been lowered since.
    """
    status, request = status_of(claim), _storage((spec_of(claim).get("resources") or {}).get("requests"))
    ref = spec_of(volume).get("claimRef") or {}
    is_ours = (spec_of(volume).get("csi") or {}).get("driver") == PROVISIONER and ref.get("uid") == uid_of(
        claim
    )
    has = _storage(status.get("capacity"))
    if not is_ours or status.get("phase") != "Bound" or not has or not _is_more(request, has):
        return None
    allocated = _storage(status.get("allocatedResources"))
    if (status.get("allocatedResourceStatuses") or {}).get("storage") == _INFEASIBLE and allocated == request:
        return None
    is_grown = not _is_more(request, _storage(spec_of(volume).get("capacity")))
    return allocated if is_grown and allocated else request


def in_progress(status: Status, size: str, now: datetime) -> Status:
    """Kubernetes: markControllerResizeInProgress."""
    return {
        **status,
        "conditions": [*_others(status), _condition("Resizing", now)],
        "allocatedResources": {**(status.get("allocatedResources") or {}), "storage": size},
        "allocatedResourceStatuses": _resource_statuses(status, _IN_PROGRESS),
    }


def infeasible(status: Status, now: datetime) -> Status:
    """Kubernetes: markControllerExpansionInfeasible. Not tried again before another size is asked for."""
    error = {**_condition("ControllerResizeError", now), "message": f"failed to expand pvc with {_STAYS}"}
    return {
        **status,
        "conditions": [*_others(status), error],
        "allocatedResourceStatuses": _resource_statuses(status, _INFEASIBLE),
    }


def finished(status: Status, size: str) -> Status:
    """Kubernetes: markOverallExpansionAsFinished."""
    ended = {
        **status,
        "capacity": {**(status.get("capacity") or {}), "storage": size},
        "conditions": _others(status),
        "allocatedResourceStatuses": {
            key: value
            for key, value in (status.get("allocatedResourceStatuses") or {}).items()
            if key != "storage"
        },
    }
    return {key: value for key, value in ended.items() if value not in ([], {})}


def _grown(current: Object, volume: Object, size: str) -> Object | None:
    capacity = spec_of(current).get("capacity") or {}
    if uid_of(current) != uid_of(volume) or not _is_more(size, _storage(capacity)):
        return None
    current["spec"]["capacity"] = {**capacity, "storage": size}
    return current


def _others(status: Status) -> list[Any]:
    return [one for one in status.get("conditions") or () if one.get("type") not in _OF_A_RESIZE]


def _condition(kind: str, now: datetime) -> dict[str, str]:
    return {"type": kind, "status": "True", "lastTransitionTime": timestamp(now)}


def _resource_statuses(status: Status, storage: str) -> dict[str, str]:
    return {**(status.get("allocatedResourceStatuses") or {}), "storage": storage}


def _storage(amounts: Any) -> str:
    return str((amounts or {}).get("storage") or "")


def _is_more(one: str, other: str) -> bool:
    return quantities.parse(one or "0") > quantities.parse(other or "0")
