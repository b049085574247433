"""Namespaces: those that are always there, the service account of each, emptying one that is deleted.

Leaves refusing creates in one that goes, and keeping it while it has finalizers, to `registry/`.
Kubernetes: pkg/controller/namespace, pkg/controller/serviceaccount, controlplane systemnamespaces.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from minisets.errors import AlreadyExists, Conflict, Forbidden, NotFound
from minisets.objects.kinds import KINDS, Ref
from minisets.objects.metadata import is_being_deleted, spec_of, uid_of
from minisets.registry.registry import DeleteOptions
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.registry.registry import Registry
    from minisets.store.interface import Change

ALWAYS_THERE = ("default", "kube-node-lease", "kube-public", "kube-system")
SERVICE_ACCOUNT = "default"
FINALIZER = "kubernetes"

_NAMESPACED = tuple(kind.title for kind in KINDS if kind.namespaced)


def ensure_namespaces(registry: Registry) -> None:
    """Create what is missing of the namespaces that every cluster has; before anything else starts."""
    for name in ALWAYS_THERE:
        with contextlib.suppress(AlreadyExists):
            registry.create("Namespace", "", _object("Namespace", name))


class Namespaces:
    """The controller: keys are names of namespaces."""

    name = "namespaces"
    kinds = ("Namespace", *_NAMESPACED)

    def __init__(self, reader: Reader, registry: Registry) -> None:
        self._reader = reader
        self._registry = registry

    def keys(self, change: Change) -> Iterable[str]:
        """A namespace; that of a service account; that of anything which is gone from one being emptied."""
        if change.ref.kind == "Namespace":
            yield change.ref.name
        elif change.ref.kind == "ServiceAccount":
            yield change.ref.namespace
        elif change.type is ChangeType.DELETED:
            namespace = self._reader.get(Ref("Namespace", "", change.ref.namespace))
            if namespace is not None and is_being_deleted(namespace):
                yield change.ref.namespace

    def reconcile(self, key: str) -> timedelta | None:
        """Give it its service account, or empty it and let it go."""
        namespace = self._reader.get(Ref("Namespace", "", key))
        if namespace is None:
            return None
        if is_being_deleted(namespace):
            self._empty(key)
            if not any(self._reader.list(kind, key).items for kind in _NAMESPACED):
                self._finalize(namespace)
        elif self._reader.get(Ref("ServiceAccount", key, SERVICE_ACCOUNT)) is None:
            # gone again or made by somebody meanwhile: either way its change is queued
            with contextlib.suppress(AlreadyExists, Forbidden, NotFound):
                self._registry.create("ServiceAccount", key, _object("ServiceAccount", SERVICE_ACCOUNT))
        return None

    def _empty(self, namespace: str) -> None:
        """Delete everything once; what takes its time (A-106) or has finalizers is waited for."""
        background = DeleteOptions(propagation="Background")
        for kind in _NAMESPACED:
            self._registry.delete_collection(
                kind, namespace, lambda obj: not is_being_deleted(obj), background
            )

    def _finalize(self, namespace: Object) -> None:
        """Let go of it: the registry then removes it."""

        def edit(current: Object) -> Object | None:
            if uid_of(current) != uid_of(namespace):
                return None
            left = [each for each in spec_of(current).get("finalizers") or () if each != FINALIZER]
            current["spec"] = {**spec_of(current), "finalizers": left}
            return current

        with contextlib.suppress(NotFound, Conflict):
            self._registry.change(
                Ref("Namespace", "", namespace["metadata"]["name"]), edit, subresource="finalize"
            )


def _object(kind: str, name: str) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
