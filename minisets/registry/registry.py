"""The one way to write: create, update, patch, delete and change, each in one transaction of the store.

Decides the order of reading, deciding and storing. Leaves what a write means to `creating.py`,
`updating.py`, `deleting.py`, `scale.py`, `binding.py` and `eviction.py`, and to the kinds' strategies.
Kubernetes: apiserver pkg/registry/generic/registry/store.go.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from minisets.errors import NotFound
from minisets.objects.budgets import BUDGET
from minisets.objects.kinds import kind_of
from minisets.objects.metadata import ref_of, version_of
from minisets.registry import binding, creating, deleting, eviction, incoming, refusals, scale, updating
from minisets.registry.options import DeleteOptions, Outcome, Patch, WriteOptions
from minisets.registry.patches import patched
from minisets.registry.strategies import Context
from minisets.store.transaction import copied

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.clock import Clock
    from minisets.objects.kinds import Kind, Object, Ref
    from minisets.settings import Settings
    from minisets.store.interface import Store, Transaction

__all__ = ["DeleteOptions", "Outcome", "Patch", "Registry", "WriteOptions"]

_AS_USUAL = WriteOptions()
_PLAINLY = DeleteOptions()
_UNCHANGED = object()
_SCALE = "scale"


class Registry:
    """What the API, the controllers and the kubelet write through; they read from the store.

    Every method raises errors.ApiError leaves in Kubernetes' words; a write that raises leaves nothing.
    """

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self.store = store
        self._clock = clock
        self._settings = settings

    def create(self, kind: str, namespace: str, body: Object, options: WriteOptions = _AS_USUAL) -> Outcome:
        """Store a new object; `namespace` is the URL's, empty for cluster-scoped kinds."""
        known = kind_of(kind)
        obj, warnings = incoming.read(known, body, options.field_validation)
        warnings += incoming.warnings(known, obj)
        with self.store.transaction() as transaction:
            obj = creating.prepare(known, namespace, obj, self._context(transaction))
            return Outcome(obj if options.dry_run else transaction.put(obj, expected=0), warnings)

    def update(
        self, ref: Ref, body: Object, options: WriteOptions = _AS_USUAL, subresource: str = ""
    ) -> Outcome:
        """Replace an object, or the part of it that a subresource is; never creates one (A-154)."""
        return self._update(ref, lambda _: body, options, subresource)

    def patch(
        self, ref: Ref, patch: Patch, options: WriteOptions = _AS_USUAL, subresource: str = ""
    ) -> Outcome:
        """Change an object as the patch describes; a version in the patch is a precondition."""
        return self._update(ref, lambda current: patched(current, patch), options, subresource)

    def change(self, ref: Ref, edit: Callable[[Object], Object | None], *, subresource: str = "") -> Object:
        """Read, edit and write in one transaction; returns what is stored then, or was last.

        edit gets a private copy and returns the new object; None or an equal one writes nothing.
        """

        def body(current: Object) -> Any:
            edited = edit(copied(current))
            return _UNCHANGED if edited is None or edited == current else edited

        return self._update(ref, body, None, subresource).object

    def delete(self, ref: Ref, options: DeleteOptions = _PLAINLY) -> Outcome:
        """Remove an object, or begin to; `gone` says which."""
        with self.store.transaction() as transaction:
            old = _present(transaction, ref)
            obj, at_once = deleting.marked(old, options, self._clock.now())
            if options.dry_run or (obj == old and not at_once):
                return Outcome(obj, gone=at_once)
            return _let_go(transaction, obj, at_once=at_once)

    def delete_collection(
        self,
        kind: str,
        namespace: str,
        matches: Callable[[Object], bool],
        options: DeleteOptions = _PLAINLY,
    ) -> tuple[Object, ...]:
        """Delete each object that matches, one transaction each (A-152); returns them."""
        deleted = []
        for obj in self.store.list(kind, namespace).items:
            if matches(obj):
                with suppress(NotFound):
                    deleted.append(self.delete(ref_of(obj), options).object)
        return tuple(deleted)

    def scale(self, ref: Ref) -> Object:
        """The Scale of a statefulset (A-99)."""
        return scale.scale_of(_present(self.store, ref))

    def bind(self, ref: Ref, node: str) -> Object:
        """Give a pod its node, once."""
        with self.store.transaction() as transaction:
            old = _present(transaction, ref)
            return transaction.put(binding.bound(old, node, self._clock.now()), expected=version_of(old))

    def evict(self, ref: Ref, options: DeleteOptions = _PLAINLY) -> Outcome:
        """Delete a pod if its disruption budget allows that now, and spend of the budget (A-104, A-105)."""
        with self.store.transaction() as transaction:
            old, now = _present(transaction, ref), self._clock.now()
            budget = eviction.spent(old, transaction.list(BUDGET, ref.namespace).items, now)
            pod = eviction.told(old, now)
            obj, at_once = deleting.marked(pod, options, now)
            if options.dry_run:
                return Outcome(obj, gone=at_once)
            if budget is not None:
                transaction.put(budget, expected=version_of(budget))
            stored = transaction.put(pod, expected=version_of(old)) if pod != old else old
            if obj == pod and not at_once:
                return Outcome(stored)
            return _let_go(transaction, obj, at_once=at_once)

    def _update(
        self,
        ref: Ref,
        body: Callable[[Object], Any],
        options: WriteOptions | None,
        subresource: str,
    ) -> Outcome:
        """Read, let `body` say what is wanted, decide, store. options None: from inside, unwarned."""
        if subresource == _SCALE:
            return self._scale(ref, body, options)
        kind = kind_of(ref.kind)
        asked = options or _AS_USUAL
        with self.store.transaction() as transaction:
            old = _present(transaction, ref)
            wanted = body(old)
            if wanted is _UNCHANGED:
                return Outcome(old)
            obj, warnings = incoming.read(kind, wanted, asked.field_validation)
            updating.check_identity(ref, obj)
            updating.check_preconditions(ref, obj, old)
            if options is not None and not subresource:
                warnings += incoming.warnings(kind, obj, old)
            obj = updating.prepare(kind, obj, old, subresource, self._context(transaction))
            stored, gone = _stored(transaction, kind, obj, old, dry_run=asked.dry_run)
            return Outcome(stored, warnings, gone)

    def _scale(self, ref: Ref, body: Callable[[Object], Any], options: WriteOptions | None) -> Outcome:
        """The same update, seen through a Scale."""

        def replicas(statefulset: Object) -> Any:
            wanted = body(scale.scale_of(statefulset))
            return wanted if wanted is _UNCHANGED else scale.scaled(ref, wanted, statefulset)

        outcome = self._update(ref, replicas, options, "")
        return Outcome(scale.scale_of(outcome.object), outcome.warnings, outcome.gone)

    def _context(self, transaction: Transaction) -> Context:
        return Context(transaction, self._clock.now(), self._settings)


def _present(reader: Store | Transaction, ref: Ref) -> Object:
    found = reader.get(ref)
    if found is None:
        raise refusals.not_found(ref)
    return found


def _let_go(transaction: Transaction, obj: Object, *, at_once: bool) -> Outcome:
    """Write what a deletion came to."""
    if at_once:
        transaction.delete(ref_of(obj))
        return Outcome(obj, gone=True)
    return Outcome(transaction.put(obj))


def _stored(
    transaction: Transaction, kind: Kind, obj: Object, old: Object, *, dry_run: bool
) -> tuple[Object, bool]:
    """Write what an update came to; the object and whether it is gone. Nothing new writes nothing."""
    gone = updating.is_last_hold_gone(kind, obj, old)
    if gone and not dry_run:
        transaction.delete(ref_of(old), expected=version_of(old))
    if gone or dry_run:
        return obj, gone
    if obj == old:
        return old, False
    return transaction.put(obj, expected=version_of(old)), False
