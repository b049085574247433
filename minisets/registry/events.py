"""Events: what a part of the cluster tells people about an object; one that repeats is counted.

An event's name follows from what it says, so that counting needs no memory and survives a restart.
Decides when old events go. Leaves what is worth telling to the parts.
Kubernetes: client-go tools/record; events live an hour (apiserver --event-ttl).
"""

from __future__ import annotations

import hashlib
import logging
import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from minisets.errors import AlreadyExists, ApiError, Conflict, NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    meta,
    moment,
    name_of,
    namespace_of,
    ref_of,
    timestamp,
    uid_of,
    version_of,
)
from minisets.registry.options import DeleteOptions

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.clock import Clock
    from minisets.objects.kinds import Object
    from minisets.registry.registry import Registry

LIFE = timedelta(hours=1)
_TRIM_EVERY = timedelta(minutes=1)
_MAX_MESSAGE = 1024
_MAX_NAME = 253 - 17

_log = logging.getLogger(__name__)


class Recorder:
    """Records events of one component. Never raises for what an event's writing may fail of."""

    def __init__(self, registry: Registry, clock: Clock, component: str, *, host: str = "") -> None:
        self._registry = registry
        self._clock = clock
        self._component = component
        self._host = host
        self._trim_at = clock.now()
        self._lock = threading.Lock()

    def record(
        self,
        obj: Object,
        type: Literal["Normal", "Warning"],  # noqa: A002 - Kubernetes' word for it, in every Event
        reason: str,
        message: str,
        *,
        field_path: str = "",
    ) -> None:
        """Tell something about an object; field_path is e.g. `spec.containers{nginx}`."""
        event = self._event(obj, type, reason, message[:_MAX_MESSAGE], field_path)
        try:
            self._count(event)
        except ApiError as error:  # e.g. the namespace is on its way out
            _log.debug("an event of %s is not recorded: %s", ref_of(obj), error)
        self._trim_sometimes()

    def _count(self, event: Object) -> None:
        """One more of what was told before, or the first."""

        def again(present: Object) -> Object:
            present["count"] = int(present.get("count") or 1) + 1
            present["lastTimestamp"] = event["lastTimestamp"]
            return present

        ref = Ref("Event", namespace_of(event), name_of(event))
        if self._registry.store.get(ref) is None:
            with suppress(AlreadyExists):  # told by somebody else at this moment: counted below
                self._registry.create("Event", namespace_of(event), event)
                return
        self._registry.change(ref, again)

    def _event(self, obj: Object, kind: str, reason: str, message: str, field_path: str) -> Object:
        now = timestamp(self._clock.now())
        said = "\0".join((self._component, uid_of(obj), field_path, kind, reason, message))
        digest = hashlib.sha256(said.encode()).hexdigest()[:16]
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{name_of(obj)[:_MAX_NAME]}.{digest}",
                "namespace": namespace_of(obj) or "default",
            },
            "involvedObject": _reference(obj, field_path),
            "reason": reason,
            "message": message,
            "type": kind,
            "source": {"component": self._component, **({"host": self._host} if self._host else {})},
            "reportingComponent": self._component,
            "reportingInstance": self._host,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }

    def _trim_sometimes(self) -> None:
        now = self._clock.now()
        with self._lock:
            if now < self._trim_at:
                return
            self._trim_at = now + _TRIM_EVERY
        trim(self._registry, now)


def trim(registry: Registry, now: datetime) -> None:
    """Remove the events that nobody repeated for an hour, whoever recorded them."""
    for event in registry.store.list("Event").items:
        if _last_told(event) + LIFE < now:
            # Why: with its version, so that one which is told again meanwhile stays.
            with suppress(NotFound, Conflict):
                registry.delete(ref_of(event), DeleteOptions(version=str(version_of(event))))


def _last_told(event: Object) -> datetime:
    series = event.get("series") or {}
    stamps = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return moment(next((stamp for stamp in stamps if stamp), meta(event)["creationTimestamp"]))


def _reference(obj: Object, field_path: str) -> dict[str, str]:
    """Kubernetes: client-go tools/reference GetReference."""
    reference = {
        "kind": obj["kind"],
        "namespace": namespace_of(obj),
        "name": name_of(obj),
        "uid": uid_of(obj),
        "apiVersion": obj["apiVersion"],
        "resourceVersion": str(meta(obj).get("resourceVersion") or ""),
        "fieldPath": field_path,
    }
    return {field: value for field, value in reference.items() if value}
