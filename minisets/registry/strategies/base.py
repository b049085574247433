"""What every kind's strategy decides, and the answers that most kinds share.

A strategy edits a private copy in place. Leaves the order of the steps to `creating.py`,
`updating.py` and `deleting.py`. Kubernetes: apiserver pkg/registry/rest {create,update,delete}.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from minisets.objects.metadata import finalizers_of, generation_of, spec_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from minisets.objects.kinds import Kind, Object
    from minisets.objects.managed.fieldsets import Fields
    from minisets.settings import Settings
    from minisets.store.interface import Reader


@dataclass(frozen=True)
class Recording:
    """Whose write it is. subresource: the one that it came through, where the whole object is updated for it.

    tracks_new: whether it is recorded from the beginning who manages the fields of a new object.
    """

    manager: str = ""
    subresource: str = ""
    tracks_new: bool = False


@dataclass(frozen=True)
class Context:
    """What a decision may look at: the transaction it happens in, the time, the cluster's settings.

    recording: how the write is recorded (`managing.py`); None where its entries are there already.
    """

    reader: Reader
    now: datetime
    settings: Settings
    recording: Recording | None = None


class Strategy:
    """The answers of a kind that has nothing special.

    counts_generations: whether `metadata.generation` is kept (A-98).
    protection: a finalizer that every new object gets.
    takes_updates_of_any_version: whether an update may leave its version out (AllowUnconditionalUpdate).
    """

    counts_generations: ClassVar[bool] = False
    keeps_status_on_create: ClassVar[bool] = False
    protection: ClassVar[str] = ""
    takes_updates_of_any_version: ClassVar[bool] = True

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.has_status = kind.subresource("status") is not None

    def forget(self, obj: Object) -> None:
        """Before defaults: take away what a client may not say in a create."""
        if self.has_status and not self.keeps_status_on_create:
            obj.pop("status", None)

    def prepare_create(self, obj: Object, context: Context) -> None:
        """After defaults, before validation: admission, and what the system fills in."""
        del context
        if self.counts_generations:
            obj["metadata"]["generation"] = 1
        if self.protection and self.protection not in finalizers_of(obj):
            obj["metadata"]["finalizers"] = [*finalizers_of(obj), self.protection]

    def allocate(self, obj: Object, old: Object | None, context: Context) -> None:
        """After validation: take what must be unique in the cluster; old is None in a create."""

    def prepare_update(self, new: Object, old: Object, context: Context) -> None:
        """The main resource never writes status; a change of what is wanted is a new generation."""
        del context
        if self.has_status:
            keep("status", new, old)
        if self.counts_generations and self.wanted(new) != self.wanted(old):
            new["metadata"]["generation"] = generation_of(old) + 1

    def prepare_status_update(self, new: Object, old: Object, context: Context) -> None:
        """Status and metadata are written, and nothing else."""
        del context
        for part in {*new, *old} - {"metadata", "status"}:
            keep(part, new, old)

    def reset_fields(self, subresource: str) -> Fields:
        """What this way of writing does not write, so that nobody manages it. Upstream: GetResetFields."""
        if subresource == "status":
            return {"f:spec": {}}
        return {"f:status": {}} if self.has_status else {}

    def warnings(self, obj: Object) -> tuple[str, ...]:
        """What is allowed and hardly meant."""
        del obj
        return ()

    def wanted(self, obj: Object) -> Any:
        """The part whose change is a new generation."""
        return spec_of(obj)

    def grace(self, obj: Object, asked: timedelta | None) -> timedelta | None:
        """How long the object goes on after a deletion; None: this kind knows no grace."""
        del obj, asked
        return None

    def refuse_delete(self, obj: Object) -> None:
        """Raises Forbidden for what must not go."""

    def mark_deleting(self, obj: Object) -> None:
        """A deletion that cannot be done at once has begun."""

    def is_held(self, obj: Object) -> bool:
        """Whether something must still be done before the object may go (A-74)."""
        return bool(finalizers_of(obj))


def keep(part: str, new: Object, old: Object) -> None:
    """Put the old object's top-level part back."""
    if part in old:
        new[part] = old[part]
    else:
        new.pop(part, None)
