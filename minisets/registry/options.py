"""What a writer may ask for besides the object, and what it gets back. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import timedelta

    from minisets.objects.kinds import Object

FieldValidation = Literal["Strict", "Warn", "Ignore"]
Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True)
class WriteOptions:
    """Options of create, update and patch.

    dry_run: everything is decided and nothing stored. field_validation: what an unknown field is.
    field_manager: who writes; empty for the registry's own name. force: an apply takes what others manage.
    """

    dry_run: bool = False
    field_validation: FieldValidation = "Ignore"
    field_manager: str = ""
    force: bool = False


@dataclass(frozen=True)
class DeleteOptions:
    """Options of a deletion; uid and version are preconditions, empty for none.

    grace None: the object's own. propagation None: what finalizers say, else the kind's default.
    """

    grace: timedelta | None = None
    propagation: Propagation | None = None
    uid: str = ""
    version: str = ""
    dry_run: bool = False


@dataclass(frozen=True)
class Patch:
    """A change that is described: what `body` means depends on `type`."""

    type: Literal["strategic", "merge", "json"]
    body: Any


@dataclass(frozen=True)
class Outcome:
    """What a write came to: the object as it is now, or was last when `gone`; created: an apply made it."""

    object: Object
    warnings: tuple[str, ...] = ()
    gone: bool = False
    created: bool = False
