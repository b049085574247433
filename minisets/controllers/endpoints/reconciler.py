"""Observes a Service, its pods and what stands for them, and writes the difference."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from minisets.controllers.endpoints import legacy
from minisets.controllers.endpoints.slices import MANAGED_BY, MANAGER, SERVICE_NAME, difference
from minisets.controllers.endpoints.targets import Target, is_managed, selects, targets
from minisets.errors import NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import (
    is_being_deleted,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    ref_of,
    uid_of,
)
from minisets.objects.owners import controller_of, is_controlled_by
from minisets.registry.registry import DeleteOptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change


class Endpoints:
    """The controller: keys are `namespace/name` of Services."""

    name = "endpoints"
    kinds = ("Service", "Pod", "EndpointSlice", "Endpoints")

    def __init__(self, reader: Reader, registry: Registry) -> None:
        self._reader = reader
        self._registry = registry

    def keys(self, change: Change) -> Iterable[str]:
        """A pod concerns the Services that selected it before, or do now."""
        match change.ref.kind:
            case "Pod":
                for service in self._reader.list("Service", change.ref.namespace).items:
                    if any(selects(service, pod) for pod in (change.object, change.previous) if pod):
                        yield key_of(service)
            case "EndpointSlice":
                if _is_ours(change.object):
                    yield f"{change.ref.namespace}/{labels_of(change.object)[SERVICE_NAME]}"
            case _:
                yield key_of(change.object)

    def reconcile(self, key: str) -> timedelta | None:
        """Write what differs. Slices of a Service that is gone go with their owner."""
        namespace, _, name = key.partition("/")
        service = self._reader.get(Ref("Service", namespace, name))
        if service is None:
            self._remove_endpoints(namespace, name)
        elif is_managed(service) and not is_being_deleted(service):
            found = targets(service, self._reader.list("Pod", namespace).items)
            self._write_slices(service, found)
            self._write_endpoints(service, found)
        return None

    def _write_slices(self, service: Object, found: tuple[Target, ...]) -> None:
        listed = self._reader.list("EndpointSlice", namespace_of(service)).items
        present = [each for each in listed if _is_ours(each) and _is_of(each, service)]
        todo = difference(service, found, present)
        for wanted in todo.create:
            self._registry.create("EndpointSlice", namespace_of(service), wanted)
        for wanted in todo.update:
            with contextlib.suppress(NotFound):  # its change is queued
                self._registry.update(ref_of(wanted), wanted)
        for slice_ in todo.delete:
            with contextlib.suppress(NotFound):
                self._registry.delete(ref_of(slice_), DeleteOptions(uid=uid_of(slice_)))

    def _write_endpoints(self, service: Object, found: tuple[Target, ...]) -> None:
        wanted = legacy.endpoints(service, found)

        def edit(current: Object) -> Object:
            return legacy.brought_up_to_date(current, wanted)

        try:
            self._registry.change(ref_of(wanted), edit)
        except NotFound:
            self._registry.create("Endpoints", namespace_of(service), wanted)

    def _remove_endpoints(self, namespace: str, name: str) -> None:
        """Differs: Kubernetes also removes Endpoints that a person made for a Service that is gone."""
        present = self._reader.get(Ref("Endpoints", namespace, name))
        if present is not None and labels_of(present).get(legacy.MANAGED_BY) == legacy.MANAGER:
            with contextlib.suppress(NotFound):
                self._registry.delete(ref_of(present), DeleteOptions(uid=uid_of(present)))


def _is_ours(slice_: Object) -> bool:
    return labels_of(slice_).get(MANAGED_BY) == MANAGER and SERVICE_NAME in labels_of(slice_)


def _is_of(slice_: Object, service: Object) -> bool:
    """Whether it can be kept: a slice of an earlier Service of that name goes with its owner."""
    if labels_of(slice_)[SERVICE_NAME] != name_of(service) or is_being_deleted(slice_):
        return False
    return controller_of(slice_) is None or is_controlled_by(slice_, service)
