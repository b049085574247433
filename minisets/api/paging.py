"""Large lists in pages: `limit` and the opaque `continue`. Pure.

Differs: a later page shows what is stored now, after the last key of the page before, under the FIRST
page's version: a watch from that version tells everything that changed in between.
Kubernetes: apiserver pkg/storage/continue.go.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest, Expired
from minisets.objects.metadata import name_of, namespace_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.api.queries import ListOptions
    from minisets.objects.kinds import Object
    from minisets.store.interface import Listing

Key = tuple[str, str]


@dataclass(frozen=True)
class Page:
    """A part of a list, and how to go on."""

    items: Sequence[Object]
    version: int
    continuation: str = ""
    remaining: int | None = None

    def metadata(self) -> dict[str, Any]:
        """The list's metadata."""
        metadata: dict[str, Any] = {"resourceVersion": str(self.version)}
        if self.continuation:
            metadata["continue"] = self.continuation
        if self.remaining:
            metadata["remainingItemCount"] = self.remaining
        return metadata


def page_of(listing: Listing, options: ListOptions) -> Page:
    """The page that is asked for; Expired for a version that can't be shown."""
    version, after = listing.version, None
    if options.continuation:
        if options.version not in ("", "0"):
            raise BadRequest("specifying resource version is not allowed when using continue")
        version, after = _opened(options.continuation)
    _refuse_unheld(options, version, listing.version)
    items = [obj for obj in listing.items if _is_after(obj, after) and options.filter.matches(obj)]
    if not options.limit or len(items) <= options.limit:
        return Page(items, version)
    shown, rest = items[: options.limit], len(items) - options.limit
    # Kubernetes: what remains is only counted where no selector hides a part of it.
    remaining = rest if options.filter.is_empty() else None
    return Page(shown, version, _sealed(version, _key(shown[-1])), remaining)


def _refuse_unheld(options: ListOptions, version: int, present: int) -> None:
    asked = int(options.version or 0)
    if max(asked, version) > present:
        raise Expired(f"too large resource version: {max(asked, version)}, current: {present}")
    if options.match == "Exact" and asked != present:
        raise Expired(f"the provided resource version is no longer held: {asked}, current: {present}")


def _key(obj: Object) -> Key:
    return namespace_of(obj), name_of(obj)


def _is_after(obj: Object, after: Key | None) -> bool:
    return after is None or _key(obj) > after


def _sealed(version: int, key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, *key]).encode()).decode().rstrip("=")


def _opened(token: str) -> tuple[int, Key]:
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(version), (str(namespace), str(name))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise BadRequest("continue key is not valid: list from the beginning") from None
