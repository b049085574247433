"""What it takes to be read from: the store, a transaction and the API client are all readers.

Pure: a Protocol and its value, so that deciding code can be shown either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from minisets.objects.kinds import Object, Ref


@dataclass(frozen=True)
class Listing:
    """All objects of a kind at one version, sorted by namespace and name."""

    items: tuple[Object, ...]
    version: int


class Reader(Protocol):
    """Reading objects."""

    def get(self, ref: Ref) -> Object | None:
        """The object, shared (copy before you change it), or None."""

    def list(self, kind: str, namespace: str = "") -> Listing:
        """All objects of the kind (title), in one namespace or in all."""
