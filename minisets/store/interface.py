"""What a store is: objects at rest, one growing version over all kinds, and their history.

Leaves the meaning of kinds to `registry/`. Implementations: `sqlite.py`, `memory.py`; both pass
tests/contracts/store.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from minisets.objects.reading import Listing as Listing  # noqa: PLC0414 - part of this interface
from minisets.objects.reading import Reader as Reader  # noqa: PLC0414 - part of this interface

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from minisets.objects.kinds import Object, Ref


class ChangeType(StrEnum):
    """What happened to an object, in the words of a Kubernetes watch."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True)
class Change:
    """One entry of the history. A deletion carries the last state, stamped with its own version."""

    type: ChangeType
    ref: Ref
    object: Object
    previous: Object | None
    version: int


class Transaction(Reader, Protocol):
    """Reads and writes that happen together or not at all; writers are serialised."""

    def put(self, obj: Object, *, expected: int | None = None) -> Object:
        """Create or replace; returns what is stored, stamped with its new resourceVersion.

        expected: the version that must be there now; 0 = must not exist; None = whatever is there.
        Raises errors.AlreadyExists (expected 0) or errors.Conflict (any other) if it is not so.
        The object's kind, apiVersion and metadata.name must be set. It is copied.
        """

    def delete(self, ref: Ref, *, expected: int | None = None) -> Object:
        """Remove; returns the last state. Raises errors.NotFound, or errors.Conflict as `put`."""


class Subscription(Protocol):
    """A bounded buffer of changes. Ends with Expired when its taker was too slow."""

    def take(self) -> tuple[Change, ...]:
        """Everything that waits, oldest first; empty if nothing does; never blocks.

        Raises errors.Expired once changes were lost: list again and watch from there.
        """

    def close(self) -> None:
        """No more changes; may be called twice and from any thread."""


class Store(Reader, Protocol):
    """Objects at rest and their history."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Commits when the block ends, rolls back when it raises; subscribers hear after the commit."""

    def version(self) -> int:
        """The version of the newest change."""

    def watch(self, kind: str, since: int, on_ready: Callable[[], None], namespace: str = "") -> Subscription:
        """Every change of the kind after version `since`, without loss or repetition.

        on_ready is called from the writer's thread (or at once, when history is replayed) whenever
        changes wait: it must be quick and must not call the store.
        Raises errors.Expired if `since` is older than the history held, or from another epoch.
        """

    def compact(self, before: int) -> None:
        """Forget the history up to and including version `before`; current objects stay."""

    def close(self) -> None:
        """Release what is held; subscriptions end."""
