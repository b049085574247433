"""The one way to write: create, update, patch, delete and change, each in one transaction of the store.

Decides the order of reading, deciding and storing. Leaves what a write means to `creating.py`,
`updating.py`, `deleting.py`, `managing.py`, `scale.py`, `binding.py`, `eviction.py`, and to the strategies.
Kubernetes: apiserver pkg/registry/generic/registry/store.go.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from minisets.errors import NotFound
from minisets.objects import validation
from minisets.objects.budgets import BUDGET
from minisets.objects.conversion import from_stored
from minisets.objects.kinds import kind_of
from minisets.objects.metadata import ref_of, uid_of, version_of, without_managers
from minisets.registry import (
    binding,
    creating,
    deleting,
    eviction,
    incoming,
    managing,
    refusals,
    scale,
    updating,
)
from minisets.registry.options import DeleteOptions, Outcome, Patch, WriteOptions
from minisets.registry.patches import patched
from minisets.registry.strategies import Context, Recording
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


@dataclass(frozen=True)
class _Way:
    """How a write comes. recorded_as: the subresource that it came through, where that is seen as the whole.

    warns: a client is there to be warned. is_recorded: the managers of fields have been decided. spoken: the
    version of the kind in which it is written; None as it is stored.
    """

    options: WriteOptions
    subresource: str = ""
    recorded_as: str = ""
    warns: bool = True
    is_recorded: bool = False
    spoken: Kind | None = None


class Registry:
    """What the API, the controllers and the kubelet write through; they read from the store.

    Every method raises errors.ApiError leaves in Kubernetes' words; a write that raises leaves nothing.
    """

    def __init__(self, store: Store, clock: Clock, settings: Settings, manager: str = "") -> None:
        """Manager: the name under which writes are recorded that say no other."""
        self.store = store
        self._clock = clock
        self._settings = settings
        self._manager = manager

    def acting_as(self, manager: str) -> Registry:
        """The same registry for a writer of that name."""
        return Registry(self.store, self._clock, self._settings, manager)

    def create(
        self,
        kind: str,
        namespace: str,
        body: Object,
        options: WriteOptions = _AS_USUAL,
        spoken: Kind | None = None,
    ) -> Outcome:
        """Store a new object; `namespace` is the URL's, empty for cluster-scoped kinds.

        spoken: the version of the kind in which the body is written; None as it is stored.
        """
        known = kind_of(kind)
        obj, warnings = incoming.read(spoken or known, body, options.field_validation)
        warnings += incoming.warnings(known, obj)
        with self.store.transaction() as transaction:
            made = self._made(transaction, namespace, obj, _Way(options, spoken=spoken))
            return Outcome(made, warnings)

    def update(
        self,
        ref: Ref,
        body: Object,
        options: WriteOptions = _AS_USUAL,
        subresource: str = "",
        spoken: Kind | None = None,
    ) -> Outcome:
        """Replace an object, or the part of it that a subresource is; never creates one (A-154)."""
        return self._update(ref, lambda _: body, _Way(options, subresource, spoken=spoken))

    def patch(
        self,
        ref: Ref,
        patch: Patch,
        options: WriteOptions = _AS_USUAL,
        subresource: str = "",
        spoken: Kind | None = None,
    ) -> Outcome:
        """Change an object as the patch describes; a version in the patch is a precondition."""

        def body(current: Object) -> Object:
            return patched(from_stored(spoken, current) if spoken else current, patch)

        return self._update(ref, body, _Way(options, subresource, spoken=spoken))

    def apply(
        self,
        ref: Ref,
        config: Any,
        options: WriteOptions = _AS_USUAL,
        subresource: str = "",
        spoken: Kind | None = None,
    ) -> Outcome:
        """Apply on the server: all that the configuration says, nothing its manager gave up; creates too.

        Conflict where others manage what would change, unless options.force.
        """
        kind = kind_of(ref.kind)
        asked = managing.Apply(
            config, spoken or kind, options.field_manager or self._manager, force=options.force
        )
        way = _Way(options, subresource, is_recorded=True, spoken=spoken)
        with self.store.transaction() as transaction:
            old = _present(transaction, ref) if subresource else transaction.get(ref)
            if old is not None and subresource == _SCALE:
                wanted = scale.scaled(ref, *managing.scale_applied(kind, old, asked, self._clock.now()))
                return _as_scale(self._decided(transaction, old, wanted, replace(way, subresource="")))
            wanted = from_stored(asked.kind, managing.applied(old, asked, subresource, self._clock.now()))
            if old is None:
                return self._created(transaction, ref, wanted, way)
            return self._decided(transaction, old, wanted, way)

    def change(self, ref: Ref, edit: Callable[[Object], Object | None], *, subresource: str = "") -> Object:
        """Read, edit and write in one transaction; returns what is stored then, or was last.

        edit gets a private copy and returns the new object; None or an equal one writes nothing.
        """

        def body(current: Object) -> Any:
            seen = without_managers(current)
            edited = edit(copied(seen))
            return _UNCHANGED if edited is None or edited == seen else edited

        return self._update(ref, body, _Way(_AS_USUAL, subresource, warns=False)).object

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

    def bind(self, ref: Ref, node: str, uid: str = "") -> Object:
        """Give a pod its node, once. uid: of the pod that is meant; Conflict where it is another by now."""
        with self.store.transaction() as transaction:
            old = _present(transaction, ref)
            if uid and uid != uid_of(old):
                raise refusals.other_uid(ref, uid, uid_of(old))
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

    def _update(self, ref: Ref, body: Callable[[Object], Any], way: _Way) -> Outcome:
        """Read, let `body` say what is wanted, decide, store."""
        with self.store.transaction() as transaction:
            old = _present(transaction, ref)
            if way.subresource == _SCALE:
                wanted = body(scale.scale_of(old))
                wanted = wanted if wanted is _UNCHANGED else scale.scaled(ref, wanted, old)
                way = replace(way, subresource="", recorded_as=_SCALE)
            else:
                wanted = body(old)
            outcome = Outcome(old) if wanted is _UNCHANGED else self._decided(transaction, old, wanted, way)
            return _as_scale(outcome) if way.recorded_as == _SCALE else outcome

    def _decided(self, transaction: Transaction, old: Object, wanted: Any, way: _Way) -> Outcome:
        """The second half of every update: what is wanted, in `old`'s place."""
        ref, kind = ref_of(old), kind_of(old["kind"])
        obj, warnings = incoming.read(way.spoken or kind, wanted, way.options.field_validation)
        updating.check_identity(ref, obj)
        updating.check_preconditions(ref, obj, old)
        if way.warns and way.subresource in ("", updating.EPHEMERAL):
            warnings += incoming.warnings(kind, without_managers(obj), old)
        obj = updating.prepare(kind, obj, old, way.subresource, self._context(transaction, way))
        _refuse_spoken(kind, obj, old, way)
        managing.settle(obj, old)
        stored, gone = _stored(transaction, kind, obj, old, dry_run=way.options.dry_run)
        return Outcome(stored, warnings, gone)

    def _created(self, transaction: Transaction, ref: Ref, wanted: Object, way: _Way) -> Outcome:
        """An apply of what was not there."""
        kind = kind_of(ref.kind)
        obj, warnings = incoming.read(way.spoken or kind, wanted, way.options.field_validation)
        updating.check_identity(ref, obj)
        if uid := uid_of(obj):
            raise refusals.conflict(ref, refusals.uid_of_none(uid))
        obj["metadata"].pop("resourceVersion", None)
        warnings += incoming.warnings(kind, without_managers(obj))
        return Outcome(self._made(transaction, ref.namespace, obj, way), warnings, created=True)

    def _made(self, transaction: Transaction, namespace: str, obj: Object, way: _Way) -> Object:
        """The second half of every create: what came from `incoming.read`, as it is stored."""
        kind = kind_of(obj["kind"])
        obj = creating.prepare(kind, namespace, obj, self._context(transaction, way))
        _refuse_spoken(kind, obj, None, way)
        return obj if way.options.dry_run else transaction.put(obj, expected=0)

    def _context(self, transaction: Transaction, way: _Way) -> Context:
        """Whose write it is. What is made from inside is not kept track of until somebody applies it."""
        asked = way.options.field_manager
        recording = Recording(asked or self._manager, way.recorded_as, tracks_new=bool(asked))
        recorded = None if way.is_recorded else recording
        return Context(transaction, self._clock.now(), self._settings, recorded)


def _refuse_spoken(kind: Kind, obj: Object, old: Object | None, way: _Way) -> None:
    """Raises Invalid for what the version in which it is written does not have."""
    schema = (way.spoken or kind).schema
    incoming.refuse_causes(kind, obj, validation.validate_spoken(schema, obj, old))


def _as_scale(outcome: Outcome) -> Outcome:
    return replace(outcome, object=scale.scale_of(outcome.object))


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
